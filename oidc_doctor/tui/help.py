"""The help: what the focused part is, and every key that works there, our own first."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from oidc_doctor.report.parts.escape import visible
from oidc_doctor.tui.keys import active_keys
from oidc_doctor.tui.widgets.page_view import PageView, StyledSheet

if TYPE_CHECKING:
    from textual.app import App, ComposeResult
    from textual.screen import Screen

    from oidc_doctor.tui.keys import Key

_PLACES = (("here", "This part"), ("screen", "This screen"), ("everywhere", "Everywhere"))
_KEYS = 13  # columns


class HelpScreen(ModalScreen[None]):
    """A page over the screen, which the same key or Esc closes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "dismiss", "Close", id="help.close", key_display="esc"),
    ]

    def __init__(self, text: str, keys: list[Key]) -> None:
        """`text` says what the focused part is; may be empty."""
        super().__init__()
        self._text = text
        self._keys = keys

    def compose(self) -> ComposeResult:
        """Yield the page in a frame."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Help"
            dialog.border_subtitle = "j k scroll · Esc closes"
            yield PageView()

    def on_mount(self) -> None:
        """Write the page."""
        self.query_one(PageView).show(self._write)
        self.query_one(PageView).focus()

    def _write(self, sheet: StyledSheet) -> None:
        if self._text:
            for paragraph in self._text.split("\n\n"):
                sheet.say(paragraph)
                sheet.gap()
        for place, title in _PLACES:
            keys = [key for key in self._keys if key.place == place]
            if not keys:
                continue
            sheet.lines.append(sheet.paint(title, "bold"))
            for key in keys:
                hint = f": {key.hint}" if key.hint and key.hint != key.name else ""
                sheet.say(f"{key.name}{visible(hint)}", lead=f"{' '.join(key.keys):<{_KEYS}} ", indent=1)
            sheet.gap()
        sheet.say(
            "Tab and Shift+Tab go to the next and the previous part; the arrow keys, Page Up, Page Down, Home and "
            "End move. A click selects, a double click or Enter opens, a drag marks text; Ctrl+C copies it, "
            "and twice quits."
        )
        sheet.gap()
        names = ", ".join(sorted({key.id for key in self._keys}))
        sheet.say(f"Names for [keys] in ~/.config/oidc-doctor/config.toml: {names}.")


def help_screen(app: App[None], screen: Screen[object]) -> HelpScreen:
    """Return the help for the focused part of a screen."""
    focused = screen.focused
    return HelpScreen((focused.HELP if focused is not None else None) or screen.HELP or "", active_keys(app, screen))
