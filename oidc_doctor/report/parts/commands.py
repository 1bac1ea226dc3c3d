"""Shell commands, wrapped so that they can still be pasted."""

from __future__ import annotations

import re

from oidc_doctor.report.parts.escape import as_lines, is_clear
from oidc_doctor.report.parts.lines import columns

_LONGEST_COMMAND = 12_000  # a trust policy has at most 4,096 without its layout (IAM quotas)
_SHELL_WORD = re.compile(r"""(?>(?:\$'(?>(?:\\.|[^'\\]++)*)'|'[^']*+'|"(?>(?:\\.|[^"\\]++)*)"|\\.|[^\s'"\\]++)+)""")
_WORD_OR_OPEN = re.compile(rf"""(?:{_SHELL_WORD.pattern}|(?:^|(?<=\s))'[^']*$)""")  # or a text that goes on


def visible_command(command: str) -> bool:
    """Return whether every character of the command is visible, so that it can be copied from the screen."""
    return all(is_clear(character) or character == "\n" for character in command)


def is_shown(command: str) -> bool:
    """Return whether `command_lines` shows the command, and not only its length."""
    return len(command) <= _LONGEST_COMMAND


def command_lines(command: str, room: int) -> list[str]:
    """Wrap a shell command between its words; each break continues with a backslash.

    A word that is longer than `room` is not broken: a command that cannot be pasted is worse than a long line.
    """
    if not is_shown(command):
        return [f"(a command of {len(command):,} characters: --format json has it)"]
    lines: list[str] = []
    # In a quoted newline or a here-document, a space may be part of a text instead of the end of a word.
    breakable = "<<" not in command and not any(_SHELL_WORD.sub("", line).strip() for line in command.split("\n"))
    for number, typed in enumerate(command.split("\n")):
        text = as_lines(typed)
        if columns(text) <= room or not (breakable or (not number and _opens_at_its_end(command))):
            lines.append(text)
        else:
            lines += _wrapped(text, room)
    return lines


def _opens_at_its_end(command: str) -> bool:
    """Whether the first line ends in a quoted text that goes on: the words before it are whole."""
    line = command.partition("\n")[0]
    return "<<" not in command and _SHELL_WORD.sub("", line[: line.rfind("'")]).strip() == ""


def _wrapped(text: str, room: int) -> list[str]:
    lines: list[str] = []
    line = ""
    for option in _shell_words(text):
        # an option and its argument share a line if both fit
        for index, word in enumerate([option] if columns(option) + 4 <= room else _WORD_OR_OPEN.findall(option)):
            if line and columns(line) + 1 + columns(word) + 2 > room:
                lines.append(f"{line} \\")
                line = f"{'    ' if index else '  '}{word}"
            else:
                line = f"{line} {word}" if line else word
    return [*lines, line]


def _shell_words(command: str) -> list[str]:
    """Split a command into words, quotes included; an option and its argument form one word."""
    kept: list[str] = []
    for word in _WORD_OR_OPEN.findall(command):
        if kept and kept[-1].startswith("-") and not set(kept[-1]) & set(" =") and not word.startswith("-"):
            kept[-1] += f" {word}"
        else:
            kept.append(word)
    return kept
