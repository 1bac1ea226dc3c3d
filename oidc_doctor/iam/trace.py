"""The trace of an evaluation: a node for each element of the policy, each with its own result.

`None` has two meanings. The real engine may be unable to decide (an ARN pattern that it cannot read, or a condition
that IAM would not store): then an Allow does not grant and a Deny applies. Or evidence may be missing (a value that was
not read, a placeholder, or an element that IAM would not store, so that the effective one is unknown): then the answer
is unknown. So every node keeps the set of answers the real engine could return, `possible`, and `result` is the summary
of that set.
"""

from __future__ import annotations

# Not typing.TYPE_CHECKING: importing typing costs more than all modules of this package together.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias

    Level: TypeAlias = Literal[
        "policy", "statement", "member", "principal", "action", "resource", "operator", "key", "element", "value"
    ]
    Reason: TypeAlias = Literal[
        "match",
        "no-match",
        "key-absent",
        "key-present",
        "key-unknown",
        "multivalued-without-set-operator",
        "vacuous",
        "unreadable-request-value",
        "unreadable-policy-value",
        "variable-unresolved",
        "variable-literal-in-old-version",
        "placeholder",
        "unknown-operator",
        "unreadable",
        "other-principal-type",
        "wildcard-principal-unverified",
        "allow",
        "explicit-deny",
        "implicit-deny",
        "unknown",
    ]

YES = 1
NO = 2
ERROR = 4
ANY = YES | NO | ERROR

TRUTH: tuple[bool | None, ...] = (None, True, False, None, None, None, None, None)


def _combine(rank: dict[int, int]) -> tuple[int, ...]:
    """Return all 64 combinations of two answer sets under a connective where the lowest rank wins."""
    table = []
    for left_set in range(8):
        for right_set in range(8):
            answers = 0
            for left_answer in (YES, NO, ERROR):
                for right_answer in (YES, NO, ERROR):
                    if left_set & left_answer and right_set & right_answer:
                        answers |= min(left_answer, right_answer, key=rank.__getitem__)
            table.append(answers)
    return tuple(table)


# Indexed by (left << 3) | right. Kleene: a No decides an AND, a Yes decides an OR, an error stays otherwise.
AND = _combine({NO: 0, ERROR: 1, YES: 2})
OR = _combine({YES: 0, ERROR: 1, NO: 2})
NOT = tuple((s & ERROR) | (NO if s & YES else 0) | (YES if s & NO else 0) for s in range(8))


class Node:
    """An element of the policy and its answer. Immutable by convention; parts of a trace are shared between decisions.

    `expected` is the policy's own value and `actual` the request's, both as read; `resolved` is the policy value after
    its variables were filled in, None where it has none.
    """

    __slots__ = (
        "actual",
        "children",
        "expected",
        "level",
        "name",
        "pointer",
        "possible",
        "reason",
        "resolved",
        "result",
    )

    def __init__(  # noqa: PLR0917 - a record; positional because every decision builds a dozen
        self,
        level: Level,
        name: str,
        possible: int,
        pointer: str,
        expected: object,
        actual: object,
        reason: Reason,
        children: tuple[Node, ...] = (),
        resolved: str | None = None,
    ) -> None:
        self.level = level
        self.name = name
        self.possible = possible
        self.result = TRUTH[possible]
        self.pointer = pointer
        self.expected: Any = expected
        self.actual: Any = actual
        self.reason = reason
        self.children = children
        self.resolved = resolved

    @property
    def undecidable(self) -> bool:
        """Whether the real engine itself cannot decide, so that no further evidence would help."""
        return self.possible == ERROR

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; a request value that was not read is null, with the reason."""
        data: dict[str, Any] = {
            "level": self.level,
            "name": self.name,
            "result": self.result,
            "pointer": self.pointer,
            "expected": self.expected,
            "actual": _plain(self.actual),
            "reason": self.reason,
        }
        if self.resolved is not None:
            data["resolved"] = self.resolved
        if self.children:
            data["children"] = [child.to_json() for child in self.children]
        return data

    def __repr__(self) -> str:
        return f"Node({self.level} {self.name!r} {self.result} {self.reason} {self.pointer})"


def _plain(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return [_plain(element) for element in value]
    return value if isinstance(value, (str, int, float, dict)) else None


def any_of(children: list[Node]) -> int:
    """Return the possible answers of an element that needs one matching child."""
    possible = NO
    for child in children:
        possible = OR[possible << 3 | child.possible]
    return possible


def deciding_reason(children: list[Node], possible: int) -> Reason:
    """Return the reason of a combination: that of the first child with the same result."""
    result = TRUTH[possible]
    for child in children:
        if child.result is result:
            return child.reason
    return "match" if result else "no-match"


def escape(name: str) -> str:
    """Escape a token of a JSON pointer (RFC 6901). Not model.json_pointer, which imports `re`."""
    if "~" in name or "/" in name:
        return name.replace("~", "~0").replace("/", "~1")
    return name
