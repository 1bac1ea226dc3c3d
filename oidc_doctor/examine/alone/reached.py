"""Find the tokens that a configuration accepts, by judging synthetic subjects: examples, and its breadth."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.checkkit import NotReadError
from oidc_doctor.findings import packs
from oidc_doctor.findings.causes import diagnose, name_refusals
from oidc_doctor.findings.reach import reach_of
from oidc_doctor.findings.run_checks import by_kind
from oidc_doctor.judge import evaluate
from oidc_doctor.model.alone import Line
from oidc_doctor.model.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.checkkit import Opening
    from oidc_doctor.findings.google_reach import GoogleReach
    from oidc_doctor.findings.policy_reach import PolicyReach
    from oidc_doctor.issuers.strangers import Who
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.report import NamedRefusal, Report

_MOST = 3
# Faults of the configuration that no token can avoid. Subjects and other free values are not among them: the tried
# tokens are synthetic, and a real token may have a value that was not tried.
_OF_CONFIGURATION = frozenset(
    (
        *(Kind.CONDITION_KEY_NOT_PROVIDED, Kind.CONDITION_KEY_MISSPELLED, Kind.ACTION_DIFFERS),
        *(Kind.NO_ALLOW_STATEMENT, Kind.WILDCARD_UNDER_STRING_EQUALS, Kind.CONDITION_OPERATOR_MISUSED),
        *(Kind.TRUST_POLICY_UNREADABLE, Kind.PROVIDER_DISABLED, Kind.PROVIDER_DELETED, Kind.POOL_DISABLED),
        *(Kind.POOL_DELETED, Kind.PROVIDER_KIND_DIFFERS, Kind.WILDCARD_IN_CEL, Kind.EXPRESSION_INVALID),
        *(Kind.MAPPING_MISSING_SUBJECT, Kind.MAPPING_MISSING_ATTRIBUTE, Kind.MAPPING_KEY_INVALID),
    )
)
# Likewise for an issuer whose tokens all have the same audience
_OF_AUDIENCE = frozenset(
    (
        *(Kind.AUDIENCE_NOT_REGISTERED, Kind.CLIENT_ID_LIST_EMPTY, Kind.AUDIENCE_CONDITION_DIFFERS),
        *(Kind.AUDIENCE_NOT_ALLOWED, Kind.ALLOWED_AUDIENCES_EMPTY),
    )
)
_WIDE: tuple[Who, ...] = ("anyone", "tenant", "team")


class Reached(NamedTuple):
    """Subjects that pass the condition, who else passes, and why the configuration's own tokens are refused.

    `unknown` says why the accepted tokens are unknown.
    """

    accepted: tuple[str, ...]
    openings: tuple[Opening, ...]
    unknown: str = ""
    refusals: tuple[NamedRefusal, ...] = ()


def reached(case: Case) -> Reached:
    """Judge synthetic subjects. Nothing here reads a policy or a condition."""
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
    return Reached(accepted, openings, unknown, _refused(reach))


def _refused(reach: PolicyReach | GoogleReach) -> tuple[NamedRefusal, ...]:
    """Return the faults that refuse every token the configuration names: those of the token that gets furthest.

    Empty if some token does not certainly meet such a fault: then the configuration may work.
    """
    checks = by_kind(packs.all_checks())
    best: tuple[NamedRefusal, ...] | None = None
    try:
        cases = reach.own_cases()
    except NotReadError:
        return ()
    for case in cases:
        fixed = case.profile is not None and case.profile.audience.fixed
        faults = _OF_CONFIGURATION | (_OF_AUDIENCE if fixed else frozenset())
        named = name_refusals(diagnose(case, evaluate(case)), checks)
        certain = tuple(refusal for refusal in named if refusal.refusal.certain and refusal.refusal.kind in faults)
        if not certain:
            return ()
        if best is None or len(certain) <= len(best):
            best = certain
    return best or ()


def width_lines(reach: Reached, owner: str) -> Iterator[Line]:
    """Yield the configuration's breadth. `owner` names the parts that exclude strangers: org and team."""
    for opening in reach.openings[:_MOST]:
        whose = {"anyone": "any subject", "tenant": f"another {opening.segment or 'tenant'}"}.get(
            opening.who, f"another {opening.segment or 'team'}"
        )
        where = f" by {opening.clause}" if opening.clause else ""
        yield Line("too wide", f"{whose} is accepted as well{where}, such as {opening.subject}", "!")
    if not reach.openings and not reach.unknown and reach.accepted:
        yield Line("width", f"synthetic tokens of other {owner} are refused", "✓")
    if reach.unknown:
        yield Line("width", f"not known: {reach.unknown}", "?")


def fault_lines(reach: Reached, report: Report) -> Iterator[Line]:
    """Yield why no token can pass, and what the report suspects for any token."""
    codes = {refusal.code for refusal in reach.refusals}
    for refusal in reach.refusals:
        yield Line(
            "fault", f"no token that it asks for passes: {refusal.headline} ({refusal.code} {refusal.name})", "✗"
        )
    for cause in report.causes:
        if cause.status == "active" and cause.code not in codes:
            perhaps = "" if cause.confidence != "suspected" else "perhaps "
            text = f"{perhaps}{cause.named.headline} ({cause.code} {cause.name})"
            yield Line("fault", text, "?" if perhaps else "✗")
