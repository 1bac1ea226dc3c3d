"""Names, lists and maps as the commands take them that store and undo an edit, and JSON as a document shows it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from oidc_doctor.commands import is_plain

_SEPARATORS = ";|#~!@%&*+"  # of a list of gcloud
_LAST_SEPARATOR = "\x1f"  # no value that gcloud accepts contains it


def gcloud_list(values: Iterable[str]) -> str:
    """A list for gcloud, with another separator where a value contains a comma (gcloud topic escaping)."""
    texts = list(values)
    if not any("," in text or text.startswith("^") for text in texts):
        return ",".join(texts)
    free = (sign for sign in _SEPARATORS if not any(sign in text for text in texts))
    separator = next(free, _LAST_SEPARATOR)
    return f"^{separator}^{separator.join(texts)}"


def gcloud_map(values: dict[str, str]) -> str:
    """A map for gcloud: NAME=VALUE, separated as a list is."""
    return gcloud_list(f"{name}={text}" for name, text in values.items())


def as_text(value: Any) -> str:
    """A document as an edit shows it."""
    return json.dumps(value, indent=2)


def known(value: str | None, gap: str) -> str:
    """A name as a command reads it; the placeholder `gap` where it is not known."""
    return value if value and is_plain(value) else gap


def gaps(*names: str) -> list[str]:
    """Return the names that are placeholders."""
    return [name for name in names if name in _PLACEHOLDERS]


_PLACEHOLDERS = {"ROLE_NAME", "PROVIDER_ARN", "PROVIDER", "POOL", "SERVICE_ACCOUNT", "PROJECT_ID"}
