"""The texts of an exchange that can be edited, and their present contents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, NamedTuple

from oidc_doctor.documents.json_text import Unreadable, load
from oidc_doctor.model.document import Document
from oidc_doctor.model.evidence import AllowPolicy, AwsOidcProvider, GcpProvider, Role
from oidc_doctor.model.secret_texts import without_secrets_in
from oidc_doctor.report.parts.escape import forbid_tokens, is_clear

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.model.case import Case
    from oidc_doctor.model.document import Json

PartId = Literal[
    "trust-policy",
    "client-ids",
    "condition",
    "mapping",
    "allowed-audiences",
    "service-account-policy",
    "project-policy",
    "claims",
]

LONGEST = 256 * 1024  # characters of an editable text; a longer text is no policy and slows the editor down
_ASCII = 0x7F


class PartKind(NamedTuple):
    """The properties that parts with the same id share."""

    title: str
    language: Literal["json", "cel"]
    step: str  # the first step that reads it
    file: str  # the name of an exported file


KINDS: dict[PartId, PartKind] = {
    "trust-policy": PartKind("Trust policy", "json", "authorise", "trust-policy.json"),
    "client-ids": PartKind("ClientIDList", "json", "audience", "client-ids.json"),
    "condition": PartKind("Condition", "cel", "condition", "attribute-condition.cel"),
    "mapping": PartKind("Mapping", "json", "condition", "attribute-mapping.json"),
    "allowed-audiences": PartKind("Audiences", "json", "audience", "allowed-audiences.json"),
    "service-account-policy": PartKind("Account policy", "json", "impersonate", "service-account-policy.json"),
    "project-policy": PartKind("Project policy", "json", "impersonate", "project-policy.json"),
    "claims": PartKind("Claims", "json", "token", "claims.json"),
}


class Part(NamedTuple):
    """A text of the exchange that can be edited. `text` is the present one, in the form in which it is edited."""

    id: PartId
    title: str
    language: Literal["json", "cel"]
    text: str
    file: str
    read_at: str  # the place of the present text; empty if none was read


def parts_of(case: Case) -> tuple[Part, ...]:
    """Return the parts of an exchange, without those whose text is too long."""
    parts = [
        Part(name, KINDS[name].title, KINDS[name].language, editable(forbid_tokens(text)), KINDS[name].file, read_at)
        for name, text, read_at in _texts_of(case)
    ]
    return tuple(part for part in parts if len(part.text) <= LONGEST)


def _texts_of(case: Case) -> Iterator[tuple[PartId, str, str]]:
    """Return id, present text and place of each part."""
    yield from _aws_texts(case) if case.cloud == "aws" else _gcp_texts(case)
    token = case.token
    yield "claims", json_text(without_secrets_in(token.claims)) if token.claims else "", str(token.origin)


def _aws_texts(case: Case) -> Iterator[tuple[PartId, str, str]]:
    aws = case.evidence.aws
    policy = aws.role.trust_policy if aws is not None and isinstance(aws.role, Role) else None
    if isinstance(policy, Document):
        yield "trust-policy", json_text(policy.value), str(policy.at())
    else:
        yield "trust-policy", "", ""
    if aws is not None and isinstance(aws.provider, AwsOidcProvider):
        ids = aws.provider.client_ids
        listed: Json = list(ids) if isinstance(ids, tuple) else []
        yield "client-ids", json_text({"ClientIDList": listed}), str(aws.provider.document.at("/ClientIDList"))


def _gcp_texts(case: Case) -> Iterator[tuple[PartId, str, str]]:
    gcp = case.evidence.gcp
    if gcp is None:
        return
    provider = gcp.provider
    if isinstance(provider, GcpProvider):
        at = provider.document.at
        mapping = provider.mapping if isinstance(provider.mapping, dict) else None
        audiences: Json = list(provider.allowed_audiences)
        yield "condition", provider.condition or "", str(at("/attributeCondition"))
        yield "mapping", json_text(mapping) if mapping is not None else "", str(at("/attributeMapping"))
        yield "allowed-audiences", json_text({"allowedAudiences": audiences}), str(at("/oidc/allowedAudiences"))
    policies: tuple[tuple[PartId, object], ...] = (
        ("service-account-policy", gcp.service_account_policy),
        ("project-policy", gcp.project_policy),
    )
    for name, policy in policies:
        if isinstance(policy, AllowPolicy):
            yield name, json_text(policy.document.value), str(policy.document.at())


def parts_of_document(value: dict[str, Json], text: str, file: str) -> dict[PartId, str]:
    """Return the parts that a proposed document replaces, with their new texts; empty if it replaces none.

    `file` is where the present document was read, such as gcp/project-policy.json.
    """
    if "Statement" in value:
        return {"trust-policy": editable(json_text(value))}
    if "bindings" in value:
        of_project = KINDS["project-policy"].file in file
        return {"project-policy" if of_project else "service-account-policy": editable(text)}
    parts: dict[PartId, str] = {}
    if "ClientIDList" in value:
        parts["client-ids"] = editable(json_text({"ClientIDList": value["ClientIDList"]}))
    oidc = value.get("oidc")
    if isinstance(oidc, dict):
        parts["allowed-audiences"] = editable(json_text({"allowedAudiences": oidc.get("allowedAudiences", [])}))
    if isinstance(value.get("attributeCondition"), str):
        parts["condition"] = editable(value["attributeCondition"])
    if isinstance(value.get("attributeMapping"), dict):
        parts["mapping"] = editable(json_text(value["attributeMapping"]))
    return parts


def editable(text: str) -> str:
    r"""Return `text` with each invisible character written as `\uXXXX`, which JSON and CEL decode."""
    return "".join(
        character
        if is_clear(character) or character in "\n\t"
        else _json_escape(character)
        if character != "\r"
        else ""
        for character in text
    )


def _json_escape(character: str) -> str:
    return json.dumps(character)[1:-1] if ord(character) > _ASCII else "\\u" + f"{ord(character):04x}"


def json_text(value: Json) -> str:
    """Format a JSON value for the editor."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def canonical(value: Json) -> str:
    """Return a text that is equal for equal JSON: `==` would treat true as 1."""
    return json.dumps(value, sort_keys=True)


def without_layout(part: Part, text: str) -> str:
    """Return a text that is equal for texts that differ only in their layout."""
    if part.language == "cel" or not text.strip():
        return text.strip()
    try:
        return canonical(load(text, part.file).value)
    except Unreadable:
        return text
