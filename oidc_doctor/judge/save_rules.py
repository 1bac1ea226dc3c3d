"""Why a cloud would refuse to store a document: trust policies at IAM, providers at Google.

Only rules with a source: IAM User Guide, id_roles_providers_oidc_secure-by-default, with recorded policy writes of
September 2026 for its edges and IAM's sentences (github.com/radkawar/stackd, iam/policy/testdata); Access Analyzer's
policy checks; the IAM and IAM v1 (discovery document) API references.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from oidc_doctor import cel, iam
from oidc_doctor.cel.checker import WORKLOAD_IDENTITY_TYPES
from oidc_doctor.documents.trust_policy import policy_size
from oidc_doctor.iam.context import text_of
from oidc_doctor.iam.operators import operator
from oidc_doctor.issuers import Profile, shared_issuer_control
from oidc_doctor.issuers.catalogue import normalised
from oidc_doctor.model import limits
from oidc_doctor.model.document import Json
from oidc_doctor.model.json_pointer import pointer_segment

_ASSUME = "sts:AssumeRoleWithWebIdentity"
# The names that a trust policy's Action may hold, in these letters and without wildcards: recorded, save SetContext.
_ACTIONS = (
    *("sts:AssumeRole", "sts:AssumeRoleWithSAML", _ASSUME),
    *("sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"),
)
_COUNTING = frozenset({"stringequals", "stringlike", "stringequalsignorecase"})  # measured: IfExists and Not… do not
_GITHUB = "token.actions.githubusercontent.com"
_COGNITO = "cognito-identity.amazonaws.com"
# Built-in providers under their bare names, and the keys of which one is to be tested (recorded)
_APPLICATION_IDS = {
    "accounts.google.com": ("aud", "oaud", "sub"),
    "www.amazon.com": ("app_id", "sub"),
    "graph.facebook.com": ("app_id", "sub"),
}
_POLICY_QUOTA = 2048  # characters without white space; adjustable
_MAPPED = ("google", "attribute")  # what a condition reads of the mapping


class Objection(NamedTuple):
    """Why a document would not be stored. The place is a JSON pointer, or a span of a CEL text."""

    message: str
    pointer: str = ""
    span: tuple[int, int] | None = None
    certain: bool = True  # False: it may be refused, which depends on what is not known
    answer: str = ""  # the cloud's own sentence, where it is known
    unconfirmed: bool = False  # a function that Google may offer, of which its documentation does not say so


def of_trust_policy(policy: Json) -> list[Objection]:
    """Return IAM's objections to a role's trust policy, in the order of its checks. Never raises, whatever the JSON."""
    return list(_trust_policy(policy))


def answer_to_trust_policy(policy: Json) -> str | None:
    """Return the sentence with which IAM refuses to store the policy; None where it stores it.

    A rule whose sentence was not recorded answers in our words. A quota that can be raised refuses nothing.
    """
    return next((one.answer or one.message for one in of_trust_policy(policy) if one.certain), None)


def _trust_policy(policy: Json) -> Iterator[Objection]:
    listed = policy.get("Statement") if isinstance(policy, dict) else None
    if not isinstance(listed, list | dict) or not listed:
        yield Objection("IAM stores no trust policy without a Statement")
        return
    size = policy_size(policy)
    if size > _POLICY_QUOTA:
        yield Objection(
            f"it has {size:,} characters without white space; the default quota is {_POLICY_QUOTA:,}", certain=False
        )
    statements: list[tuple[str, dict[str, Any]]] = []
    for index, statement in enumerate(listed if isinstance(listed, list) else [listed]):
        pointer = f"/Statement/{index}" if isinstance(listed, list) else "/Statement"
        if not isinstance(statement, dict):
            yield Objection("a statement is an object", pointer)
            continue
        statements.append((pointer, statement))
        yield from _elements(statement, pointer)
    for pointer, statement in statements:  # recorded: before the rules about providers
        yield from _actions(statement, pointer)
    for pointer, statement in statements:
        yield from _providers(statement, pointer)


def _elements(statement: dict[str, Any], pointer: str) -> Iterator[Objection]:
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield Objection("Effect is Allow or Deny, in these letters", pointer + "/Effect")
    if "Principal" not in statement and "NotPrincipal" not in statement:
        yield Objection("a trust policy's statement names a Principal", pointer)
    if "Action" not in statement and "NotAction" not in statement:
        yield Objection("a trust policy's statement names an Action", pointer)
    for name in ("NotPrincipal", "Resource", "NotResource"):
        if name in statement:
            yield Objection(f"a role's trust policy cannot have {name}", pointer + pointer_segment(name))
    yield from _condition_form(statement.get("Condition", {}), pointer + "/Condition")


def _condition_form(block: Json, pointer: str) -> Iterator[Objection]:
    if not isinstance(block, dict):
        yield Objection("a Condition is an object of operators", pointer)
        return
    for name, operands in block.items():
        at = pointer + pointer_segment(name)
        # what IAM makes of Null with a set operator or IfExists was not recorded
        if operator(name) is None and "null" not in name.lower():
            yield Objection(f"IAM has no condition operator {name}", at)
        elif not isinstance(operands, dict):
            yield Objection(f"{name} contains an object of condition keys", at)
        elif any(text_of(value) is None for values in operands.values() for value in _listed(values)):
            yield Objection(f"the values under {name} are texts, numbers or Booleans", at)


def _actions(statement: dict[str, Any], pointer: str) -> Iterator[Objection]:
    wrong = [action for action in _listed(statement.get("Action", [])) if action not in _ACTIONS]
    if wrong:
        yield Objection(
            f"a trust policy's Action is one of {', '.join(_ACTIONS)}, in these letters; it has {wrong[0]}",
            pointer + "/Action",
            answer="AssumeRole policy may only specify STS AssumeRole actions.",
        )


def _listed(value: Json) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _providers(statement: dict[str, Any], pointer: str) -> Iterator[Objection]:
    """IAM's rules for providers that many customers share; a Deny and a statement without the call are not checked."""
    actions = iam.compile_policy({"Statement": {**statement, "Principal": {"Federated": "any"}, "Condition": {}}})
    if statement.get("Effect") != "Allow" or actions.decide("any", _ASSUME, {}).granted is not True:
        return
    principal = statement.get("Principal")
    block = statement.get("Condition")
    conditions = block if isinstance(block, dict) else {}
    for provider in _listed(principal.get("Federated") if isinstance(principal, dict) else None):
        if isinstance(provider, str):
            yield from _provider(provider, conditions, pointer)


def _provider(provider: str, conditions: dict[str, Any], pointer: str) -> Iterator[Objection]:
    path = provider.partition(":oidc-provider/")[2] or provider
    if provider in _APPLICATION_IDS:
        if not _tests_application_id(provider, conditions):
            keys = " or ".join(f"{provider}:{claim}" for claim in _APPLICATION_IDS[provider])
            yield Objection(
                f"IAM requires {keys} to be tested with StringEquals or StringEqualsIgnoreCase",
                pointer,
                answer=f"Policy trusting {provider} requires a StringEquals condition on an application id",
            )
        return
    if path.startswith(_COGNITO) and not conditions:
        yield Objection(
            "IAM requires a Condition for Cognito's provider",
            pointer,
            answer="A condition block must be present for the Cognito provider",
        )
        return
    yield from _shared_control(provider, path, conditions, pointer)


def _tests_application_id(name: str, conditions: dict[str, Any]) -> bool:
    """Whether one of the provider's keys is tested for equality: the key in these letters, whatever its value."""
    keys = {f"{name}:{claim}" for claim in _APPLICATION_IDS[name]}
    return any(
        isinstance(operands, dict) and not keys.isdisjoint(operands)
        for written, operands in conditions.items()
        if _base(written) in {"stringequals", "stringequalsignorecase"}
    )


def _base(written: str) -> str:
    """The operator in lower case, without ForAnyValue: and ForAllValues:, which count as well."""
    quantifier, mark, name = written.lower().rpartition(":")
    return name if not mark or quantifier in {"forallvalues", "foranyvalue"} else ""


def _shared_control(provider: str, path: str, conditions: dict[str, Any], pointer: str) -> Iterator[Objection]:
    """IAM's rule for issuers that many customers share: an operator tests one of their keys, and not for all values."""
    github = path.startswith(_GITHUB)  # recorded: whatever follows, under that issuer's own keys
    wanted: tuple[str, ...] = ("sub", "job_workflow_ref")
    if not github:
        wanted = shared_issuer_control(path) if normalised(path) == path else ()
    if not wanted:
        return
    keys = [claim if ":" in claim else f"{path}:{claim}" for claim in wanted]
    folded = {key.lower() for key in keys}
    for name, operands in conditions.items():
        if _base(name) not in _COUNTING or not isinstance(operands, dict):
            continue
        tested = [values for key, values in operands.items() if key.lower() in folded]
        if tested and not any(_for_all(value, github=github) for values in tested for value in _listed(values)):
            return
    names = " or ".join(keys)
    operators = "StringEquals, StringLike or StringEqualsIgnoreCase"
    yield Objection(
        f"for {path}, an issuer shared by many customers, IAM requires {names} to be tested with {operators}, and "
        "not for all "
        "values",
        pointer,
        answer=f"Trust policy with trusted principal {provider} must evaluate, using {operators}, {names} which is not "
        "scoped to all.",
    )


def _for_all(value: object, *, github: bool) -> bool:
    if not isinstance(value, str):
        return False
    return value == "*" or (github and (not value.strip() or value.startswith("*")))


def of_condition(text: str, profile: Profile | None, issuer: str | None) -> list[Objection]:
    """Return Google's objections to an attribute condition. Raises CelError where the text is no expression."""
    if not text.strip():
        return _without_condition(profile, issuer)
    most = limits.CONDITION.most
    if len(text) > most:
        return [Objection(f"it has {len(text):,} characters; a condition may have {most:,}")]
    program = cel.compile(text)
    objections = [
        Objection(error.message, span=(error.start, error.end))
        for error in program.check(WORKLOAD_IDENTITY_TYPES, result="bool")
    ]
    objections += [
        Objection(
            f"Google's documentation does not say that it offers {name} here",
            span=(start, end),
            certain=False,
            unconfirmed=True,
        )
        for name, start, end in program.unconfirmed_functions()
    ]
    return objections


def of_mapped_names(text: str, mapping: Mapping[str, str] | None) -> list[Objection]:
    """Return the attributes that a condition reads and the mapping does not have; `mapping` None is one not read.

    That Google refuses such a condition when it is saved was not recorded. Raises CelError.
    """
    if mapping is None:
        return []
    read = [one for one in cel.compile(text).references() if not one.tested and not one.guarded]
    found = [(".".join(one.keys[:2]), one) for one in read if one.keys[0] in _MAPPED]
    return [
        Objection(f"the mapping has no {name}", span=(one.start, one.end), certain=False)
        for name, one in found
        if "." in name and name not in mapping
    ]


def _without_condition(profile: Profile | None, issuer: str | None) -> list[Objection]:
    if profile is None or not profile.shared:
        return []
    sure = (issuer or "").removeprefix("https://") == _GITHUB  # which else Google counts is not fully published
    verb = "requires" if sure else "may require"
    return [Objection(f"Google {verb} a condition for {profile.title}, which many customers share", certain=sure)]


def of_mapping_expression(name: str, text: str) -> list[Objection]:
    """Return Google's objections to one attribute's expression. Raises CelError where the text is no expression."""
    # an attribute is text and google.groups a list of texts; a claim's type is known from the token only
    wanted = "list(string)" if name == "google.groups" else "string"
    most = limits.MAPPING_EXPRESSION.most
    if len(text) > most:
        return [Objection(f"it has {len(text):,} characters; an expression may have {most:,}")]
    return [
        Objection(error.message, span=(error.start, error.end))
        for error in cel.compile(text).check({"assertion": "dyn"}, result=wanted)
    ]


def of_mapping(mapping: dict[str, str]) -> list[Objection]:
    """Return Google's objections to the mapping as a whole."""
    objections = []
    if "google.subject" not in mapping:
        objections.append(Objection("an OIDC provider's mapping has google.subject"))
    custom = sum(name.startswith("attribute.") for name in mapping)
    if custom > limits.CUSTOM_ATTRIBUTES.most:
        objections.append(Objection(f"it has {custom} custom attributes; {limits.CUSTOM_ATTRIBUTES.most} are allowed"))
    return objections
