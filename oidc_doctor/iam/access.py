"""Decide whether a role session may make a call, over every policy that applies to it.

IAM User Guide, Policy evaluation logic (requests within one account; cross-account policy evaluation): an explicit Deny
in any policy is final; otherwise the policies have to allow the call, and a resource policy's grant to the role or to
the session itself bypasses some of the others. The kinds are named as in AWS's own Access Troubleshooter.
"""

from __future__ import annotations

from oidc_doctor.iam.callers import ACCOUNT, EVERYONE, GRANTEES, ROLE, SESSION, is_named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal, TypeAlias

    from oidc_doctor.iam.callers import Caller, Grantee
    from oidc_doctor.iam.context import Context
    from oidc_doctor.iam.policies import Decision, Policy, StatementResult

    PolicyKind: TypeAlias = Literal[
        "SCP", "RCP", "VPC_ENDPOINT", "RESOURCE", "PRINCIPAL", "PERMISSIONS_BOUNDARY", "SESSION"
    ]
    Truth: TypeAlias = "bool | None"


class AppliedPolicy:
    """A policy that applies to the call, with its kind. `name` is the caller's label for it, such as a file name."""

    __slots__ = ("kind", "name", "policy")

    def __init__(self, kind: PolicyKind, name: str, policy: Policy) -> None:
        self.kind = kind
        self.name = name
        self.policy = policy


class PolicySet:
    """The policies that apply to a call. `unread`: kinds with a policy that exists, or may exist, and was not read.

    A kind that has no policy here and is not in `unread` has no policy at all: no boundary is set, no session policy
    was passed, the resource has no policy. `same_account`: whether the resource is in the role's account; None if
    unknown. `resource_must_allow`: an Allow in the identity policies is never sufficient, as for a KMS key.
    """

    __slots__ = ("policies", "resource_must_allow", "same_account", "unread")

    def __init__(
        self,
        policies: Sequence[AppliedPolicy],
        unread: frozenset[PolicyKind] = frozenset(),
        *,
        same_account: bool | None,
        resource_must_allow: bool = False,
    ) -> None:
        self.policies = policies
        self.unread = unread
        self.same_account = same_account
        self.resource_must_allow = resource_must_allow

    def with_policy(self, added: AppliedPolicy) -> PolicySet:
        """Return a copy with this policy added."""
        return PolicySet(
            [*self.policies, added],
            self.unread,
            same_account=self.same_account,
            resource_must_allow=self.resource_must_allow,
        )


class PolicyAnswer:
    """One policy's result for the call. `grants`: for a resource policy, whether it allows the call to each grantee."""

    __slots__ = ("allows", "applied", "decision", "denies", "grants")

    def __init__(self, applied: AppliedPolicy, decision: Decision) -> None:
        self.applied = applied
        self.decision = decision
        # IAM has something else instead of a part that it would not store, which may allow or deny
        unread = None if any(child.level == "member" for child in decision.trace.children) else False
        self.allows: bool | None = unread
        self.denies: bool | None = unread
        self.grants: dict[Grantee, bool | None] = dict.fromkeys(GRANTEES, unread)
        for result in decision.statements:
            if result.effect != "Deny":
                self.allows = either(self.allows, result.applies)
                self._add_grants(result)
            if result.effect != "Allow":
                self.denies = either(self.denies, result.applies)

    def _add_grants(self, result: StatementResult) -> None:
        principal = next((child for child in result.node.children if child.level == "principal"), result.node)
        for grantee in GRANTEES:
            grants = both(result.applies, is_named(grantee, principal))
            self.grants[grantee] = either(self.grants[grantee], grants)

    def denying(self) -> StatementResult | None:
        """The first statement that denies."""
        return next((row for row in self.decision.statements if row.effect != "Allow" and row.applies), None)


class Access:
    """The decision on the call: `allowed` is None if evidence is missing.

    `denied_by` is the policy with the explicit Deny. `lacking` is the kind whose missing Allow decides. `open` lists
    the kinds that have to be read to settle the decision.
    """

    __slots__ = ("allowed", "answers", "denied_by", "lacking", "open")

    def __init__(
        self,
        allowed: bool | None,
        answers: list[PolicyAnswer],
        *,
        denied_by: PolicyAnswer | None = None,
        lacking: PolicyKind | None = None,
        still_open: frozenset[PolicyKind] = frozenset(),
    ) -> None:
        self.allowed = allowed
        self.answers = answers
        self.denied_by = denied_by
        self.lacking = lacking
        self.open = still_open

    def of(self, kind: PolicyKind) -> list[PolicyAnswer]:
        """Return the answers of all policies of this kind."""
        return of_kind(self.answers, kind)


def of_kind(answers: list[PolicyAnswer], kind: PolicyKind) -> list[PolicyAnswer]:
    """Return the answers of all policies of this kind."""
    return [answer for answer in answers if answer.applied.kind == kind]


def either(left: Truth, right: Truth) -> Truth:
    """Three-valued OR."""
    if left or right:
        return True
    return None if left is None or right is None else False


def both(left: Truth, right: Truth) -> Truth:
    """Three-valued AND."""
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def decide_access(policies: PolicySet, caller: Caller, action: str, resource: str, context: Context) -> Access:
    """Decide whether the session may make this call."""
    answers = [
        PolicyAnswer(applied, applied.policy.decide(caller, action, context, resource)) for applied in policies.policies
    ]
    denying = next((answer for answer in answers if answer.denies), None)
    if denying is not None:
        return Access(False, answers, denied_by=denying)
    question = _Question(policies, answers)
    allowed, lacking = question.allowed()
    if allowed is False:
        return Access(False, answers, lacking=lacking)
    still_open = policies.unread | {answer.applied.kind for answer in answers if answer.denies is None}
    if allowed is None:
        still_open |= {answer.applied.kind for answer in answers if answer.allows is None}
    return Access(True if allowed and not still_open else None, answers, still_open=still_open)


class _Question:
    """The Allows of a call, by the kind of their policies."""

    __slots__ = ("answers", "policies")

    def __init__(self, policies: PolicySet, answers: list[PolicyAnswer]) -> None:
        self.policies = policies
        self.answers = answers

    def _allows(self, kind: PolicyKind, *, absent: bool) -> Truth:
        """Whether any policy of this kind allows the call; `absent` if there is no such policy."""
        answers = of_kind(self.answers, kind)
        allowed: Truth = False
        for answer in answers:
            allowed = either(allowed, answer.allows)
        if kind in self.policies.unread:
            return either(allowed, None)
        return allowed if answers else absent

    def _granted_to(self, *wanted: Grantee) -> Truth:
        granted: Truth = None if "RESOURCE" in self.policies.unread else False
        for answer in of_kind(self.answers, "RESOURCE"):
            for grantee in wanted:
                granted = either(granted, answer.grants[grantee])
        return granted

    def allowed(self) -> tuple[Truth, PolicyKind | None]:
        """Whether the policies allow the call, ignoring Denies; and the kind whose Allow is missing."""
        limits = both(self._allows("PERMISSIONS_BOUNDARY", absent=True), self._allows("SESSION", absent=True))
        within = self._within(limits)
        across = self._across(limits)
        same = self.policies.same_account
        allowed = within if same else across if same is False else within if within is across else None
        return allowed, None if allowed is not False else self._lacking(same_account=same is not False)

    def _within(self, limits: Truth) -> Truth:
        identity = self._allows("PRINCIPAL", absent=False)
        if self.policies.resource_must_allow:
            # The root of the account in a key policy delegates to the identity policies (KMS, key policies)
            granted = either(self._granted_to(SESSION, ROLE, EVERYONE), both(self._granted_to(ACCOUNT), identity))
            return both(granted, limits)
        # A grant to the session itself is not limited by an implicit deny of boundary or session policy
        by_session = self._granted_to(SESSION)
        to_everyone = self._granted_to(EVERYONE)
        around = None if to_everyone is not False and limits is not True else to_everyone
        return either(either(by_session, around), both(either(self._granted_to(ROLE), identity), limits))

    def _across(self, limits: Truth) -> Truth:
        """Decide a cross-account call: each account is evaluated separately, and both have to allow it."""
        granted = self._granted_to(SESSION, ROLE, EVERYONE, ACCOUNT)
        return both(both(granted, self._allows("PRINCIPAL", absent=False)), limits)

    def _lacking(self, *, same_account: bool) -> PolicyKind:
        """Return the kind of policy whose missing Allow makes the call an implicit deny."""
        if self._allows("PERMISSIONS_BOUNDARY", absent=True) is False:
            others = either(self._allows("PRINCIPAL", absent=False), self._granted_to(ROLE, SESSION, EVERYONE))
            if others is not False:
                return "PERMISSIONS_BOUNDARY"
        if self._allows("PRINCIPAL", absent=False) is False and not self.policies.resource_must_allow:
            return "PRINCIPAL"
        if self._allows("SESSION", absent=True) is False:
            return "SESSION"
        if self.policies.resource_must_allow and self._granted_to(SESSION, ROLE, EVERYONE, ACCOUNT):
            return "PRINCIPAL"
        return "RESOURCE" if self.policies.resource_must_allow or not same_account else "PRINCIPAL"
