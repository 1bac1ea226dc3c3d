"""Edits of Google Cloud's providers, one group for each kind of refusal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from oidc_doctor import cel
from oidc_doctor.checkkit import command
from oidc_doctor.model.evidence import GcpProvider
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case
from oidc_doctor.findings.fixes.edit import Edit, Maker


def _provider_edit(case: Case, before: Any, after: Any, name: str, commands: list[str], **changed: Any) -> Edit | None:
    gcp = case.evidence.gcp
    if gcp is None or not isinstance(gcp.provider, GcpProvider):
        return None
    evidence = case.evidence._replace(gcp=gcp._replace(provider=gcp.provider._replace(**changed)))
    return Edit(evidence, json.dumps({name: before}, indent=2), json.dumps({name: after}, indent=2), commands)


def _update(provider: GcpProvider, option: str, value: str) -> list[str]:
    return [
        command(
            "gcloud",
            "iam",
            "workload-identity-pools",
            "providers",
            "update-oidc",
            provider.name or "PROVIDER",
            f"--{option}={value}",
        )
    ]


def _allowed_audience(case: Case, refusal: Refusal) -> Edit | None:
    gcp = case.evidence.gcp
    if (
        gcp is None
        or not isinstance(gcp.provider, GcpProvider)
        or refusal.actual is None
        or "," in refusal.actual.value
    ):
        return None
    provider = gcp.provider
    audiences = (*provider.allowed_audiences, refusal.actual.value)
    return _provider_edit(
        case,
        list(provider.allowed_audiences),
        list(audiences),
        "allowedAudiences",
        _update(provider, "allowed-audiences", ",".join(audiences)),
        allowed_audiences=audiences,
    )


def _reads_a_claim(clause: str) -> bool:
    try:
        return bool(cel.compile(clause).references())
    except cel.CelError:
        return False


def _condition_literal(case: Case, refusal: Refusal) -> Edit | None:
    """The literal of the false comparison replaced by the token's value, for an exact comparison."""
    gcp = case.evidence.gcp
    if gcp is None or not isinstance(gcp.provider, GcpProvider) or refusal.expected is None or refusal.actual is None:
        return None
    provider, clause = gcp.provider, refusal.fact("clause")
    text = provider.condition or ""
    if "==" not in clause or clause not in text:
        return None
    unquoted = refusal.fact("quoted")
    if unquoted:
        plain = clause.replace(f"'{unquoted}'", unquoted).replace(f'"{unquoted}"', unquoted)
        condition = text.replace(clause, plain, 1)
        commands = _update(provider, "attribute-condition", condition)
        return _provider_edit(case, text, condition, "attributeCondition", commands, condition=condition)
    if not _reads_a_claim(clause):
        return None  # two texts made equal are true for everybody
    for quote in ("'", '"'):
        literal = f"{quote}{refusal.expected.value}{quote}"
        if literal in clause and quote not in refusal.actual.value and "\\" not in refusal.actual.value:
            condition = text.replace(clause, clause.replace(literal, f"{quote}{refusal.actual.value}{quote}"), 1)
            commands = _update(provider, "attribute-condition", condition)
            return _provider_edit(case, text, condition, "attributeCondition", commands, condition=condition)
    return None


def _condition_beside(case: Case, refusal: Refusal) -> Edit | None:
    """The token's own workload added beside the condition, which goes on to accept all whom it accepts now."""
    del refusal
    gcp, subject = case.evidence.gcp, case.token.subject
    if gcp is None or not isinstance(gcp.provider, GcpProvider) or not gcp.provider.condition or not subject:
        return None
    if any(mark in subject for mark in ("'", "\\", "*")) or not subject.isprintable():
        return None
    family = case.profile.subject_family(subject) if case.profile is not None else subject
    start, _, end = family.partition("*")
    if start == subject:
        own = f"assertion.sub == '{subject}'"
    else:
        own = f"assertion.sub.startsWith('{start}')"
        last = end.rpartition("*")[2]
        own = f"({own} && assertion.sub.endsWith('{last}'))" if last else own
    condition = f"({gcp.provider.condition}) || {own}"
    commands = _update(gcp.provider, "attribute-condition", condition)
    return _provider_edit(case, gcp.provider.condition, condition, "attributeCondition", commands, condition=condition)


def _mapping_without_quotes(case: Case, refusal: Refusal) -> Edit | None:
    """The claim in place of the text that names it, for one entry of the attribute mapping."""
    gcp = case.evidence.gcp
    attribute, unquoted = refusal.fact("attribute"), refusal.fact("unquoted")
    if gcp is None or not isinstance(gcp.provider, GcpProvider) or not unquoted:
        return None
    provider = gcp.provider
    if not isinstance(provider.mapping, dict) or attribute not in provider.mapping:
        return None
    mapping = provider.mapping | {attribute: unquoted}
    # the flag is a list and replaces the whole mapping: a comma or a caret inside would be read as syntax
    plain = not any(mark in text for entry in mapping.items() for text in entry for mark in ",^")
    listed = ",".join(f"{key}={text}" for key, text in mapping.items())
    commands = _update(provider, "attribute-mapping", listed) if plain else []
    before = {attribute: provider.mapping[attribute]}
    return _provider_edit(case, before, {attribute: unquoted}, "attributeMapping", commands, mapping=mapping)


GCP_EDITS: dict[Kind, tuple[Maker, ...]] = {
    Kind.AUDIENCE_NOT_ALLOWED: (_allowed_audience,),
    Kind.ALLOWED_AUDIENCES_EMPTY: (_allowed_audience,),
    Kind.ATTRIBUTE_CONDITION_FALSE: (_condition_literal, _condition_beside),
    Kind.MAPPING_CONSTANT: (_mapping_without_quotes,),
}
