"""Remove secrets from values of JSON, whose members' names tell more than their texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from oidc_doctor.model.secret_texts.labels import holds_secret, strength_of
from oidc_doctor.model.secret_texts.remove import REMOVED_SECRET, without_secrets

PRIVATE_KEY_MEMBERS: Final = frozenset(("d", "p", "q", "dp", "dq", "qi", "k", "oth"))  # RFC 7518, section 6
_DEEPEST: Final = 150
_WRAPPED_TOKEN = re.compile(r"\[(?:token|secret) removed\]")


def is_secret_member(name: str, value: object) -> bool:
    """Return whether a member of this name, with this value, is a secret. A number counts as its digits."""
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, int | float):
        return strength_of(name) == "strong"
    return isinstance(value, str) and holds_secret(name, value)


def without_secrets_in(value: Any, depth: int = 0) -> Any:
    """Return a value of JSON without its secrets, those that only the name of their member shows included."""
    if isinstance(value, str):
        return without_secrets(value)
    if depth >= _DEEPEST:
        return value if isinstance(value, int | float) or value is None else "[nested too deep to show]"
    if isinstance(value, Mapping):
        return {
            without_secrets(str(name)): secret_or(str(name), item, value) or without_secrets_in(item, depth + 1)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [without_secrets_in(item, depth + 1) for item in value]
    return value


def secret_or(name: str, item: Any, siblings: Mapping[Any, Any]) -> Any:
    """Return the mark in place of a member that is a secret by its name or its siblings; None for other members."""
    if is_secret_member(name, item) or ("kty" in siblings and name in PRIVATE_KEY_MEMBERS and item):
        return None if isinstance(item, str) and _WRAPPED_TOKEN.search(item) else REMOVED_SECRET
    if isinstance(item, list) and item and all(isinstance(part, str) for part in item):
        return (
            [REMOVED_SECRET if holds_secret(name, part) else without_secrets(part) for part in item]
            if any(holds_secret(name, part) for part in item)
            else None
        )
    if name.lower() == "value" and isinstance(item, str):
        called = next(
            (siblings[key] for key in ("name", "Name", "key", "Key") if isinstance(siblings.get(key), str)), ""
        )
        return REMOVED_SECRET if called and holds_secret(called, item) else None
    return None
