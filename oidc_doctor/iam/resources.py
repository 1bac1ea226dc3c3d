"""The Resource and NotResource elements: case-sensitive ARN patterns.

IAM User Guide, AWS JSON policy elements: Resource. `*` and `?` are wildcards within a field of the ARN; a `*` that ends
a field also matches beyond the colon. Variables are filled in as in conditions.
"""

from __future__ import annotations

from oidc_doctor.iam import variables, wildcards
from oidc_doctor.iam.elements import TextElement
from oidc_doctor.iam.trace import NO, YES, Node
from oidc_doctor.model import placeholder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from oidc_doctor.iam.context import Request
    from oidc_doctor.iam.trace import Reason


class _ResourcePattern:
    """A pattern of a Resource element."""

    __slots__ = ("fixed", "matches", "parts", "pasted", "pattern", "pointer", "raw")

    def __init__(self, raw: object, pointer: str, *, version: object, pasted: bool) -> None:
        self.raw = raw
        self.pattern = raw if isinstance(raw, str) else ""
        self.pointer = pointer
        self.pasted = pasted
        self.fixed: tuple[int, Reason] | None = None
        self.parts: list[Any] | None = None
        self.matches: Callable[[str], bool] | None = None
        if not self.pattern.startswith(("*", "arn:")) or placeholder.stands_for_another(self.pattern):
            self.fixed = (YES | NO, "unreadable")  # IAM: "Resource must be in ARN format or *"
            return
        if version == variables.SUPPORTING_VERSION:
            self.parts = variables.parse(self.pattern, pasted=pasted)
        if self.parts is None and not (pasted and placeholder.has_placeholder(self.pattern)):
            self.matches = wildcards.matcher([(self.pattern, True, False)])

    def evaluate(self, resource: str, request: Request) -> Node:
        possible, reason = self.fixed or self._compare(resource, request)
        return Node("value", self.pattern or str(self.raw), possible, self.pointer, self.raw, resource, reason)

    def _compare(self, resource: str, request: Request) -> tuple[int, Reason]:
        pieces: list[wildcards.Piece] = [(self.pattern, True, self.pasted)]
        if self.parts is not None:
            resolved = variables.resolve(self.parts, request)
            if resolved is None:
                return NO, "variable-unresolved"
            if not isinstance(resolved, list):
                return YES | NO, "key-unknown"
            pieces = resolved
        text_gaps = isinstance(resource, placeholder.Pasted)
        if not text_gaps and not any(gaps for _, _, gaps in pieces):
            matches = self.matches or wildcards.matcher(pieces)
            answer: bool | None = matches(resource)
        else:
            answer = placeholder.compare(pieces, resource, text_gaps=text_gaps)
        if answer is None:
            return YES | NO, "placeholder"
        if answer and self._crosses_a_field(resource):
            return YES | NO, "unreadable-policy-value"
        return (YES, "match") if answer else (NO, "no-match")

    def _crosses_a_field(self, resource: str) -> bool:
        """Whether a wildcard before the end of its field would have to match a colon, which is not documented."""
        if self.pattern.count(":") >= resource.count(":"):
            return False
        return not any(field.endswith("*") for field in self.pattern.split(":"))


class Resources(TextElement):
    """The Resource or NotResource element of one statement."""

    __slots__ = ("_patterns",)

    def __init__(self, statement: Mapping[str, Any], pointer: str, *, version: object, pasted: bool) -> None:
        super().__init__("resource", "Resource", statement, pointer)
        self._patterns = [_ResourcePattern(text, at, version=version, pasted=pasted) for text, at in self.texts]

    def evaluate(self, resource: str, request: Request) -> Node:
        """Return the element's node, with a child for each pattern; under NotResource a match excludes the resource.

        A `Pasted` resource may contain placeholders, such as `<key>` for any object of a bucket: the match is certain
        only if every possible value matches.
        """
        return self.node(resource, [pattern.evaluate(resource, request) for pattern in self._patterns])
