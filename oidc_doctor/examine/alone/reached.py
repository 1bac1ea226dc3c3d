"""Who a configuration accepts, as the judge answers for synthetic subjects: examples, and how wide it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.checkkit import NotReadError
from oidc_doctor.findings.reach import reach_of
from oidc_doctor.model.alone import Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.checkkit import Opening
    from oidc_doctor.issuers.strangers import Who
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.report import Cause, Report

_MOST = 3
_WIDE: tuple[Who, ...] = ("anyone", "tenant", "team")


class Reached(NamedTuple):
    """Subjects that are known to pass, one that is not, and who else passes. `unknown` says why it is not known."""

    accepted: tuple[str, ...]
    openings: tuple[Opening, ...]
    unknown: str = ""


def reached(case: Case) -> Reached:
    """Ask the judge. Nothing here reads a policy or a condition."""
    reach = reach_of(case)
    unknown = ""
    accepted: tuple[str, ...] = ()
    openings: tuple[Opening, ...] = ()
    try:
        accepted = tuple(reach.accepted_subjects())
    except NotReadError as error:
        unknown = str(error)
    try:
        openings = tuple(reach.openings(*_WIDE))
    except NotReadError as error:
        unknown = unknown or str(error)
    return Reached(accepted, openings, unknown)


def width_lines(found: Reached, owner: str) -> Iterator[Line]:
    """Yield how wide the configuration is. `owner` names what keeps strangers out: org and team."""
    for opening in found.openings[:_MOST]:
        whose = {"anyone": "any subject", "tenant": f"another {opening.segment or 'tenant'}"}.get(
            opening.who, f"another {opening.segment or 'team'}"
        )
        where = f" by {opening.clause}" if opening.clause else ""
        yield Line("too wide", f"{whose} is accepted as well{where}, such as {opening.subject}", "!")
    if not found.openings and not found.unknown and found.accepted:
        yield Line("width", f"synthetic tokens of other {owner} are refused", "✓")
    if found.unknown:
        yield Line("width", f"not known: {found.unknown}", "?")


def fault_lines(report: Report) -> Iterator[Line]:
    """Yield what the report found wrong whatever token comes: refusals that are certain, and other suspicions."""
    for cause in report.causes:
        if cause.status == "active":
            perhaps = "" if cause.confidence != "suspected" else "perhaps "
            yield Line("fault", f"{perhaps}{_said(cause)}", "?" if perhaps else "✗")


def _said(cause: Cause) -> str:
    return f"{cause.named.headline} ({cause.code} {cause.name})"
