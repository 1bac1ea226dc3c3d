"""An unfinished set-up: its failed steps, and what the workload lacks because of them.

The output of a script and the failed writes of the logs say which steps failed. Neither shows the current state, so
they only raise suspicions. A cause is certain if the exchange itself is refused because a resource does not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.documents.setup_output import read_setup_output, reason_of
from oidc_doctor.issuers.characters import listed
from oidc_doctor.judge.workspace import workspace_of
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import ROLE_POLICIES
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Clause, Side
from oidc_doctor.model.steps import ASSUMED, PASSED, Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.judge.exchange import ExchangeBuilder
    from oidc_doctor.model.events import Change

OUTPUT = "setup/output.txt"


class _Part(NamedTuple):
    """What a set-up step creates: in words, the exchange step that needs it, and the service that reads it."""

    words: str
    step: str
    service: str = ""


_PARTS: dict[Cloud, dict[str, _Part]] = {
    "aws": {
        "provider": _Part("the OIDC provider", "provider"),
        "role": _Part("the role", "authorise"),
        "registry-policy": _Part("the role's policy for ECR", "permission", "ecr"),
        "bucket-policy": _Part("the role's policy for S3", "permission", "s3"),
        "policy": _Part("a policy of the role", "permission"),
    },
    "gcp": {
        "service-account": _Part("the service account", "impersonate"),
        "registry-role": _Part("the role for Artifact Registry", "permission", "artifactregistry"),
        "bucket-role": _Part("the role for Cloud Storage", "permission", "storage"),
        "role": _Part("a role of the service account", "permission"),
        "pool": _Part("the workload identity pool", "target"),
        "pool-provider": _Part("the provider of the pool", "target"),
        "binding": _Part("the binding on the service account", "impersonate"),
    },
}
# The step of a set-up to which a logged write belongs. An update edits an existing resource and creates nothing.
_WRITES = {
    "CreateOpenIDConnectProvider": "provider",
    "CreateRole": "role",
    "PutRolePolicy": "policy",
    "AttachRolePolicy": "policy",
    "CreateServiceAccount": "service-account",
    "CreateWorkloadIdentityPool": "pool",
    "CreateWorkloadIdentityPoolProvider": "pool-provider",
}
# Refusals because a resource does not exist.
_ABSENT = frozenset(
    {
        *(Kind.PROVIDER_MISSING, Kind.ROLE_MISSING, Kind.PERMISSION_MISSING, Kind.PROVIDER_NOT_FOUND),
        *(Kind.PROVIDER_DELETED, Kind.POOL_DELETED, Kind.SERVICE_ACCOUNT_MISSING),
        *(Kind.IMPERSONATION_BINDING_MISSING, Kind.API_DISABLED, Kind.WORKLOAD_POOL_MISSING),
    }
)
_TRUSTS = {"role", "pool-provider", "service-account"}  # whose trust a set-up writes
_FIRST = -20  # before the step's own refusals: the set-up is their cause


class _Failure(NamedTuple):
    """A failed step of a set-up."""

    name: str
    state: str
    error: str
    code: str
    at: Origin | None
    by: str = ""  # who made the logged write


def judge_setup(exchange: ExchangeBuilder) -> None:
    """Suspect a set-up that stopped before creating something that this exchange needs; list what exists.

    Call after all steps are settled.
    """
    if not (exchange.case.explain and exchange.case.asks_access):  # a past moment has its own writes
        return
    parts = _PARTS[exchange.cloud]
    failures = [*_of_output(exchange), *_of_logs(exchange)]
    lacking = [failure for failure in failures if _may_lack(exchange, parts[failure.name])]
    stopped = next((failure for failure in failures if failure.error), None)
    if not lacking or stopped is None:
        return
    confirmed = [failure for failure in lacking if _is_absent(exchange, parts[failure.name])]
    if not confirmed and all(failure.state != "failed" for failure in failures):
        return  # a truncated output, or an unfinished run
    chosen = next(iter(confirmed or lacking))
    part = parts[chosen.name]
    reason = next((failure for failure in failures if failure.error and failure.name == chosen.name), stopped)
    named = ": ".join(filter(None, (reason.code, reason.error)))
    exchange.refuse(
        Kind.SETUP_INCOMPLETE,
        step=part.step,
        expected=Side(part.words),
        actual=Side(named, reason.at),
        certain=bool(confirmed),
        location=Clause((parts[reason.name].words,)),
        where=reason.at,
        settle=_SETTLED_BY[part.step],
        rank=_FIRST,
        facts={
            "failed": parts[reason.name].words,
            "error": reason.error,
            "code": reason.code,
            "reason": reason_of(reason.code, reason.error),
            "by": reason.by,
            "missing": _words(exchange, confirmed),
            "lacking": _words(exchange, [failure for failure in lacking if failure not in confirmed]),
            "made": listed(_made(exchange)),
            # a set-up replaces the existing trust, which may be narrower than the printed one
            "anew": "yes" if {failure.name for failure in confirmed} & _TRUSTS else "",
            "shown_in": "output" if reason.at and reason.at.file == OUTPUT else "log",
        }
        | _names(exchange),
    )


_SETTLED_BY = {
    "provider": "aws iam list-open-id-connect-providers in the role's account",
    "authorise": "aws iam get-role of the role as it is now",
    "target": "gcloud iam workload-identity-pools providers describe of the provider as it is now",
    "impersonate": "gcloud iam service-accounts get-iam-policy of the service account as it is now",
    "permission": "the policies of what the workload reads, as they are now",
}


def _may_lack(exchange: ExchangeBuilder, part: _Part) -> bool:
    """Whether the exchange may lack what the step creates: false if the evidence shows that it exists."""
    if part.step != "permission":
        return exchange.results[part.step].state not in (PASSED, ASSUMED)
    if exchange.results["permission"].state == PASSED:
        return False
    asked = [row for row in exchange.accesses if part.service in ("", row.need.service)]
    return not exchange.accesses or any(row.decision != "allowed" for row in asked)


def _is_absent(exchange: ExchangeBuilder, part: _Part) -> bool:
    """Whether the exchange is provably refused because what the step creates does not exist."""
    refusals = [refusal for refusal in exchange.results[part.step].refusals if refusal.certain]
    if not any(refusal.kind in _ABSENT for refusal in refusals):
        return False
    return not part.service or any(
        row.decision == "denied" for row in exchange.accesses if row.need.service == part.service
    )


def _of_output(exchange: ExchangeBuilder) -> Iterator[_Failure]:
    """Return the steps that failed according to a script's output, and the steps that it never reached."""
    output = read_setup_output(exchange.case.evidence.setup_output or "")
    if output is None or output.cloud != exchange.cloud or output.is_complete:
        return
    for step in output.steps:
        if step.state in ("failed", "unfinished", "not-reached"):
            at = Origin(OUTPUT, line=step.line) if step.line else None
            error = step.error or ("the output ends there" if step.state == "unfinished" else "")
            yield _Failure(step.name, step.state, error, step.code, at)


def _of_logs(exchange: ExchangeBuilder) -> Iterator[_Failure]:
    """Return the refused writes of a set-up in the logs, unless a later write succeeded."""
    for write in exchange.case.refused_writes:
        name = _WRITES.get(write.what) or _step_of_policy(write)
        if name == "policy" and _has_policies(exchange):
            continue  # a failed edit of an existing role
        if name:
            error = write.error_message or ""
            code = write.error_code or ""
            yield _Failure(name, "failed", error or code, code if error else "", write.origin, write.by or "")


def _has_policies(exchange: ExchangeBuilder) -> bool:
    """Whether a policy of the role was read, which proves that the set-up did not stop before the first policy."""
    aws = exchange.case.evidence.aws
    return aws is not None and bool(aws.read(ROLE_POLICIES))


def _step_of_policy(write: Change) -> str:
    """Return the step of a Google SetIamPolicy: binding the pool (service account) or granting a role (project)."""
    if write.what != "SetIamPolicy":
        return ""  # an edit of an existing policy
    return "binding" if "@" in write.resource or write.resource.isdigit() else "role"


def _made(exchange: ExchangeBuilder) -> list[str]:
    """Return what exists, according to passed steps and to the output."""
    parts = _PARTS[exchange.cloud]
    output = read_setup_output(exchange.case.evidence.setup_output or "")
    said = {step.name for step in output.steps if step.state in ("done", "existed")} if output is not None else set()
    return [
        part.words
        for name, part in parts.items()
        if name in said
        or (name in ("provider", "role", "pool-provider") and exchange.results[part.step].state == PASSED)
    ]


def _words(exchange: ExchangeBuilder, failures: list[_Failure]) -> str:
    """Return what the steps were meant to create, except what already existed."""
    parts = _PARTS[exchange.cloud]
    missing = [failure for failure in failures if reason_of(failure.code, failure.error) != "exists"]
    return listed(dict.fromkeys(parts[failure.name].words for failure in missing))


def _names(exchange: ExchangeBuilder) -> dict[str, str]:
    """Return the known ids and names for the command that finishes the set-up."""
    evidence = exchange.case.evidence
    profile, subject = exchange.case.profile, exchange.token.subject
    names: dict[str, str] = {}
    if profile is not None and subject is not None:
        names = {part.name: part.value for part in profile.parse_subject(subject).segments if part.known}
    workspace = workspace_of(evidence.whoami)
    teams = list(workspace.teams) if workspace is not None else []
    values = {
        "org": names.get("org") or (workspace.org if workspace is not None else None),
        "team": names.get("team") or (teams[0] if len(teams) == 1 else None),
        "issuer_name": getattr(profile, "name", None),
    }
    aws, gcp = evidence.target.aws, evidence.target.gcp
    if exchange.cloud == "aws" and aws is not None:
        values |= {"role_arn": aws.role_arn, "bucket": aws.s3_bucket, "repository": aws.ecr_repository}
        values["region"] = aws.region
    if exchange.cloud == "gcp" and gcp is not None:
        values |= {"provider_name": gcp.provider, "service_account": gcp.service_account, "bucket": gcp.gcs_bucket}
        values["repository"] = gcp.artifact_repository
    return {name: value for name, value in values.items() if isinstance(value, str) and value}
