"""What a run lost since the last time: permissions of its reader, and logging that was on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.model.comparison import LoggingOff, LostPermission
from oidc_doctor.model.evidence import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.model.evidence import LostRead, TargetEvidence


def lost_permissions(evidence: TargetEvidence) -> tuple[LostPermission, ...]:
    """Return the permissions of the reads that are denied now and were allowed the last time."""
    lost = evidence.earlier.lost if evidence.earlier is not None else ()
    return tuple(dict.fromkeys(part for read in lost for part in _of_read(evidence.target, read)))


def _of_read(target: Target, read: LostRead) -> Iterator[LostPermission]:
    from oidc_doctor.live.permissions import grants_for  # late: few runs lose a permission

    grants = grants_for(target, read.path)
    grants = tuple(grant for grant in grants if grant.permission == read.call) or grants
    for grant in grants:
        yield LostPermission(grant.permission, grant.resource, read.path, read.reason, read.at)
    if not grants:
        yield LostPermission(read.call, "", read.path, read.reason, read.at)


def logging_switched_off(evidence: TargetEvidence) -> tuple[LoggingOff, ...]:
    """Return the calls whose logging was switched on the last time, and is not now."""
    if evidence.earlier is None or evidence.gcp is None:
        return ()
    from oidc_doctor.history.google_logging import switched_off  # late: a report on AWS alone does not load Google's

    return tuple(switched_off(evidence.earlier.evidence, evidence))
