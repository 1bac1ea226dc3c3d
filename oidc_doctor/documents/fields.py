"""Members of a document, with their types checked: a wrong type is reported with its place, and never guessed at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.model.json_pointer import pointer_segment

if TYPE_CHECKING:
    from oidc_doctor.model.document import Document, Json
    from oidc_doctor.model.limits import Limit


def wrong(document: Document, pointer: str, message: str) -> Unreadable:
    """The error for the value at `pointer` of `document`."""
    origin = document.at(pointer)
    name = origin.pointer or "the top"
    return Unreadable(document.file, origin.line, None, f"{name}: {message}")


def members(document: Document, pointer: str, value: Json, what: str = "an object") -> dict[str, Any]:
    """`value` as an object."""
    if not isinstance(value, dict):
        raise wrong(document, pointer, f"expected {what}, found {kind(value)}")
    return value


def elements(document: Document, pointer: str, value: Json) -> list[Json]:
    """`value` as a list."""
    if not isinstance(value, list):
        raise wrong(document, pointer, f"expected a list, found {kind(value)}")
    return value


def text(document: Document, pointer: str, box: dict[str, Any], name: str) -> str | None:
    """The text member `name` of the object at `pointer`; None where it is absent or null."""
    value = box.get(name)
    if value is None or isinstance(value, str):
        return value
    raise wrong(document, pointer + pointer_segment(name), f"expected text, found {kind(value)}")


def texts(document: Document, pointer: str, box: dict[str, Any], name: str) -> tuple[str, ...] | None:
    """The member `name` as a list of texts; None where it is absent or null, () where it is empty."""
    value = box.get(name)
    if value is None:
        return None
    place = pointer + pointer_segment(name)
    for index, item in enumerate(elements(document, place, value)):
        if not isinstance(item, str):
            raise wrong(document, place + pointer_segment(index), f"expected text, found {kind(item)}")
    return tuple(value)


def spelled(
    document: Document, pointer: str, box: dict[str, Any], what: str, names: tuple[str, ...], *, beside: bool = False
) -> None:
    """Raise the error of a member of other letters than `names`: the service prints it in these letters alone.

    Reading it as absent would be a guess: `Disabled` for `disabled`, `attribute_condition` for `attributeCondition`.
    `beside`: one that stands beside the right one is left to the caller.
    """
    folded = {name.lower(): name for name in names}
    for name in box:
        right = folded.get(name.replace("_", "").lower(), name)
        if name != right and not (beside and right in box):
            place = pointer + pointer_segment(name)
            raise wrong(document, place, f"{what} has no {name}, in these letters: it is {right}")


def within(document: Document, pointer: str, found: int, limit: Limit) -> None:
    """Raise the error of a value at `pointer` that is larger than the limit."""
    if found > limit.most:
        raise wrong(document, pointer, limit.exceeded_by(found))


def flag(document: Document, pointer: str, box: dict[str, Any], name: str) -> bool:
    """The member `name` as a boolean; `"true"` counts as one, absent is false: Google leaves false out."""
    value = box.get(name)
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if value is None or isinstance(value, bool):
        return bool(value)
    raise wrong(document, pointer + pointer_segment(name), f"expected true or false, found {kind(value)}")


def kind(value: Json) -> str:
    """The type of a JSON value, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else "a number"
