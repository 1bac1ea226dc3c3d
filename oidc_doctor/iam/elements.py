"""Elements with a list of patterns, one of which has to match: Action and Resource, and the excluding Not forms."""

from __future__ import annotations

from oidc_doctor.iam.trace import NO, NOT, YES, Node, any_of, deciding_reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from oidc_doctor.iam.trace import Level


class TextElement:
    """The element of one statement as written. `texts` are its values with their JSON pointers.

    An element that is absent, has the wrong type or occurs together with its negation is unreadable: IAM stores no such
    statement.
    """

    __slots__ = ("_level", "_pointer", "_raw", "excludes", "is_readable", "name", "texts")

    def __init__(self, level: Level, name: str, statement: Mapping[str, Any], pointer: str) -> None:
        opposite = f"Not{name}"
        self._level = level
        self.excludes = opposite in statement
        self.name = opposite if self.excludes else name
        self._pointer = f"{pointer}/{self.name}"
        self._raw = raw = statement.get(self.name)
        self.texts: list[tuple[object, str]] = []
        if isinstance(raw, (list, tuple)):
            self.texts = [(text, f"{self._pointer}/{index}") for index, text in enumerate(raw)]
        elif isinstance(raw, str):
            self.texts = [(raw, self._pointer)]
        self.is_readable = bool(self.texts) and not (self.excludes and name in statement)

    def node(self, actual: str, children: list[Node]) -> Node:
        """Combine the patterns' nodes into the element's node; in an excluding element, a match excludes `actual`."""
        if not self.is_readable:
            return Node(self._level, self.name, YES | NO, self._pointer, self._raw, actual, "unreadable")
        possible = any_of(children)
        reason = deciding_reason(children, possible)
        if self.excludes:
            possible = NOT[possible]
            reason = {YES: "match", NO: "no-match"}.get(possible, reason)  # type: ignore[assignment]
        return Node(self._level, self.name, possible, self._pointer, self._raw, actual, reason, tuple(children))
