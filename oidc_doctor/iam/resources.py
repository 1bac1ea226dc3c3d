"""The Resource and NotResource elements: patterns of ARNs, compared with regard to case.

IAM User Guide, AWS JSON policy elements: Resource. `*` and `?` are wildcards within a field of the ARN; a `*` that ends
a field also matches beyond the colon. Variables are filled in as in conditions.
"""

from __future__ import annotations

from oidc_doctor.iam import variables, wildcards
from oidc_doctor.iam.trace import NO, NOT, OR, YES, Node, deciding_reason
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
        """Whether a wildcard that does not end its field matches a colon, which the documentation leaves open."""
        if self.pattern.count(":") >= resource.count(":"):
            return False
        return not any(field.endswith("*") for field in self.pattern.split(":"))


class Resources:
    """The Resource or NotResource element of one statement."""

    __slots__ = ("_fixed", "_name", "_patterns", "_pointer", "_raw")

    def __init__(self, statement: Mapping[str, Any], pointer: str, *, version: object, pasted: bool) -> None:
        self._name = "NotResource" if "NotResource" in statement else "Resource"
        self._pointer = f"{pointer}/{self._name}"
        self._raw = raw = statement.get(self._name)
        self._patterns: list[_ResourcePattern] = []
        self._fixed: tuple[int, Reason] | None = None
        if self._name not in statement or ("Resource" in statement and "NotResource" in statement):
            self._fixed = (YES | NO, "unreadable")
        elif isinstance(raw, (list, tuple)) and raw:
            self._patterns = [
                _ResourcePattern(pattern, f"{self._pointer}/{index}", version=version, pasted=pasted)
                for index, pattern in enumerate(raw)
            ]
        elif isinstance(raw, str):
            self._patterns = [_ResourcePattern(raw, self._pointer, version=version, pasted=pasted)]
        else:
            self._fixed = (YES | NO, "unreadable")

    def evaluate(self, resource: str, request: Request) -> Node:
        """Return the element's node, with a child for each pattern; under NotResource a match excludes the resource.

        A resource that is a `Pasted` text may hold gaps, as `<key>` for any object of a bucket: it is matched for
        certain only where every filling is.
        """
        if self._fixed is not None:
            possible, reason = self._fixed
            return Node("resource", self._name, possible, self._pointer, self._raw, resource, reason)
        children = [pattern.evaluate(resource, request) for pattern in self._patterns]
        possible = NO
        for child in children:
            possible = OR[possible << 3 | child.possible]
        reason = deciding_reason(children, possible)
        if self._name == "NotResource":
            possible = NOT[possible]
            reason = {YES: "match", NO: "no-match"}.get(possible, reason)  # type: ignore[assignment]
        return Node("resource", self._name, possible, self._pointer, self._raw, resource, reason, tuple(children))
