"""The line above the keys: what is being read, and for a while what an action has done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Static

if TYPE_CHECKING:
    from textual.timer import Timer

_SECONDS = 6.0  # for which a message stays


class StatusLine(Static):
    """A status that lasts, and a message that replaces it for seconds. It covers nothing: its lines are its own."""

    def __init__(self) -> None:
        super().__init__("", markup=False, id="status")
        self._status = self._message = ""
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        """Use no line while the status is empty."""
        self._draw()

    def state(self, status: str) -> None:
        """Show a status, once no message is shown. The text is escaped."""
        self._status = status
        self._draw()

    def say(self, message: str, severity: str = "information", seconds: float | None = None) -> None:
        """Show a message for a while. The text is escaped."""
        self.clear()
        self._message = message
        self.set_class(severity == "warning", "-warning")
        self.set_class(severity == "error", "-error")
        self._timer = self.set_timer(seconds or _SECONDS, self.clear)
        self._draw()

    def clear(self) -> None:
        """Remove the message."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._message = ""
        self._draw()

    @property
    def message(self) -> str:
        """The message that is shown, if there is one."""
        return self._message

    def _draw(self) -> None:
        self.set_class(bool(self._message), "-message")
        self.update(self._message or self._status)
        self.display = bool(self._message or self._status)
