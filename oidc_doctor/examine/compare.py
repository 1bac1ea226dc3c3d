"""Compare two tokens on one configuration: their claims, and the result of each clause for both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from oidc_doctor.findings.causes import Diagnosis
from oidc_doctor.judge.aws.trust import node_json
from oidc_doctor.judge.times import on_calendar, seconds_of
from oidc_doctor.model.evidence import Token
from oidc_doctor.model.refusal import Trace
from oidc_doctor.model.secret_texts import without_secrets_in

NEW_EACH_TIME = frozenset(("jti", "iat", "exp", "nbf", "auth_time", "run_id", "run_number", "run_attempt"))
_LEVELS = ("principal", "action", "key")
_LOGIC = ("and", "or", "not", "conditional")
_LOGICAL = ("&&", "||", "!", "?:", "!_", "_?_:_")


class ClauseRow(NamedTuple):
    """A clause of a policy, condition or mapping for a token. `result` is None if undecided."""

    key: tuple[str, str]  # the same clause's result for the other token
    words: str
    expected: Any
    at: str
    value: Any
    result: bool | None


def instant_for(token: Token, at: float) -> float:
    """Return `at`, or if the token is not valid then, just after its issue: an old success is not expired."""
    issued, expires = seconds_of(token.claims.get("iat")), seconds_of(token.claims.get("exp"))
    if issued is None or expires is None or not on_calendar(issued + 1):
        return at
    if not issued <= at <= expires and issued < expires:
        return float(issued) + 1
    return at


def side_by_side(exchange: str, first: Diagnosis, second: Diagnosis) -> dict[str, Any]:
    """Return the comparison for the report. Values are as the issuers wrote them."""
    tokens = first.case.token, second.case.token
    return {
        "exchange": exchange,
        "tokens": [_token(diagnosis) for diagnosis in (first, second)],
        "claims": list(_claims(*tokens)),
        "steps": [
            {"id": step.id, "states": [step.state, other.state]}
            for step, other in zip(first.rows, second.rows, strict=True)
        ],
        "clauses": list(_clauses(first.trace, second.trace)),
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


def _claims(first: Token, second: Token) -> Iterator[dict[str, Any]]:
    """Return differing header members and claims; those that are new in each token come last."""
    rows = [("", name) for name in dict.fromkeys([*first.claims, *second.claims])]
    rows.sort(key=lambda row: row[1] in NEW_EACH_TIME)
    if first.header is not None and second.header is not None:
        rows += [("header.", name) for name in dict.fromkeys([*first.header, *second.header])]
    for part, name in rows:
        boxes = (first.header or {}, second.header or {}) if part else (first.claims, second.claims)
        if name in boxes[0] and name in boxes[1] and boxes[0][name] == boxes[1][name]:
            continue
        yield {
            "claim": part + name,
            "values": [without_secrets_in({name: box.get(name)}).get(name) for box in boxes],
            "present": [name in box for box in boxes],
            "new_each_time": name in NEW_EACH_TIME,
        }


def _clauses(first: Trace, second: Trace) -> Iterator[dict[str, Any]]:
    """Yield every evaluated clause in document order, and whether the results differ."""
    rows = [{clause.key: clause for clause in _of(trace)} for trace in (first, second)]
    for key in dict.fromkeys([*rows[0], *rows[1]]):
        pair = [clauses.get(key) for clauses in rows]
        clause_of_either = pair[0] or pair[1]
        if clause_of_either is None:
            continue
        results = [clause.result if clause else None for clause in pair]
        yield {
            "clause": clause_of_either.words,
            "at": clause_of_either.at,
            "expected": clause_of_either.expected,
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
        is_mapped = name in trace.mapped
        yield ClauseRow(
            ("mapping", name), f"attributeMapping · {name}", box.get("text"), "", value, True if is_mapped else None
        )


def _of_policy(node: dict[str, Any], parents: tuple[str, ...]) -> Iterator[ClauseRow]:
    level, name = str(node.get("level")), str(node.get("name"))
    if level in _LEVELS:
        words = " · ".join((*parents, name))
        yield ClauseRow(
            (str(node.get("pointer")), name), words, node.get("expected"), str(node.get("at") or ""),
            node.get("actual"), node.get("result"),
        )  # fmt: skip
        return
    path = (*parents, name) if level in ("statement", "operator") else parents
    for child in node.get("children") or ():
        yield from _of_policy(child, path)


def _of_condition(node: dict[str, Any], where: str) -> Iterator[ClauseRow]:
    """Return the parts of a condition that are joined by `&&`, `||` and `!`."""
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
