"""Find the roles and providers in the cloud sign-in steps of a GitHub Actions workflow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oidc_doctor.documents.yaml_text import load_yaml
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Target, TargetAws, TargetGcp

_AWS = "aws-actions/configure-aws-credentials@"
_GOOGLE = "google-github-actions/auth@"
_EXPRESSION = "${{"  # filled in by GitHub when the job runs


def workflow_targets(text: str, file: str) -> Iterator[Target]:
    """Yield a target for each sign-in step with a literal role or provider. Raises Unreadable."""
    document: Any = load_yaml(text, file).value
    jobs = document.get("jobs") if isinstance(document, dict) else None
    for job in jobs.values() if isinstance(jobs, dict) else ():
        steps = job.get("steps") if isinstance(job, dict) else None
        for step in steps if isinstance(steps, list) else ():
            if isinstance(step, dict) and isinstance(step.get("with"), dict):
                yield from _of_step(str(step.get("uses")), step["with"], file)


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
