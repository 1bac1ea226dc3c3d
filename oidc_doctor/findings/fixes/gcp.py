"""Edits of Google Cloud's providers and bindings, one group for each kind of refusal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from oidc_doctor import cel
from oidc_doctor.findings.fixes.edit import Candidate, Maker, Scope
from oidc_doctor.model.evidence import GcpProvider
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal
from oidc_doctor.model.report import FixKind

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case


def _edited(case: Case, kind: FixKind, scope: Scope = "own", **changed: Any) -> Iterator[Candidate]:
    """The provider with these fields changed."""
    gcp = case.evidence.gcp
    if gcp is not None and isinstance(gcp.provider, GcpProvider):
        provider = gcp.provider._replace(**changed)
        yield Candidate(case.evidence._replace(gcp=gcp._replace(provider=provider)), kind, scope)


def _provider(case: Case) -> GcpProvider | None:
    gcp = case.evidence.gcp
    return gcp.provider if gcp is not None and isinstance(gcp.provider, GcpProvider) else None


def _allowed_audience(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    provider = _provider(case)
    if provider is not None and refusal.actual is not None and "," not in refusal.actual.value:
        audiences = (*provider.allowed_audiences, refusal.actual.value)
        yield from _edited(case, "add", "declared", allowed_audiences=audiences)


def _reads_a_claim(clause: str) -> bool:
    try:
        return bool(cel.compile(clause).references())
    except cel.CelError:
        return False


def _condition_literal(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """The literal of the false comparison replaced by the token's value, for an exact comparison."""
    provider = _provider(case)
    if provider is None or refusal.expected is None or refusal.actual is None:
        return
    clause, text = refusal.fact("clause"), provider.condition or ""
    if "==" not in clause or clause not in text:
        return
    unquoted = refusal.fact("quoted")
    if unquoted:
        plain = clause.replace(f"'{unquoted}'", unquoted).replace(f'"{unquoted}"', unquoted)
        yield from _edited(case, "correct", "declared", condition=text.replace(clause, plain, 1))
        return
    if not _reads_a_claim(clause):
        return  # two texts made equal are true for everybody
    for quote in ("'", '"'):
        literal = f"{quote}{refusal.expected.value}{quote}"
        if literal in clause and quote not in refusal.actual.value and "\\" not in refusal.actual.value:
            new = clause.replace(literal, f"{quote}{refusal.actual.value}{quote}")
            yield from _edited(case, "correct", "declared", condition=text.replace(clause, new, 1))


def confined(case: Case) -> Iterator[Candidate]:
    """The provider's condition and the token's own workload, both required."""
    provider, own = _provider(case), _own_workload(case)
    if provider is not None and own:
        condition = f"({provider.condition}) && {own}" if provider.condition else own
        yield from _edited(case, "correct", condition=condition)


def _condition_beside(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """The token's own workload added beside the condition, which goes on to accept all whom it accepts now."""
    del refusal
    provider, own = _provider(case), _own_workload(case)
    if provider is not None and provider.condition and own:
        yield from _edited(case, "add", condition=f"({provider.condition}) || {own}")


def _own_workload(case: Case) -> str:
    """An expression that is true of the token's workload alone; empty where its subject fits no literal."""
    subject = case.token.subject
    if not subject or any(mark in subject for mark in ("'", "\\", "*")) or not subject.isprintable():
        return ""
    family = case.profile.subject_family(subject) if case.profile is not None else subject
    start, _, end = family.partition("*")
    if start == subject:
        return f"assertion.sub == '{subject}'"
    own = f"assertion.sub.startsWith('{start}')"
    last = end.rpartition("*")[2]
    return f"({own} && assertion.sub.endsWith('{last}'))" if last else own


def _mapping_without_quotes(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """The claim instead of the text that names it, for one entry of the attribute mapping."""
    provider = _provider(case)
    attribute, unquoted = refusal.fact("attribute"), refusal.fact("unquoted")
    if provider is not None and unquoted and isinstance(provider.mapping, dict) and attribute in provider.mapping:
        yield from _edited(case, "correct", "declared", mapping=provider.mapping | {attribute: unquoted})


GCP_EDITS: dict[Kind, tuple[Maker, ...]] = {
    Kind.AUDIENCE_NOT_ALLOWED: (_allowed_audience,),
    Kind.ALLOWED_AUDIENCES_EMPTY: (_allowed_audience,),
    Kind.ATTRIBUTE_CONDITION_FALSE: (_condition_literal, _condition_beside),
    Kind.MAPPING_CONSTANT: (_mapping_without_quotes,),
}
