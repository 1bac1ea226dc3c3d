"""Organisation policies that can deny a call: the statements of a resource control policy.

AWS Organizations, resource control policies: statements are Deny with Principal `*`, besides the full access that AWS
attaches itself; Action may hold wildcards and NotAction is allowed. The Resource is not compared here: a statement may
be of other resources, and so a denial by it is never certain.
"""

from __future__ import annotations

from collections.abc import Mapping

from oidc_doctor.iam.actions import Actions
from oidc_doctor.iam.conditions import conditions_hold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from oidc_doctor.iam.context import Context


class ControlStatement:
    """A statement of such a policy, of whatever form."""

    __slots__ = ("_raw", "index", "pointer")

    def __init__(self, raw: object, index: int, pointer: str) -> None:
        self._raw = raw
        self.index = index
        self.pointer = pointer

    @property
    def clauses(self) -> list[tuple[str, str]]:
        """The operators and keys of its conditions, as written."""
        block = self._raw.get("Condition") if isinstance(self._raw, Mapping) else None
        operators = block.items() if isinstance(block, Mapping) else ()
        return [(str(name), str(key)) for name, keys in operators if isinstance(keys, Mapping) for key in keys]

    def denies(self, action: str, context: Context) -> bool | None:
        """Whether it denies the action; None where it cannot be read, or a value that it needs is not known."""
        if not isinstance(self._raw, Mapping):
            return None
        effect = self._raw.get("Effect")
        if effect == "Allow":
            return False
        of_action = Actions(self._raw, self.pointer, pasted=True).evaluate(action).result
        if of_action is False:
            return False
        block: Any = self._raw.get("Condition", {})
        holds = conditions_hold(block, context)
        if holds is False:
            return False
        return True if effect == "Deny" and of_action and holds else None


def control_statements(document: object) -> list[ControlStatement]:
    """The statements of a resource control policy; a text in place of them is one that cannot be read."""
    raw = document.get("Statement") if isinstance(document, Mapping) else None
    if isinstance(raw, (list, tuple)):
        return [ControlStatement(statement, index, f"/Statement/{index}") for index, statement in enumerate(raw)]
    return [ControlStatement(raw, 0, "/Statement")]
