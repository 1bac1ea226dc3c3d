"""Organization policies that can deny a call: the statements of a resource control policy.

AWS Organizations, resource control policies: statements are Deny with Principal `*`, besides the full access that AWS
attaches itself; Action may hold wildcards and NotAction is allowed. Resource and Principal are not compared here: a
statement may be of others, and so a denial by it is never certain.
"""

from __future__ import annotations

from collections.abc import Mapping

from oidc_doctor.iam.actions import Actions
from oidc_doctor.iam.conditions import compile_conditions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from oidc_doctor.iam.context import Context


class ControlStatement:
    """A compiled statement of a resource control policy, in any form. `clauses`: operators and keys as written."""

    __slots__ = ("_actions", "_effect", "_holds", "_is_of_all", "clauses", "index", "pointer")

    def __init__(self, raw: object, index: int, pointer: str, *, pasted: bool) -> None:
        self.index = index
        self.pointer = pointer
        box = raw if isinstance(raw, Mapping) else {}
        block: Any = box.get("Condition", {})
        operators = block.items() if isinstance(block, Mapping) else ()
        self.clauses = [(str(name), str(key)) for name, keys in operators if isinstance(keys, Mapping) for key in keys]
        self._effect = box.get("Effect")
        self._actions = Actions(box, pointer, pasted=pasted)
        self._holds = compile_conditions(block)
        everything = all(box.get(name, "*") in ("*", ["*"]) for name in ("Resource", "Principal"))
        self._is_of_all = everything and not {"NotResource", "NotPrincipal"} & {*box}

    def denies(self, action: str, context: Context) -> bool | None:
        """Whether it denies the action; None where it cannot be read, or whether it does is not known.

        A statement of some resources or principals alone is of the second kind: these are not compared.
        """
        if self._effect == "Allow":
            return False
        of_action = self._actions.evaluate(action).result
        if of_action is False:
            return False
        holds = self._holds(context)
        if holds is False:
            return False
        return True if self._effect == "Deny" and self._is_of_all and of_action and holds else None


def control_statements(document: object, *, pasted: bool = True) -> list[ControlStatement]:
    """Return the statements of a resource control policy; anything but a statement becomes an unreadable one."""
    raw = document.get("Statement") if isinstance(document, Mapping) else None
    if isinstance(raw, (list, tuple)):
        return [
            ControlStatement(statement, index, f"/Statement/{index}", pasted=pasted)
            for index, statement in enumerate(raw)
        ]
    return [ControlStatement(raw, 0, "/Statement", pasted=pasted)]
