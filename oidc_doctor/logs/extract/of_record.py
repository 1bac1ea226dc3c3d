"""Cut records down to what a report reads, by the readers that will read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.logs.extract.members import DENIED_CALL, EXCHANGE, GOOGLE_ATTEMPT, GOOGLE_DENIED_CALL, only
from oidc_doctor.logs.records import cloudtrail, cloudtrail_writes, gcp_audit, gcp_writes
from oidc_doctor.model.document import Origin

if TYPE_CHECKING:
    from oidc_doctor.model.events import Source

_NOWHERE = Origin("")


def extract_of(record: dict[str, Any], source: Source) -> dict[str, Any] | None:
    """Return the part of a record that a report reads; None for a record that is not read.

    A write of configuration is returned whole: the report compares its documents.
    """
    aws = source == "cloudtrail"
    if (cloudtrail if aws else gcp_audit).attempt(record, _NOWHERE) is not None:
        return only(record, EXCHANGE if aws else GOOGLE_ATTEMPT)
    writes = cloudtrail_writes if aws else gcp_writes
    if writes.change(record, _NOWHERE) is not None:
        return record
    if writes.session_denial(record, _NOWHERE) is not None:
        return only(record, DENIED_CALL if aws else GOOGLE_DENIED_CALL)
    return None
