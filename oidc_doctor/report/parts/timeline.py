"""The timeline in a few lines: runs of equal outcomes and the writes of configuration between them. All in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip
from oidc_doctor.report.parts.times import moment, period

if TYPE_CHECKING:
    from oidc_doctor.model.report import Report

_SIGNS = {"accepted": "✓", "refused": "✗"}
_MOST = 12  # lines, unless `verbose`
_BY = 60  # characters of the author of a write
_SUBJECT = 80  # characters of a workload


class Line(NamedTuple):
    """A line: instant, sign with its word, text. Of too many lines those of higher `weight` are kept."""

    when: str
    sign: str
    text: str
    weight: int


def lines(report: Report, *, verbose: bool = False) -> tuple[list[Line], int]:
    """Return the lines in order of time and the number omitted; no lines if no outcome changed."""
    entries = _merged(report.timeline)
    outcomes = {entry.get("outcome") for entry in entries if entry.get("kind") == "attempts"}
    turns = any(entry.get("flips") or entry.get("kind") in ("failed-change", "calls") for entry in entries)
    if not turns and len(outcomes) < 2:  # noqa: PLR2004
        return [], 0
    logged = [_line(entry, report.evaluated_at) for entry in entries]
    kept = set(sorted(range(len(logged)), key=lambda at: (-logged[at].weight, -at))[: None if verbose else _MOST])
    return [line for at, line in enumerate(logged) if at in kept], len(logged) - len(kept)


def _merged(timeline: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Merge consecutive runs of one outcome unless a write that changed an outcome is between them."""
    merged: list[dict[str, Any]] = []
    for entry in timeline:
        last = merged[-1] if merged else None
        is_same_kind = last is not None and entry.get("kind") == last.get("kind") == "attempts"
        if is_same_kind and last is not None and all(entry.get(key) == last.get(key) for key in ("outcome", "cloud")):
            until = max(str(last.get("until")), str(entry.get("until")))
            merged[-1] = {**last, "until": until, "count": _count(last) + _count(entry)}
        else:
            merged.append(entry)
    return merged


def _line(entry: dict[str, Any], now: str) -> Line:
    when = moment(entry.get("time"), now, seconds=True).removesuffix(" UTC")
    if entry.get("kind") == "attempts":
        outcome = str(entry.get("outcome"))
        span = period(entry.get("time"), entry.get("until"), now).removesuffix(" UTC")
        return Line(span, _SIGNS.get(outcome, "?"), f"{_count(entry):,} {visible(outcome)}", 2)
    if entry.get("kind") == "calls":
        span = period(entry.get("time"), entry.get("until"), now).removesuffix(" UTC")
        whose = clip(visible(str(entry.get("subject") or "")), _SUBJECT)
        call = clip(visible(str(entry.get("what") or "")), _BY)
        return Line(span, "✗", f"{_count(entry):,} refused after the exchange: {call}{whose and f', of {whose}'}", 2)
    what, by = (visible(str(entry.get(key) or "")) for key in ("what", "by"))
    what, by = clip(what, _BY), clip(by.rpartition("/")[2] or by or "an unknown caller", _BY)
    event = clip(visible(str(entry.get("event_id") or "")), 8)
    failed = entry.get("kind") == "failed-change"
    error = clip(visible(str(entry.get("error") or "")).partition(":")[0], _BY)
    text = f"{what} by {by}" + (f", refused: {error}" if failed else "")
    weight = 3 if entry.get("flips") else 1 if failed else 0
    return Line(when, "◆" if not failed else "◇", f"{text} ({event})", weight)


def _count(entry: dict[str, Any]) -> int:
    count = entry.get("count")
    return count if isinstance(count, int) else 0
