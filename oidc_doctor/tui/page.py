"""A page that fills the terminal until the user goes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from oidc_doctor.tui.clipboard import copy
from oidc_doctor.tui.widgets.key_bar import KeyBar
from oidc_doctor.tui.widgets.page_view import PageView, StyledSheet
from oidc_doctor.tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult


class PageScreen(Screen[None]):
    """A page. `y` copies `copied` (a text and its title), `d` copies `document`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,backspace", "app.pop_screen", "Back", id="page.back", key_display="esc"),
        Binding("y", "copy", "Copy", id="page.copy"),
        Binding("d", "copy_document", "Copy document", id="page.document"),
    ]

    def __init__(
        self, title: str, write: Callable[[StyledSheet], None], copied: tuple[str, str] = ("", ""), document: str = ""
    ) -> None:
        super().__init__()
        self._title = title
        self._write = write
        self._copied = copied
        self._document = document

    def compose(self) -> ComposeResult:
        """A title and the page."""
        yield Static(self._title, markup=False, classes="page-title")
        yield PageView()
        yield StatusLine()
        yield KeyBar()

    def on_mount(self) -> None:
        """Write the page."""
        self.query_one(PageView).show(self._write)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer a copy action only if there is a text to copy."""
        del parameters
        return {"copy": bool(self._copied[0]), "copy_document": bool(self._document)}.get(action, True)

    def action_copy(self) -> None:
        """Copy the command."""
        copy(self.app, *self._copied)

    def action_copy_document(self) -> None:
        """Copy the whole document after the edit."""
        copy(self.app, self._document, "edited document")
