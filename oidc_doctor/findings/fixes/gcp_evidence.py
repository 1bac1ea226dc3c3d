"""Build Google Cloud evidence after an edit: a provider with changed fields, an allow policy with another member."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from oidc_doctor.findings.fixes.edit import Candidate, Maker, Scope
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.gcp.names import ProviderName, gke_identity, read_name
from oidc_doctor.model.document import Document
from oidc_doctor.model.evidence import AllowPolicy, Binding, GcpEvidence, GcpProvider, TargetEvidence
from oidc_doctor.model.report import FixKind
from oidc_doctor.model.steps import PASSED, REFUSED

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.refusal import Refusal

GRANT = "roles/iam.workloadIdentityUser"


def saying(words: str, make: Maker) -> Maker:
    """Add a sentence to a maker's edits."""

    def said(case: Case, refusal: Refusal) -> Iterator[Candidate]:
        for candidate in make(case, refusal):
            yield candidate if candidate.words else candidate._replace(words=words)

    return said


def provider_of(case: Case) -> GcpProvider | None:
    """Return the exchange's provider, if read."""
    gcp = case.evidence.gcp
    return gcp.provider if gcp is not None and isinstance(gcp.provider, GcpProvider) else None


def mapping_of(case: Case) -> dict[str, str] | None:
    """Return the provider's attribute mapping, if read."""
    provider = provider_of(case)
    return provider.mapping if provider is not None and isinstance(provider.mapping, dict) else None


def with_gcp(case: Case, **changed: Any) -> TargetEvidence:
    """Return the evidence with these Google documents changed."""
    gcp = case.evidence.gcp
    return case.evidence if gcp is None else case.evidence._replace(gcp=gcp._replace(**changed))


def edited_provider(
    case: Case, kind: FixKind, scope: Scope = "own", pins: str = "", **changed: Any
) -> Iterator[Candidate]:
    """Yield the provider with these fields changed; nothing if it was not read or does not change."""
    provider = provider_of(case)
    if provider is not None and provider != (edited := provider._replace(**changed)):
        yield Candidate(with_gcp(case, provider=edited), kind, scope, pins)


def pool_of(case: Case) -> ProviderName | None:
    """Return the exchange's provider name, which names the pool's members; for GKE the pool's name."""
    provider, request = provider_of(case), case.evidence.target.gcp
    if provider is not None and provider.name and not (name := read_name(provider.name)).fault:
        return name
    for text in (request.audience, request.provider) if request is not None else ():
        if text and not (name := read_name(text)).fault and name.project_is_number:
            return name
    issuer = case.token.claims.get("iss")
    cluster = gke_identity(issuer, case.token.subject)
    return cluster[0] if cluster is not None else None


def mapped(case: Case) -> dict[str, str]:
    """Return the token's mapped attributes, including google.subject; empty if the mapping fails."""
    return dict(evaluate(case._replace(readings=())).mapped)


def holds(case: Case, condition: str) -> bool | None:
    """Whether this attribute condition is true for the token, with the present mapping; None if unknown."""
    for candidate in edited_provider(case, "correct", condition=condition):
        state = evaluate(case._replace(evidence=candidate.evidence, explain=False)).step("condition").state
        return True if state == PASSED else False if state == REFUSED else None
    state = evaluate(case._replace(explain=False)).step("condition").state
    return True if state == PASSED else False if state == REFUSED else None


def document(file: str, value: Any) -> Document:
    """Return a document after an edit."""
    return Document(file, json.dumps(value, indent=2), value)


def with_member(policy: AllowPolicy, role: str, member: str, condition: dict[str, str] | None = None) -> AllowPolicy:
    """Add a member to the allow policy, in the role's binding if any; all else is unchanged, including the etag."""
    value = copy.deepcopy(policy.document.value) if isinstance(policy.document.value, dict) else {}
    bindings: list[Any] = value.get("bindings") or []
    value["bindings"] = bindings
    place = next(
        (
            box
            for box in bindings
            if isinstance(box, dict) and box.get("role") == role and not (box.get("condition") or condition)
        ),
        None,
    )
    if place is None:
        bindings.append({"role": role, "members": [member]} | ({"condition": condition} if condition else {}))
    else:
        place["members"] = list(dict.fromkeys([*(place.get("members") or []), member]))
    return policy._replace(bindings=tuple(_bindings(bindings)), document=document(policy.document.file, value))


def _bindings(boxes: list[Any]) -> Iterator[Binding]:
    for index, box in enumerate(boxes):
        if isinstance(box, dict) and isinstance(box.get("role"), str):
            condition = box.get("condition")
            text = condition.get("expression") if isinstance(condition, dict) else None
            yield Binding(box["role"], tuple(box.get("members") or ()), text, f"/bindings/{index}")


def with_binding(
    case: Case,
    refusal: Refusal,
    member: str,
    scope: Scope = "own",
    pins: str = "",
    condition: dict[str, str] | None = None,
) -> Iterator[Candidate]:
    """Yield the refusing allow policy with another member: a workload identity user of the service account.

    A refusal at the permission step concerns the bucket or repository, with the smallest role that can read it.
    """
    gcp: GcpEvidence | None = case.evidence.gcp
    if gcp is None or not member.isprintable():
        return
    field, role = "service_account_policy", GRANT
    if refusal.step == "permission":
        field = "bucket_policy" if refusal.fact("bucket") else "repository_policy"
        role, holder = refusal.fact("grants"), refusal.fact("holder")
        if holder.startswith("serviceAccount:") and member != holder:
            return  # the account makes the call
    policy = getattr(gcp, field)
    if isinstance(policy, AllowPolicy) and role:
        yield Candidate(with_gcp(case, **{field: with_member(policy, role, member, condition)}), "add", scope, pins)
