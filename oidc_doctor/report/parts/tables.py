"""Two tokens side by side, and an account's roles and providers, as lines for text and Markdown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from oidc_doctor.report.parts.escape import exact, visible
from oidc_doctor.report.parts.lines import Sheet, shortened

if TYPE_CHECKING:
    from oidc_doctor.model.report import Report

_SIGNS = {"accepted": "✓", "refused": "✗", "unknown": "?"}
_RESULTS = {True: "✓", False: "✗", None: "–"}
_VALUE = 300  # characters
_INDENT, _INNER = 4, 8


def comparisons(sheet: Sheet, report: Report, *, verbose: bool) -> None:
    """Write the claims of the two tokens and the answer of each clause; verbose also shows equal answers."""
    for comparison in report.comparisons:
        first, second = comparison["tokens"]
        sheet.gap()
        title = f"Compared for {visible(comparison['exchange'])}: A and B"
        sheet.say(title, bold=True)
        for letter, token in (("A", first), ("B", second)):
            step = f" at {token['step']}" if token["step"] else ""
            text = f"{token['prediction']}{step} · {visible(token['name'])} ({visible(token['read_at'])})"
            sheet.say(text, _INDENT, f"{letter} {_SIGNS[token['prediction']]} ")
        if first["judged_at"] != second["judged_at"]:
            sheet.say("B is judged at the moment after it was issued, because it is not valid now.", _INDENT)
        differing = [row for row in comparison["claims"] if verbose or not row["new_each_time"]]
        if differing:
            sheet.gap()
            sheet.say("claims that differ", _INDENT)
        for row in differing:
            _pair(sheet, visible(row["claim"]), "", row["values"], row["present"])
        clauses = [row for row in comparison["clauses"] if verbose or row["tells_apart"]]
        sheet.gap()
        sheet.say("clauses" if verbose else "clauses that differ", _INDENT)
        for row in clauses:
            signs = "".join(
                f"{letter} {_RESULTS[result]}  " for letter, result in zip("AB", row["results"], strict=True)
            )
            at = f" ({visible(row['at'])})" if row["at"] else ""
            _pair(sheet, f"{visible(row['clause'])}{at}", signs, row["values"], [True, True], row["expected"])
        if not clauses:
            steps = [row["id"] for row in comparison["steps"] if _coarse(row["states"][0]) != _coarse(row["states"][1])]
            text = (
                f"none; the steps that differ: {', '.join(steps)}"
                if steps
                else "none: both tokens have the same result"
            )
            sheet.say(text, _INNER)


def account(sheet: Sheet, report: Report) -> None:
    """Write each role and provider with its answer and the first clause that refuses."""
    if not report.account:
        return
    sheet.gap()
    counts = [sum(row["prediction"] == name for row in report.account) for name in _SIGNS]
    sheet.say(f"This account: {counts[0]} accept, {counts[1]} refuse, {counts[2]} unknown", bold=True)
    for row in report.account:
        sheet.say(visible(row["resource"]), _INDENT, f"{_SIGNS[row['prediction']]} ", tag=row["prediction"])
        why = " · ".join(visible(part) for part in (row["clause"], row["why"]) if part)
        if why:
            at = f" ({visible(row['at'])})" if row["at"] else ""
            sheet.say(shortened(why + at, _VALUE), _INNER)


def _pair(sheet: Sheet, title: str, signs: str, values: list[Any], present: list[bool], expected: Any = None) -> None:
    sheet.say(f"{signs}{title}", _INDENT + 2)
    if expected is not None:
        sheet.say(_shown(expected), _INNER, "expects ")
    for letter, value, is_present in zip("AB", values, present, strict=True):
        if is_present and value is None and expected is not None:
            continue
        sheet.say(_shown(value) if is_present else "(not there)", _INNER, f"{letter}  ")


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shortened(exact(text), _VALUE)


def _coarse(state: str) -> str:
    return "passed" if state in ("passed", "passed-by-error", "assumed") else state
