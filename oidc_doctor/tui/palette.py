"""The command palette: our own actions, by groups; and the themes, whose choice is kept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import App, SystemCommand
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from oidc_doctor.tui.keys import MOVE, active_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.screen import Screen


def commands(app: App[Any], screen: Screen[Any]) -> Iterator[SystemCommand]:
    """Yield every action that has a key now, and those of the view, which have none."""
    for key in active_keys(app, screen):
        if key.group != MOVE and key.id != "palette":
            # the palette reads a text as markup, and a Content as it is
            hint: Any = Content(" · ".join(filter(None, (" ".join(key.keys), key.hint))))
            yield SystemCommand(f"{key.group}: {key.name}", hint, partial(app.run_action, key.action, key.node))
    yield SystemCommand("view: Theme …", "Choose the colours; the choice is kept for the next start", app.search_themes)
    yield SystemCommand("view: Picture", "Write a picture of the screen to a new file (SVG)", app.deliver_screenshot)


class Themes(Provider):
    """The names of the themes."""

    async def discover(self) -> Hits:
        """List all themes."""
        for name in sorted(self.app.available_themes):
            yield DiscoveryHit(name, partial(self.app.run_action, f"keep_theme({name!r})"))

    async def search(self, query: str) -> Hits:
        """List the themes whose names match."""
        matcher = self.matcher(query)
        for name in sorted(self.app.available_themes):
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), partial(self.app.run_action, f"keep_theme({name!r})"))


def themes() -> CommandPalette:
    """Return the palette of the themes."""
    return CommandPalette(providers=[Themes], placeholder="theme")
