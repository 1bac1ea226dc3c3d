"""Copy to the clipboard, with a notification that shows the copied text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.report.parts.escape import visible

if TYPE_CHECKING:
    from textual.app import App

_LONGEST_SHOWN = 300  # characters of the copied text that the notification shows


def copy(app: App[Any], text: str, title: str) -> None:
    """Copy `text` and show its first line under `title`."""
    if not text:
        app.notify("There is nothing to copy here.", markup=False)
        return
    app.copy_to_clipboard(text)
    first_line, *more = text.split("\n")
    shown = visible(first_line if len(first_line) <= _LONGEST_SHOWN else first_line[:_LONGEST_SHOWN] + "…")
    app.notify(f"{shown}\n… {len(more)} more lines" if more else shown, title=f"Copied: {title}", markup=False)
