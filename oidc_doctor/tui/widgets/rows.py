"""Lists of rows: the keys of vi as well as the arrow keys, and a mouse that selects before it opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.style import Style
from textual.widgets import OptionList

if TYPE_CHECKING:
    from textual.events import Click

# Of every list and table; the widgets bring the arrow keys, Home, End, Page Up and Page Down themselves.
LIST_KEYS: tuple[Binding, ...] = (
    Binding("j", "cursor_down", "Down", id="list.down", show=False),
    Binding("k", "cursor_up", "Up", id="list.up", show=False),
    Binding("G,shift+g", "last", "Last row", id="list.last", key_display="G", show=False),
    Binding("g", "first", "First row", id="list.first", show=False),
    Binding("ctrl+d", "page_down", "Page down", id="list.page-down", show=False),
    Binding("ctrl+u", "page_up", "Page up", id="list.page-up", show=False),
    Binding("l", "screen.enter_page", "To the page", id="list.page", show=False),
    Binding("space", "screen.scroll_page(1)", "Scroll the page", id="list.scroll", show=False),
)


class Rows(OptionList):
    """A list. A click selects a row; a second click, or Enter, opens it.

    Its selected row can be in reverse video, as it is in the terminal's own colours and without colours.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS]

    def on_click(self, event: Click) -> None:
        """Select the clicked row; the list itself would open it at the first click."""
        row = event.style.meta.get("option")
        if event.chain == 1 and row is not None:
            event.prevent_default()
            self.highlighted = row

    def get_visual_style(self, *component_classes: str, partial: bool = False) -> Style:
        """Return the style of a row, with `reverse`, which Textual's visual styles lack."""
        style = super().get_visual_style(*component_classes, partial=partial)
        is_reverse = any(self.get_component_styles(name).text_style.reverse for name in component_classes)
        return style + Style(reverse=True) if is_reverse else style
