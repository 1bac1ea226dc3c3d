"""The user's keys and theme: [keys] and theme in the user's own configuration file.

A target file, such as ./oidc-doctor.toml, has neither: it may be a stranger's.
"""

from __future__ import annotations

import json
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


class NotKept(Exception):  # noqa: N818 - a reason for the user
    """Why the theme was not kept, as one line."""


def keep_theme(path: str | None, name: str) -> str:
    """Write the theme into the user's configuration file, change nothing else there, and return the file's path.

    A link to the file is followed, as a user's own files are often kept elsewhere. Raises NotKept.
    """
    import tomlkit  # late: only who chooses a theme needs it
    from tomlkit.exceptions import TOMLKitError

    from oidc_doctor import files

    if path is None:
        raise NotKept("there is no home folder for a configuration file")
    path = os.path.realpath(path)
    problems: list[str] = []
    exists = os.path.lexists(path)
    text = _text(path, problems) if exists else ""
    if text is not None:
        _table(text, path, problems)
    if text is None or problems:
        raise NotKept(problems[0])
    text = text.removeprefix("\ufeff")
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise NotKept(f"{path}: {error}") from None
    if not isinstance(document.get("theme", ""), str):
        raise NotKept(f"{path}: theme is not a text")
    if "theme" in document:
        document["theme"] = name
        text = tomlkit.dumps(document)
    else:  # above all tables, of which it would else be a member
        text = f"theme = {json.dumps(name)}\n{text}"
    data = text.encode()
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        (files.replace if exists else files.create)(path, data)
    except OSError as error:
        raise NotKept(f"{path}: {error.strerror or error}") from None
    return path


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
    text = _text(path, problems)
    return {} if text is None else _table(text, path, problems)


def _text(path: str, problems: list[str]) -> str | None:
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            return stream.read(TOML.most + 1)
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path}: {error}")
        return None


def _table(text: str, path: str, problems: list[str]) -> dict[str, Any]:
    try:
        return load_toml(text, path)
    except Unreadable as error:
        problems.append(str(error))
        return {}
