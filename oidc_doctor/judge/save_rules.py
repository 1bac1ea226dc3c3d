"""Why a cloud would refuse to store a document: trust policies at IAM, providers at Google.

Only rules with a source: IAM User Guide, id_roles_providers_oidc_secure-by-default, with recorded policy writes of
September 2026 for its edges; Access Analyzer's policy checks; the IAM and IAM v1 (discovery document) API references.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from oidc_doctor import cel, iam
from oidc_doctor.cel.checker import WORKLOAD_IDENTITY_TYPES
from oidc_doctor.issuers import Profile, shared_issuer_control
from oidc_doctor.model.document import Json
from oidc_doctor.model.json_pointer import pointer_segment

_ASSUME = "sts:assumerolewithwebidentity"
_COUNTING = frozenset({"stringequals", "stringlike", "stringequalsignorecase"})  # measured: IfExists and Not… do not
_GITHUB = "token.actions.githubusercontent.com"
_POLICY_QUOTA = 2048  # characters without white space; adjustable
_CONDITION_LONGEST = 4096  # characters
_MAPPING_LONGEST = 2048  # characters of one expression
_MOST_ATTRIBUTES = 50


class Objection(NamedTuple):
    """Why a document would not be stored. The place is a JSON pointer, or a span of a CEL text."""

    message: str
    pointer: str = ""
    span: tuple[int, int] | None = None
    certain: bool = True  # False: it may be refused, which depends on what is not known


def of_trust_policy(policy: Json) -> list[Objection]:
    """Return IAM's objections to a role's trust policy. Never raises, whatever the JSON."""
    return list(_trust_policy(policy))


def _trust_policy(policy: Json) -> Iterator[Objection]:
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if not isinstance(statements, list | dict) or not statements:
        yield Objection("IAM stores no trust policy without a Statement")
        return
    size = sum(not character.isspace() for character in _compact(policy))
    if size > _POLICY_QUOTA:
        yield Objection(
            f"it has {size:,} characters without white space; the default quota is {_POLICY_QUOTA:,}", certain=False
        )
    for index, statement in enumerate(statements if isinstance(statements, list) else [statements]):
        pointer = f"/Statement/{index}" if isinstance(statements, list) else "/Statement"
        if not isinstance(statement, dict):
            yield Objection("a statement is an object", pointer)
            continue
        yield from _statement(statement, pointer)


def _compact(policy: Json) -> str:
    import json

    return json.dumps(policy, separators=(",", ":"), ensure_ascii=False)


def _statement(statement: dict[str, Any], pointer: str) -> Iterator[Objection]:
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield Objection("Effect is Allow or Deny, in these letters", pointer + "/Effect")
    if "Principal" not in statement and "NotPrincipal" not in statement:
        yield Objection("a trust policy's statement names a Principal", pointer)
    for name in ("NotPrincipal", "Resource", "NotResource"):
        if name in statement:
            yield Objection(f"a role's trust policy cannot have {name}", pointer + pointer_segment(name))
    if statement.get("Effect") == "Allow" and _allows_assume(statement):
        principal = statement.get("Principal")
        providers = principal.get("Federated") if isinstance(principal, dict) else None
        for arn in providers if isinstance(providers, list) else [providers]:
            if isinstance(arn, str):
                yield from _shared_control(statement, arn, pointer)


def _allows_assume(statement: dict[str, Any]) -> bool:
    element = statement.get("Action")
    actions = [
        action.lower() for action in (element if isinstance(element, list) else [element]) if isinstance(action, str)
    ]
    return iam.conditions_hold({"StringLike": {"k": actions}}, {"k": _ASSUME}) is True


def _shared_control(statement: dict[str, Any], arn: str, pointer: str) -> Iterator[Objection]:
    """IAM's rule for issuers that many customers share: a condition tests one of its keys, and not for all values."""
    path = arn.partition(":oidc-provider/")[2] or arn
    wanted = shared_issuer_control(path)
    if not wanted:
        return
    github = path.startswith(_GITHUB)
    claims = (*wanted, "job_workflow_ref") if github else wanted  # the second was observed to be accepted as well
    keys = {(claim if ":" in claim else f"{path}:{claim}").lower() for claim in claims}
    block = statement.get("Condition")
    for operator, operands in block.items() if isinstance(block, dict) else ():
        if operator.rpartition(":")[2].lower() not in _COUNTING or not isinstance(operands, dict):
            continue
        for key, values in operands.items():
            if key.lower() in keys and not any(
                _for_all(value, github=github) for value in (values if isinstance(values, list) else [values])
            ):
                return
    names = " or ".join(claim if ":" in claim else f"{path}:{claim}" for claim in wanted)
    yield Objection(
        f"for {path}, an issuer shared by many customers, IAM wants {names} tested with StringEquals, StringLike or "
        "StringEqualsIgnoreCase, and not for all values",
        pointer,
    )


def _for_all(value: object, *, github: bool) -> bool:
    if not isinstance(value, str):
        return False
    return value == "*" or (github and (not value.strip() or value.startswith("*")))


def of_condition(text: str, profile: Profile | None, issuer: str | None) -> list[Objection]:
    """Return Google's objections to an attribute condition. Raises CelError where the text is no expression."""
    if not text.strip():
        return _without_condition(profile, issuer)
    program = cel.compile(text)
    objections = [
        Objection(error.message, span=(error.start, error.end))
        for error in program.check(WORKLOAD_IDENTITY_TYPES, result="bool")
    ]
    if len(text) > _CONDITION_LONGEST:
        objections.append(Objection(f"it has {len(text):,} characters; a condition may have {_CONDITION_LONGEST:,}"))
    objections += [
        Objection(f"Google's documentation does not say that it offers {name} here", span=(start, end), certain=False)
        for name, start, end in program.unconfirmed_functions()
    ]
    return objections


def _without_condition(profile: Profile | None, issuer: str | None) -> list[Objection]:
    if profile is None or not profile.shared:
        return []
    sure = (issuer or "").removeprefix("https://") == _GITHUB  # which else Google counts is not fully published
    verb = "wants" if sure else "may want"
    return [Objection(f"Google {verb} a condition for {profile.title}, which many customers share", certain=sure)]


def of_mapping_expression(name: str, text: str) -> list[Objection]:
    """Return Google's objections to one attribute's expression. Raises CelError where the text is no expression."""
    # an attribute is text and google.groups a list of texts; a claim's type is known from the token only
    wanted = "list(string)" if name == "google.groups" else "string"
    objections = [
        Objection(error.message, span=(error.start, error.end))
        for error in cel.compile(text).check({"assertion": "dyn"}, result=wanted)
    ]
    if len(text) > _MAPPING_LONGEST:
        objections.append(Objection(f"it has {len(text):,} characters; an expression may have {_MAPPING_LONGEST:,}"))
    return objections


def of_mapping(mapping: dict[str, str]) -> list[Objection]:
    """Return Google's objections to the mapping as a whole."""
    objections = []
    if "google.subject" not in mapping:
        objections.append(Objection("an OIDC provider's mapping has google.subject"))
    custom = sum(name.startswith("attribute.") for name in mapping)
    if custom > _MOST_ATTRIBUTES:
        objections.append(Objection(f"it has {custom} custom attributes; {_MOST_ATTRIBUTES} are allowed"))
    return objections
