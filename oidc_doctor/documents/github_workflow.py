"""Read a GitHub Actions workflow: the roles and providers of its cloud sign-in steps, and a job's permissions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.documents.yaml_text import load_yaml
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Target, TargetAws, TargetGcp
from oidc_doctor.model.json_pointer import pointer_segment

_AWS = "aws-actions/configure-aws-credentials@"
_GOOGLE = "google-github-actions/auth@"
_EXPRESSION = "${{"  # filled in by GitHub when the job runs


class Permission(NamedTuple):
    """What a workflow's file says of a job's `id-token`. `line` is where: of the setting, else of the job.

    `calls` is whether the file has no such job, but a job that calls another workflow.
    """

    has_job: bool = False
    id_token: str = ""  # write, none, read; "" where nothing is said
    line: int | None = None
    calls: bool = False


def permission_of_job(text: str, file: str, name: str) -> Permission:
    """Return the permission of a job, which replaces that of the workflow. Nothing is known of an unreadable file.

    GitHub Docs, "Workflow syntax": `permissions` is `read-all`, `write-all`, or a mapping, whose unnamed ones are none.
    """
    try:
        document = load_yaml(text, file)
    except Unreadable:
        return Permission()
    value: Any = document.value
    jobs = value.get("jobs") if isinstance(value, dict) else None
    job = jobs.get(name) if isinstance(jobs, dict) else None
    if not isinstance(job, dict):
        others = jobs.values() if isinstance(jobs, dict) else ()
        return Permission(calls=bool(name) and any(isinstance(other, dict) and "uses" in other for other in others))
    own = f"/jobs{pointer_segment(name)}"
    for place, table in ((own, job), ("", value)):
        if "permissions" in table:
            said = table["permissions"]
            word = said.get("id-token", "none") if isinstance(said, dict) else str(said or "none").removesuffix("-all")
            return Permission(True, str(word), document.at(f"{place}/permissions").line)
    return Permission(True, "", document.at(own).line)


def workflow_targets(text: str, file: str, only: str | None = None) -> Iterator[Target]:
    """Yield a target for each sign-in step with a literal role or provider, of all jobs or one. Raises Unreadable."""
    for action, inputs in _sign_in_steps(text, file, only):
        yield from _of_step(action, inputs, file)


def workflow_audiences(text: str, file: str, only: str) -> list[str | None]:
    """Return the audience that each sign-in step of a job asks for: None for the action's default. Raises Unreadable.

    Nothing for a step whose audience is an expression.
    """
    steps = [inputs for _, inputs in _sign_in_steps(text, file, only)]
    return [_plain(inputs, "audience") for inputs in steps if not inputs.get("audience") or _plain(inputs, "audience")]


def _sign_in_steps(text: str, file: str, only: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the action and the inputs of each step that signs in to a cloud."""
    document: Any = load_yaml(text, file).value
    jobs = document.get("jobs") if isinstance(document, dict) else None
    for name, job in jobs.items() if isinstance(jobs, dict) else ():
        if only not in (None, name):
            continue
        steps = job.get("steps") if isinstance(job, dict) else None
        for step in steps if isinstance(steps, list) else ():
            action = str(step.get("uses")) if isinstance(step, dict) else ""
            if action.startswith((_AWS, _GOOGLE)) and isinstance(step.get("with"), dict):
                yield action, step["with"]


def _of_step(action: str, inputs: dict[str, Any], file: str) -> Iterator[Target]:
    at = Origin(file)
    if action.startswith(_AWS):
        role = _plain(inputs, "role-to-assume")
        if role:
            region = _plain(inputs, "aws-region")
            yield Target("", aws=TargetAws(role_arn=role, region=region), origins={"aws.role_arn": at})
    elif action.startswith(_GOOGLE):
        provider, account = _plain(inputs, "workload_identity_provider"), _plain(inputs, "service_account")
        if provider:
            gcp = TargetGcp(provider=provider, service_account=account)
            yield Target("", gcp=gcp, origins={"gcp.provider": at})


def _plain(inputs: dict[str, Any], name: str) -> str | None:
    value = inputs.get(name)
    return value if isinstance(value, str) and value and _EXPRESSION not in value else None
