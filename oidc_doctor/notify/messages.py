"""A health run → its messages: one for each change, whatever number of targets it concerns.

The first run sends nothing: everything would be new. Nor does a suppressed finding, or a state that only a suppressed
finding explains. A change of state that a finding's own message explains has none of its own.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from oidc_doctor.notify.defused import defused
from oidc_doctor.notify.message import Message
from oidc_doctor.report.parts.health import STATES, age, news_of, state_sentence
from oidc_doctor.report.parts.lines import clip
from oidc_doctor.report.parts.times import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from oidc_doctor.model.health import Health, HealthFinding, TargetHealth

_LONG = 600  # characters of a sentence in a message
_NAME = 60
_FEW_NAMES = 10
_NOT_JUDGED = ("unread", "broken", "unknown")


def messages_of(health: Health) -> list[Message]:
    """Return the messages of a run, in the order of the targets: findings first, then states."""
    if health.first:
        return []
    found: dict[tuple[str, ...], list[tuple[TargetHealth, HealthFinding]]] = defaultdict(list)
    states: dict[tuple[str, ...], list[TargetHealth]] = defaultdict(list)
    for target in health.targets:
        # What an earlier run could not report comes first: it was before what is new now.
        for finding in sorted(news_of(target), key=lambda finding: finding.until in ("", health.evaluated_at)):
            same = (finding.change, finding.code, finding.resource, finding.fingerprint, finding.headline)
            found[same].append((target, finding))
        if target.was is not None and not _is_explained(target):
            states[target.state, target.was, target.reason].append(target)
    messages = [_of_finding(health, pairs) for pairs in found.values()]
    messages += [_of_state(health, targets) for targets in states.values()]
    if health.gone:
        headline = f"{_names(health.gone)}: no longer in the file, and no longer checked"
        messages.append(_message(health, "gone", health.gone, headline, ()))
    return messages


def test_message(tool: dict[str, str], now: str) -> Message:
    """Return the message of --notify-test."""
    headline = "This is a test of oidc-doctor's messages: nothing changed."
    return Message("test", now, [], headline, headline, tool=tool)


def _is_explained(target: TargetHealth) -> bool:
    """Return whether the messages of a target's findings explain its state, or a suppressed finding does."""
    if target.state in _NOT_JUDGED:
        return False
    wanted = ("resolved",) if target.state == "healthy" else ("new", "changed")
    changed = [finding for finding in target.findings if finding.effect == "blocks" and finding.change in wanted]
    if target.was in _NOT_JUDGED:  # that was reported, so its end is too
        changed = [finding for finding in changed if finding.suppressed is None]
    return bool(changed)


def _of_finding(health: Health, pairs: list[tuple[TargetHealth, HealthFinding]]) -> Message:
    target, finding = pairs[0]
    names = [target.name for target, _ in pairs]
    now = health.evaluated_at
    lasted = age(finding.since, finding.until or now)
    headline = _short(finding.headline)
    if finding.change == "resolved":
        headline = f"Resolved{f' after {lasted}' if lasted else ''}: {headline}"
    what = f"{finding.change}: {defused(finding.code)} {defused(finding.name)}"
    rows = [("", _state_line(health, target) if len(pairs) == 1 else _names(names))]
    rows += [("", f"{what} ({finding.confidence})" if finding.confidence else what)]
    rows += [("resource", _short(finding.resource))]
    if finding.change == "changed":
        rows += [("since", f"{moment(finding.since, now)}{f' ({lasted})' if lasted else ''}")]
        rows += [("before", _short(finding.was))]
    if finding.change != "resolved":
        rows += [("read in", _short(finding.at)), ("fix", _short(finding.fix))]
    rows += [("more", f"oidc-doctor explain {defused(finding.code)}")]
    return _message(
        health,
        finding.change,
        names,
        headline,
        rows,
        state=target.state if len({other.state for other, _ in pairs}) == 1 else "",
        was=_short(finding.was),
        code=defused(finding.code),
        name=defused(finding.name),
        resource=_short(finding.resource),
        effect=finding.effect,
        confidence=finding.confidence or "",
        fix=_short(finding.fix),
        since=finding.since,
        until=finding.until,
    )


def _of_state(health: Health, targets: list[TargetHealth]) -> Message:
    first = targets[0]
    names = [target.name for target in targets]
    if len(targets) == 1:
        sentence = _state_line(health, first)
    else:
        before = "" if first.was is None else STATES[first.was]
        sentence = f"{_names(names)}: {STATES[first.state]}; before: {before}"
    rows = [("", sentence)] if first.reason else []
    if first.state in ("unread", "broken") and first.last_read:
        rows += [("", f"last read {moment(first.last_read, health.evaluated_at)}")]
    if first.state == "failing":
        rows += [("", _short(finding.headline)) for finding in first.findings if finding.is_active]
    headline = _short(first.reason) if first.reason else sentence
    state, was = first.state, first.was or ""
    return _message(health, "state", names, headline, rows, state=state, was=was, since=first.since)


def _message(
    health: Health,
    change: str,
    names: Iterable[str],
    headline: str,
    rows: Iterable[tuple[str, str]],
    **values: str,
) -> Message:
    lines = [headline, *_lines(rows)]
    targets = [defused(name) for name in names]
    return Message(change, health.evaluated_at, targets, headline, "\n".join(lines), tool=health.tool, **values)


def _lines(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for label, text in rows:
        if text:
            yield f"{label}: {text}" if label else text


def _state_line(health: Health, target: TargetHealth) -> str:
    return f"{_name(target.name)}: {state_sentence(health, target)}"


def _names(names: list[str]) -> str:
    shown = ", ".join(_name(name) for name in names[:_FEW_NAMES])
    return shown + (f" and {len(names) - _FEW_NAMES:,} more" if len(names) > _FEW_NAMES else "")


def _name(name: str) -> str:
    return clip(defused(name), _NAME)


def _short(text: str) -> str:
    return clip(defused(text), _LONG)
