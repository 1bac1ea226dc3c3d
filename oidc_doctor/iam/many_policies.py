"""Evaluate one request against many revisions of a policy, which share most of their statements and values.

The decision equals that of `Policy.decide`, without the trace: each distinct statement and each distinct value is
evaluated only once per request.
"""

from __future__ import annotations

from collections.abc import Mapping

from oidc_doctor.iam.context import Request
from oidc_doctor.iam.policies import TRUST, Statement, effect_of, unreadable_parts, written_statements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from oidc_doctor.iam.context import Context
    from oidc_doctor.iam.policies import Effect

_Statements = frozenset[Statement]


class SharedPolicy:
    """A trust policy as sets of distinct statements, grouped by effect. Created by `SharedStatements`."""

    __slots__ = ("denying", "granting", "has_allow", "is_readable")

    def __init__(self, statements: _Statements, *, is_readable: bool) -> None:
        self.granting = frozenset(statement for statement in statements if statement.effect != "Deny")
        self.denying = frozenset(statement for statement in statements if statement.effect != "Allow")
        self.has_allow = any(statement.effect == "Allow" for statement in statements)
        self.is_readable = is_readable


class SharedStatements:
    """The distinct statements of many trust policies. The Sid has no effect on a decision and is ignored."""

    def __init__(self, *, pasted: bool) -> None:
        self._pasted = pasted
        self._statements: dict[str, Statement] = {}
        self._policies: dict[tuple[_Statements, bool], SharedPolicy] = {}

    def policy(self, document: object) -> SharedPolicy:
        """Return the policy for this JSON; policies with the same statements share one object."""
        version = document.get("Version") if isinstance(document, Mapping) else None
        statements = frozenset(self._statement(raw, version) for raw, _ in written_statements(document))
        key = (statements, not unreadable_parts(document))
        if key not in self._policies:
            self._policies[key] = SharedPolicy(statements, is_readable=key[1])
        return self._policies[key]

    def _statement(self, raw: object, version: object) -> Statement:
        if isinstance(raw, Mapping):
            raw = {name: value for name, value in raw.items() if name != "Sid"}
        key = repr((version, raw))
        if key not in self._statements:
            self._statements[key] = Statement(raw, 0, "", version=version, pasted=self._pasted, grammar=TRUST)
        return self._statements[key]


class AskedOfMany:
    """A request: one principal, action and context."""

    def __init__(self, principal: str, action: str, context: Context) -> None:
        self._principal = principal
        self._action = action
        self._request = Request(context, traced=False)
        self._asked: set[Statement] = set()
        self._applying: set[Statement] = set()
        self._open: set[Statement] = set()  # unknown whether they apply
        self._effects: dict[SharedPolicy, Effect] = {}

    def effect(self, policy: SharedPolicy) -> Effect:
        """Return the policy's decision."""
        if policy not in self._effects:
            granted, denied = self._any_applies(policy.granting), self._any_applies(policy.denying)
            if not policy.is_readable:  # IAM has something else instead, which may grant or deny
                granted, denied = granted or None, denied or None
            self._effects[policy] = effect_of(granted=granted, denied=denied)
        return self._effects[policy]

    def _any_applies(self, statements: _Statements) -> bool | None:
        for statement in statements - self._asked:
            self._asked.add(statement)
            possible = statement.of_all_requests(self._principal, self._action)
            applies = statement.applies(possible, "", self._request)
            if applies is not False:
                (self._applying if applies else self._open).add(statement)
        if not self._applying.isdisjoint(statements):
            return True
        return False if self._open.isdisjoint(statements) else None
