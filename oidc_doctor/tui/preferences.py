"""The person's own keys and theme: [keys] and theme in the configuration file, [keys] in ./oidc-doctor.toml."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

_LONGEST = 64 * 1024  # characters; a file of keys is short


class Preferences(NamedTuple):
    """`keys` is binding id to key, as Textual's set_keymap takes it; `problems` are lines for people."""

    keys: dict[str, str]
    theme: str | None = None
    problems: tuple[str, ...] = ()


def config_file() -> str:
    """$XDG_CONFIG_HOME/oidc-doctor/config.toml."""
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(home, "oidc-doctor", "config.toml")


def load(paths: tuple[str, ...]) -> Preferences:
    """All files that there are, the later ones over the earlier."""
    keys: dict[str, str] = {}
    theme: str | None = None
    problems: list[str] = []
    for path in paths:
        document = _read(path, problems)
        given = document.get("keys", {})
        if isinstance(given, dict) and all(isinstance(key, str) for key in given.values()):
            keys.update(given)
        else:
            problems.append(f"{path}: [keys] is a table of binding = 'key'")
        if isinstance(document.get("theme"), str):
            theme = document["theme"]
    return Preferences(keys, theme, tuple(problems))


def _read(path: str, problems: list[str]) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read(_LONGEST)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path}: {error}")
        return {}
    import tomllib  # late: most people have no such file

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        problems.append(f"{path}: {error}")
        return {}
