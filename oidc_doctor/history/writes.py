"""The effect of a logged write on one field of a target's configuration.

A field has a short name: see `config_fields`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from oidc_doctor.model.document import Json


class Unseen(enum.Enum):
    """The type of UNSEEN: neither a write nor the evidence shows the value."""

    UNSEEN = "unseen"


UNSEEN = Unseen.UNSEEN


class FieldWrite(NamedTuple):
    """A field's change by a write: its values, as far as logged, or a function from the old value to the new."""

    field: str
    value: Json | Unseen = UNSEEN  # after the write
    before: Json | Unseen = UNSEEN
    forward: Callable[[Json], Json] | None = None
    backward: Callable[[Json], Json] | None = None

    def onto(self, old: Json | Unseen) -> Json | Unseen:
        """Return the value after the write on `old`; UNSEEN if the event does not show it."""
        if self.value is not UNSEEN or self.forward is None or old is UNSEEN:
            return self.value
        return self.forward(old)


def strings(value: Json) -> list[str]:
    """Return the strings of a list; none for any other value."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
