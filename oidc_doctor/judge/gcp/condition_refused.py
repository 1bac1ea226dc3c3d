"""Refusals by an attribute condition that is false or ends with an error: the clause, its values, the kind of fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.issuers.difference import compare_subject, compare_value
from oidc_doctor.judge.exchange import plain_note, without_gaps
from oidc_doctor.judge.gcp.cel_clause import (
    DecidingTest,
    clause_around,
    failing,
    read_values,
)
from oidc_doctor.judge.gcp.constants import Constant, constant_facts, constants_in, quoted_claim
from oidc_doctor.judge.gcp.mapping_keys import nearest_key
from oidc_doctor.judge.gcp.unread import BEYOND, beyond_bound, lacking, leave_unevaluated, unread_claim
from oidc_doctor.model.document import ABSENT, Origin
from oidc_doctor.model.json_pointer import pointer_segment
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Clause, Side

if TYPE_CHECKING:
    from oidc_doctor.cel import CelError
    from oidc_doctor.judge.gcp.state import GcpExchange


def mapping_at(exchange: GcpExchange, name: str) -> Origin:
    """Return the place of an attribute's expression in the provider's file."""
    provider = exchange.provider
    return (
        provider.document.at("/attributeMapping" + pointer_segment(name)) if provider else Origin("gcp/provider.json")
    )


def refuse_for_error(exchange: GcpExchange, text: str, node: Any, at: Origin) -> None:
    """Refuse for a condition `text` whose evaluation, `node`, ended with an error, or leave it open what it does."""
    fault = node.error
    inner = failing(node)
    lacks = lacking(exchange, inner)
    if fault.code == BEYOND:
        lacks = beyond_bound("the attribute condition", fault)
    if lacks:
        leave_unevaluated(exchange, node, inner, at, lacks)
        return
    if fault.code == "unknown" and not exchange.token.given and not exchange.seen_at("condition"):
        exchange.settle("condition", "unknown", f"the value of {inner.text} was not given")
        return
    if fault.code == "unknown":
        claim = unread_claim(exchange, inner)
        if exchange.token.inferred_complete and exchange.token.claim(claim) is ABSENT:
            _claim_missing(exchange, claim, node, inner, at, certain=False)
            return
        exchange.refuse(
            Kind.ATTRIBUTE_CONDITION_FALSE,
            expected=Side(inner.text, at),
            certain=False,
            location=Clause((clause_around(node, inner),)),
            settle=f"the value of {inner.text}",
            clause=clause_around(node, inner),
            note="a claim that it reads was not given",
        )
        return
    path = fault.path or str(fault.key or "")
    if fault.code == "no_such_key" and path.startswith(("google.", "attribute.")):
        _unmapped(exchange, path, inner, text, at)
        return
    if fault.code == "no_such_key":
        _claim_missing(exchange, path.removeprefix("assertion."), node, inner, at)
        return
    exchange.refuse(
        Kind.EXPRESSION_INVALID,
        step="condition",
        actual=Side(text, at, ((inner.start, inner.end),)),
        location=Clause((inner.text,)),
        which="attributeCondition",
        message=fault.message,
        read=values_at_fault(fault, inner),
    )


def values_at_fault(fault: CelError, inner: Any) -> str:
    """Describe the values on which an expression failed; empty if it fails for every token."""
    return "" if fault.code in ("no_such_function", "no_such_attribute", "bad_pattern") else read_values(inner)


def _claim_missing(
    exchange: GcpExchange, claim: str, node: Any, inner: Any, at: Origin, *, certain: bool = True
) -> None:
    """Refuse for a claim that the condition reads and the token lacks, or (not `certain`) that was not supplied."""
    exchange.refuse(
        Kind.CONDITION_CLAIM_MISSING,
        expected=Side(node.text, at, ((inner.start, inner.end),)),
        actual=Side("(absent)", exchange.token.origin),
        certain=certain,
        location=Clause((inner.text,)),
        settle=f'the whole token, or "complete": true next to the claims: {claim} is not among those that were given',
        claim=claim,
        clause=clause_around(node, inner),
        given="" if certain else "in part",
    )


def _unmapped(exchange: GcpExchange, path: str, inner: Any, text: str, at: Origin) -> None:
    """Refuse for an attribute that the condition reads and the mapping lacks: unmapped, or its claim is absent."""
    provider = exchange.provider
    mapping = provider.mapping if provider and isinstance(provider.mapping, dict) else {}
    node = exchange.detail.get("mapping", {}).get(path)
    fault = node.error if node is not None else None
    if fault is not None and fault.code != "no_such_key":
        exchange.refuse(
            Kind.EXPRESSION_INVALID,
            step="condition",
            actual=Side(mapping.get(path, ""), mapping_at(exchange, path)),
            location=Clause((inner.text,)),
            which=path,
            message=fault.message,
            read=values_at_fault(fault, failing(node)),
        )
        return
    claim = (fault.path or str(fault.key or "")) if fault is not None else ""
    exchange.refuse(
        Kind.CONDITION_CLAIM_MISSING if claim else Kind.MAPPING_MISSING_ATTRIBUTE,
        step="condition",
        expected=Side(text, at, ((inner.start, inner.end),)),
        actual=Side("(absent)", exchange.token.origin) if claim else None,
        location=Clause((inner.text,)),
        claim=claim.removeprefix("assertion."),
        clause=inner.text,
        attribute=path,
        mapped=", ".join(mapping),
        near=nearest_key(path, mapping),
    )


def refuse_as_false(exchange: GcpExchange, clause: DecidingTest, at: Origin, *, certain: bool) -> None:
    """Refuse for the clause that makes the condition false; not `certain` if a placeholder may make it true."""
    constant = next(
        (known for known in constants_in(clause.node.text, exchange.constants) if known.causes(clause.literal)),
        None,
    )
    if constant is not None:
        _condition_on_constant(exchange, clause, constant, at, certain=certain)
        return
    kind, note, quoted = Kind.ATTRIBUTE_CONDITION_FALSE, "", ""
    expected, actual = Side(clause.node.text, at), None
    if clause.compared:
        note, expected, actual, kind = _literal_difference(exchange, clause, at)
        quoted = quoted_claim(clause.node.text, [*clause.literal, clause.value or ""])
    elif clause.value is None:
        note = read_values(clause.node)
    else:
        actual = Side(clause.value, exchange.claim_with(clause.value))
        note = "the condition excludes this value" if clause.negated else read_values(clause.node)
        if clause.function in ("==", "!="):
            expected = Side(("not " if clause.negated else "") + ", ".join(clause.literal), at)
    exchange.refuse(
        kind,
        step="condition",
        expected=expected,
        actual=actual,
        certain=certain,
        location=Clause((clause.node.text,)),
        where=at,
        settle="the values behind the placeholders",
        note=note,
        clause=clause.node.text,
        quoted=quoted,
    )


def _condition_on_constant(
    exchange: GcpExchange, clause: DecidingTest, constant: Constant, at: Origin, *, certain: bool
) -> None:
    exchange.refuse(
        Kind.MAPPING_CONSTANT,
        step="condition",
        expected=Side(", ".join(clause.literal), at) if clause.compared else Side(clause.node.text, at),
        actual=Side(constant.value, mapping_at(exchange, constant.attribute)),
        certain=certain,
        location=Clause((f"{constant.attribute}={constant.expression}",)),
        where=mapping_at(exchange, constant.attribute),
        settle="the values behind the placeholders",
        clause=clause.node.text,
        facts=constant_facts(constant),
    )


def _literal_difference(exchange: GcpExchange, clause: DecidingTest, at: Origin) -> tuple[str, Side, Side, Kind]:
    literal, value = clause.literal, clause.value or ""
    function = clause.function
    # the literal as a pattern, so that the closest match can be shown
    patterns = {
        "startsWith": [text + "*" for text in literal],
        "endsWith": ["*" + text for text in literal],
        "contains": [f"*{text}*" for text in literal],
    }.get(function, literal)
    subject = value == exchange.token.subject
    shaped = function in ("startsWith", "endsWith", "contains")
    kind = Kind.ATTRIBUTE_CONDITION_FALSE
    starred = [text for text in literal if "*" in without_gaps(exchange, text)]
    if starred:
        plain = compare_value(starred, value, wildcards=False, pasted=exchange.pasted)
        if plain.kind == Kind.WILDCARD_UNDER_STRING_EQUALS or shaped:
            kind = Kind.WILDCARD_IN_CEL
    if subject:
        difference = compare_subject(
            patterns, value, wildcards=shaped, profile=exchange.case.profile, pasted=exchange.pasted
        )
    else:
        difference = compare_value(patterns, value, wildcards=shaped, pasted=exchange.pasted)
    offset = 1 if function in ("endsWith", "contains") else 0
    shown = literal[difference.expected_index] if 0 <= difference.expected_index < len(literal) else ", ".join(literal)
    marks = tuple(
        (max(0, start - offset), min(len(shown), max(end - offset, start - offset)))
        for start, end in difference.expected_spans
        if start - offset < len(shown)
    )
    note = plain_note(difference)
    if kind is Kind.WILDCARD_IN_CEL:
        note = "`*` is an ordinary character in CEL"
        marks = tuple((place, place + 1) for place, letter in enumerate(shown) if letter == "*")
    return note, Side(shown, at, marks), Side(value, exchange.claim_with(value), difference.actual_spans), kind
