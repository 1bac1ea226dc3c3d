"""The input line of a filter."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input


class Filter(Input):
    """Words that a row must contain."""

    HELP = (
        "Type words: rows that contain all of them are shown, passed checks included. Enter goes to the rows, Esc ends."
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "screen.end_filter", "End filter", id="filter.end")]
