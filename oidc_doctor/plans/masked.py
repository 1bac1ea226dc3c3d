"""The values of a resource in a plan, with a mark in place of each value that is not known or not to be shown.

Terraform, JSON Output Format: `after_unknown` and `after_sensitive` have the structure of `after`, with true for each
value that is known only after apply, or sensitive. An unknown value is left out of `after`, or null in a list.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from oidc_doctor.model.document import Json

Why = Literal["unknown", "sensitive", "twice", "shape", "unmanaged", "url"]


class Open(NamedTuple):
    """A value that the plan does not show. `path` is its attribute path: statement[0].principals[0].identifiers[1].

    `why`: known only after apply; sensitive; twice in the plan; of a type that the attribute does not have; no part
    of the plan; or made of an url that changes on apply.
    """

    path: str
    why: Why = "unknown"


# A member that the plan's text has twice. Terraform writes none, so neither of the two is trusted.
TWICE = Open("", "twice")


def masked(value: Json, unknown: Json, sensitive: Json, path: str = "") -> Any:
    """Return the value with `Open` for every part that is unknown or sensitive, whatever the types of the masks.

    A mask that marks a part of a value that has no such part leaves the whole value open.
    """
    if isinstance(value, Open):
        return value._replace(path=path)
    if unknown is True:
        return Open(path)
    if sensitive is True:
        return Open(path, "sensitive")
    if isinstance(value, dict):
        return _of_object(value, unknown, sensitive, path)
    if isinstance(value, list):
        return _of_list(value, unknown, sensitive, path)
    if _marks(unknown):
        return Open(path)
    return Open(path, "sensitive") if _marks(sensitive) else value


def _of_object(value: dict[str, Json], unknown: Json, sensitive: Json, path: str) -> Any:
    if _marks_otherwise(unknown, dict):
        return Open(path)
    if _marks_otherwise(sensitive, dict):
        return Open(path, "sensitive")
    marks = unknown if isinstance(unknown, dict) else {}
    secrets = sensitive if isinstance(sensitive, dict) else {}
    names = [*value, *(name for name in marks if name not in value and _marks(marks[name]))]
    names += [name for name in secrets if name not in value and name not in marks and _marks(secrets[name])]
    return {
        name: masked(value.get(name), marks.get(name), secrets.get(name), member_path(path, name)) for name in names
    }


def _of_list(value: list[Json], unknown: Json, sensitive: Json, path: str) -> Any:
    if _marks_otherwise(unknown, list):
        return Open(path)
    if _marks_otherwise(sensitive, list):
        return Open(path, "sensitive")
    marks = unknown if isinstance(unknown, list) else []
    secrets = sensitive if isinstance(sensitive, list) else []
    length = max(
        len(value),
        max((index + 1 for index, mark in enumerate(marks) if _marks(mark)), default=0),
        max((index + 1 for index, mark in enumerate(secrets) if _marks(mark)), default=0),
    )
    return [
        masked(_at(value, index), _at(marks, index), _at(secrets, index), f"{path}[{index}]") for index in range(length)
    ]


def _at(listed: list[Json], index: int) -> Json:
    return listed[index] if index < len(listed) else None


def _marks(mask: Json) -> bool:
    """Whether a mask marks anything, or is of a type that no mask has."""
    if isinstance(mask, dict):
        return any(map(_marks, mask.values()))
    if isinstance(mask, list):
        return any(map(_marks, mask))
    return mask not in (None, False)


def _marks_otherwise(mask: Json, kind: type) -> bool:
    """Whether a mask marks parts of another kind of value."""
    return not isinstance(mask, kind) and _marks(mask)


def member_path(path: str, name: str) -> str:
    """Return the attribute path of a member: `oidc.issuer_uri`, or `attribute_mapping["google.subject"]`."""
    if name.isidentifier():
        return f"{path}.{name}" if path else name
    return f"{path}[{json.dumps(name, ensure_ascii=False)}]"


def first_open(value: Any) -> Open | None:
    """Return the first open part of a value; None if all of it is known."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Open):
            return part
        if isinstance(part, dict):
            waiting += reversed(list(part.values()))
        elif isinstance(part, list):
            waiting += reversed(part)
    return None
