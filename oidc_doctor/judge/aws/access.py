"""The permission step: whether the session may make each call that the workload needs.

`iam.decide_access` decides; this module collects the policies that were read and words what they lack. A policy's text
does not show whether a control policy is attached to the account, or whether a call goes through a VPC endpoint, so
such a policy never denies for certain.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor import iam
from oidc_doctor.issuers.characters import listed
from oidc_doctor.judge.aws.compiled import identity_policy, resource_policy
from oidc_doctor.judge.aws.needs import ANY_KEY, TOKEN_ACTION, needs_of
from oidc_doctor.judge.aws.role_policies import policies_of_role
from oidc_doctor.judge.aws.session_context import session_context
from oidc_doctor.judge.aws.trust import node_json
from oidc_doctor.judge.second_opinions import SIMULATION, of_simulator
from oidc_doctor.model.access import AccessDecision, Decision, Need
from oidc_doctor.model.arns import account_of
from oidc_doctor.model.document import Document, Missing, Origin
from oidc_doctor.model.evidence import Role
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import Pasted, has_placeholder
from oidc_doctor.model.refusal import Clause, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from oidc_doctor.iam.access import PolicyKind
    from oidc_doctor.judge.aws.role_policies import RolePolicies
    from oidc_doctor.judge.aws.state import AwsExchange

_RESOURCE_POLICIES = {
    "s3": ("aws/bucket-policy.json", "aws s3api get-bucket-policy"),
    "ecr": ("aws/repository-policy.json", "aws ecr get-repository-policy"),
    "kms": ("aws/key-policy.json", "aws kms get-key-policy"),
}
_ENDPOINTS = "aws/endpoint-policies/*.json"
_POLICY_NAME = "OIDCWorkloadAccess"
_DENIED_BY = {
    "PRINCIPAL": Kind.ACCESS_DENIED_BY_IDENTITY_POLICY,
    "RESOURCE": Kind.ACCESS_DENIED_BY_RESOURCE_POLICY,
    "PERMISSIONS_BOUNDARY": Kind.ACCESS_DENIED_BY_BOUNDARY,
    "SESSION": Kind.ACCESS_DENIED_BY_SESSION_POLICY,
}
_SETTLED_BY = {
    "PRINCIPAL": "the role's inline and attached policies",
    "PERMISSIONS_BOUNDARY": "the role's permissions boundary",
    "SESSION": "the session policy of the request",
    "RCP": "whether the resource control policy is attached to this account",
    "SCP": "whether the service control policy is attached to this account",
    "VPC_ENDPOINT": "whether the call goes through the VPC endpoint of this policy",
}


def judge_access(exchange: AwsExchange) -> None:
    """Settle `permission` by the needed calls, if the role's own policies were read."""
    role_arn = exchange.request.role_arn or (exchange.aws.role.arn if isinstance(exchange.aws.role, Role) else None)
    if role_arn is None or account_of(role_arn) is None or has_placeholder(role_arn):
        return
    role = policies_of_role(exchange)
    if not role.were_read:
        return
    caller = iam.Caller(role_arn, exchange.request.role_session_name or None)
    lacks: dict[tuple[Kind, str, bool], list[_Answer]] = {}
    for need in needs_of(exchange):
        answer = _Answer(exchange, caller, role, need)
        exchange.accesses.append(answer.row())
        kind = answer.kind
        if kind is not None:
            lacks.setdefault((kind, need.service, answer.access.allowed is False), []).append(answer)
    if any(kind is Kind.KMS_DECRYPT_MISSING for kind, _, _ in lacks):
        exchange.assumed.append("that no grant of the key allows kms:Decrypt (aws kms list-grants)")
    names = set(role.names)
    for (kind, _, certain), answers in lacks.items():
        name = _free_name(names)
        names.add(name)
        _refuse(exchange, kind, answers, certain=certain, policy_name=name)
    exchange.settle_permission(
        "that no control of the organization or of a VPC endpoint denies what the workload reads, and that its buckets "
        "are in the role's account"
    )


def _free_name(taken: set[str]) -> str:
    """Return an unused name for a new inline policy: put-role-policy overwrites a policy with the same name."""
    return next(
        name
        for number in range(1, len(taken) + 2)
        if (name := _POLICY_NAME if number == 1 else f"{_POLICY_NAME}-{number}") not in taken
    )


class Deciding(NamedTuple):
    """The statement that decides a call, and its policy."""

    answer: iam.PolicyAnswer
    statement: iam.StatementResult


class _Answer:
    """The decision on one needed call, and what its policies lack."""

    def __init__(self, exchange: AwsExchange, caller: iam.Caller, role: RolePolicies, need: Need) -> None:
        self.need = need
        self.exchange = exchange
        self.caller = caller
        resource = self._resource_policies()
        self.documents = {document.file: document for document in (*role.documents, *(resource or ()))}
        self.account = exchange.account if need.service == "s3" else account_of(need.resource) or exchange.account
        policies = [document.value for document in self.documents.values()]
        self.context = session_context(exchange, need, self.account, policies)
        self.policies = iam.PolicySet(
            [*role.applied, *(self._applied("RESOURCE", document) for document in resource or ())],
            role.unread | ({"RESOURCE"} if resource is None else set()),
            same_account=None if has_placeholder(self.account or "") else self.account == exchange.account,
            resource_must_allow=need.service == "kms",
        )
        self.access = self._decide(self.policies)
        self.by_control = self._denied_by_control() if self.access.allowed is not False else None

    def _decide(self, policies: iam.PolicySet) -> iam.Access:
        return iam.decide_access(policies, self.caller, self.need.action, self.need.resource, self.context)

    def _applied(self, kind: PolicyKind, document: Document) -> iam.AppliedPolicy:
        policy = resource_policy(document, pasted=self.exchange.pasted)
        return iam.AppliedPolicy(kind, document.file, policy)

    def _resource_policies(self) -> tuple[Document, ...] | None:
        """Return the resource's own policies; None if it may have a policy that was not read."""
        if self.need.action == TOKEN_ACTION:
            return ()
        if self.need.service not in _RESOURCE_POLICIES:
            return None
        read = self.exchange.documents(_RESOURCE_POLICIES[self.need.service][0])
        if isinstance(read, Missing):
            return () if read.proves_absence else None
        return read if all(self._is_of_resource(document) for document in read) else None

    def _is_of_resource(self, document: Document) -> bool:
        """Whether the policy belongs to this bucket or repository: a bundle has one policy, even for several calls."""
        if document.duplicates:
            return False
        if self.need.service == "ecr":
            name, registry = document.in_answer("repositoryName"), document.in_answer("registryId")
            of_registry = registry is None or registry == account_of(self.need.resource)
            return of_registry and (name is None or self.need.resource.endswith(f":repository/{name}"))
        if self.need.service != "s3":
            return True
        bucket = self.need.resource.partition("/")[0]
        policy = resource_policy(document, pasted=self.exchange.pasted)
        decisions = (
            policy.decide(self.caller, self.need.action, {}, resource)
            for resource in (bucket, Pasted(f"{bucket}/{ANY_KEY}"))
        )
        return any(row.resource is not False for decision in decisions for row in decision.statements)

    def _denied_by_control(self) -> tuple[PolicyKind, str] | None:
        """Return the control policy that denies the call, or may deny it, and its file; None if there is none."""
        aws, allow_lists = self.exchange.aws, []
        for kind, documents in self._controls():
            for document in documents:
                answer = self._answer_of_control(kind, document)
                has_allow = any(row.effect != "Deny" for row in answer.decision.statements)
                if answer.denies is not False or (kind == "VPC_ENDPOINT" and answer.allows is not True):
                    return kind, document.file
                if kind == "SCP" and has_allow:
                    allow_lists.append((answer.allows, document.file))
        if allow_lists and not any(allows for allows, _ in allow_lists):  # the account's own policies may differ
            return "SCP", allow_lists[0][1]
        if aws.unread_rcps:
            return "RCP", aws.unread_rcps[0]
        unread = next(iter(aws.unread_controls), "")
        return ("SCP" if "/scps/" in f"/{unread}" else "VPC_ENDPOINT", unread) if unread else None

    def _controls(self) -> Iterator[tuple[PolicyKind, tuple[Document, ...]]]:
        """Return the organization and VPC endpoint policies that were read."""
        yield "RCP", self.exchange.aws.rcps
        kinds: tuple[tuple[PolicyKind, str], ...] = (("SCP", "aws/scps/*.json"), ("VPC_ENDPOINT", _ENDPOINTS))
        for kind, path in kinds:
            read = self.exchange.documents(path)
            yield kind, () if isinstance(read, Missing) else read

    def _answer_of_control(self, kind: PolicyKind, document: Document) -> iam.PolicyAnswer:
        of_caller = kind == "SCP"
        policy = (identity_policy if of_caller else resource_policy)(document, pasted=True)
        asked = session_context(self.exchange, self.need, self.account, [document.value]) | self.context
        decision = policy.decide("" if of_caller else self.caller, self.need.action, asked, self.need.resource)
        return iam.PolicyAnswer(iam.AppliedPolicy(kind, document.file, policy), decision)

    @property
    def kind(self) -> Kind | None:
        """The kind of refusal, certain or possible; None if nothing denies the call, or only evidence is missing."""
        access = self.access
        if access.denied_by is not None:
            return _DENIED_BY.get(access.denied_by.applied.kind)
        if access.allowed:
            return None
        lacking = access.lacking
        if access.allowed is None:
            # a resource policy may allow it: only if all of the role's own policies were read and do not
            identity = [answer for answer in access.of("PRINCIPAL") if answer.allows is not False]
            if identity or "PRINCIPAL" in access.open or "RESOURCE" not in access.open or self.need.service == "kms":
                return None
            lacking = "PRINCIPAL"
        if self.need.service == "kms" and lacking in ("PRINCIPAL", "RESOURCE"):
            return Kind.KMS_DECRYPT_MISSING
        if lacking == "PRINCIPAL":
            return Kind.ACCESS_CONDITION_NOT_MET if self.unmet is not None else Kind.PERMISSION_MISSING
        return _DENIED_BY.get(lacking or "")

    @property
    def unmet(self) -> Deciding | None:
        """The role's Allow statement that fails only because of its condition."""
        return self._allow_of_role(lambda row: bool(row.resource) and row.condition is False)

    @property
    def nearest(self) -> Deciding | None:
        """The closest Allow statement: same action, different resource."""
        return self._allow_of_role(lambda row: row.resource is False)

    def _allow_of_role(self, fits: Callable[[iam.StatementResult], bool]) -> Deciding | None:
        return next(
            (
                Deciding(answer, row)
                for answer in self.access.of("PRINCIPAL")
                for row in answer.decision.statements
                if row.effect == "Allow" and row.action and fits(row)
            ),
            None,
        )

    @property
    def deciding(self) -> Deciding | None:
        """The statement that decides, or that comes closest to allowing the call."""
        denied_by = self.access.denied_by
        if denied_by is not None:
            statement = denied_by.denying()
            return Deciding(denied_by, statement) if statement is not None else None
        if self.access.allowed:
            return next(
                Deciding(answer, row)
                for answer in self.access.answers
                for row in answer.decision.statements
                if row.effect == "Allow" and row.applies
            )
        return self.unmet or self.nearest

    def would_match(self, pattern: str) -> bool:
        """Whether a statement with this Resource would match the call's resource."""
        statement = {"Effect": "Allow", "Action": "*", "Resource": pattern}
        policy = iam.compile_policy({"Version": "2012-10-17", "Statement": statement}, grammar=iam.IDENTITY)
        return policy.decide("", self.need.action, {}, self.need.resource).granted is True

    def row(self) -> AccessDecision:
        """Return the decision as a row of the report."""
        access, deciding = self.access, self.deciding
        decision: Decision = "allowed" if access.allowed else "denied"
        if access.allowed is None or self.by_control:
            decision = "unknown"
        by = access.lacking or ""
        if deciding is not None and (access.allowed or access.denied_by):
            by = deciding.answer.applied.kind
        trace = tuple(
            node_json(answer.decision.trace, self.documents[answer.applied.name]) | {"policy": answer.applied.kind}
            for answer in access.answers
        )
        note = self.settled_by() if decision == "unknown" else ""
        second = of_simulator(self.exchange.documents(SIMULATION), self.need)
        return AccessDecision(self.need, decision, by, self.place_of(deciding), note, trace, second)

    def place_of(self, deciding: Deciding | None) -> Origin | None:
        """Return the origin of a statement."""
        if deciding is None:
            return None
        return self.documents[deciding.answer.applied.name].at(deciding.statement.node.pointer)

    def settled_by(self) -> str:
        """Return the evidence that would settle an open call."""
        if self.by_control:
            kind, file = self.by_control
            return f"{_SETTLED_BY[kind]} ({file})"
        kinds = sorted(self.access.open)
        if not kinds:  # undocumented for `Principal: *` without a condition
            return "whether the permissions boundary limits what the resource's policy grants to everyone"
        read = [answer.applied.name for answer in self.access.answers if answer.allows is None or answer.denies is None]
        if read and not {*kinds} & self.policies.unread:
            return f"the values that {read[0]} asks for"
        _, printed_by = _RESOURCE_POLICIES.get(self.need.service, ("", "the resource's own policy"))
        names = _SETTLED_BY | {"RESOURCE": printed_by}
        return "; ".join(names[kind] for kind in kinds)

    @property
    def is_granted_with(self) -> bool:
        """Whether the smallest Allow for the role settles the call, apart from evidence that was not read."""
        policy = policy_allowing([self.need])
        if policy is None:
            return False
        added = iam.AppliedPolicy("PRINCIPAL", "added", iam.compile_policy(policy, grammar=iam.IDENTITY))
        after = self._decide(self.policies.with_policy(added))
        return after.allowed is True or (after.allowed is None and not after.open - {"RESOURCE"})


def policy_allowing(needs: Sequence[Need]) -> dict[str, Any] | None:
    """Return the smallest policy that allows these calls, with one statement per resource.

    None without calls, or if a part of a resource's name is unknown.
    """
    by_resource: dict[str, list[str]] = {}
    for need in needs:
        by_resource.setdefault(str(need.resource).replace(ANY_KEY, "*"), []).append(need.action)
    if not needs or any(map(has_placeholder, by_resource)):
        return None
    statements = [
        {"Effect": "Allow", "Action": actions, "Resource": resource} for resource, actions in by_resource.items()
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _refuse(exchange: AwsExchange, kind: Kind, answers: list[_Answer], *, certain: bool, policy_name: str) -> None:
    """Record one refusal for all calls to a service that fail for the same reason."""
    first = answers[0]
    deciding = first.deciding
    actions = list(dict.fromkeys(answer.need.action for answer in answers))
    expected, file, statement = None, "", []
    if deciding is not None:
        document, node = first.documents[deciding.answer.applied.name], deciding.statement.node
        file, statement = document.file, [node.name]
        resource = next((child for child in node.children if child.level == "resource"), node)
        value = resource.expected
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        expected = Side(text, document.at(resource.pointer))
    added = None
    if kind is Kind.PERMISSION_MISSING and all(answer.is_granted_with for answer in answers):
        added = policy_allowing([answer.need for answer in answers])
    exchange.refuse(
        kind,
        step="permission",
        expected=expected,
        actual=Side(str(first.need.resource), first.need.asked_by),
        certain=certain,
        location=Clause((*statement, *actions), document=file),
        where=first.place_of(deciding) or first.need.asked_by,
        settle=first.settled_by(),
        facts={
            "permission": listed(actions),
            "calls": " ".join(actions),
            "resource": str(first.need.resource),
            "on": listed(dict.fromkeys(f"`{_short(answer.need.resource)}`" for answer in answers)),
            "reason": _reason(first),
            "shown_by": "policies",
            "explicit": "yes" if first.access.denied_by is not None else "no",
            "policy_file": file,
            "policy_name": policy_name,
            "service": first.need.service,
            "statement": json.dumps(added) if added is not None else "",
        },
    )


def _short(resource: str) -> str:
    """Shorten an ARN to the part that identifies the resource in the account: bucket/key, repository/NAME."""
    return str(resource).rpartition(":")[2]


def _reason(answer: _Answer) -> str:
    """Return why the closest statement does not allow the call."""
    if answer.access.denied_by is not None:
        return ""
    unmet, nearest = answer.unmet, answer.nearest
    if unmet is not None:
        failed = [
            child.name for child in unmet.statement.node.children if child.level == "operator" and not child.result
        ]
        return f"its condition {failed[0]} is not met" if failed else "its condition is not met"
    if nearest is None:
        return ""
    if answer.need.action == TOKEN_ACTION:
        return "it has no resource of its own, so only Resource `*` grants it"
    node = next((child for child in nearest.statement.node.children if child.level == "resource"), None)
    patterns = [child.expected for child in node.children if isinstance(child.expected, str)] if node else []
    return (answer.need.service == "s3" and _reason_of_s3(answer, patterns)) or "the statement names other resources"


def _reason_of_s3(answer: _Answer, patterns: list[str]) -> str:
    """Return how the closest pattern misses a bucket or its objects, by evaluating the intended pattern."""
    bucket = str(answer.need.resource).partition("/")[0]
    for pattern in sorted(patterns, key=len, reverse=True):
        if "s3://" in pattern and answer.would_match(pattern.replace("s3://", "").rstrip("/") + "/*"):
            return "the statement holds an s3:// address in an ARN"
        if answer.would_match(f"{pattern.rstrip('/')}/*"):
            if pattern != bucket:
                return "the statement names a prefix without `/*`, which is one object of that name"
            if len(patterns) == 1:
                return f"the statement names the bucket, and its objects are `{bucket}/*`"
            return f"the statement names the bucket and other objects, and the objects asked for are `{bucket}/…`"
        if answer.need.action == "s3:ListBucket" and answer.would_match(pattern.partition("/")[0]):
            return f"the statement names the objects, and the action is of the bucket, `{bucket}`"
    return ""
