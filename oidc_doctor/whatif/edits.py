"""Apply an edited text to a case, and report the problems of the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from oidc_doctor import cel
from oidc_doctor.documents import fields
from oidc_doctor.documents.json_text import Unreadable, load
from oidc_doctor.documents.provider import parse_allow_policy
from oidc_doctor.documents.trust_policy import parse_policy, within
from oidc_doctor.judge.aws.role_policies import with_inline_policy
from oidc_doctor.judge.save_rules import Objection, of_condition, of_mapping, of_mapping_expression, of_trust_policy
from oidc_doctor.model import limits
from oidc_doctor.model.document import Missing, Origin
from oidc_doctor.model.evidence import ROLE_POLICIES, AwsEvidence, AwsOidcProvider, GcpProvider, Role
from oidc_doctor.model.json_pointer import line_of, pointer_segment
from oidc_doctor.whatif.parts import LONGEST, canonical

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.model.case import Case
    from oidc_doctor.model.document import Json
    from oidc_doctor.model.evidence import TargetEvidence, Token
    from oidc_doctor.whatif.parts import KindId, Part, PartId


class Problem(NamedTuple):
    """A problem of an edited text. Lines and columns count from 1.

    `unreadable`: the text is not valid JSON or CEL, so there is no decision. `refused`: the cloud would reject it.
    `note`: the cloud may reject it, or another hint for the user.
    """

    part: PartId
    kind: Literal["unreadable", "refused", "note"]
    message: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """Format as `line 3 column 7: expected ','`."""
        if self.line is None:
            return self.message
        return f"line {self.line}{'' if self.column is None else f' column {self.column}'}: {self.message}"


class UnreadableCel(Exception):  # noqa: N818 - the user's text, no fault of the program
    """An edited expression is not valid CEL."""

    def __init__(self, error: cel.CelError, pointer: str = "") -> None:
        super().__init__(error.message)
        self.error = error
        self.pointer = pointer  # the pointer to the expression in the JSON text


def apply(case: Case, part: Part, text: str, *, signature_wrong: bool) -> tuple[Case, list[Objection]]:
    """Return the case with the edited text, and the objections of the cloud to storing it.

    `signature_wrong`: the original token's signature is known to be wrong. Raises Unreadable and
    UnreadableCel.
    """
    if len(text) > LONGEST:
        raise Unreadable(part.file, None, None, f"longer than {LONGEST // 1024} KiB")
    if part.id == "claims":
        return case._replace(token=_with_claims(case.token, text, part.file, signature_wrong=signature_wrong)), []
    evidence, objections = _APPLY[part.kind](case, part, text)
    return case._replace(evidence=evidence), objections


def problem_of_json(part: Part, error: Unreadable) -> Problem:
    """Return the problem of a text that is not JSON, or not in the expected form."""
    return Problem(part.id, "unreadable", error.message, error.line, error.column)


def problem_of_cel(part: Part, text: str, unreadable: UnreadableCel) -> Problem:
    """Return the problem of a text with an expression that is not valid CEL."""
    error = unreadable.error
    if part.language == "json":  # columns of the expression differ from those of the JSON text
        name = unescaped(unreadable.pointer[1:])
        where = f", at character {error.start + 1}" if error.start >= 0 else ""
        return Problem(part.id, "unreadable", f"{name}: {error.message}{where}", line_of(text, unreadable.pointer))
    line, column = place(text, error.start) if error.start >= 0 else (None, None)
    return Problem(part.id, "unreadable", error.message, line, column)


def problem_of_objection(part: Part, text: str, objection: Objection) -> Problem:
    """Return the problem of a text that the cloud would or may reject."""
    line: int | None
    column: int | None
    if objection.span is not None:
        line, column = place(text, objection.span[0])
    else:
        line, column = (line_of(text, objection.pointer) if objection.pointer else None), None
    return Problem(part.id, "refused" if objection.certain else "note", objection.message, line, column)


def place(text: str, offset: int) -> tuple[int, int]:
    """Return line and column, from 1, of an offset."""
    before = text[: max(0, offset)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def unescaped(segment: str) -> str:
    """Return the member name in a segment of a JSON pointer."""
    return segment.replace("~1", "/").replace("~0", "~")


# AWS


def _trust_policy(case: Case, part: Part, text: str) -> tuple[TargetEvidence, list[Objection]]:
    document = within(load(text, part.file), limits.TRUST_POLICY)._replace(file="the edited trust policy")
    evidence, aws = case.evidence, case.evidence.aws
    if aws is None or isinstance(aws.role, Missing):
        arn = evidence.target.aws.role_arn if evidence.target.aws else None
        name = (arn or "").rpartition("/")[2] or None
        role = Role(arn, name, document, document.at())
    else:
        role = aws.role._replace(trust_policy=document)
    edited = aws._replace(role=role) if aws is not None else AwsEvidence(role)
    return evidence._replace(aws=edited), of_trust_policy(document.value)


def _client_ids(case: Case, part: Part, text: str) -> tuple[TargetEvidence, list[Objection]]:
    aws = case.evidence.aws
    if aws is None or not isinstance(aws.provider, AwsOidcProvider):
        raise KeyError("client-ids")
    ids = string_list(text, part.file, "ClientIDList")
    return case.evidence._replace(aws=aws._replace(provider=aws.provider._replace(client_ids=ids))), []


def string_list(text: str, file: str, name: str) -> tuple[str, ...]:
    """Parse a JSON list of strings, bare or as the member `name` of an object. Raises Unreadable."""
    document = load(text, file)
    value = document.value if isinstance(document.value, dict) else {name: document.value}
    strings = fields.texts(document, "", value, name)
    if strings is None:
        raise fields.wrong(document, "", f"no {name} in it")
    return strings


# Google


def _gcp_provider(evidence: TargetEvidence, **changed: Any) -> TargetEvidence:
    gcp = evidence.gcp
    if gcp is None or not isinstance(gcp.provider, GcpProvider):
        raise KeyError(*changed)
    return evidence._replace(gcp=gcp._replace(provider=gcp.provider._replace(**changed)))


def _without_provider(evidence: TargetEvidence, reason: str) -> TargetEvidence:
    """Return the evidence with a provider that Google would not store, which is not judged."""
    assert evidence.gcp is not None  # noqa: S101 - the part exists
    return evidence._replace(gcp=evidence.gcp._replace(provider=Missing("the edited provider", reason, "unreadable")))


def _condition(case: Case, part: Part, text: str) -> tuple[TargetEvidence, list[Objection]]:
    del part
    provider = case.evidence.gcp.provider if case.evidence.gcp else None
    issuer = provider.issuer_uri if isinstance(provider, GcpProvider) else None
    try:
        objections = of_condition(text, case.profile, issuer)
    except cel.CelError as error:
        raise UnreadableCel(error) from None
    if len(text) > limits.CONDITION.most:
        return _without_provider(case.evidence, limits.CONDITION.exceeded_by(len(text))), objections
    return _gcp_provider(case.evidence, condition=text), objections


def _mapping(case: Case, part: Part, text: str) -> tuple[TargetEvidence, list[Objection]]:
    document = load(text, part.file)
    mapping = fields.members(document, "", document.value, "an object of attributes and expressions")
    objections = of_mapping(mapping)
    for name in mapping:
        pointer = pointer_segment(name)
        expression = fields.text(document, "", mapping, name)
        if expression is None:
            raise fields.wrong(document, pointer, "expected text, found null")
        try:
            of_expression = of_mapping_expression(name, expression)
        except cel.CelError as error:
            raise UnreadableCel(error, pointer) from None
        for objection in of_expression:
            objections.append(objection._replace(pointer=pointer, span=None, message=f"{name}: {objection.message}"))
    longest = max(map(len, mapping.values()), default=0)
    if longest > limits.MAPPING_EXPRESSION.most:
        return _without_provider(case.evidence, limits.MAPPING_EXPRESSION.exceeded_by(longest)), objections
    return _gcp_provider(case.evidence, mapping=mapping), objections


def _allowed_audiences(case: Case, part: Part, text: str) -> tuple[TargetEvidence, list[Objection]]:
    audiences = string_list(text, part.file, "allowedAudiences")
    return _gcp_provider(case.evidence, allowed_audiences=audiences), []


def _allow_policy(case: Case, part: Part, text: str) -> tuple[TargetEvidence, list[Objection]]:
    """Return a Google Cloud allow policy, of the resource in the part's name."""
    resource: Any = part.kind.removesuffix("-policy")
    gcp = case.evidence.gcp
    assert gcp is not None  # noqa: S101 - the part exists
    changed: dict[str, Any] = {part.kind.replace("-", "_"): parse_allow_policy(text, part.file, resource)}
    return case.evidence._replace(gcp=gcp._replace(**changed)), []


def _policy(case: Case, part: Part, text: str) -> tuple[TargetEvidence, list[Objection]]:
    """Return an AWS policy of the permission step, instead of the original file."""
    if case.cloud == "gcp":
        return _allow_policy(case, part, text)
    aws = case.evidence.aws
    assert aws is not None  # noqa: S101 - the part exists
    edited = parse_policy(text, part.file)
    if part.kind == "new-role-policy":
        documents_with = with_inline_policy(
            aws.documents, edited._replace(file=ROLE_POLICIES.replace("*", "new policy"))
        )
        return case.evidence._replace(aws=aws._replace(documents=documents_with)), []
    path = ROLE_POLICIES if part.document else f"aws/{part.file}"
    read = aws.documents[path]
    documents = tuple(
        document._replace(text=edited.text, value=edited.value, pointer="", duplicates=edited.duplicates, inner=False)
        if part.document in ("", document.file)
        else document
        for document in (() if isinstance(read, Missing) else read)
    )
    return case.evidence._replace(aws=aws._replace(documents={**aws.documents, path: documents})), []


_APPLY: dict[KindId, Callable[[Case, Part, str], tuple[TargetEvidence, list[Objection]]]] = {
    "trust-policy": _trust_policy,
    "client-ids": _client_ids,
    "role-policy": _policy,
    "new-role-policy": _policy,
    "boundary": _policy,
    "condition": _condition,
    "mapping": _mapping,
    "allowed-audiences": _allowed_audiences,
    "service-account-policy": _allow_policy,
    "project-policy": _allow_policy,
    "bucket-policy": _policy,
    "repository-policy": _policy,
    "key-policy": _policy,
}


# Claims


def _with_claims(token: Token, text: str, file: str, *, signature_wrong: bool) -> Token:
    """Return the token with other claims, assumed to be signed unless the original signature is known to be wrong."""
    document = load(text, file)
    claims = fields.members(document, "", document.value, "an object with claims")
    if canonical(claims) == canonical(token.claims):
        return token
    return token._replace(
        kind="decoded" if token.kind == "jwt" else token.kind,
        claims=claims,
        complete=token.complete or all(claims.get(name) is not None for name in ("iss", "sub", "aud")),
        origin=Origin("the edited claims"),
        size=None,
        fault=None,
        fault_kind="",
        fault_where="",
        duplicates=tuple(unescaped(pointer[1:]) for pointer in document.duplicates if "/" not in pointer[1:]),
        verified={"signature": False} if signature_wrong else None,
        signing_input=b"",
        signature=b"",
        missing_claims=missing_times(claims) if token.kind == "jwt" else token.missing_claims,
        recorded=True,
        document=document._replace(file="the edited claims"),
    )


def missing_times(claims: dict[str, Json]) -> frozenset[str]:
    """Return the times that the claims lack. They are absent from the edited token, not unknown."""
    return frozenset({"iat", "exp"} - claims.keys())
