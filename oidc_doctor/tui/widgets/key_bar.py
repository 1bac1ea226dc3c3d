"""The last line of a screen: its keys, as many as there is room for."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from textual.widgets import Footer
from textual.widgets._footer import FooterKey, FooterLabel, KeyGroup

from oidc_doctor.report.parts.lines import columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult
    from textual.binding import ActiveBinding
    from textual.events import Resize

_ALWAYS = ("palette", "help", "quit")  # the way to all others: shown however narrow the terminal is


class KeyBar(Footer):
    """The keys of the focused part, of the screen and of the program. Those without room are in the help."""

    def __init__(self) -> None:
        super().__init__(compact=True, show_command_palette=False)

    def compose(self) -> ComposeResult:
        """Yield the keys in their order; keys of a group are together, before its name."""
        if not self._bindings_ready:
            return
        for group in self._fitting():
            name = group[0].binding.group
            if name is None:
                yield self._key(group[0], group[0].binding.description)
                continue
            with KeyGroup(classes="-compact"):
                for active in group:
                    yield self._key(active, "", classes="-grouped")
            yield FooterLabel(name.description)

    def on_resize(self, event: Resize) -> None:
        """Choose the keys for another width."""
        del event
        if self._bindings_ready:
            self.call_after_refresh(self.recompose)

    def _key(self, active: ActiveBinding, description: str, classes: str = "") -> FooterKey:
        binding = active.binding
        return FooterKey(
            binding.key,
            self.app.get_key_display(binding),
            description,
            binding.action,
            disabled=not active.enabled,
            tooltip=active.tooltip or binding.description,
            classes=classes,
        ).data_bind(compact=Footer.compact)

    def _fitting(self) -> Iterator[list[ActiveBinding]]:
        """Yield the groups of keys for which there is room, the first ones first."""
        first_keys: dict[str, ActiveBinding] = {}
        active_keys = list(self.screen.active_bindings.values())
        for active in active_keys:
            if active.binding.show:
                first_keys.setdefault(active.binding.action, active)
        for active in active_keys:  # an input line takes the printable keys, and Ctrl+P and F1 remain
            if active.binding.id in _ALWAYS:
                first_keys.setdefault(active.binding.action, active)
        groups = [
            [active] if name is None else [other for other in first_keys.values() if other.binding.group == name]
            for name, members in groupby(first_keys.values(), lambda active: active.binding.group)
            for active in (members if name is None else [next(members)])
        ]
        last = [group for name in _ALWAYS for group in groups if group[0].binding.id == name]
        free = self.size.width - sum(map(self._width, last))
        for group in groups:
            if group not in last and self._width(group) <= free:
                free -= self._width(group)
                yield group
        yield from last

    def _width(self, group: list[ActiveBinding]) -> int:
        """Return the columns of a group, with the column after it."""
        name = group[0].binding.group
        keys = sum(columns(self.app.get_key_display(active.binding)) for active in group)
        return keys + 1 + columns(name.description if name is not None else group[0].binding.description) + 1
