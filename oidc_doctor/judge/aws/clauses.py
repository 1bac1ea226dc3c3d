"""Determine the kind of refusal for a condition key that is not met.

Order of names (contract): key misspelled, key not provided, else by value; for the subject wildcard, case, format
changed, form, segment; for the audience `azp-decides-audience` whenever `aud` alone would pass.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor import iam
from oidc_doctor.issuers import condition_keys
from oidc_doctor.issuers.difference import Difference, compare_subject, compare_value
from oidc_doctor.judge.aws.arns import issuer_path
from oidc_doctor.judge.aws.condition_names import (
    SameProfile,
    correct_key,
    is_any_of_form,
    meant_by,
    names_issuer_alone,
)
from oidc_doctor.judge.aws.global_keys import supported_instead
from oidc_doctor.judge.exchange import plain_note, segment_noun
from oidc_doctor.judge.typos import invisible_in, left_in, strip_invisible
from oidc_doctor.model.document import Origin
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Clause, Side

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.iam import Node
    from oidc_doctor.judge.aws.state import AwsExchange

# Keys that exist for other calls and never for this one.
_TAG_KEY = "aws:requesttag/"
_EXTERNAL_ID = "sts:externalid"
_UNREADABLE = ("unreadable-request-value", "unreadable-policy-value", "unknown-operator", "unreadable")
_VARIABLE = re.compile(r"\$\{[^}]*\}")
# Keys whose values are networks, which have no closest match for an address.
_ADDRESSES = ("aws:sourceip", "aws:vpcsourceip")
_KINDS = frozenset(map(str, Kind))
_RANK = {"key": 2, "audience": 3, "subject": 4, "other": 5}


class FailedCondition(NamedTuple):
    """A condition key of a statement that is not met."""

    statement: int  # its index in the policy
    operator: Node
    key: Node
    where: Origin
    sure: bool  # no other statement can still allow the token


class Present(NamedTuple):
    """The condition keys of a request: their names, and their values by lower-case name."""

    names: list[str]
    values: dict[str, Any]


def present_in(context: dict[str, Any]) -> Present:
    """Return the condition keys of a request context."""
    return Present(list(context), {name.lower(): value for name, value in context.items()})


def explain_clause(exchange: AwsExchange, clause: FailedCondition, present: Present) -> None:
    """Record this clause's refusal, or a suspicion if some of its values are unknown."""
    name = clause.key.name
    location = Clause(statement=clause.statement, operator=clause.operator.name, key=name)
    facts = {"key": name, "operator": clause.operator.name, "statement": f"Statement[{clause.statement}]"}
    absent = name.lower() not in present.values
    tested = absent and not clause.operator.name.lower().startswith("null")
    if tested and _absent_key(exchange, clause, present.names, location, facts):
        return
    reasons: set[str] = {node.reason for node in _walk(clause.key)} | {clause.key.reason}
    if reasons & {"multivalued-without-set-operator", *_UNREADABLE}:
        _misused(exchange, clause, reasons, location, facts)
        return
    if "variable-unresolved" in reasons or "variable-literal-in-old-version" in reasons:
        _variable(exchange, clause, location, facts)
        return
    actual = present.values.get(name.lower())
    if clause.operator.name.lower().startswith("null"):
        _null(exchange, clause, actual, location, facts)
        return
    if actual is iam.UNKNOWN or actual is None or actual == []:
        _unknown_value(exchange, clause, location, facts, absent=absent)
        return
    _value(exchange, clause, actual, location, facts)


def _walk(node: Node) -> list[Node]:
    nodes: list[Node] = []
    for child in node.children:
        nodes.append(child)
        if child.children:  # most are values, and a policy may have hundreds
            nodes += _walk(child)
    return nodes


def _patterns(clause: FailedCondition) -> list[str]:
    """Return the policy's values for this key as strings, with variables substituted."""
    nodes = list({node.pointer: node for node in _walk(clause.key) if node.level == "value"}.values())
    values = [node.expected if node.resolved is None else node.resolved for node in nodes]
    return [
        value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
        for value in values
    ]


def _absent_key(
    exchange: AwsExchange,
    clause: FailedCondition,
    names: list[str],
    location: Clause,
    facts: dict[str, str],
) -> bool:
    """Refuse for a key that is absent from the request: misspelled, not exported by AWS, or from a missing claim."""
    path = issuer_path(exchange.issuer or "")
    name = clause.key.name
    provided = condition_keys(exchange.case.profile, exchange.issuer)
    certain = clause.sure and clause.key.result is False
    if name.lower() == _EXTERNAL_ID:
        exchange.refuse(
            Kind.EXTERNAL_ID_UNSUPPORTED,
            step="authorise",
            where=clause.where,
            certain=certain,
            location=location,
            rank=_RANK["key"],
            facts=facts,
        )
        return True
    prefix, mark, claim = name.rpartition(":")
    of_issuer = prefix.lower() == path.lower()
    if of_issuer and claim.lower() in (key.lower() for key in provided):
        return False  # a key that AWS provides; this token lacks the claim
    meant = meant_by(exchange, clause.operator.name, _patterns(clause))
    wanted = correct_key(exchange, name, list(provided), names, meant)
    if wanted is not None:
        difference = compare_value([name], wanted, wildcards=False, pasted=exchange.pasted)
        exchange.refuse(
            Kind.CONDITION_KEY_MISSPELLED,
            expected=Side(name, clause.where, difference.expected_spans),
            actual=Side(wanted, None, difference.actual_spans),
            certain=certain,
            location=location,
            rank=_RANK["key"],
            note=plain_note(difference),
            missing=f":{wanted.rpartition(':')[2]}" if names_issuer_alone(exchange, name) else "",
            facts=facts,
        )
        return True
    profile = exchange.case.profile
    exchange.refuse(
        Kind.SESSION_TAG_MISSING if name.lower().startswith(_TAG_KEY) else Kind.CONDITION_KEY_NOT_PROVIDED,
        expected=Side(name, clause.where),
        certain=certain,
        location=location,
        rank=_RANK["key"],
        claim=claim if of_issuer or not mark else "",
        issuer_title=profile.title if profile else "",
        instead=supported_instead(name),
        provided=", ".join(f"{path}:{key}" for key in provided),
        facts=facts,
    )
    return True


def _misused(
    exchange: AwsExchange, clause: FailedCondition, reasons: set[str], location: Clause, facts: dict[str, str]
) -> None:
    if "multivalued-without-set-operator" in reasons:
        reason = "the key holds several values, so it never matches without ForAnyValue: or ForAllValues:"
    elif "unknown-operator" in reasons:
        reason = "IAM has no such operator"
    elif "unreadable-policy-value" in reasons:
        reason = "the policy's value cannot be read as what this operator compares"
    else:
        reason = "the token's value cannot be read as what this operator compares"
    exchange.refuse(
        Kind.CONDITION_OPERATOR_MISUSED,
        expected=Side(", ".join(_patterns(clause)), clause.where),
        actual=_shown(clause.key.actual),
        certain=clause.sure,
        location=location,
        rank=_RANK["key"],
        reason=reason,
        facts=facts,
    )


def _shown(value: Any) -> Side | None:
    if isinstance(value, str):
        return Side(str(value))
    return Side(", ".join(str(part) for part in value)) if isinstance(value, list | tuple) and value else None


def _variable(exchange: AwsExchange, clause: FailedCondition, location: Clause, facts: dict[str, str]) -> None:
    node = next(node for node in _walk(clause.key) if node.reason.startswith("variable"))
    old = node.reason == "variable-literal-in-old-version"
    exchange.refuse(
        Kind.POLICY_VARIABLE_UNRESOLVED,
        expected=Side(str(node.expected), clause.where),
        actual=_shown(clause.key.actual),
        certain=clause.sure and clause.key.result is False,
        location=location,
        rank=_RANK["other"],
        variable=(_VARIABLE.search(str(node.expected)) or [str(node.expected)])[0],
        value=str(node.expected),
        reason="the policy's Version is not 2012-10-17, so it is ordinary text"
        if old
        else "the request has no value for it",
        facts=facts,
    )


def _null(exchange: AwsExchange, clause: FailedCondition, actual: Any, location: Clause, facts: dict[str, str]) -> None:
    """Explain a Null condition, which tests only whether the key is present."""
    wants_absent = any(value.lower() == "true" for value in _patterns(clause))
    exchange.refuse(
        Kind.CONDITION_VALUE_DIFFERS,
        expected=Side("absent" if wants_absent else "present", clause.where),
        actual=Side("(absent)" if actual is None else "(unknown)" if actual is iam.UNKNOWN else str(actual)),
        certain=clause.sure and clause.key.result is False,
        location=location,
        settle=f"whether {clause.key.name} is in the request",
        rank=_RANK["other"],
        wanted="absent" if wants_absent else "present",
        facts=facts,
    )


def _unknown_value(
    exchange: AwsExchange, clause: FailedCondition, location: Clause, facts: dict[str, str], *, absent: bool
) -> None:
    """Explain a key whose value was not read, or a provided key whose claim this token lacks."""
    if not absent and not exchange.given and not exchange.seen_at("authorise"):
        # without a token every clause is open, and none is more suspect than the others
        exchange.settle("authorise", "unknown", f"the value of {clause.key.name} was not given")
        return
    if not absent and any(refusal.certain for refusal in exchange.results["authorise"].refusals):
        return  # the token is refused whatever this value is
    path = issuer_path(exchange.issuer or "")
    claim = clause.key.name.rpartition(":")[2]
    of_issuer = clause.key.name.lower().startswith(path.lower() + ":")
    negated = "not" in clause.operator.name.lower()
    kind = Kind.CONDITION_VALUE_DIFFERS
    if of_issuer and claim.lower() == "sub" and not negated:
        kind = Kind.SUBJECT_SEGMENT_DIFFERS
    elif of_issuer and claim.lower() == "aud" and not negated:
        kind = Kind.AUDIENCE_CONDITION_DIFFERS
    note = f"the request has no {claim}" if not of_issuer else f"the token has no {claim} claim"
    if negated:
        facts = {**facts, "excluded": ", ".join(_patterns(clause))}
    meant = _misplaced(exchange, clause) if of_issuer else ""
    exchange.refuse(
        kind,
        step="authorise",
        expected=Side(", ".join(_patterns(clause)), clause.where),
        certain=absent and clause.sure and clause.key.result is False,
        location=location,
        settle=f"the value of {clause.key.name} in the refused request",
        rank=_RANK["key"]
        if meant
        else _rank_of(claim, of_issuer=of_issuer)
        if absent
        else _rank_of_unread(claim, of_issuer=of_issuer),
        note=note if absent else "its value in the request was not read",
        meant=meant,
        facts=facts,
    )


def _misplaced(exchange: AwsExchange, clause: FailedCondition) -> str:
    """Return the claim (sub or aud) that values under the wrong key were written for; empty if they fit their key."""
    claim = clause.key.name.rpartition(":")[2].lower()
    negated = "not" in clause.operator.name.lower()
    values = _patterns(clause)
    if claim not in ("sub", "aud") or negated or is_any_of_form(exchange, values, claim):
        return ""
    meant = meant_by(exchange, clause.operator.name, values)
    return meant if meant and meant != claim else ""


def _rank_of(claim: str, *, of_issuer: bool) -> int:
    name = {"sub": "subject", "aud": "audience"}.get(claim.lower(), "other") if of_issuer else "other"
    return _RANK[name]


def _rank_of_unread(claim: str, *, of_issuer: bool) -> int:
    """The subject first: an audience that was not registered would have been refused before the trust policy."""
    rank = _rank_of(claim, of_issuer=of_issuer)
    return {_RANK["subject"]: _RANK["audience"], _RANK["audience"]: _RANK["subject"]}.get(rank, rank)


def _value(
    exchange: AwsExchange, clause: FailedCondition, actual: Any, location: Clause, facts: dict[str, str]
) -> None:
    path = issuer_path(exchange.issuer or "")
    name = clause.key.name.lower()
    claim = name.removeprefix(path.lower() + ":") if name.startswith(path.lower() + ":") else name.rpartition(":")[2]
    patterns = _patterns(clause)
    texts = [str(value) for value in actual] if isinstance(actual, list | tuple) else [str(actual)]
    operator = clause.operator.name.lower().removeprefix("foranyvalue:").removeprefix("forallvalues:")
    wildcards = "like" in operator or operator.startswith("arn")
    certain = clause.sure and clause.key.result is False
    if "not" in operator:
        _excluded(exchange, clause, patterns, texts, facts)
        return
    subject = claim == "sub"
    profile = exchange.case.profile if subject else None
    difference = _difference(
        tuple(patterns), texts[0], wildcards, exchange.pasted, SameProfile(profile) if subject else None
    )
    kind, rank = _kind(exchange, claim, difference, patterns, operator)
    if exchange.is_left_open(difference.expected):
        kind, difference = (
            Kind.CONDITION_VALUE_DIFFERS,
            difference._replace(expected_spans=(), actual_spans=(), note=""),
        )
    facts = {**facts, "note": plain_note(difference), "segment": segment_noun(difference)}
    if exchange.case.profile is not None:
        facts["issuer_title"] = exchange.case.profile.title
    if kind is Kind.SUBJECT_FORMAT_CHANGED:
        facts |= {"note": difference.note_without_detail, "detail": difference.detail}
    if clause.key.name.lower() in _ADDRESSES:
        difference = difference._replace(expected=", ".join(patterns), expected_spans=(), actual_spans=())
    meant = _misplaced(exchange, clause)
    if meant:
        kind = Kind.SUBJECT_FORM_DIFFERS if subject else Kind.AUDIENCE_CONDITION_DIFFERS
        facts["meant"] = meant
    invisible = invisible_in(patterns)
    if not meant and kind is not Kind.WILDCARD_UNDER_STRING_EQUALS:
        plain = [strip_invisible(value) for value in patterns]
        if invisible and iam.conditions_hold({operator: {"k": plain}}, {"k": strip_invisible(texts[0])}) is True:
            kind = Kind.INVISIBLE_CHARACTER_IN_VALUE
            facts |= {"value_name": "policy value", "character": invisible[0], "position": str(invisible[1])}
        elif left_in(difference.expected) and not left_in(texts[0]):
            kind = Kind.PLACEHOLDER_LEFT_IN
            facts |= {"value_name": "policy value", "placeholder": left_in(difference.expected)}
    if kind is Kind.AZP_DECIDES_AUDIENCE:
        facts |= {"azp": texts[0], "aud": _aud(exchange), "place": "trust policy"}
    exchange.refuse(
        kind,
        step="authorise",
        expected=Side(difference.expected, clause.where, difference.expected_spans),
        actual=Side(
            texts[0] if len(texts) == 1 else ", ".join(texts), _where(exchange, claim), difference.actual_spans
        ),
        certain=certain,
        location=location,
        settle="the values behind the placeholders",
        rank=rank,
        facts=facts,
    )


@functools.lru_cache(maxsize=256)  # an attempt is replayed on revisions, most of which do not change this clause
def _difference(
    patterns: tuple[str, ...], text: str, wildcards: bool, pasted: bool, subject_of: SameProfile | None
) -> Difference:
    if subject_of is None:
        return compare_value(patterns, text, wildcards=wildcards, pasted=pasted)
    return compare_subject(patterns, text, wildcards=wildcards, profile=subject_of.profile, pasted=pasted)


def _excluded(
    exchange: AwsExchange, clause: FailedCondition, patterns: list[str], texts: list[str], facts: dict[str, str]
) -> None:
    """Explain a negated operator: the request's value is one that the policy excludes."""
    operator, claim = clause.operator.name, clause.key.name.rpartition(":")[2].lower()
    excluding = [
        pattern for pattern in patterns if any(_compiled(operator, pattern)({"k": text}) is False for text in texts)
    ]
    exchange.refuse(
        Kind.CONDITION_VALUE_DIFFERS,
        step="authorise",
        expected=Side(", ".join(excluding or patterns), clause.where),
        actual=Side(", ".join(texts), _where(exchange, claim)),
        certain=clause.sure and clause.key.result is False,
        location=Clause(statement=clause.statement, operator=operator, key=clause.key.name),
        settle="the values behind the placeholders",
        rank=_RANK["other"],
        excluded=", ".join(excluding or patterns),
        facts=facts,
    )


@functools.lru_cache(maxsize=1024)  # of one policy, which excludes hundreds of values from each subject of a log
def _compiled(operator: str, pattern: str) -> Callable[[dict[str, Any]], bool | None]:
    return iam.compile_conditions({operator: {"k": [pattern]}})


def _where(exchange: AwsExchange, claim: str) -> Origin | None:
    names = {name.lower(): name for name in exchange.token.claims}
    if claim in ("aud", "oaud"):
        claim = "azp" if claim == "aud" and "azp" in names else "aud"
    return exchange.claim_origin(names[claim]) if claim in names else None


def _aud(exchange: AwsExchange) -> str:
    aud = exchange.token.claim("aud")
    return ", ".join(str(audience) for audience in aud) if isinstance(aud, list) else str(aud)


def _kind(
    exchange: AwsExchange, claim: str, difference: Difference, patterns: list[str], operator: str
) -> tuple[Kind, int]:
    if claim == "aud":
        rank = _RANK["audience"]
        if isinstance(exchange.token.claim("azp"), str) and _holds(operator, patterns, exchange):
            return Kind.AZP_DECIDES_AUDIENCE, rank
        if difference.kind == Kind.WILDCARD_UNDER_STRING_EQUALS:
            return Kind.WILDCARD_UNDER_STRING_EQUALS, rank
        return Kind.AUDIENCE_CONDITION_DIFFERS, rank
    if claim == "sub":
        return (
            Kind(difference.kind) if difference.kind in _KINDS else Kind.SUBJECT_SEGMENT_DIFFERS,
            _RANK["subject"],
        )
    if difference.kind == Kind.WILDCARD_UNDER_STRING_EQUALS:
        return Kind.WILDCARD_UNDER_STRING_EQUALS, _RANK["other"]
    return Kind.CONDITION_VALUE_DIFFERS, _RANK["other"]


def _holds(operator: str, patterns: list[str], exchange: AwsExchange) -> bool:
    """Whether the condition on `aud` would be met by the token's real audience."""
    aud = exchange.token.claim("aud")
    values = aud if isinstance(aud, list) else [aud]
    return any(
        isinstance(value, str) and iam.conditions_hold({operator: {"k": patterns}}, {"k": value}) is True
        for value in values
    )
