"""The names of all actions that have a key: their groups in the palette and in the help, and those of `[keys]`."""

from __future__ import annotations

import difflib
import importlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import App
    from textual.dom import DOMNode
    from textual.screen import Screen

# the id of a binding, or its first word -> the group of its action; the longer one counts
_GROUPS = {
    "show": "go",
    "open": "go",
    "page": "go",
    "raw": "events",
    "raw.back": "go",
    "paste.back": "go",
    "target.cancel": "go",
    "export.cancel": "go",
    "start.leave": "go",
    "desk": "go",
    "health": "go",
    "findings": "go",
    "events": "go",
    "moments": "go",
    "steps.open": "go",
    "fix": "fix",
    "copy": "fix",
    "explain": "fix",
    "page.copy": "fix",
    "page.document": "fix",
    "export": "report",
    "markdown": "report",
    "rerun": "report",
    "filter": "find",
    "events.filter": "find",
    "match": "find",
    "timeline": "timeline",
    "chart.all": "timeline",
    "token": "token",
    "whatif": "what-if",
    "start": "start",
    "target": "start",
    "paste": "token",
    "palette": "program",
    "help": "program",
    "jump": "view",
    "quit": "program",
    "interrupt": "program",
    "picture": "view",
    "theme": "view",
    "list": "move",
    "text": "move",
    "chart": "move",
    "steps": "move",
    "start.up": "move",
    "start.down": "move",
    "start.page-up": "move",
    "start.page-down": "move",
}
_SCREENS = (
    "app",
    "events",
    "export_dialog",
    "health",
    "help",
    "jump",
    "page",
    "paste_dialog",
    "path",
    "raw_events",
    "start",
    "target_dialog",
    "timeline",
    "token",
    "whatif",
)
MOVE = "move"  # the group that the palette leaves out: no one moves by choosing from a list


class Key(NamedTuple):
    """An action that has keys now. `node` runs it; `place` is where it is bound: here, screen or everywhere."""

    id: str
    group: str
    name: str
    keys: tuple[str, ...]
    hint: str
    action: str
    node: DOMNode
    place: str


def group_of(binding: str) -> str:
    """Return the group of a binding's id; an empty text for an id without one, which a test forbids."""
    return _GROUPS.get(binding) or _GROUPS.get(binding.partition(".")[0], "")


def active_keys(app: App[None], screen: Screen[object]) -> list[Key]:
    """Return our own actions that a key of the screen runs now, in the order of its parts: the focused one first."""
    found: dict[tuple[DOMNode, str], Key] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if not active.enabled or binding.id is None:  # without an id: a key of Textual's own
            continue
        place = "everywhere" if active.node is app else "screen" if active.node is screen else "here"
        key = Key(
            binding.id,
            group_of(binding.id),
            binding.description,
            (app.get_key_display(binding),),
            active.tooltip,
            binding.action,
            active.node,
            place,
        )
        before = found.get((active.node, binding.action))
        if before is not None:
            key = before._replace(keys=tuple(dict.fromkeys((*before.keys, *key.keys))))
        found[active.node, binding.action] = key
    return list(found.values())


def all_ids() -> set[str]:
    """Return the ids of all bindings, which are the names of `[keys]`. Imports every screen."""
    from textual.binding import Binding
    from textual.dom import DOMNode

    for name in _SCREENS:
        importlib.import_module(f"oidc_doctor.tui.{name}")
    found: set[str] = set()
    waiting: list[type] = [DOMNode]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("oidc_doctor."):
            bindings = kind.__dict__.get("BINDINGS", [])
            found |= {binding.id for binding in bindings if isinstance(binding, Binding) and binding.id}
    return found


def unknown_names(given: Iterable[str]) -> list[str]:
    """Return a message for each name of `[keys]` that no action has, with the names that are closest to it."""
    names = all_ids()
    messages = []
    for name in given:
        if name not in names:
            close = difflib.get_close_matches(name, sorted(names), n=3, cutoff=0.4)
            hint = (
                f"the closest names are {', '.join(close)}" if close else "oidc-doctor shows the names in its help (?)"
            )
            messages.append(f"[keys] {name}: no action has this name; {hint}")
    return messages
