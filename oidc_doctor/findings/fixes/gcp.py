"""Edits for each kind of refusal by Google Cloud, the best first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from oidc_doctor.findings.fixes.edit import Candidate, Maker
from oidc_doctor.findings.fixes.gcp_condition import CONDITION_EDITS, own_beside, repaired_condition
from oidc_doctor.findings.fixes.gcp_evidence import edited_provider, provider_of
from oidc_doctor.findings.fixes.gcp_mapping import MAPPING_EDITS, attribute_repaired, repaired_mapping
from oidc_doctor.findings.fixes.gcp_members import LADDER, MEMBER_EDITS, near_member
from oidc_doctor.findings.fixes.gcp_provider import PROVIDER_EDITS
from oidc_doctor.findings.fixes.own_workload import conditions
from oidc_doctor.findings.fixes.target import TARGET_EDITS
from oidc_doctor.findings.strangers import other_tokens, refuses
from oidc_doctor.model.kinds import Kind

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.refusal import Refusal

_ALL: dict[Kind, tuple[Maker, ...]] = {
    **{kind: makers for kind, makers in TARGET_EDITS.items() if ("gcp" in dict(kind.steps))},
    **PROVIDER_EDITS,
    **CONDITION_EDITS,
    **MAPPING_EDITS,
    **MEMBER_EDITS,
    # kinds that can be fixed in several documents
    Kind.PROVIDER_NOT_FOUND: (*TARGET_EDITS[Kind.PROVIDER_NOT_FOUND], *PROVIDER_EDITS[Kind.PROVIDER_NOT_FOUND]),
    Kind.WORKLOAD_POOL_MISSING: (
        *TARGET_EDITS[Kind.WORKLOAD_POOL_MISSING],
        *PROVIDER_EDITS[Kind.WORKLOAD_POOL_MISSING],
    ),
    Kind.EXPRESSION_INVALID: (repaired_condition, repaired_mapping, own_beside),
    Kind.MEMBER_ATTRIBUTE_DIFFERS: (attribute_repaired, *MEMBER_EDITS[Kind.MEMBER_ATTRIBUTE_DIFFERS]),
    Kind.MAPPING_MISSING_ATTRIBUTE: (*MAPPING_EDITS[Kind.MAPPING_MISSING_ATTRIBUTE], near_member, *LADDER),
}


def confined(case: Case) -> Iterator[Candidate]:
    """Require the provider's condition and the token's own workload."""
    provider = provider_of(case)
    for own in conditions(case) if provider is not None else ():
        narrow = f"({provider.condition}) && {own}" if provider is not None and provider.condition else own
        yield from edited_provider(case, "correct", condition=narrow)


def _narrow(make: Maker, *, subject: bool) -> Maker:
    """Wrap a maker, without "own" candidates that open the refusing step to another workload of the team.

    Combined with a "declared" edit of another fault, the overall proof would miss this. `subject`: the edit is tried on
    strangers, so it needs the token's subject.
    """

    def checked(case: Case, refusal: Refusal) -> Iterator[Candidate]:
        if subject and case.token.subject is None:
            return
        for candidate in make(case, refusal):
            if candidate.scope != "own" or not _opens(case, candidate, refusal.step):
                yield candidate

    return checked


def _opens(case: Case, candidate: Candidate, step: str) -> bool:
    case = case._replace(readings=())
    edited = case._replace(evidence=candidate.evidence)
    return any(
        refuses(case, other.subject, step) and not refuses(edited, other.subject, step, "condition")
        for other in other_tokens(case)
        if not other.outsider  # the overall proof tries outsiders
    )


_WITHOUT_SUBJECT = (*TARGET_EDITS, Kind.MAPPING_KEY_INVALID)  # kinds whose edit alone admits nobody

GCP_EDITS: dict[Kind, tuple[Maker, ...]] = {
    kind: tuple(_narrow(make, subject=kind not in _WITHOUT_SUBJECT) for make in makers) for kind, makers in _ALL.items()
}
