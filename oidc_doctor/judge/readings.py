"""Read observed errors: the meaning of a sentence or logged refusal, and the steps that can cause it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.judge.error_texts import read_error, read_unknown
from oidc_doctor.model.arns import is_session_of
from oidc_doctor.model.case import Reading
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.steps import STEPS

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.events import Attempt, SessionDenial
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.steps import Cloud


def readings_of_errors(evidence: TargetEvidence) -> list[Reading]:
    """Read the errors that a caller saw, in request order. An unknown sentence names no cloud and no step."""
    return [
        read_error(error.text, str(error.origin)) or read_unknown(error.text, str(error.origin))
        for error in evidence.observed
        if error.text.strip()
    ]


def reading_of_attempt(attempt: Attempt) -> Reading | None:
    """Read the refusal that an event records; None for an attempt that was not refused.

    CloudTrail's text for a denial is the same for every cause. A recorded refusal counts as a refusal, whatever its
    text.
    """
    if attempt.outcome != "refused":
        return None
    source = f"event {attempt.event_id}"
    message = attempt.error_message or ""
    text = f"An error occurred ({attempt.error_code}): {message}" if attempt.error_code else message
    own_steps = _steps_of_call(attempt)
    heard = (read_error(message, source), read_error(text, source))
    readings = (_of_call(reading, attempt.cloud, own_steps) for reading in heard if reading is not None)
    reading_found = next((reading for reading in readings if reading is not None), None)
    if (
        attempt.cloud == "aws"
        and attempt.error_code == "AccessDenied"
        and not _is_of(reading_found, "aws", "authorise")
    ):
        reading_found = None
    if reading_found is not None:
        return reading_found._replace(text=text)
    if attempt.step == "impersonate":
        return Reading(attempt.cloud, own_steps, text, source=source)
    steps = frozenset({"authorise"}) if attempt.cloud == "aws" and attempt.error_code == "AccessDenied" else frozenset()
    return Reading(attempt.cloud, steps, text, source=source)


def _steps_of_call(attempt: Attempt) -> frozenset[str]:
    """Return the steps that can refuse an event's call: the event names the call, whatever its sentence matches."""
    if attempt.step == "impersonate":
        return frozenset({"impersonate"})
    return frozenset(step.id for step in STEPS[attempt.cloud] if step.exchange and step.id != "impersonate")


def _of_call(reading: Reading, cloud: Cloud, steps: frozenset[str]) -> Reading | None:
    """Restrict a reading to this call; None if its sentence cannot be a response to the call.

    A sentence that several calls return keeps its fault if the fault occurs at a step of this call.
    """
    if reading.cloud not in (None, cloud):
        return None
    of_kind = frozenset(step for place, step in reading.kind.steps if place == cloud) if reading.kind else frozenset()
    own = reading.steps & steps or of_kind & steps
    if not own:
        return None
    kind = reading.kind if own & of_kind else None
    return reading._replace(cloud=cloud, steps=own, kind=kind)


def steps_of_attempt(attempt: Attempt) -> frozenset[str]:
    """Return the steps that can cause a logged refusal."""
    reading = reading_of_attempt(attempt)
    return reading.steps if reading is not None else frozenset()


# Service Authorization Reference for Amazon S3: permissions whose name differs from the operation's
S3_PERMISSIONS = {
    "ListObjects": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "HeadBucket": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "GetObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "DeleteObject": "s3:DeleteObject",
}


def permission_of(service: str, operation: str) -> str:
    """Return the permission that an AWS service requires for an operation."""
    permission = f"{service}:{operation}"
    return S3_PERMISSIONS.get(operation, permission) if service == "s3" else permission


def reading_of_denial(denial: SessionDenial) -> Reading:
    """Read a session's denied call as an error of the permission step."""
    source = f"event {denial.event_ids[0]}" if denial.event_ids else ""
    text = f"An error occurred ({denial.error_code}) when calling the {denial.action} operation: {denial.error_message}"
    readings = (read_error(denial.error_message or "", source), read_error(text, source))
    of_permission = [reading for reading in readings if reading is not None and reading.steps == {"permission"}]
    reading = next(iter(of_permission), Reading(denial.cloud, frozenset({"permission"}), text, source=source))
    facts = {"resource": denial.resource} if denial.resource else {}
    caller = denial.target or denial.session
    if denial.cloud == "gcp" and caller:
        facts["caller"] = caller
    service = denial.service.partition(".")[0]
    facts["permission"] = permission_of(service, denial.action) if denial.cloud == "aws" else denial.action
    # the log ties the session to an exchange that was accepted
    return reading._replace(text=text, facts={**facts, **reading.facts}, source=source, follows_steps=True)


def follows_steps(case: Case, reading: Reading) -> bool:
    """Whether an observed error shows that the steps before its own passed.

    A service's refusal belongs to this exchange only if it names the target's session or service account.
    """
    if reading.follows_steps:
        return True
    caller, target = reading.facts.get("caller"), case.evidence.target
    if caller is None:
        return False
    if case.cloud == "aws":
        role_arn = target.aws.role_arn if target.aws else None
        return role_arn is not None and is_session_of(caller, role_arn)
    return target.gcp is not None and caller == target.gcp.service_account


def named_kind(case: Case, reading: Reading) -> Kind | None:
    """Return the fault that a sentence names, by comparing its caller and role with the target's.

    A session that is denied its own role assumes itself. A session's ARN lacks the role's path, so a role with a path
    is the same only if the target names it. If a session of another role is denied the target's role, the token was not
    sent at all.
    """
    caller, role_arn = reading.facts.get("caller"), reading.facts.get("resource")
    if reading.kind is not Kind.SECOND_HOP_REFUSED or not caller or not role_arn:
        return reading.kind
    target = case.evidence.target.aws
    own = target.role_arn if target is not None else None
    if is_session_of(caller, role_arn):
        return Kind.SELF_ASSUME_NOT_ALLOWED if role_arn.count("/") == 1 or own == role_arn else reading.kind
    return Kind.NOT_WEB_IDENTITY_FLOW if own == role_arn else reading.kind


def _is_of(reading: Reading | None, cloud: Cloud, step: str) -> bool:
    return reading is not None and reading.cloud == cloud and step in reading.steps
