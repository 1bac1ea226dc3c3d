"""The timeline in a few lines: runs of equal outcomes and the writes of configuration between them. All in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.model.steps import CLOUDS
from oidc_doctor.report.parts.attempts import short_names, steps_of
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip
from oidc_doctor.report.parts.times import moment, period
from oidc_doctor.report.parts.writes import author

if TYPE_CHECKING:
    from oidc_doctor.model.report import Report

_SIGNS = {"accepted": "✓", "refused": "✗"}
_MOST = 12  # lines, unless `verbose`
_BY = 60  # characters of a write or a call
_SUBJECT = 80  # characters of a workload


class Line(NamedTuple):
    """A line: instant, sign with its word, text. Of too many lines those of higher `weight` are kept."""

    when: str
    sign: str
    text: str
    weight: int


def lines(report: Report, *, verbose: bool = False) -> tuple[list[Line], int]:
    """Return the lines in order of time and the number omitted; no lines if no outcome changed."""
    entries = _merged(report.timeline, apart=True)
    if len(entries) > _MOST and not verbose:
        entries = _merged(report.timeline, apart=False)
    outcomes = {entry.get("outcome") for entry in entries if entry.get("kind") == "attempts"}
    turns = any(entry.get("flips") or entry.get("kind") in ("failed-change", "calls") for entry in entries)
    if not turns and len(outcomes) < 2:  # noqa: PLR2004
        return [], 0
    logged = _lines(entries, report.evaluated_at)
    kept = set(sorted(range(len(logged)), key=lambda at: (-logged[at].weight, -at))[: None if verbose else _MOST])
    return [line for at, line in enumerate(logged) if at in kept], len(logged) - len(kept)


def _merged(timeline: list[dict[str, Any]], *, apart: bool) -> list[dict[str, Any]]:
    """Merge consecutive runs of one outcome, cloud and step unless a write that changed an outcome is between them.

    `apart` keeps workloads apart.
    """
    alike = ("outcome", "cloud", "step", *(("families", "resource") if apart else ()))
    merged: list[dict[str, Any]] = []
    for entry in timeline:
        last = merged[-1] if merged else None
        is_same_kind = last is not None and entry.get("kind") == last.get("kind") == "attempts"
        if is_same_kind and last is not None and all(entry.get(key) == last.get(key) for key in alike):
            until = max(str(last.get("until")), str(entry.get("until")))
            families = list(dict.fromkeys([*_families(last), *_families(entry)]))
            kinds = max(len(families), _kinds(last), _kinds(entry))
            counts = {"count": _count(last) + _count(entry), "families": families, "kinds": kinds}
            resource = last.get("resource") if last.get("resource") == entry.get("resource") else None
            merged[-1] = {**last, "until": until, "resource": resource, **counts}
        else:
            merged.append(entry)
    return merged


def _families(entry: dict[str, Any]) -> list[str]:
    families = entry.get("families")
    return [str(family) for family in families] if isinstance(families, list) else []


def _kinds(entry: dict[str, Any]) -> int:
    """Return how many kinds of token an entry counts; it lists some of them."""
    kinds = entry.get("kinds")
    return kinds if isinstance(kinds, int) else len(_families(entry))


def _lines(entries: list[dict[str, Any]], now: str) -> list[Line]:
    """Return the lines. Of attempts each says its cloud, step and workload where the timeline has several of them."""
    attempts = [entry for entry in entries if entry.get("kind") == "attempts"]
    clouds = {entry.get("cloud") for entry in attempts}
    steps = {entry.get("step") for entry in attempts}
    kinds = {tuple(_families(entry)) for entry in attempts if _families(entry)}
    names = short_names(sorted({family for entry in attempts for family in _families(entry)}))
    resources: dict[tuple[object, object], set[object]] = {}
    for entry in attempts:
        resources.setdefault(_of(entry), set()).add(entry.get("resource"))
    lines = []
    for entry in entries:
        calls = steps_of(entry.get("step"), _count(entry))
        with_cloud = f" with {CLOUDS[entry['cloud']]}" if entry.get("cloud") in CLOUDS else ""
        label = f" {calls}{with_cloud}" if len(clouds) > 1 or len(steps) > 1 else ""
        whose = _families(entry)
        resource = str(entry.get("resource") or "").rpartition("/")[2]
        label_of_resource = (
            f" on {clip(visible(resource), _BY)}" if len(resources.get(_of(entry), ())) > 1 and resource else ""
        )
        number = _kinds(entry)
        of_kind = (
            f": {names[whose[0]]}" if number == len(whose) == 1 else f", of {number} kinds of token" if whose else ""
        )
        told = of_kind if len(kinds) > 1 or number > 1 else ""
        lines.append(_line(entry, now, label, label_of_resource + told))
    return lines


def _of(entry: dict[str, Any]) -> tuple[object, object]:
    return entry.get("cloud"), entry.get("step")


def _line(entry: dict[str, Any], now: str, calls: str, of_kind: str) -> Line:
    when = moment(entry.get("time"), now, seconds=True).removesuffix(" UTC")
    if entry.get("kind") == "attempts":
        outcome = str(entry.get("outcome"))
        span = period(entry.get("time"), entry.get("until"), now).removesuffix(" UTC")
        return Line(span, _SIGNS.get(outcome, "?"), f"{_count(entry):,}{calls} {visible(outcome)}{of_kind}", 2)
    if entry.get("kind") == "calls":
        span = period(entry.get("time"), entry.get("until"), now).removesuffix(" UTC")
        whose = clip(visible(str(entry.get("subject") or "")), _SUBJECT)
        call = clip(visible(str(entry.get("what") or "")), _BY)
        return Line(span, "✗", f"{_count(entry):,} refused after the exchange: {call}{whose and f', of {whose}'}", 2)
    what, by = clip(visible(str(entry.get("what") or "")), _BY), author(entry.get("by"))
    event = clip(visible(str(entry.get("event_id") or "")), 8)
    failed = entry.get("kind") == "failed-change"
    error = clip(visible(str(entry.get("error") or "")).partition(":")[0], _BY)
    text = f"{what} by {by}" + (f", refused: {error}" if failed else "")
    weight = 3 if entry.get("flips") else 1 if failed else 0
    return Line(when, "◆" if not failed else "◇", f"{text} ({event})", weight)


def _count(entry: dict[str, Any]) -> int:
    count = entry.get("count")
    return count if isinstance(count, int) else 0
