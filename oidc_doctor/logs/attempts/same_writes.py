"""Writes of configuration, each once, however many files have it.

A write occurs twice in overlapping files: pages, several trails, an organization's and an account's trail, two sinks.
In CloudTrail the copies for several accounts share a sharedEventID [CloudTrail user guide, record contents]; two of
Google's entries are one if project, timestamp and insertId are the same [Cloud Logging API reference, LogEntry].
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from oidc_doctor.logs.attempts.columns import ROUNDING
from oidc_doctor.logs.records.cloudtrail import NO_TIME, members

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oidc_doctor.model.events import Change


def once_each(changes: Iterable[Change]) -> list[Change]:
    """Return each write once, in order of time: of its copies the first that has the request, with its id and time."""
    named: dict[tuple[object, ...], Change] = {}
    nameless: dict[tuple[object, ...], Change] = {}
    timeless: list[Change] = []
    for change in changes:
        if change.time == NO_TIME:
            timeless.append(change)
            continue
        event_id = _logged_id(change)
        if event_id is None:
            nameless.setdefault(_content(change), change)
            continue
        key = (event_id, _millisecond(change))
        if key not in named or (_request(change) and not _request(named[key])):
            named[key] = change
    contents = {_content(change) for change in named.values()}
    ids = {event_id for event_id, _ in named}
    kept = [*named.values(), *(change for key, change in nameless.items() if key not in contents)]
    without_time = {(_logged_id(change), _content(change)): change for change in reversed(timeless)}
    kept += [change for (event_id, _), change in without_time.items() if event_id is None or event_id not in ids]
    return sorted(kept, key=lambda change: (change.time, change.event_id))


def _logged_id(change: Change) -> str | None:
    """Return the id that all copies of the event share; None for an event that was logged, or cut, without one."""
    record = change.record
    logged = record.get("sharedEventID") or record.get("eventID") if change.cloud == "aws" else record.get("insertId")
    return logged if isinstance(logged, str) and logged else None


def _request(change: Change) -> object:
    payload = change.record if change.cloud == "aws" else members(change.record.get("protoPayload"))
    return payload.get("requestParameters" if change.cloud == "aws" else "request")


def _content(change: Change) -> tuple[object, ...]:
    """Return what the event says, without its id."""
    request = json.dumps(_request(change), sort_keys=True, default=str)
    operation = json.dumps(change.record.get("operation"), sort_keys=True, default=str)
    where = (change.cloud, change.what, change.resource, _millisecond(change))
    return (*where, change.by, change.error_code, request, operation)


def _millisecond(change: Change) -> int:
    return math.floor(change.time * 1000 + ROUNDING)
