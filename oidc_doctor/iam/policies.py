"""A policy: its statements, and the decision over them. A `Grammar` defines the elements of a kind of policy."""

from __future__ import annotations

from collections.abc import Mapping

from oidc_doctor.iam import variables
from oidc_doctor.iam.actions import Actions
from oidc_doctor.iam.callers import Caller, CallerPrincipals
from oidc_doctor.iam.conditions import clauses
from oidc_doctor.iam.context import Request
from oidc_doctor.iam.principals import Principals
from oidc_doctor.iam.resources import Resources
from oidc_doctor.iam.trace import AND, ERROR, NO, TRUTH, YES, Node, deciding_reason, escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias

    from oidc_doctor.iam.conditions import Clause
    from oidc_doctor.iam.context import Context

    Effect: TypeAlias = Literal["allow", "explicit-deny", "implicit-deny", "unknown"]


_MOST_PREPARED = 16  # pairs of a principal and an action, for each policy
_POLICY_MEMBERS = frozenset(("Version", "Id", "Statement"))
_ALWAYS = ("Sid", "Effect", "Action", "NotAction", "Condition")
_PRINCIPAL = ("Principal", "NotPrincipal")
_RESOURCE = ("Resource", "NotResource")


class Grammar:
    """The elements of a kind of policy (IAM User Guide, Grammar of the IAM JSON policy language).

    `resource`: whether a statement needs a Resource. An ECR repository policy has none, since it is attached to its
    repository.
    """

    __slots__ = ("has_principal", "members", "resource")

    def __init__(
        self, *, has_principal: Literal["trust", "caller", "no"], resource: Literal["needed", "optional", "no"]
    ) -> None:
        self.has_principal = has_principal
        self.resource = resource
        principal = () if has_principal == "no" else _PRINCIPAL
        self.members = frozenset((*_ALWAYS, *principal, *(() if resource == "no" else _RESOURCE)))


# Access Analyzer: a role's trust policy cannot have NotPrincipal, Resource or NotResource
# (ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL, …_RESOURCE).
TRUST = Grammar(has_principal="trust", resource="no")
IDENTITY = Grammar(has_principal="no", resource="needed")
RESOURCE = Grammar(has_principal="caller", resource="optional")


class StatementResult:
    """The result of a statement for a request.

    `applies` is whether its effect applies: for an Allow, whether it grants; for a Deny, whether it denies. In
    `applies`, None always means missing evidence; where the real engine cannot decide, an Allow does not grant and a
    Deny does deny. `condition` is None in both cases, and `undecidable` distinguishes them. `effect` is None where it
    is neither Allow nor Deny, in these letters: IAM stores no such statement, so the effective statement is unknown.
    """

    __slots__ = ("action", "applies", "condition", "effect", "index", "node", "principal", "resource", "undecidable")

    def __init__(
        self,
        index: int,
        effect: Literal["Allow", "Deny"] | None,
        node: Node,
        *,
        principal: bool | None = False,
        action: bool | None = False,
        resource: bool | None = True,
        condition: int = NO,
    ) -> None:
        self.index = index
        self.effect = effect
        self.node = node
        self.principal = principal
        self.action = action
        self.resource = resource
        self.condition = TRUTH[condition]
        self.undecidable = condition == ERROR
        self.applies = _applies(effect, node.possible)


def _applies(effect: Literal["Allow", "Deny"] | None, possible: int) -> bool | None:
    """Whether a statement's effect applies, by its possible answers."""
    holds = YES if effect == "Allow" else YES | ERROR
    if not possible & holds:
        return False
    return True if effect is not None and not possible & ~holds else None


class Decision:
    """The policy's decision on one request.

    `granted` is True, False, or None where evidence is missing. `effect` is the kind: "implicit-deny" if no Allow can
    grant, even where the answer of a Deny is unknown; "unknown" exactly where `granted` is None.
    """

    __slots__ = ("effect", "granted", "statements", "trace")

    def __init__(self, effect: Effect, statements: list[StatementResult], trace: Node) -> None:
        self.effect = effect
        self.granted = trace.result
        self.statements = statements
        self.trace = trace

    def __repr__(self) -> str:
        return f"Decision({self.effect!r})"


class Statement:
    """A compiled statement."""

    __slots__ = (
        "_of_all",
        "actions",
        "clauses",
        "effect",
        "fixed",
        "index",
        "name",
        "pointer",
        "principals",
        "resources",
        "unreadable",
    )

    def __init__(
        self, raw: object, index: int, pointer: str, *, version: object, pasted: bool, grammar: Grammar
    ) -> None:
        self.index = index
        self.pointer = pointer
        self.name = f"Statement {index}"
        self.effect: Literal["Allow", "Deny"] | None = None
        self.principals: Principals | CallerPrincipals | None = None
        self.resources: Resources | None = None
        self.clauses: list[Clause] = []
        self.fixed: StatementResult | None = None
        self.unreadable: list[Node] = []
        self._of_all: tuple[tuple[Any, ...], int] | None = None
        if not isinstance(raw, Mapping):
            node = Node("statement", self.name, YES | NO, pointer, raw, None, "unreadable")
            self.fixed = StatementResult(index, None, node, principal=None, action=None, condition=YES | NO)
            return
        effect = raw.get("Effect")
        if effect == "Allow" or effect == "Deny":  # noqa: PLR1714 - narrows the type; case-sensitive
            self.effect = effect
        if grammar.has_principal == "trust":
            self.principals = Principals(raw, pointer, pasted=pasted)
        elif grammar.has_principal == "caller":
            self.principals = CallerPrincipals(raw, pointer, pasted=pasted)
        self.actions = Actions(raw, pointer, pasted=pasted, is_trust=grammar.has_principal == "trust")
        if grammar.resource == "needed" or (grammar.resource == "optional" and {*_RESOURCE} & {*raw}):
            self.resources = Resources(raw, pointer, version=version, pasted=pasted)
        self.unreadable = _unreadable_members(raw, grammar.members, pointer)
        if self.effect is None:
            self.unreadable.append(Node("member", "Effect", YES | NO, f"{pointer}/Effect", effect, None, "unreadable"))
        if "Condition" in raw:
            at, lets_in = f"{pointer}/Condition", YES if self.effect == "Allow" else NO
            self.clauses = clauses(raw["Condition"], at, version=version, pasted=pasted, lets_in=lets_in)

    def of_all_requests(self, principal: Any, action: str) -> int:
        """Return the possible answers of principal, action and what IAM would not store, which no key changes.

        Kept for the last principal and action, which many requests share.
        """
        asked = (type(principal), principal, action)
        kept = self._of_all
        if kept is None or kept[0] != asked:
            kept = self._of_all = (asked, self._asked_as(principal, action))
        return kept[1]

    def _asked_as(self, principal: Any, action: str) -> int:
        if self.fixed is not None:
            return self.fixed.node.possible
        nodes = [self.actions.evaluate(action), *self.unreadable]
        if self.principals is not None:
            nodes.append(self.principals.evaluate(principal))
        possible = YES
        for node in nodes:
            possible = AND[possible << 3 | node.possible]
        return possible

    def applies(self, possible: int, resource: str, request: Request) -> bool | None:
        """Return `evaluate(…).applies`, without a trace. `possible`: the answers `of_all_requests`."""
        if self.resources is not None:
            possible = AND[possible << 3 | self.resources.evaluate(resource, request).possible]
        for clause in self.clauses:
            if possible == NO:
                break
            possible = AND[possible << 3 | clause.answer(request)]
        return _applies(self.effect, possible)

    def evaluate(self, principal: Any, action: str, resource: str, request: Request) -> StatementResult:
        """Return the statement's result for one request."""
        if self.fixed is not None:
            return self.fixed
        principal_node = self.principals.evaluate(principal) if self.principals is not None else None
        action_node = self.actions.evaluate(action)
        resource_node = self.resources.evaluate(resource, request) if self.resources is not None else None
        children = [node for node in (principal_node, action_node, resource_node) if node is not None]
        children += self.unreadable
        possible = YES
        for child in children:
            possible = AND[possible << 3 | child.possible]
        condition = YES
        for clause in self.clauses:
            node = clause.evaluate(request)
            children.append(node)
            condition = AND[condition << 3 | node.possible]
        possible = AND[possible << 3 | condition]
        reason = "match" if possible == YES else deciding_reason(children, possible)
        node = Node("statement", self.name, possible, self.pointer, self.effect, None, reason, tuple(children))
        return StatementResult(
            self.index,
            self.effect,
            node,
            principal=principal_node.result if principal_node is not None else True,
            action=action_node.result,
            resource=resource_node.result if resource_node is not None else True,
            condition=condition,
        )


class PreparedPolicy:
    """A policy that many requests ask about one principal and one action.

    The decision equals that of `Policy.decide`, without the trace: principals and actions are compared once for all
    requests, and a statement that no request can change is not evaluated again.
    """

    __slots__ = ("_always", "_denied", "_granted", "_statements")

    def __init__(self, statements: list[Statement], is_readable: bool, principal: str | Caller, action: str) -> None:
        # IAM has something else instead of a part that it would not store, which may grant or deny.
        self._granted: bool | None = False if is_readable else None
        self._denied = self._granted
        self._always: Statement | None = None  # the first that allows every request
        self._statements: list[tuple[Statement, int]] = []
        for statement in statements:
            possible = statement.of_all_requests(principal, action)
            if possible == NO:
                continue
            if statement.clauses or statement.resources is not None:
                self._statements.append((statement, possible))
                continue
            applies = _applies(statement.effect, possible)
            if applies and statement.effect == "Allow" and self._always is None:
                self._always = statement
            self._granted, self._denied = _with_statement(statement, applies, self._granted, self._denied)

    def decide(self, context: Context, resource: str = "") -> tuple[Effect, str]:
        """Return the effect, and the JSON pointer of the first statement that allows; "" without one."""
        request = Request(context)  # not shared by policies, so that nothing has to be kept of a comparison
        granted, denied, allowing = self._granted, self._denied, self._always
        for statement, possible in self._statements:
            applies = statement.applies(possible, resource, request)
            if applies and statement.effect == "Allow" and (allowing is None or statement.index < allowing.index):
                allowing = statement
            granted, denied = _with_statement(statement, applies, granted, denied)
        return effect_of(granted=granted, denied=denied), allowing.pointer if allowing is not None else ""


def _with_statement(
    statement: Statement, applies: bool | None, granted: bool | None, denied: bool | None
) -> tuple[bool | None, bool | None]:
    """Return whether statements grant and deny, with one more. Its effect is neither where it cannot be read."""
    if statement.effect != "Deny":
        granted = _either(granted, applies)
    if statement.effect != "Allow":
        denied = _either(denied, applies)
    return granted, denied


class Policy:
    """A compiled policy, which threads may share: what it keeps is what any of them would compute."""

    __slots__ = ("_prepared", "_statements", "_unreadable")

    def __init__(self, document: object, *, pasted: bool, grammar: Grammar = TRUST) -> None:
        version = document.get("Version") if isinstance(document, Mapping) else None
        self._unreadable = unreadable_parts(document)
        self._prepared: dict[tuple[Any, ...], PreparedPolicy] = {}
        self._statements = [
            Statement(statement, index, pointer, version=version, pasted=pasted, grammar=grammar)
            for index, (statement, pointer) in enumerate(written_statements(document))
        ]

    @property
    def has_allow(self) -> bool:
        """Whether a statement has the effect Allow."""
        return any(statement.effect == "Allow" for statement in self._statements)

    def prepared_for(self, principal: str | Caller, action: str) -> PreparedPolicy:
        """Return the policy prepared for many requests of this principal and action, of which only the decision counts.

        A principal of another type is another: a `Pasted` one may hold placeholders.
        """
        key = (type(principal), principal, action)
        prepared = self._prepared.get(key)
        if prepared is None:
            if len(self._prepared) >= _MOST_PREPARED:
                self._prepared.clear()
            prepared = PreparedPolicy(self._statements, not self._unreadable, principal, action)
            self._prepared[key] = prepared
        return prepared

    def decide(
        self, principal: str | Caller, action: str, context: Context, resource: str = "", *, traced: bool = True
    ) -> Decision:
        """Decide on a principal and an action, and on a resource if this kind of policy has one.

        The principal of a trust policy is a provider's ARN, or the bare name of a built-in one; that of a resource
        policy is a `Caller`, and an identity policy has none.

        A context value is a str for a single-valued key, a list for a multivalued one, UNKNOWN for a key that
        was not read; absent keys are omitted. `traced` False leaves the values of a key out of the trace.
        """
        request = Request(context, traced=traced)
        results = [statement.evaluate(principal, action, resource, request) for statement in self._statements]
        # IAM has something else instead of a part that it would not store, which may grant or deny.
        granted: bool | None = None if self._unreadable else False
        denied = granted
        for result in results:
            if result.effect != "Allow":
                denied = _either(denied, result.applies)
            if result.effect != "Deny":
                granted = _either(granted, result.applies)
        effect = effect_of(granted=granted, denied=denied)
        children = (*self._unreadable, *[result.node for result in results])
        trace = Node("policy", "Policy", _POSSIBLE[effect], "", None, None, effect, children)
        return Decision(effect, results, trace)


_POSSIBLE = {"explicit-deny": NO, "implicit-deny": NO, "allow": YES, "unknown": YES | NO}


def effect_of(*, granted: bool | None, denied: bool | None) -> Effect:
    """Return the policy's decision: a Deny first, then whether any Allow grants."""
    if denied:
        return "explicit-deny"
    if granted is False:
        return "implicit-deny"
    return "allow" if granted and denied is False else "unknown"


def written_statements(document: object) -> list[tuple[object, str]]:
    """Return the statements of a policy as written, each with its JSON pointer."""
    raw = document.get("Statement") if isinstance(document, Mapping) else None
    if isinstance(raw, Mapping):
        return [(raw, "/Statement")]
    return (
        [(statement, f"/Statement/{index}") for index, statement in enumerate(raw)]
        if isinstance(raw, (list, tuple))
        else []
    )


def unreadable_parts(document: object) -> list[Node]:
    """Return the parts outside the statements that IAM would not store."""
    raw = document.get("Statement") if isinstance(document, Mapping) else None
    if not isinstance(raw, (list, tuple, Mapping)) or not raw:  # a policy without a statement cannot be stored
        return [Node("member", "Statement", YES | NO, "/Statement", raw, None, "unreadable")]
    if not isinstance(document, Mapping):
        return []
    unreadable = _unreadable_members(document, _POLICY_MEMBERS, "")
    version = document.get("Version")
    if "Version" in document and not (isinstance(version, str) and version in variables.VERSIONS):
        unreadable.append(Node("member", "Version", YES | NO, "/Version", version, None, "unreadable"))
    return unreadable


def _either(left: bool | None, right: bool | None) -> bool | None:
    if left or right:
        return True
    return None if left is None or right is None else False


def _unreadable_members(box: Mapping[str, Any], grammar_names: frozenset[str], pointer: str) -> list[Node]:
    """Return nodes for members that IAM stores in no trust policy: unknown or differently cased names."""
    return [
        Node("member", str(name), YES | NO, f"{pointer}/{escape(str(name))}", value, None, "unreadable")
        for name, value in box.items()
        if name not in grammar_names
    ]


def compile_policy(document: Mapping[str, Any], *, pasted: bool = False, grammar: Grammar = TRUST) -> Policy:
    """Prepare a policy for many decisions. `pasted`: a person copied it by hand, so it may hold placeholders.

    Raises nothing on any JSON data. A part that IAM would not store is unknown: IAM has something else there.
    """
    return Policy(document, pasted=pasted, grammar=grammar)
