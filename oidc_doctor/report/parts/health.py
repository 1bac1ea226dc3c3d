"""The lines of a health run: what changed, target by target, and one line where nothing did."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from oidc_doctor.report.parts.escape import gapless, visible
from oidc_doctor.report.parts.lines import Sheet, clip, shortened
from oidc_doctor.report.parts.sentences import SIGN_STYLES
from oidc_doctor.report.parts.times import moment, parse, span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from oidc_doctor.model.health import Health, HealthFinding, Suppression, TargetHealth, TargetState

SIGNS: dict[TargetState, str] = {"healthy": "✓", "failing": "✗", "unknown": "?", "unread": "?", "broken": "!"}
STATES: dict[TargetState, str] = {
    "healthy": "healthy",
    "failing": "failing",
    "unknown": "undecided",
    "unread": "not readable",
    "broken": "not judged",
}
_ORDER: tuple[TargetState, ...] = ("broken", "failing", "unread", "unknown", "healthy")
_EFFECTS = {"blocks": "✗", "weakens": "!", "note": "?"}
_LONG = 400  # characters of a sentence
_NAME = 60  # characters of a target's name
_FEW_NAMES = 3
_INNER = 22  # the column of a finding's rows


def has_news(health: Health) -> bool:
    """Return whether the run has anything to report: a change, or the baseline."""
    return health.first or bool(health.gone) or any(is_changed(target) for target in health.targets)


def is_changed(target: TargetHealth) -> bool:
    """Return whether a target's state, or one of its findings, changed."""
    return target.was is not None or bool(news_of(target))


def news_of(target: TargetHealth) -> list[HealthFinding]:
    """Return the findings that changed since the last run. A suppressed one is no news."""
    return [finding for finding in target.findings if finding.change != "continuing" and finding.suppressed is None]


def age(since: str, now: str) -> str:
    """Return the time since an instant, as "9 days"; "" for one that a clock put into the future, or that is now."""
    begun, ended = parse(since), parse(now)
    seconds = 0.0 if begun is None or ended is None else (ended - begun).total_seconds()
    return span(seconds) if seconds > 0 else ""


def write(sheet: Sheet, health: Health, *, verbose: bool) -> None:
    """Write the run."""
    if not has_news(health) and not verbose:
        lead = sheet.paint(f"{_sign(health)} ", SIGN_STYLES[_sign(health)])
        sheet.lines.append(lead + quiet_line(health))  # one line of a log, however wide
        return
    tool = f"{health.tool.get('name', '')} {health.tool.get('version', '')}".strip()
    compared = (
        "first run, the baseline" if health.first else f"compared with {moment(health.last_run, health.evaluated_at)}"
    )
    sheet.say(f"{visible(tool)} · {moment(health.evaluated_at)} · {compared}")
    shown = [
        target for target in health.targets if verbose or is_changed(target) or (health.first and not _is_well(target))
    ]
    alike = _unread_alike(shown)
    for target in sorted(shown, key=lambda target: _ORDER.index(target.state)):
        together = alike.get(target.reason, []) if target.state == "unread" else []
        if len(together) > 1:
            if target is together[0]:
                sheet.gap()
                _unread_together(sheet, together)
            continue
        sheet.gap()
        _target(sheet, health, target, verbose=verbose)
    for name in health.gone:
        sheet.gap()
        sheet.say(f"{clip(visible(name), _NAME)}: no longer in the file, and no longer checked", lead="– ", style="dim")
    sheet.gap()
    sheet.say(summary(health))
    if verbose:
        _unused(sheet, health.suppressions)
    more = (
        []
        if verbose or not _hidden(health, shown)
        else [f"-v for {'the rest' if health.first else 'what did not change'}"]
    )
    fixed = next(
        (finding for target in shown for finding in _shown(health, target, verbose=verbose) if finding.fix), None
    )
    if fixed is not None:
        more += [f"oidc-doctor explain {clip(visible(fixed.code), 12)}", "-o health.html for the commands of each fix"]
    if more:
        sheet.say(" · ".join(more), lead="More  ", style="dim")


def _unused(sheet: Sheet, suppressions: Iterable[Suppression]) -> None:
    """Name the suppressions that hide nothing: resource or code may be misspelled, or the finding is gone."""
    for row in suppressions:
        if row.expired or not row.used:
            why = f"ended on {visible(row.until)}" if row.expired else "matches no finding"
            what = f"{visible(row.code)} of {shortened(visible(row.resource), _LONG)}"
            sheet.say(f"{visible(row.at)}: the suppression of {what} {why}", lead="– ", style="dim")


def quiet_line(health: Health) -> str:
    """Return the line of a run without news: "12 targets: 11 healthy, 1 failing (weights, 9 days); nothing changed"."""
    last = moment(health.last_run, health.evaluated_at)
    return f"{_counted(health, named=True)}; nothing changed since {last}{_pending(health)}"


def summary(health: Health) -> str:
    """Return the last line: the targets by state, and the findings that continue or are suppressed."""
    active = sum(
        finding.change == "continuing" and finding.is_active for target in health.targets for finding in target.findings
    )
    suppressed = sum(
        finding.suppressed is not None and finding.change != "resolved"
        for target in health.targets
        for finding in target.findings
    )
    parts = [_counted(health, named=False)]
    parts += (
        [f"{_number(active, 'finding')} {'continues' if active == 1 else 'continue'}"]
        if active and not health.first
        else []
    )
    parts += [f"{suppressed} suppressed"] if suppressed else []
    return "; ".join(parts) + _pending(health) + "."


def state_sentence(health: Health, target: TargetHealth) -> str:
    """Return a target's state with its age: "failing; it was healthy for 9 days"."""
    words = STATES[target.state]
    if target.was is not None:
        before = age(target.was_since, health.evaluated_at)
        return f"{words}; it was {STATES[target.was]}{f' for {before}' if before else ''}"
    for_ = age(target.since, health.evaluated_at)
    return f"{words}{f' for {for_}' if for_ else ''}" if not health.first else words


def write_target(sheet: Sheet, health: Health, target: TargetHealth) -> None:
    """Write a target with all its findings."""
    _target(sheet, health, target, verbose=True)


def in_order(health: Health) -> list[TargetHealth]:
    """Return the targets, those that need attention first, otherwise in the order of the file."""
    return sorted(health.targets, key=lambda target: _ORDER.index(target.state))


def main_finding(target: TargetHealth) -> HealthFinding | None:
    """Return the finding that a line has room for: a cause before a weakness before a note, if it is not over."""
    active = [finding for finding in target.findings if finding.is_active]
    return min(active, key=lambda finding: list(_EFFECTS).index(finding.effect), default=None)


def _target(sheet: Sheet, health: Health, target: TargetHealth, *, verbose: bool) -> None:
    sign = SIGNS[target.state]
    sentence = f"{clip(visible(target.name), _NAME)}: {state_sentence(health, target)}"
    sheet.say(gapless(sentence), lead=f"{sign} ", style=SIGN_STYLES[sign], bold=True)
    if target.reason:
        sheet.say(shortened(visible(target.reason), _LONG), indent=4)
    if target.state in ("unread", "broken") and target.last_read:
        sheet.say(f"last read {moment(target.last_read, health.evaluated_at)}", indent=4)
    for finding in _shown(health, target, verbose=verbose):
        _finding(sheet, health, target, finding, verbose=verbose)
    if verbose:
        source = "live" if target.source == "live" else f"from {clip(visible(target.source), _LONG)}"
        sheet.say(f"{source}, {target.seconds:.1f} s", indent=4)


def _shown(health: Health, target: TargetHealth, *, verbose: bool) -> list[HealthFinding]:
    """Return the findings that the text shows of a target."""
    return target.findings if verbose or health.first else news_of(target)


def _finding(sheet: Sheet, health: Health, target: TargetHealth, finding: HealthFinding, *, verbose: bool) -> None:
    now = health.evaluated_at
    sign = "✓" if finding.change == "resolved" else _EFFECTS[finding.effect]
    change = "suppressed" if finding.suppressed is not None else "" if health.first else finding.change
    lead = (
        f"{sign} {change:<10} {clip(visible(finding.code), 12):<6} "
        if change
        else f"{sign} {clip(visible(finding.code), 12):<6} "
    )
    tag = finding.confidence or ""
    sheet.say(shortened(visible(finding.headline), _LONG), indent=4, lead=lead, style=SIGN_STYLES[sign], tag=tag)
    inner = Sheet(sheet.width, color=sheet.color, indent=_INNER if change else _INNER - 11)
    lasted = age(finding.since, finding.until or now)
    if finding.change == "resolved":
        inner.row("lasted", lasted or "less than a run")
    elif lasted and finding.change != "new":
        inner.row("since", f"{moment(finding.since, now)} ({lasted})")
    if finding.was:
        inner.row("before", shortened(visible(finding.was), _LONG))
    if verbose or finding.resource not in (target.name, *(target.resources[:1] if len(target.resources) == 1 else ())):
        inner.row("resource", shortened(visible(finding.resource), _LONG))
    if finding.change != "resolved":
        if finding.at:
            inner.row("read in", shortened(visible(finding.at), _LONG))
        if finding.fix and finding.suppressed is None:
            inner.row("fix", shortened(visible(finding.fix), _LONG))
        if finding.checked not in ("", now):
            inner.row("seen", f"last {moment(finding.checked, now)}; its evidence could not be read since")
    if finding.suppressed is not None:
        by = finding.suppressed
        inner.row("until", visible(f"{by.until}, by {by.owner}: {by.reason}"))
    sheet.lines += inner.lines


def _unread_alike(targets: Iterable[TargetHealth]) -> dict[str, list[TargetHealth]]:
    """Return the targets without findings to report that could not be read for the same reason, by the reason."""
    alike: dict[str, list[TargetHealth]] = defaultdict(list)
    for target in targets:
        if target.state == "unread" and not news_of(target):
            alike[target.reason].append(target)
    return alike


def _unread_together(sheet: Sheet, targets: Sequence[TargetHealth]) -> None:
    names = ", ".join(clip(visible(target.name), _NAME) for target in targets[:_FEW_NAMES])
    more = f" and {len(targets) - _FEW_NAMES:,} more" if len(targets) > _FEW_NAMES else ""
    sheet.say(gapless(f"{names}{more}: not readable"), lead="? ", style=SIGN_STYLES["?"], bold=True)
    sheet.say(shortened(visible(targets[0].reason), _LONG), indent=4)


def _is_well(target: TargetHealth) -> bool:
    return target.state == "healthy" and not target.findings


def _hidden(health: Health, shown: Sequence[TargetHealth]) -> bool:
    """Return whether -v would show more."""
    continuing = any(
        finding.change == "continuing" or finding.suppressed is not None
        for target in shown
        for finding in target.findings
    )
    return len(shown) < len(health.targets) or (continuing and not health.first)


def _sign(health: Health) -> str:
    worst: TargetState = min((target.state for target in health.targets), key=_ORDER.index, default="healthy")
    return SIGNS[worst]


def _counted(health: Health, *, named: bool) -> str:
    """Return the targets by state: "12 targets: 11 healthy, 1 failing (weights, 9 days)"."""
    by_state: dict[TargetState, list[TargetHealth]] = defaultdict(list)
    for target in health.targets:
        by_state[target.state].append(target)
    every = _number(len(health.targets), "target")
    if len(by_state) == 1 and "healthy" in by_state:
        return f"{every} healthy"
    parts = []
    for state in sorted(by_state, key=lambda state: (state != "healthy", _ORDER.index(state))):
        targets = by_state[state]
        names = f" ({_names(health, targets)})" if named and state != "healthy" else ""
        parts += [f"{len(targets):,} {STATES[state]}{names}"]
    return f"{every}: {', '.join(parts)}"


def _names(health: Health, targets: Sequence[TargetHealth]) -> str:
    shown = []
    for target in targets[:_FEW_NAMES]:
        for_ = age(target.since, health.evaluated_at)
        shown.append(f"{clip(visible(target.name), _NAME)}{f', {for_}' if for_ else ''}")
    more = [f"and {len(targets) - _FEW_NAMES:,} more"] if len(targets) > _FEW_NAMES else []
    return "; ".join([*shown, *more])


def _pending(health: Health) -> str:
    return f"; {_number(health.undelivered, 'message')} not delivered yet" if health.undelivered else ""


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
