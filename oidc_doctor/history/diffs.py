"""Show a write's changes as lines with - and +: the values that differ, each with the names of its path."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any

from oidc_doctor.history.revisions import changed_fields
from oidc_doctor.history.writes import UNSEEN
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.logs.records.gcp_writes import deltas_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from oidc_doctor.history.revisions import History
    from oidc_doctor.model.events import Change

MOST_NAMED = 4  # maximum writes listed in a sentence
_MOST_LINES = 40
_NAMES = {
    "trust": "trust policy", "clients": "ClientIDList", "thumbprints": "ThumbprintList",
    "duration": "MaxSessionDuration", "role": "role", "provider": "OIDC provider", "state": "provider state",
    "disabled": "disabled", "condition": "attributeCondition", "mapping": "attributeMapping",
    "audiences": "allowedAudiences", "issuer": "issuerUri", "jwks": "jwksJson", "pool": "pool state",
    "pool-disabled": "pool disabled", "account": "service account", "account-disabled": "service account disabled",
    "account-bindings": "service account policy", "project-bindings": "project policy",
    "bucket-bindings": "bucket policy", "repository-bindings": "repository policy",
    "bucket": "bucket policy", "repository": "repository policy", "key": "key policy",
    "boundary": "permissions boundary",
}  # fmt: skip
_UNSEEN_BEFORE = "  (the value before was not seen in the logs that were read)"
_UNSEEN_WRITTEN = "  (the value that was written was not seen in the logs that were read)"
_EXISTS = {True: "(exists)", False: "(does not exist)"}


def diff_of(history: History, index: int) -> str:
    """Return the diff of the change that began a revision; lines without - or + name the field. "" for no change."""
    out: list[str] = []
    changed = changed_fields(history, index)
    is_created = any(changed.get(name) == (False, True) for name in ("role", "provider", "account"))
    for name, (before, after) in changed.items():
        if name == "url" or (len(changed) > 1 and name in {"role", "provider", "state", "pool", "account"}
                             and before == after):  # fmt: skip
            continue
        lines = _differences(history, index) if before is after is UNSEEN and name.endswith("bindings") else []
        lines = lines or _lines(name, None if before is UNSEEN and is_created else before, after)
        if lines:
            out += [_name(name), *lines]
    if len(out) > _MOST_LINES:
        out = [*out[:_MOST_LINES], f"… {len(out) - _MOST_LINES} more lines"]
    return "\n".join(out)


def _differences(history: History, index: int) -> list[str]:
    """Return the members that a write of an allow policy added and removed, as logged."""
    change = history.revisions[index].change
    deltas = deltas_of(change) if change is not None and change.cloud == "gcp" else []
    signs = {"ADD": "+", "REMOVE": "-"}
    return [
        f"{signs[delta['action']]} {delta['role']} {delta['member']}" for delta in deltas if delta["action"] in signs
    ]


def _name(field: str) -> str:
    """Return the field's name in the vendor's terms."""
    kind, _, name = field.partition(":")
    words = {"inline": "inline policy", "attached": "managed policy", "version": "default version of"}
    return f"{words[kind]} {name}" if name else _NAMES.get(field, field)


def change_view(history: History, index: int) -> dict[str, Any] | None:
    """Return the view of the change that created a revision; None if no logged write created it."""
    change = history.revisions[index].change
    if change is None:
        return None
    return {
        "event_id": change.event_id,
        "time": rfc3339(change.time),
        "by": change.by,
        "what": change.what,
        "resource": change.resource,
        "diff": diff_of(history, index),
    }


def write_view(change: Change) -> dict[str, Any]:
    """Return a write as a row of a report's list of writes."""
    return {"event_id": change.event_id, "time": rfc3339(change.time), "what": change.what, "by": change.by}


def written(view: Mapping[str, Any]) -> str:
    """Return the view of a write in words."""
    return f"{view['what']} by {view['by'] or 'an unknown caller'}, {view['time']} (event {view['event_id']})"


def worded(change: Change) -> str:
    """Return a write in words, as `written` does."""
    return written(write_view(change))


def _lines(name: str, before: Any, after: Any) -> list[str]:
    if before is UNSEEN and after is UNSEEN:
        return [_UNSEEN_WRITTEN]
    old, new = _text(name, before), _text(name, after)
    if before is UNSEEN:
        return [_UNSEEN_BEFORE, *(f"+ {line}" for line in new)]
    if after is UNSEEN:
        return [*(f"- {line}" for line in old), _UNSEEN_WRITTEN]
    return [
        f"{line[0]} {line[1:]}"
        for line in difflib.unified_diff(old, new, lineterm="", n=0)
        if line[:1] in "+-" and not line.startswith(("+++", "---"))
    ]


def _text(name: str, value: Any) -> list[str]:
    if value is UNSEEN or value is None:
        return []
    if name.endswith("bindings") and isinstance(value, list):
        return sorted(_bindings(value))
    if name in {"role", "provider", "account"} and isinstance(value, bool):
        return [_EXISTS[value]]
    if name.startswith("attached:"):
        return ["attached"] if value else []
    if isinstance(value, str):
        return value.splitlines() or ['""']
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return list(value)
    return list(_leaves(value, "")) or [json.dumps(value)]


def _leaves(value: Any, path: str) -> Iterator[str]:
    """Yield each value of a document with its path, written like a clause: Statement[0] · StringLike · key: value."""
    if isinstance(value, dict) and value:
        for name, item in value.items():
            step = "" if name == "Condition" else f" · {name}" if path else str(name)
            yield from _leaves(item, path + step)
    elif isinstance(value, list) and value:
        single = len(value) == 1 and not isinstance(value[0], dict | list)
        for index, item in enumerate(value):
            plain = single or not isinstance(item, dict | list)
            yield from _leaves(item, path if plain else f"{path}[{index}]")
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield f"{path}: {text}" if path else text


def _bindings(value: list[Any]) -> list[str]:
    out = []
    for binding in value:
        if not isinstance(binding, dict):
            continue
        condition = binding.get("condition")
        text = f" if {condition.get('expression')}" if isinstance(condition, dict) else ""
        out += [f"{binding.get('role')} {member}{text}" for member in binding.get("members") or ()]
    return out
