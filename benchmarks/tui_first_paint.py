"""First paint of the screens, from process start, against Textual's own: an empty app in the same terminal.

    python benchmarks/tui_first_paint.py [RUNS]

Each run is a process of its own in a pseudo-terminal of 80 by 24; the clock stops when the first of the screen's own
words has come out of it. The yardstick imports textual and paints one word.
"""

from __future__ import annotations

import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import time

EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("yardstick")
Empty().run()
"""
CASES = (
    ("an empty Textual app", ["-c", EMPTY], b"yardstick"),
    ("start screen", ["-m", "oidc_doctor"], b"Pick a bundled scenario"),
    ("--demo, frame", ["-m", "oidc_doctor", "--demo"], b"What-if"),
    ("--demo, first finding", ["-m", "oidc_doctor", "--demo"], b"AWS025"),
)
_LONGEST = 20.0  # seconds


def painted(arguments: list[str], words: bytes, folder: str) -> float:
    """Seconds from the start of the process to the words on its terminal."""
    begun = time.perf_counter()
    child, terminal = pty.fork()
    if not child:
        os.chdir(folder)
        environment = os.environ | {"TERM": "xterm-256color", "LINES": "24", "COLUMNS": "80", "XDG_CONFIG_HOME": folder}
        os.execve(sys.executable, [sys.executable, *arguments], environment)  # noqa: S606
    try:
        import fcntl
        import termios

        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        seen = b""
        while words not in seen:
            if time.perf_counter() - begun > _LONGEST or not select.select([terminal], [], [], _LONGEST)[0]:
                raise SystemExit(f"{arguments}: no {words!r} within {_LONGEST:.0f} s")
            seen += os.read(terminal, 65536)
        return time.perf_counter() - begun
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as folder:
        for _, arguments, words in CASES:
            painted(arguments, words, folder)  # byte code and file cache
        yardstick = 0.0
        print(f"{'':<24} {'median s':>9} {'× empty app':>12}")
        for name, arguments, words in CASES:
            took = statistics.median(painted(arguments, words, folder) for _ in range(runs))
            yardstick = yardstick or took
            print(f"{name:<24} {took:>9.3f} {took / yardstick:>12.2f}")


if __name__ == "__main__":
    main()
