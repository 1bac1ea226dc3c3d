"""The sentences of writes of configuration, and of changes of tokens. They are visible text."""

from __future__ import annotations

from typing import Any

from oidc_doctor.model.in_words import as_value
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip
from oidc_doctor.report.parts.times import moment

_AUTHOR = 60
_PLACE = 160  # characters of a principal, an event, a resource


def author(by: object) -> str:
    """Return who wrote by the last part of the name: session, user, address, or a service account's own name."""
    name = visible(str(by or "an unknown caller")).rpartition("/")[2]
    own, _, host = name.partition("@")
    return as_value(clip(own if own and host.endswith(".gserviceaccount.com") else name, _AUTHOR))


def change(entry: dict[str, Any], now: str) -> tuple[str, list[str]]:
    """Return a configuration or token change: a sentence, and the lines of its diff."""
    members = dict(entry)
    when = members.get("time") or members.get("at")
    words = [moment(when, now, seconds=True)] if when else []
    what, by, event = (clip(visible(str(members.get(key) or "")), _PLACE) for key in ("what", "by", "event_id"))
    if members.get("text"):
        what = clip(visible(str(members["text"])), _PLACE)
    words += [" ".join(filter(None, (what, f"by {by}" if by else "")))]
    words += [f"event {event}"] if event else []
    diff = members.get("diff") or []
    lines = diff.split("\n") if isinstance(diff, str) else [str(line) for line in diff]
    old, new = members.get("before", members.get("from")), members.get("after", members.get("to"))
    if not lines and (old is not None or new is not None):
        lines = [f"- {old}"] * (old is not None) + [f"+ {new}"] * (new is not None)
    return ", ".join(filter(None, words)), [visible(line) for line in lines if line.strip()]


def brief(entry: dict[str, Any], now: str) -> str:
    """Return a change of configuration on a line: time, action, and the last part of its author's name."""
    what, by = (clip(visible(str(entry.get(key) or "")), _PLACE) for key in ("what", "by"))
    who = f" by {by.rpartition('/')[2]}" if by else ""
    return f"{moment(entry.get('time'), now)}, {what or visible(str(entry.get('text') or 'change'))}{who}"


def repair(entry: dict[str, Any], now: str) -> str:
    """Return the sentence of a write that failed: the repair, or a write of which the event does not show the text."""
    what, by, event = (clip(visible(str(entry.get(key) or "")), _PLACE) for key in ("what", "by", "event_id"))
    known = entry.get("right") is True
    who = f" by {by}" if by else ""
    when = moment(entry.get("time"), now, seconds=True)
    error = " ".join(visible(str(entry.get("error") or "")).split()).rstrip(". ")
    subject = "the repair" if known else "a write"
    unseen = "" if known else "; the event does not show what it would have stored"
    return f"{subject} was tried at {when}{who} and refused: {what}, event {event}, {error}{unseen}"
