"""A health run as the values of its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.report.html_parts.chart import Spark, spark_of
from oidc_doctor.report.html_parts.page import Page, page_of
from oidc_doctor.report.html_parts.rows import Piece, Row
from oidc_doctor.report.parts.cut import LONG, cut_place, cut_text
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.health import SIGNS, STATES
from oidc_doctor.report.parts.lines import clip, shortened
from oidc_doctor.report.parts.times import ago, moment, span

if TYPE_CHECKING:
    from oidc_doctor.model.health import Change, Health, HealthFinding, Suppression, TargetHealth, TargetState

_NAME = 120
_CLASSES: dict[TargetState, str] = {  # of the style sheet; in the order of a summary
    "failing": "bad",
    "broken": "warn",
    "unread": "warn",
    "unknown": "open",
    "healthy": "good",
}
_STATES = {state: (SIGNS[state], css, STATES[state].capitalize()) for state, css in _CLASSES.items()}
_CHANGES: dict[Change, str] = {
    "new": "New",
    "changed": "Changed",
    "continuing": "Continuing",
    "resolved": "Resolved",
}
_EFFECTS = {"blocks": ("✗", "bad", "Blocks"), "weakens": ("!", "warn", "Weakens"), "note": ("?", "open", "Note")}


class Finding(NamedTuple):
    """A finding of a target."""

    sign: str
    state: str
    word: str
    code: str
    name: str
    target: str
    anchor: str  # of the target
    headline: str
    tag: str  # proven, predicted, suspected
    rows: list[Row]


class Target(NamedTuple):
    """A target of the run."""

    name: str
    anchor: str
    sign: str
    state: str
    word: str
    since: str
    was: str
    reason: str
    resources: list[str]
    source: str
    last_read: str
    findings: str  # their number
    spark: Spark | None
    page: Page | None


@dataclass
class HealthPage:
    """A health run."""

    title: list[str]
    sign: str
    headline: str
    states: list[tuple[str, str, str]]  # sign, class, words
    compared: str
    targets: list[Target]
    findings: list[tuple[str, list[Finding]]]  # by change
    suppressed: list[Finding]
    suppressions: list[tuple[str, str, str, str, str, str]]  # code, resource, until, owner, reason, note
    warnings: list[str]
    gone: list[str]


def health_page_of(health: Health) -> HealthPage:
    """Return the page of a health run."""
    now = health.evaluated_at
    listed = [
        (finding, _finding(finding, target, f"t{at}", now))
        for at, target in enumerate(health.targets, 1)
        for finding in target.findings
    ]
    counts = {state: sum(target.state == state for target in health.targets) for state in _STATES}
    worst = next((state for state, count in counts.items() if count), None)
    tool = f"{health.tool.get('name', 'oidc-doctor')} {health.tool.get('version', '')}".strip()
    return HealthPage(
        title=[clip(visible(tool), _NAME), "health", moment(now)],
        sign=_STATES[worst][0] if worst is not None else "?",
        headline=_headline(health, counts),
        states=[
            (sign, css, f"{counts[state]:,} {word.lower()}")
            for state, (sign, css, word) in _STATES.items()
            if counts[state]
        ],
        compared=_compared(health),
        targets=[_target(target, f"t{at}", now) for at, target in enumerate(health.targets, 1)],
        findings=[
            (title, [row for finding, row in listed if finding.change == change and finding.suppressed is None])
            for change, title in _CHANGES.items()
        ],
        suppressed=[row for finding, row in listed if finding.suppressed is not None],
        suppressions=[_suppression(row) for row in health.suppressions],
        warnings=[*map(cut_text, health.warnings), *_undelivered(health)],
        gone=[clip(visible(name), _NAME) for name in health.gone],
    )


def _headline(health: Health, counts: dict[TargetState, int]) -> str:
    """Return the states of the targets in one sentence, and what is new."""
    total = len(health.targets)
    if not total:
        return "No target was examined."
    if counts["healthy"] == total:
        start = "The target is healthy" if total == 1 else f"All {total:,} targets are healthy"
    else:
        words = [f"{count:,} {_STATES[state][2].lower()}" for state, count in counts.items() if count]
        start = f"{total:,} target{'s' if total > 1 else ''}: {', '.join(words)}"
    active = [finding for target in health.targets for finding in target.findings if finding.suppressed is None]
    news = [
        f"{number:,} {change}"
        for change in ("new", "changed", "resolved")
        if (number := sum(finding.change == change for finding in active))
    ]
    if not news:
        return f"{start}."
    return f"{start}. Findings: {', '.join(news)}."


def _compared(health: Health) -> str:
    if health.first:
        return "This is the first run: the next one is compared with it."
    if not health.last_run:
        return ""
    when = moment(health.last_run, health.evaluated_at)
    distance = ago(health.last_run, health.evaluated_at)  # "" if the clock went back
    return f"Compared with the run of {when}{f' ({distance})' if distance else ''}."


def _since(instant: str, now: str) -> str:
    """Return an instant with its distance: "22 Nov 13:27 UTC (9 h ago)"."""
    if not instant:
        return ""
    distance = ago(instant, now) if instant != now else "this run"
    return moment(instant, now) + (f" ({distance})" if distance else "")


def _finding(finding: HealthFinding, target: TargetHealth, anchor: str, now: str) -> Finding:
    sign, state, word = _EFFECTS[finding.effect]
    if finding.change == "resolved":
        sign, state, word = "✓", "good", "Resolved"
    rows = [
        ("resource", cut_text(finding.resource)),
        ("since", _since(finding.since, now)),
        ("resolved", _since(finding.until, now)),
        ("before", cut_text(finding.was)),
        ("read in", cut_place(finding.at)),
        ("last seen", _since(finding.checked, now) if finding.checked not in ("", now) else ""),
        ("fix", cut_text(finding.fix) if finding.change != "resolved" else ""),
    ]
    if finding.suppressed is not None:
        rows.append(("suppressed", _of_suppression(finding.suppressed)))
    return Finding(
        sign, state, word,
        clip(visible(finding.code), _NAME), clip(visible(finding.name), _NAME), clip(visible(target.name), _NAME),
        anchor, cut_text(finding.headline), finding.confidence or "",
        [Row(label, [Piece("text", [words])]) for label, words in rows if words],
    )  # fmt: skip


def _of_suppression(row: Suppression) -> str:
    owner = f", {cut_place(row.owner)}" if row.owner else ""
    at = f" ({cut_place(row.at)})" if row.at else ""
    return f"until {cut_place(row.until)}{owner}: {cut_text(row.reason)}{at}"


def _suppression(row: Suppression) -> tuple[str, str, str, str, str, str]:
    used = f"{row.used:,} finding{'' if row.used == 1 else 's'}" if row.used else "matches no finding"
    return (
        clip(visible(row.code), _NAME),
        " · ".join(filter(None, (cut_text(row.resource), clip(visible(row.target), _NAME)))),
        cut_place(row.until),
        cut_place(row.owner),
        cut_text(row.reason),
        "expired" if row.expired else used,
    )


def _undelivered(health: Health) -> list[str]:
    number = health.undelivered
    return [f"{number:,} message{' has' if number == 1 else 's have'} not been delivered yet."] if number else []


def _target(target: TargetHealth, anchor: str, now: str) -> Target:
    sign, state, word = _STATES[target.state]
    active = sum(finding.is_active for finding in target.findings)
    seconds = f", in {span(target.seconds)}" if target.seconds >= 1 else ""
    return Target(
        name=clip(visible(target.name), _NAME),
        anchor=anchor,
        sign=sign,
        state=state,
        word=word,
        since=_since(target.since, now),
        was=f"{_STATES[target.was][2].lower()} since {moment(target.was_since, now)}" if target.was else "",
        reason=cut_text(target.reason),
        resources=[cut_text(resource) for resource in target.resources],
        source=shortened(visible(target.source), LONG) + seconds,
        last_read=_since(target.last_read, now) or "never",
        findings=f"{active:,} active finding{'' if active == 1 else 's'}" if active else "none active",
        spark=spark_of(target.attempts, target.refused),
        page=page_of(target.report) if target.report is not None else None,
    )
