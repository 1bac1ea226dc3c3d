"""A letter on each part of the screen: the letter goes to its part."""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Click, Key
    from textual.screen import Screen


class JumpScreen(ModalScreen[Widget]):
    """The screen behind it, with a letter at the corner of each part. It returns the part; None where it is closed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+o", "dismiss", "Close", id="jump.close", key_display="esc"),
    ]

    def __init__(self, parts: dict[str, Widget]) -> None:
        """`parts` by their letters."""
        super().__init__()
        self._parts = parts

    def compose(self) -> ComposeResult:
        """Yield the letters at their places."""
        for letter, part in self._parts.items():
            label = Static(f" {letter} ", classes="jump", markup=False)
            label.absolute_offset = part.region.offset
            yield label

    def on_key(self, event: Key) -> None:
        """Go to the part of the letter."""
        if event.key in self._parts:
            event.stop()
            self.dismiss(self._parts[event.key])

    def on_click(self, _event: Click) -> None:
        """Close it: a click goes nowhere while the letters are shown."""
        self.dismiss()


def jump_screen(screen: Screen[object]) -> JumpScreen:
    """Return the letters for the parts of a screen that can have the focus, in the order of Tab."""
    parts = [part for part in screen.focus_chain if part.region.area and part.region.overlaps(screen.region)]
    return JumpScreen(dict(zip(ascii_lowercase, parts, strict=False)))
