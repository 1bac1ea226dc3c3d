"""Two tokens on one configuration, side by side: what they claim, and what each clause says of either."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from oidc_doctor.findings.causes import Diagnosis
from oidc_doctor.judge.aws.trust import node_json
from oidc_doctor.judge.times import seconds_of
from oidc_doctor.model.evidence import Token
from oidc_doctor.model.refusal import Trace

_NEW_EACH_TIME = frozenset(("jti", "iat", "exp", "nbf", "auth_time", "run_id", "run_number", "run_attempt"))
_LEVELS = ("principal", "action", "key")
_LOGIC = ("and", "or", "not", "conditional")
_LOGICAL = ("&&", "||", "!", "?:", "!_", "_?_:_")


class ClauseRow(NamedTuple):
    """One clause of a policy, condition or mapping on one token. `result` is None where it was not decided."""

    key: tuple[str, str]  # what the same clause has on the other token
    words: str
    expected: Any
    at: str
    value: Any
    result: bool | None


def instant_for(token: Token, at: float) -> float:
    """`at`; where the token is not valid then, the moment after it was issued: an old success is no expired one."""
    issued, expires = seconds_of(token.claims.get("iat")), seconds_of(token.claims.get("exp"))
    if issued is not None and expires is not None and not issued <= at <= expires and issued < expires:
        return float(issued) + 1
    return at


def side_by_side(exchange: str, one: Diagnosis, other: Diagnosis) -> dict[str, Any]:
    """The comparison as the report has it. Values are as the issuers wrote them."""
    tokens = one.case.token, other.case.token
    return {
        "exchange": exchange,
        "tokens": [_token(diagnosis) for diagnosis in (one, other)],
        "claims": list(_claims(*tokens)),
        "steps": [
            {"id": first.id, "states": [first.state, second.state]}
            for first, second in zip(one.rows, other.rows, strict=True)
        ],
        "clauses": list(_clauses(one.trace, other.trace)),
    }


def _token(diagnosis: Diagnosis) -> dict[str, Any]:
    token = diagnosis.case.token
    return {
        "name": token.name,
        "read_at": str(token.origin),
        "prediction": diagnosis.prediction,
        "step": diagnosis.step,
        "judged_at": diagnosis.case.at,
    }


def _claims(one: Token, other: Token) -> Iterator[dict[str, Any]]:
    """Header members and claims that differ; those that are new in each token come last."""
    rows = [("", name) for name in dict.fromkeys([*one.claims, *other.claims])]
    rows.sort(key=lambda row: row[1] in _NEW_EACH_TIME)
    if one.header is not None and other.header is not None:
        rows += [("header.", name) for name in dict.fromkeys([*one.header, *other.header])]
    for part, name in rows:
        boxes = (one.header or {}, other.header or {}) if part else (one.claims, other.claims)
        if name in boxes[0] and name in boxes[1] and boxes[0][name] == boxes[1][name]:
            continue
        yield {
            "claim": part + name,
            "values": [box.get(name) for box in boxes],
            "present": [name in box for box in boxes],
            "new_each_time": name in _NEW_EACH_TIME,
        }


def _clauses(one: Trace, other: Trace) -> Iterator[dict[str, Any]]:
    """Every clause that was looked at on either token, in the document's order; the ones that tell apart are marked."""
    first = {clause.key: clause for clause in _of(one)}
    second = {clause.key: clause for clause in _of(other)}
    for key in dict.fromkeys([*first, *second]):
        pair = first.get(key), second.get(key)
        known = pair[0] or pair[1]
        if known is None:
            continue
        results = [clause.result if clause else None for clause in pair]
        yield {
            "clause": known.words,
            "at": known.at,
            "expected": known.expected,
            "values": [clause.value if clause else None for clause in pair],
            "results": results,
            "tells_apart": results[0] != results[1],
        }


def _of(trace: Trace) -> Iterator[ClauseRow]:
    detail = trace.detail
    if "policy" in detail:
        yield from _of_policy(node_json(detail["policy"], detail["document"]), ())
    if "condition" in detail:
        yield from _of_condition(detail["condition"].to_json(), "condition")
    for name, node in (detail.get("mapping") or {}).items():
        box = node.to_json()
        value = trace.mapped.get(name, box.get("value"))
        done = name in trace.mapped
        yield ClauseRow(
            ("mapping", name), f"attributeMapping · {name}", box.get("text"), "", value, True if done else None
        )


def _of_policy(node: dict[str, Any], above: tuple[str, ...]) -> Iterator[ClauseRow]:
    level, name = str(node.get("level")), str(node.get("name"))
    if level in _LEVELS:
        words = " · ".join((*above, name))
        found = ClauseRow(
            (str(node.get("pointer")), name), words, node.get("expected"), str(node.get("at") or ""),
            node.get("actual"), node.get("result"),
        )  # fmt: skip
        yield found
        return
    here = (*above, name) if level in ("statement", "operator") else above
    for child in node.get("children") or ():
        yield from _of_policy(child, here)


def _of_condition(node: dict[str, Any], where: str) -> Iterator[ClauseRow]:
    """The parts of a condition that `&&`, `||` and `!` join."""
    children = node.get("children") or ()
    if node.get("op") in _LOGIC or node.get("function") in _LOGICAL:
        for child in children:
            yield from _of_condition(child, where)
        return
    value = next((child.get("value") for child in children if child.get("op") != "literal"), None)
    result = node.get("value") if isinstance(node.get("value"), bool) else None
    text = str(node.get("text"))
    key = (where, f"{node.get('start')}:{text}")
    yield ClauseRow(key, "attributeCondition", text, "", value, result if node.get("evaluated") else None)
