"""The command line as the report shows it, so that a reader of the ticket can run it again."""

from __future__ import annotations

import os
from collections.abc import Sequence

from oidc_doctor.commands import as_word
from oidc_doctor.model.secret_texts import without_secrets

_FILES = ("--token", "--claims", "--compare")  # their values are paths; a token that was given by mistake is not shown
_LONGEST = 400  # characters of a word, such as a pasted error


def as_typed(arguments: Sequence[str]) -> str:
    """Return the command with every word quoted for a shell. Tokens and other secrets are replaced by their name."""
    words = ["oidc-doctor"]
    option = ""
    for argument in arguments:
        name, is_joined, value = argument.partition("=")
        if option in _FILES:
            words.append(as_word(_path(argument)))
        elif is_joined and name in _FILES:
            words.append(f"{name}={as_word(_path(value))}")
        else:
            words.append(as_word(_short(without_secrets(argument))))
        option = argument
    return " ".join(words)


def without_option(arguments: Sequence[str], name: str) -> list[str]:
    """Return the arguments without an option and its values."""
    kept: list[str] = []
    is_value = False
    for argument in arguments:
        if not is_value and argument != name and not argument.startswith(f"{name}="):
            kept.append(argument)
        is_value = not is_value and argument == name
    return kept


def _path(value: str) -> str:
    is_path = value == "-" or (len(value) <= _LONGEST and os.path.exists(value))
    return without_secrets(value) if is_path else "TOKEN_FILE"


def _short(word: str) -> str:
    return word if len(word) <= _LONGEST else f"{word[:_LONGEST]}…"
