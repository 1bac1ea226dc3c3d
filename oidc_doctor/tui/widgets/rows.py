"""A list whose selected row can be in reverse video, as it is in the terminal's own colours and without colours."""

from __future__ import annotations

from textual.style import Style
from textual.widgets import OptionList


class Rows(OptionList):
    """An OptionList that keeps `reverse` of the selected row's text style, which Textual's visual styles lack."""

    def get_visual_style(self, *component_classes: str, partial: bool = False) -> Style:
        """Return the style of a row."""
        style = super().get_visual_style(*component_classes, partial=partial)
        is_reverse = any(self.get_component_styles(name).text_style.reverse for name in component_classes)
        return style + Style(reverse=True) if is_reverse else style
