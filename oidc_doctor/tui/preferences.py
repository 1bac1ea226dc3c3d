"""The user's keys and theme: [keys] and theme in the user's own configuration file.

A target file, such as ./oidc-doctor.toml, has neither: it may be a stranger's.
"""

from __future__ import annotations

import os
import re
from typing import Any, NamedTuple

from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.documents.toml_text import load_toml
from oidc_doctor.model.limits import TOML

_MODIFIERS = ("alt", "ctrl", "hyper", "meta", "shift", "super")
_NAME = re.compile(r"[a-z0-9_]{2,60}")


class Preferences(NamedTuple):
    """`keys` maps binding ids to keys, as Textual's set_keymap expects; `problems` are messages for the user."""

    keys: dict[str, str]
    theme: str | None = None
    problems: tuple[str, ...] = ()


def config_file() -> str | None:
    """Return the path of $XDG_CONFIG_HOME/oidc-doctor/config.toml; None where there is no home.

    A relative path would lie in the working folder, and be the file of whoever wrote that folder; the XDG Base
    Directory Specification ignores one as well.
    """
    home = os.environ.get("XDG_CONFIG_HOME") or ""
    if not os.path.isabs(home):
        home = os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(home, "oidc-doctor", "config.toml") if os.path.isabs(home) else None


def load(path: str | None) -> Preferences:
    """Return the preferences of the user's configuration file; none where it does not exist."""
    problems: list[str] = []
    document = _read(path, problems) if path is not None and os.path.isfile(path) else {}
    keys: dict[str, str] = {}
    table = document.get("keys", {})
    if isinstance(table, dict) and all(isinstance(key, str) for key in table.values()):
        for binding, names in table.items():
            unknown = [name for name in names.split(",") if not is_key(name.strip())]
            if unknown:
                problems.append(f"{path}: [keys] {binding}: there is no key {unknown[0].strip()}")
            else:
                keys[binding] = names
    else:
        problems.append(f"{path}: [keys] is a table of binding = 'key'")
    theme = document.get("theme")
    return Preferences(keys, theme if isinstance(theme, str) else None, tuple(problems))


def is_key(text: str) -> bool:
    """Whether Textual knows a key of this name, such as `q`, `ctrl+y` or `question_mark`, and shows it readably."""
    from textual.keys import KEY_NAME_REPLACEMENTS, Keys, key_to_character  # late: most users have no such file

    from oidc_doctor.report.parts.escape import is_clear

    *modifiers, key = text.split("+") if text != "+" else [text]
    if not all(modifier in _MODIFIERS for modifier in modifiers):
        return False
    if len(key) == 1:
        return is_clear(key) and key != " "
    if not _NAME.fullmatch(key):
        return False
    if key in KEY_NAME_REPLACEMENTS.values() or key in {known.value.rpartition("+")[2] for known in Keys}:
        return True
    character = key_to_character(key)
    return character is not None and is_clear(character)


def _read(path: str, problems: list[str]) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read(TOML.most + 1)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path}: {error}")
        return {}
    try:
        return load_toml(text, path)
    except Unreadable as error:
        problems.append(str(error))
        return {}
