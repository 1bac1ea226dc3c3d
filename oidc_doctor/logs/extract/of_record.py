"""Cut records down to what a report reads, by the readers that will read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.logs.extract.alike import attempts_alike, denials_alike
from oidc_doctor.logs.extract.members import DENIED_CALL, EXCHANGE, GOOGLE_ATTEMPT, GOOGLE_DENIED_CALL, only
from oidc_doctor.logs.records import cloudtrail, cloudtrail_writes, gcp_audit, gcp_writes
from oidc_doctor.model.document import Origin

if TYPE_CHECKING:
    from oidc_doctor.model.events import Source

_NOWHERE = Origin("")


class Part(NamedTuple):
    """The part of a record that a report reads, and what thinning has to know of it."""

    record: dict[str, Any]
    time: float  # epoch seconds
    event_id: str | None  # the same for all copies of the event
    alike: bytes | None  # equal for attempts alike; None for what stands for itself, as a write does
    known: bool = True  # whether the event has its outcome or, a write, its request: of two copies that one is kept


def part_of(record: dict[str, Any], source: Source) -> Part | None:
    """Return the part of a record that a report reads; None for a record that is not read.

    A write of configuration is returned whole: the report compares its documents.
    """
    aws = source == "cloudtrail"
    attempt = (cloudtrail if aws else gcp_audit).attempt(record, _NOWHERE)
    if attempt is not None:
        part = only(record, EXCHANGE if aws else GOOGLE_ATTEMPT)
        alike = attempts_alike(attempt, cloudtrail.text(record.get("recipientAccountId")))
        is_known = attempt.outcome != "unknown"
        return Part(part, attempt.time, attempt.event_id, alike, is_known)
    writes = cloudtrail_writes if aws else gcp_writes
    change = writes.change(record, _NOWHERE)
    if change is not None:
        request = record if aws else cloudtrail.members(record.get("protoPayload"))
        has_request = bool(request.get("requestParameters" if aws else "request"))
        return Part(
            record, change.time, cloudtrail.text(record.get("eventID" if aws else "insertId")), None, has_request
        )
    denial = writes.session_denial(record, _NOWHERE)
    if denial is not None:
        part = only(record, DENIED_CALL if aws else GOOGLE_DENIED_CALL)
        return Part(part, denial.time, denial.shared_id or denial.event_ids[0] or None, denials_alike(denial))
    return None
