"""The line on stderr."""

from __future__ import annotations

import io

import pytest

from oidc_doctor.logs.reading.progress import ProgressBar


class Screen(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def show(times: list[float], *, terminal: bool) -> str:
    screen = Screen(terminal=terminal)
    moments = iter([0.0, *times])
    with ProgressBar(screen, lambda: next(moments)) as bar:
        for number in range(len(times)):
            bar(number, len(times), number << 20, len(times) << 20)
    return screen.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_a_short_read_shows_nothing(terminal: bool) -> None:
    assert show([0.1, 1.0, 1.9], terminal=terminal) == ""


def test_a_terminal_gets_one_line_that_is_removed() -> None:
    shown = show([0.1, 2.1, 2.15, 3.0], terminal=True)
    assert shown.count("reading logs") == 2
    assert "1 of 4 files, 1 of 4 MiB" in shown
    assert "\n" not in shown
    assert shown.endswith(" \r")
    assert max(map(len, shown.split("\r"))) < 80


def test_a_file_gets_a_line_every_ten_seconds() -> None:
    shown = show([1.0, 2.1, 5.0, 12.2, 13.0], terminal=False)
    assert shown.splitlines() == ["reading logs: 1 of 5 files, 1 of 5 MiB", "reading logs: 3 of 5 files, 3 of 5 MiB"]
