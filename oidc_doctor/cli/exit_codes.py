"""The exit codes of the command line, and the exception for a usage error."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit code of a report is OK, FINDING, UNKNOWN or BROKEN: see examine/verdict.py."""

    OK = 0  # no finding that --fail-on names
    FINDING = 1  # a token is refused, or a finding that --fail-on names; for capture --diff: the bundles differ
    USAGE = 2  # an option, or a file that it names, cannot be used
    UNKNOWN = 3  # the evidence does not decide; for capture: another diagnosis of the copy, or named logs unread
    BROKEN = 4  # oidc-doctor itself is broken: an internal error, a broken check, no checks
    INTERRUPTED = 130  # by Ctrl+C; other signals that end the program: 128 and the signal's number, see signals.py


class UsageError(Exception):
    """The input of the user is invalid; the message is one line, and `examples` are command lines that work."""

    def __init__(self, message: str, examples: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.examples = examples
