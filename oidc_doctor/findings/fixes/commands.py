"""Lists and maps as gcloud takes them, for the commands that store and undo an edit."""

from __future__ import annotations

from collections.abc import Iterable

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
