"""The request context, keyed by condition key as the evaluator looks it up."""

from __future__ import annotations

from oidc_doctor.model.placeholder import Pasted, has_placeholder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeAlias

    Context: TypeAlias = "Mapping[str, str | list[str] | Unknown]"


class Unknown:
    """The type of `UNKNOWN`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __reduce__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()
"""The value of a condition key whose presence and value were not read."""

ABSENT = object()


class Request:
    """A context with its key names folded, since IAM compares them without regard to case.

    `compared`: for a request without a trace, the policy values that each request value was compared with, and those
    that it meets. None if a trace is wanted, which needs a node for each policy value.
    """

    __slots__ = ("compared", "gapped", "values")

    def __init__(self, context: Mapping[str, Any], *, traced: bool = True) -> None:
        self.compared: dict[tuple[object, str], tuple[set[str], set[str]]] | None = None if traced else {}
        self.values: dict[str, Any] = {}
        self.gapped: list[str] = []
        values = self.values
        for name, value in context.items():
            if type(name) is str:
                values[name.lower()] = value
            elif isinstance(name, str):
                values[name.lower()] = value
                if isinstance(name, Pasted) and has_placeholder(name):
                    self.gapped.append(name.lower())


def text_of(value: object) -> str | None:
    """Return a JSON scalar as IAM's text; None for any other value. A JSON true is "true" and 5 is "5"."""
    if isinstance(value, str):
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, (int, float)):
        try:
            return str(value)
        except ValueError:  # an integer beyond sys.get_int_max_str_digits
            return None
    return None
