"""Format names, lists and maps for the commands that store and undo an edit, and JSON for documents."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from oidc_doctor.commands import is_plain

_SEPARATORS = ";|#~!@%&*+"  # for gcloud lists
_LAST_SEPARATOR = "\x1f"  # no value that gcloud accepts contains it


def gcloud_list(values: Iterable[str]) -> str:
    """Format a list for gcloud, with another separator if a value contains a comma (gcloud topic escaping)."""
    texts = list(values)
    if not any("," in text or text.startswith("^") for text in texts):
        return ",".join(texts)
    free = (sign for sign in _SEPARATORS if not any(sign in text for text in texts))
    separator = next(free, _LAST_SEPARATOR)
    return f"^{separator}^{separator.join(texts)}"


def gcloud_map(values: dict[str, str]) -> str:
    """Format a map for gcloud: NAME=VALUE, separated like a list."""
    return gcloud_list(f"{name}={text}" for name, text in values.items())


def as_text(value: Any) -> str:
    """Format a document for display."""
    return json.dumps(value, indent=2)


def known(value: str | None, gap: str) -> str:
    """Return a name for a command; the placeholder `gap` if it is unknown."""
    return value if value and is_plain(value) else gap


def gaps(*names: str) -> list[str]:
    """Return the names that are placeholders."""
    return [name for name in names if name in _PLACEHOLDERS]


_PLACEHOLDERS = {"ROLE_NAME", "PROVIDER_ARN", "PROVIDER", "POOL", "SERVICE_ACCOUNT", "PROJECT_ID"}
