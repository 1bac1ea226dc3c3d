"""The decision of a policy or an expression, element by element: expected value, actual value, result.

The traces are those of `exchanges[].trace` in the JSON; their values come from tokens and policies.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from oidc_doctor.report.parts.escape import cells, visible
from oidc_doctor.report.parts.lines import columns, shortened, wrap
from oidc_doctor.report.parts.sentences import POLICIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.model.access import AccessDecision, Decision
    from oidc_doctor.model.report import Exchange
    from oidc_doctor.report.parts.lines import Sheet

_LONG = 300  # characters of a value
_MOST = 300  # lines of a trace
_LEAST_ROOM = 20  # columns for a text after its branches
_ANSWERS = {True: ("✓", "green"), False: ("✗", "bad"), None: ("?", "yellow")}


def decision(sheet: Sheet, exchange: Exchange) -> None:
    """Write the trace of the exchange: trust policy, attribute condition, attribute mapping, then the needed calls."""
    trace = exchange.trace
    policy_node, condition, mapping = trace.get("policy"), trace.get("condition"), trace.get("mapping")
    if isinstance(policy_node, dict):
        policy(sheet, policy_node)
    if isinstance(condition, dict):
        expression(sheet, "attribute condition", condition)
    if isinstance(mapping, dict):
        mapped(sheet, mapping)
    for row in sorted(exchange.accesses, key=lambda row: _ORDER[row.decision]):
        access(sheet, row)


_ORDER: dict[Decision, int] = {"denied": 0, "unknown": 1, "allowed": 2}
_TRUTH: dict[Decision, bool | None] = {"denied": False, "unknown": None, "allowed": True}


def access(sheet: Sheet, row: AccessDecision) -> None:
    """Write the decision on a needed call; unless it is allowed, with the statements of each policy that was read."""
    sheet.gap()
    on = "" if row.need.resource == "*" else f" on {visible(str(row.need.resource))}"
    place = str(row.location or "")
    _line(sheet, "", "", f"{visible(row.need.action)}{on}", _TRUTH[row.decision], row.decision, place=place)
    if row.note:
        sheet.say(shortened(visible(row.note), _LONG), lead="  to confirm: ", style="dim")
    for node in () if row.decision == "allowed" else row.trace:
        policy(sheet, node, POLICIES.get(str(node.get("policy")), "policy"))


def policy(sheet: Sheet, node: dict[str, Any], title: str = "trust policy") -> None:
    """Write the statements of a policy, each element with its result, and both sides of a failing element."""
    sheet.gap()
    reason = str(node.get("reason") or "").replace("-", " ")
    _line(sheet, "", "", title, node.get("result"), reason, place=str(node.get("at") or ""))
    for number, (last, child) in enumerate(_last(node.get("children") or [])):
        _element(sheet, child, "", number, last=last)


def _element(sheet: Sheet, node: dict[str, Any], before: str, number: int, *, last: bool) -> None:
    if len(sheet.lines) > _MOST or number > _MOST:
        return
    children = [child for child in node.get("children") or [] if isinstance(child, dict)]
    name, result = str(node.get("name") or ""), node.get("result")
    level = node.get("level")
    branch, below = (before + "└ ", before + "  ") if last else (before + "├ ", before + "│ ")
    if level == "statement":
        name = f"{name} {node.get('expected') or ''}".rstrip()
    if level == "operator" and len(children) == 1 and children[0].get("level") == "key":
        children, name = children[0].get("children") or [], f"{name} {children[0].get('name')}"
        node = {**children[0], **node} if not children else node
    leaves = [child for child in children if child.get("level") == "value" and not child.get("children")]
    reason = str(node.get("reason") or "").replace("-", " ")
    _line(
        sheet,
        branch,
        below,
        visible(name),
        result,
        "" if reason == "match" else reason,
        place=str(node.get("at") or ""),
    )
    if leaves and len(leaves) == len(children):
        for leaf in leaves if result is not True else [leaf for leaf in leaves if leaf.get("result") is True]:
            _value(sheet, below, "needs", leaf.get("resolved") or leaf.get("expected"), leaf.get("result"))
        if result is not True and leaves[0].get("actual") is not None:
            _value(sheet, below, "has", leaves[0].get("actual"), result)
        return
    for index, (end, child) in enumerate(_last(children)):
        _element(sheet, child, below, index, last=end)


def _value(sheet: Sheet, before: str, label: str, value: object, result: object) -> None:
    style = "dim" if result is True else "" if result is None or label == "has" else "bad"
    lead = f"{before}  {label:<5} "
    for index, line in enumerate(wrap(_said(value), max(sheet.width - len(lead), _LEAST_ROOM))):
        start = sheet.paint(before, "dim") + "  " + sheet.paint(f"{label if not index else '':<5}", "dim") + " "
        sheet.lines.append(start + sheet.paint(line, style))


def _said(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return shortened(visible(text), _LONG)


def _last(children: list[Any]) -> Iterator[tuple[bool, dict[str, Any]]]:
    nodes = [child for child in children if isinstance(child, dict)]
    for index, child in enumerate(nodes):
        yield index == len(nodes) - 1, child


def _line(sheet: Sheet, lead: str, below: str, text: str, result: object, reason: str, *, place: str = "") -> None:
    """Write one element: its name, and at the right end sign, word and, if there is room, the place."""
    sign, style = _ANSWERS[result if isinstance(result, bool) else None]
    word = reason or {True: "match", False: "no match"}.get(result is True, "")
    tag = f"{sign} {shortened(visible(word), 40)}"
    shown = f"{tag}  {visible(place)}" if place and result is not True else tag
    room = sheet.width - len(lead)
    if columns(text) + 2 + columns(shown) > room:
        shown = tag
    lines = wrap(shortened(text, _LONG), max(room - columns(shown) - 2, _LEAST_ROOM))
    for index, line in enumerate(lines):
        if index:
            sheet.lines.append(sheet.paint(below, "dim") + "  " + sheet.paint(line, "bad" if result is False else ""))
            continue
        gap = " " * max(room - columns(line) - columns(shown), 1)
        place_text = shown[len(tag) :]
        body = sheet.paint(line, "bad" if result is False else "")
        sheet.lines.append(
            sheet.paint(lead, "dim") + body + gap + sheet.paint(tag, style) + sheet.paint(place_text, "dim")
        )


# Google's expressions


def expression(sheet: Sheet, title: str, node: dict[str, Any]) -> None:
    """Write an expression with its refusing part marked, then each part with its value."""
    sheet.gap()
    _line(sheet, "", "", title, _truth(node), _answer(node))
    text = str(node.get("text") or "")
    base = int(node.get("start") or 0)
    marks = [(int(part.get("start") or 0) - base, int(part.get("end") or 0) - base) for part in failing(node)]
    _marked(sheet, text, marks)
    for last, child in _last(_parts(node)):
        _part(sheet, child, "", last=last)


def mapped(sheet: Sheet, mapping: dict[str, Any]) -> None:
    """Write the attribute mapping: each attribute, its expression and its value."""
    sheet.gap()
    sheet.lines.append("attribute mapping")
    for last, (name, node) in ((index == len(mapping) - 1, item) for index, item in enumerate(mapping.items())):
        if isinstance(node, dict):
            branch, below = ("└ ", "  ") if last else ("├ ", "│ ")
            result = None if node.get("error") or not node.get("evaluated") else True
            text = f"{visible(name)} = {visible(str(node.get('text') or ''))}"
            _line(sheet, branch, below, text, result, _kind(node))
            _value(sheet, below, "returns", node.get("value") if result else _answer(node), result)


def _kind(node: dict[str, Any]) -> str:
    return "error" if node.get("error") else str(node.get("type") or "not evaluated")


def failing(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the smallest parts that make `node` false or fail: the false operands of &&, otherwise `node` itself."""
    if node.get("value") is True or (not node.get("evaluated") and not node.get("error")):
        return []
    if node.get("op") in ("and", "or"):
        parts = [part for child in node.get("children") or [] if isinstance(child, dict) for part in failing(child)]
        return parts or [node]
    return [node]


def _truth(node: dict[str, Any]) -> bool | None:
    value = node.get("value")
    return value if isinstance(value, bool) else None


def _answer(node: dict[str, Any]) -> str:
    error = node.get("error")
    if isinstance(error, dict):
        return f"error: {error.get('message') or error.get('code')}"
    if not node.get("evaluated"):
        return "not evaluated"
    value = node.get("value")
    return str(value).lower() if isinstance(value, bool) else _said(value)


def _parts(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parts to show on a line; a literal is its own value, and a map of claims has none."""
    parts = [child for child in node.get("children") or [] if isinstance(child, dict)]
    return [part for part in parts if part.get("op") != "literal" and part.get("type") != "map"]


def _part(sheet: Sheet, node: dict[str, Any], before: str, *, last: bool) -> None:
    if len(sheet.lines) > _MOST:
        return
    branch, below = (before + "└ ", before + "  ") if last else (before + "├ ", before + "│ ")
    text = visible(" ".join(str(node.get("text") or "").split()))
    variables = node.get("variables")
    if isinstance(variables, dict):
        text += "  with " + ", ".join(f"{visible(str(name))} = {_said(value)}" for name, value in variables.items())
    if isinstance(node.get("value"), bool) or node.get("error") or not node.get("evaluated"):
        _line(sheet, branch, below, text, _truth(node), _answer(node))
    else:
        sheet.lines += [sheet.paint(branch, "dim") + line for line in wrap(text, max(sheet.width - len(branch), 1))[:1]]
        _value(sheet, below, "is", node.get("value"), True)
    for end, child in _last(_parts(node)):
        _part(sheet, child, below, last=end)


def _marked(sheet: Sheet, text: str, marks: list[tuple[int, int]]) -> None:
    """Write `text` wrapped to the sheet, with the marked spans in the style of errors."""
    text = text[: 4 * _LONG]
    shown = [" " if cell in ("\\n", "\\t", "\\r") else cell for cell in cells(text)]
    bad = [any(start <= index < end for start, end in marks) for index in range(len(shown))]
    room, line, used = sheet.width - 2, "", 0
    index = 0
    while index < len(shown):
        end = index + 1
        while end < len(shown) and bad[end] == bad[index] and shown[end] != " ":
            end += 1
        word = "".join(shown[index:end])
        if used and used + columns(word) > room:
            sheet.lines.append(f"  {line}")
            line, used, word = "", 0, word.lstrip(" ")
        for part in wrap(word, room) if columns(word) > room else [word]:
            if used and used + columns(part) > room:
                sheet.lines.append(f"  {line}")
                line, used = "", 0
            line += sheet.paint(part, "bad" if bad[index] else "")
            used += columns(part)
        index = end
    if line:
        sheet.lines.append(f"  {line}")
