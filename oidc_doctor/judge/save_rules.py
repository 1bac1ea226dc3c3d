"""Find out why a cloud would refuse to store a document: trust policies (IAM) and providers (Google).

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
# Actions that a trust policy may name, case-sensitive and without wildcards (recorded, except SetContext).
_ACTIONS = (
    *("sts:AssumeRole", "sts:AssumeRoleWithSAML", _ASSUME),
    *("sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"),
)
_COUNTING = frozenset({"stringequals", "stringlike", "stringequalsignorecase"})  # measured: IfExists and Not… do not
_GITHUB = "token.actions.githubusercontent.com"
_COGNITO = "cognito-identity.amazonaws.com"
# Built-in providers by bare name, and the keys of which a policy has to test at least one (recorded)
_APPLICATION_IDS = {
    "accounts.google.com": ("aud", "oaud", "sub"),
    "www.amazon.com": ("app_id", "sub"),
    "graph.facebook.com": ("app_id", "sub"),
}
_POLICY_QUOTA = 2048  # characters without white space; adjustable
_MAPPED = ("google", "attribute")  # variables through which a condition reads the mapping


class Objection(NamedTuple):
    """A reason why a document would not be stored. The place is a JSON pointer, or a span of a CEL text."""

    message: str
    pointer: str = ""
    span: tuple[int, int] | None = None
    certain: bool = True  # False: refusal is possible, depending on unknown facts
    answer: str = ""  # the cloud's own sentence, if known
    unconfirmed: bool = False  # a function that Google may support, but does not document


def of_trust_policy(policy: Json) -> list[Objection]:
    """Return IAM's objections to a role's trust policy, in the order of its checks. Never raises, whatever the JSON."""
    return list(_trust_policy(policy))


def answer_to_trust_policy(policy: Json) -> str | None:
    """Return the sentence with which IAM refuses to store the policy; None if it stores the policy.

    A rule whose sentence was not recorded returns our own wording. An adjustable quota never refuses.
    """
    return next(
        (objection.answer or objection.message for objection in of_trust_policy(policy) if objection.certain), None
    )


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
        # IAM's handling of Null with a set operator or IfExists was not recorded
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
    """Apply IAM's rules for shared providers; a Deny and a statement without the call are not checked."""
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
    """Whether a key of the provider is tested for equality: case-sensitive key, any value."""
    keys = {f"{name}:{claim}" for claim in _APPLICATION_IDS[name]}
    return any(
        isinstance(operands, dict) and not keys.isdisjoint(operands)
        for written, operands in conditions.items()
        if _base(written) in {"stringequals", "stringequalsignorecase"}
    )


def _base(written: str) -> str:
    """Return the lower-case operator without ForAnyValue: and ForAllValues:, which are accepted as well."""
    quantifier, mark, name = written.lower().rpartition(":")
    return name if not mark or quantifier in {"forallvalues", "foranyvalue"} else ""


def _shared_control(provider: str, path: str, conditions: dict[str, Any], pointer: str) -> Iterator[Objection]:
    """Apply IAM's rule for shared issuers: an operator has to test one of their keys, not for all values."""
    github = path.startswith(_GITHUB)  # recorded: with any suffix, under that issuer's own keys
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
    """Return Google's objections to an attribute condition. Raises CelError for an invalid expression."""
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
    """Return the attributes that a condition reads and the mapping lacks; `mapping` is None if not read.

    That Google refuses such a condition when it is saved was not recorded. Raises CelError.
    """
    if mapping is None:
        return []
    read = [reference for reference in cel.compile(text).references() if not reference.tested and not reference.guarded]
    mapped_reads = [(".".join(reference.keys[:2]), reference) for reference in read if reference.keys[0] in _MAPPED]
    return [
        Objection(f"the mapping has no {name}", span=(reference.start, reference.end), certain=False)
        for name, reference in mapped_reads
        if "." in name and name not in mapping
    ]


def _without_condition(profile: Profile | None, issuer: str | None) -> list[Objection]:
    if profile is None or not profile.shared:
        return []
    sure = (issuer or "").removeprefix("https://") == _GITHUB  # which else Google counts is not fully published
    verb = "requires" if sure else "may require"
    return [Objection(f"Google {verb} a condition for {profile.title}, which many customers share", certain=sure)]


def of_mapping_expression(name: str, text: str) -> list[Objection]:
    """Return Google's objections to an attribute's expression. Raises CelError for an invalid expression."""
    # an attribute is a string and google.groups a list of strings; only the token shows a claim's type
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
