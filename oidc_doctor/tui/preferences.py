"""The user's keys and theme: [keys] and theme in the configuration file, [keys] in ./oidc-doctor.toml."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.documents.toml_text import load_toml
from oidc_doctor.model.limits import TOML


class Preferences(NamedTuple):
    """`keys` maps binding ids to keys, as Textual's set_keymap expects; `problems` are messages for the user."""

    keys: dict[str, str]
    theme: str | None = None
    problems: tuple[str, ...] = ()


def config_file() -> str:
    """Return the path of $XDG_CONFIG_HOME/oidc-doctor/config.toml."""
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(home, "oidc-doctor", "config.toml")


def load(paths: tuple[str, ...]) -> Preferences:
    """Return the preferences of all files that exist; later files override earlier ones."""
    keys: dict[str, str] = {}
    theme: str | None = None
    problems: list[str] = []
    for path in paths:
        document = _read(path, problems)
        table = document.get("keys", {})
        if isinstance(table, dict) and all(isinstance(key, str) for key in table.values()):
            keys.update(table)
        else:
            problems.append(f"{path}: [keys] is a table of binding = 'key'")
        if isinstance(document.get("theme"), str):
            theme = document["theme"]
    return Preferences(keys, theme, tuple(problems))


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
