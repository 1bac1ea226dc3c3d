"""The texts of an exchange that can be edited, and their present contents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, NamedTuple

from oidc_doctor.documents.json_text import Unreadable, load
from oidc_doctor.model.document import Document
from oidc_doctor.model.evidence import ROLE_POLICIES, AllowPolicy, AwsOidcProvider, GcpProvider, Role
from oidc_doctor.model.secret_texts import without_secrets_in
from oidc_doctor.report.parts.escape import forbid_tokens, is_clear, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.model.case import Case
    from oidc_doctor.model.document import Json

KindId = Literal[
    "trust-policy",
    "client-ids",
    "role-policy",
    "new-role-policy",
    "boundary",
    "condition",
    "mapping",
    "allowed-audiences",
    "service-account-policy",
    "project-policy",
    "bucket-policy",
    "repository-policy",
    "key-policy",
    "claims",
]
PartId = str  # its kind; role-policy-2 if there may be several of the kind


LONGEST = 256 * 1024  # maximum characters of an editable text; a longer text is no policy and slows the editor down
_ASCII = 0x7F


class PartKind(NamedTuple):
    """The properties that parts with the same id share."""

    title: str
    language: Literal["json", "cel"]
    step: str  # the first step that reads it
    file: str  # the name of an exported file


KINDS: dict[KindId, PartKind] = {
    "trust-policy": PartKind("Trust policy", "json", "authorise", "trust-policy.json"),
    "client-ids": PartKind("ClientIDList", "json", "audience", "client-ids.json"),
    "role-policy": PartKind("Role policy", "json", "permission", "role-policy.json"),
    "new-role-policy": PartKind("New policy", "json", "permission", "role-policy.json"),
    "boundary": PartKind("Boundary", "json", "permission", "boundary.json"),
    "condition": PartKind("Condition", "cel", "condition", "attribute-condition.cel"),
    "mapping": PartKind("Mapping", "json", "condition", "attribute-mapping.json"),
    "allowed-audiences": PartKind("Audiences", "json", "audience", "allowed-audiences.json"),
    "service-account-policy": PartKind("Account policy", "json", "impersonate", "service-account-policy.json"),
    "project-policy": PartKind("Project policy", "json", "impersonate", "project-policy.json"),
    "bucket-policy": PartKind("Bucket policy", "json", "permission", "bucket-policy.json"),
    "repository-policy": PartKind("Repository policy", "json", "permission", "repository-policy.json"),
    "key-policy": PartKind("Key policy", "json", "permission", "key-policy.json"),
    "claims": PartKind("Claims", "json", "token", "claims.json"),
}


class Part(NamedTuple):
    """A text of the exchange that can be edited. `text` is the present text, in its editable form."""

    id: PartId
    kind: KindId
    title: str
    text: str
    read_at: str  # the origin of the present text; empty if none was read
    document: str = ""  # the file, for policies of which there may be several

    @property
    def language(self) -> Literal["json", "cel"]:
        """The language of the text."""
        return KINDS[self.kind].language

    @property
    def step(self) -> str:
        """The first step that reads it."""
        return KINDS[self.kind].step

    @property
    def file(self) -> str:
        """The name of an exported file."""
        return KINDS[self.kind].file


def parts_of(case: Case) -> tuple[Part, ...]:
    """Return the parts of an exchange, without those whose text is too long."""
    parts = []
    numbers: dict[KindId, int] = {}
    for kind, text, read_at, document in _texts_of(case):
        numbers[kind] = numbers.get(kind, 0) + 1
        name = kind if kind not in _SEVERAL else f"{kind}-{numbers[kind]}"
        title = KINDS[kind].title if not document else _title(document)
        parts.append(Part(name, kind, title, editable(forbid_tokens(text)), read_at, document))
    return tuple(part for part in parts if len(part.text) <= LONGEST)


_SEVERAL: tuple[KindId, ...] = ("role-policy",)
_LONGEST_TITLE = 24


def _title(file: str) -> str:
    """The name of a policy's file, as short as a tab."""
    name = visible(file.rpartition("/")[2].removesuffix(".json"))
    return name if len(name) <= _LONGEST_TITLE else name[: _LONGEST_TITLE - 1] + "…"


_Text = tuple[KindId, str, str, str]  # kind, present text, origin, and the file if there may be several


def _texts_of(case: Case) -> Iterator[_Text]:
    """Return the present text and its origin for each part."""
    yield from _aws_texts(case) if case.cloud == "aws" else _gcp_texts(case)
    token = case.token
    yield "claims", json_text(without_secrets_in(token.claims)) if token.claims else "", str(token.origin), ""
    if case.cloud == "aws":
        yield from _aws_permissions(case)


def _aws_texts(case: Case) -> Iterator[_Text]:
    aws = case.evidence.aws
    policy = aws.role.trust_policy if aws is not None and isinstance(aws.role, Role) else None
    if isinstance(policy, Document):
        yield "trust-policy", json_text(policy.value), str(policy.at()), ""
    else:
        yield "trust-policy", "", "", ""
    if aws is not None and isinstance(aws.provider, AwsOidcProvider):
        ids = aws.provider.client_ids
        listed: Json = list(ids) if isinstance(ids, tuple) else []
        yield "client-ids", json_text({"ClientIDList": listed}), str(aws.provider.document.at("/ClientIDList")), ""


def _aws_permissions(case: Case) -> Iterator[_Text]:
    aws = case.evidence.aws
    for path, kind in _POLICIES.items():
        for document in aws.read(path) if aws is not None else ():
            several = document.file if kind in _SEVERAL else ""
            yield kind, json_text(document.value), str(document.at()), several
        if kind == "role-policy" and aws is not None and isinstance(aws.role, Role):
            yield "new-role-policy", "", "", ""


_POLICIES: dict[str, KindId] = {
    ROLE_POLICIES: "role-policy",
    "aws/boundary.json": "boundary",
    "aws/bucket-policy.json": "bucket-policy",
    "aws/repository-policy.json": "repository-policy",
    "aws/key-policy.json": "key-policy",
}


def _gcp_texts(case: Case) -> Iterator[_Text]:
    gcp = case.evidence.gcp
    if gcp is None:
        return
    provider = gcp.provider
    if isinstance(provider, GcpProvider):
        at = provider.document.at
        mapping = provider.mapping if isinstance(provider.mapping, dict) else None
        audiences: Json = list(provider.allowed_audiences)
        yield "condition", provider.condition or "", str(at("/attributeCondition")), ""
        yield "mapping", json_text(mapping) if mapping is not None else "", str(at("/attributeMapping")), ""
        yield "allowed-audiences", json_text({"allowedAudiences": audiences}), str(at("/oidc/allowedAudiences")), ""
    policies: tuple[tuple[KindId, object], ...] = (
        ("service-account-policy", gcp.service_account_policy),
        ("project-policy", gcp.project_policy),
        ("bucket-policy", gcp.bucket_policy),
        ("repository-policy", gcp.repository_policy),
    )
    for kind, policy in policies:
        if isinstance(policy, AllowPolicy):
            yield kind, json_text(policy.document.value), str(policy.document.at()), ""


def parts_of_document(value: dict[str, Json], text: str, file: str) -> dict[PartId, str]:
    """Return the parts that a proposed document replaces, with their new texts; empty if it replaces none.

    `file` is where the present document was read, such as gcp/project-policy.json.
    """
    if "PolicyDocument" in value:
        return {"new-role-policy": editable(json_text(value["PolicyDocument"]))}
    if "Statement" in value:
        return {"trust-policy": editable(json_text(value))}
    if "bindings" in value:
        kinds: tuple[KindId, ...] = ("project-policy", "bucket-policy", "repository-policy")
        return {next((kind for kind in kinds if KINDS[kind].file in file), "service-account-policy"): editable(text)}
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
