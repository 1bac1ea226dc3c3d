"""The permission step: whether the session may make each call that the workload needs.

The decision is `iam.decide_access`; here are the policies that were read, and the words of what they lack. Whether a
resource control policy is attached to the account is not known from its text, so it denies nothing for certain.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from oidc_doctor import iam
from oidc_doctor.judge.aws.needs import TOKEN_ACTION, needs_of
from oidc_doctor.judge.aws.role_policies import policies_of_role
from oidc_doctor.judge.aws.session_context import session_context
from oidc_doctor.judge.aws.trust import node_json
from oidc_doctor.model.access import AccessDecision, Need
from oidc_doctor.model.arns import account_of
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import Role
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.refusal import Clause, Side

if TYPE_CHECKING:
    from oidc_doctor.judge.aws.state import AwsExchange

_RESOURCE_POLICIES = {
    "s3": ("aws/bucket-policy.json", "aws s3api get-bucket-policy"),
    "ecr": ("aws/repository-policy.json", "aws ecr get-repository-policy"),
    "kms": ("aws/key-policy.json", "aws kms get-key-policy"),
}
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
}


def judge_access(exchange: AwsExchange) -> None:
    """Settle `permission` by the calls that are asked for, where the role's own policies were read at all."""
    role_arn = exchange.request.role_arn or (exchange.aws.role.arn if isinstance(exchange.aws.role, Role) else None)
    if role_arn is None or account_of(role_arn) is None or has_placeholder(role_arn):
        return
    needs = needs_of(exchange)
    role = policies_of_role(exchange)
    if not needs or not (role.applied or role.complete):
        return
    caller = iam.Caller(role_arn, exchange.request.role_session_name or None)
    lacks: dict[tuple[Kind, str, bool], list[_Answer]] = {}
    for need in needs:
        answer = _Answer(exchange, caller, role, need)
        exchange.accesses.append(answer.row())
        kind = answer.kind
        if kind is not None:
            lacks.setdefault((kind, need.service, answer.access.allowed is False), []).append(answer)
    for (kind, _, certain), answers in lacks.items():
        _refuse(exchange, kind, answers, certain=certain)
    _settle(exchange)


def _settle(exchange: AwsExchange) -> None:
    decisions = {row.decision for row in exchange.accesses}
    if decisions == {"allowed"}:
        exchange.passed("permission", "the policies that were read allow each call", exchange.accesses[0].location)
    elif "unknown" in decisions:
        open_ = next(row for row in exchange.accesses if row.decision == "unknown")
        exchange.settle("permission", "unknown", f"{open_.need.action}: {open_.note}")


class _Answer:
    """The decision on one needed call, and what its policies lack."""

    def __init__(self, exchange: AwsExchange, caller: iam.Caller, role: Any, need: Need) -> None:
        self.need = need
        self.exchange = exchange
        self.documents: dict[str, Document] = {document.file: document for document in role.documents}
        applied = list(role.applied)
        unread = set(role.unread)
        self.account = exchange.account if need.service == "s3" else account_of(need.resource) or exchange.account
        if need.action != TOKEN_ACTION:
            self._add_resource_policy(applied, unread)
        policies = [document.value for document in self.documents.values()]
        context = session_context(exchange, need, self.account, policies)
        same = None if has_placeholder(self.account or "") else self.account == exchange.account
        self.decide: Callable[[Sequence[iam.AppliedPolicy]], iam.Access] = lambda added: iam.decide_access(
            iam.PolicySet(
                [*applied, *added],
                frozenset(unread),
                same_account=same,
                resource_must_allow=need.service == "kms",
            ),
            caller,
            need.action,
            need.resource,
            context,
        )
        self.access = self.decide(())
        self.by_control = self._denied_by_control(caller, context) if self.access.allowed is not False else ""

    def _add_resource_policy(self, applied: list[iam.AppliedPolicy], unread: set[str]) -> None:
        path, _ = _RESOURCE_POLICIES[self.need.service]
        read = self.exchange.aws.documents.get(path, Missing(path, "not in the bundle"))
        if isinstance(read, Missing):
            if not read.proves_absence:
                unread.add("RESOURCE")
            return
        for document in read:
            self.documents[document.file] = document
            policy = iam.compile_policy(document.value, pasted=self.exchange.pasted, grammar=iam.RESOURCE)
            applied.append(iam.AppliedPolicy("RESOURCE", document.file, policy))
            if document.duplicates:
                unread.add("RESOURCE")

    def _denied_by_control(self, caller: iam.Caller, context: dict[str, Any]) -> str:
        """The file of a resource control policy that denies the call, or may; empty where none does."""
        for document in self.exchange.aws.rcps:
            policy = iam.compile_policy(document.value, pasted=True, grammar=iam.RESOURCE)
            asked = session_context(self.exchange, self.need, self.account, [document.value]) | context
            answer = iam.PolicyAnswer(
                iam.AppliedPolicy("RCP", document.file, policy),
                policy.decide(caller, self.need.action, asked, self.need.resource),
            )
            if answer.denies is not False:
                return document.file
        return next(iter(self.exchange.aws.unread_rcps), "")

    @property
    def kind(self) -> Kind | None:
        """The kind of what denies it, or may: None where nothing does, or only evidence is missing."""
        access = self.access
        if access.denied_by is not None:
            return _DENIED_BY.get(access.denied_by.applied.kind)
        if access.allowed:
            return None
        lacking = access.lacking
        if access.allowed is None:
            # a policy of the resource may allow it: only where the role's own policies were all read, and do not
            identity = [answer for answer in access.of("PRINCIPAL") if answer.allows is not False]
            if identity or "PRINCIPAL" in access.open or "RESOURCE" not in access.open or self.need.service == "kms":
                return None
            lacking = "PRINCIPAL"
        if self.need.service == "kms":
            return Kind.KMS_DECRYPT_MISSING
        if lacking == "PRINCIPAL":
            return Kind.ACCESS_CONDITION_NOT_MET if self.unmet is not None else Kind.PERMISSION_MISSING
        return _DENIED_BY.get(lacking or "")

    @property
    def unmet(self) -> tuple[iam.PolicyAnswer, iam.StatementResult] | None:
        """The Allow of the role that fails by its condition alone."""
        for answer in self.access.of("PRINCIPAL"):
            for row in answer.decision.statements:
                if row.effect == "Allow" and row.action and row.resource and row.condition is False:
                    return answer, row
        return None

    def nearest(self) -> tuple[iam.PolicyAnswer, iam.StatementResult] | None:
        """The Allow that comes nearest: of the action, on another resource."""
        for answer in self.access.of("PRINCIPAL"):
            for row in answer.decision.statements:
                if row.effect == "Allow" and row.action and row.resource is False:
                    return answer, row
        return None

    def deciding(self) -> tuple[iam.PolicyAnswer, iam.StatementResult] | None:
        """The statement that decides, or that comes nearest to allowing the call."""
        denied_by = self.access.denied_by
        if denied_by is not None:
            statement = denied_by.denying(surely=True)
            return (denied_by, statement) if statement is not None else None
        if self.access.allowed:
            for answer in self.access.answers:
                for row in answer.decision.statements:
                    if row.effect == "Allow" and row.applies:
                        return answer, row
        return self.unmet or self.nearest()

    def would_match(self, pattern: str) -> bool:
        """Whether a statement with this Resource would match the call's."""
        statement = {"Effect": "Allow", "Action": "*", "Resource": pattern}
        policy = iam.compile_policy({"Version": "2012-10-17", "Statement": statement}, grammar=iam.IDENTITY)
        return policy.decide("", self.need.action, {}, self.need.resource).granted is True

    def row(self) -> AccessDecision:
        """The decision as the report has it."""
        access, deciding = self.access, self.deciding()
        decision = "unknown" if access.allowed is None or self.by_control else "allowed" if access.allowed else "denied"
        by = access.denied_by.applied.kind if access.denied_by else access.lacking or ""
        if access.allowed and deciding is not None:
            by = deciding[0].applied.kind
        location = None
        if deciding is not None:
            location = self.documents[deciding[0].applied.name].at(deciding[1].node.pointer)
        trace = tuple(
            node_json(answer.decision.trace, self.documents[answer.applied.name]) | {"policy": answer.applied.kind}
            for answer in access.answers
        )
        note = self.settled_by() if decision == "unknown" else ""
        return AccessDecision(self.need, decision, by, location, note, trace)  # type: ignore[arg-type]

    def settled_by(self) -> str:
        """The evidence that would settle an open call."""
        if self.by_control:
            return f"{_SETTLED_BY['RCP']} ({self.by_control})"
        names = dict(_SETTLED_BY) | {"RESOURCE": _RESOURCE_POLICIES.get(self.need.service, ("", ""))[1]}
        if not self.access.open:  # the documentation leaves it open for `Principal: *` without a condition
            return "whether the permissions boundary limits what the resource's policy grants to everyone"
        kinds = sorted(self.access.open)
        read = [answer.applied.name for answer in self.access.answers if answer.allows is None or answer.denies is None]
        if read and not {*kinds} - {answer.applied.kind for answer in self.access.answers}:
            return f"the values that {read[0]} asks for"
        return "; ".join(names.get(kind, kind) for kind in kinds)

    def statement(self) -> dict[str, Any] | None:
        """The smallest Allow for the role, where the evaluator says that with it the call is allowed, or only open."""
        resource = str(self.need.resource).replace("<key>", "*")
        if has_placeholder(resource):
            return None
        added = {"Effect": "Allow", "Action": self.need.action, "Resource": resource}
        policy = iam.compile_policy({"Version": "2012-10-17", "Statement": [added]}, grammar=iam.IDENTITY)
        after = self.decide([iam.AppliedPolicy("PRINCIPAL", "added", policy)])
        if after.allowed is False or (after.allowed is None and after.open - {"RESOURCE"}):
            return None
        return added


def _refuse(exchange: AwsExchange, kind: Kind, answers: list[_Answer], *, certain: bool) -> None:
    """One refusal for the calls of a service that fail for the same reason."""
    first = answers[0]
    deciding = first.deciding()
    document = first.documents.get(deciding[0].applied.name) if deciding else None
    actions = list(dict.fromkeys(answer.need.action for answer in answers))
    expected = None
    if deciding is not None and document is not None:
        node = next((child for child in deciding[1].node.children if child.level == "resource"), deciding[1].node)
        value = node.expected if isinstance(node.expected, str) else json.dumps(node.expected, ensure_ascii=False)
        expected = Side(value, document.at(node.pointer))
    statements = [statement for answer in answers if (statement := answer.statement()) is not None]
    fix = _joined(statements) if len(statements) == len(answers) and kind is Kind.PERMISSION_MISSING else []
    exchange.refuse(
        kind,
        step="permission",
        expected=expected,
        actual=Side(str(first.need.resource), first.need.asked_by),
        certain=certain,
        location=Clause(
            (*([] if deciding is None else [deciding[1].node.name]), ", ".join(actions)),
            document=document.file if document is not None else "",
        ),
        where=document.at(deciding[1].node.pointer) if document is not None and deciding else first.need.asked_by,
        settle=first.settled_by(),
        facts={
            "permission": _listed(actions),
            "resource": str(first.need.resource),
            "on": _listed(f"`{_short(answer.need.resource)}`" for answer in answers),
            "reason": _reason(first, deciding),
            "shown_by": "policies",
            "policy_file": document.file if document is not None else "",
            "statement": json.dumps({"Version": "2012-10-17", "Statement": fix}) if fix else "",
        },
    )


def _listed(words: Iterable[str]) -> str:
    """`a, b and c`, each once."""
    *others, last = dict.fromkeys(words)
    return f"{', '.join(others)} and {last}" if others else last


def _short(resource: str) -> str:
    """An ARN without what is the same for every resource of the account: bucket/key, repository/NAME."""
    return str(resource).rpartition(":")[2]


def _joined(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The statements, those of one resource as one."""
    by_resource: dict[str, list[str]] = {}
    for statement in statements:
        by_resource.setdefault(statement["Resource"], []).append(statement["Action"])
    return [{"Effect": "Allow", "Action": actions, "Resource": resource} for resource, actions in by_resource.items()]


def _reason(answer: _Answer, deciding: tuple[iam.PolicyAnswer, iam.StatementResult] | None) -> str:
    """Why the statement that comes nearest does not allow the call."""
    need, nearest = answer.need, answer.nearest()
    if answer.access.denied_by is not None or deciding is None:
        return ""
    if answer.unmet is not None:
        failed = next(
            (child for child in deciding[1].node.children if child.level == "operator" and not child.result), None
        )
        return f"its condition {failed.name} is not met" if failed is not None else "its condition is not met"
    if nearest is None:
        return ""
    node = next((child for child in nearest[1].node.children if child.level == "resource"), None)
    patterns = (
        [child.expected for child in node.children if isinstance(child.expected, str)] if node is not None else []
    )
    if need.action == TOKEN_ACTION:
        return "it has no resource of its own, so only Resource `*` grants it"
    if need.service == "s3":
        bucket = str(need.resource).partition("/")[0]
        for pattern in sorted(patterns, key=len, reverse=True):
            if "s3://" in pattern and answer.would_match(pattern.replace("s3://", "").rstrip("/") + "/*"):
                return "the statement holds an s3:// address in an ARN"
            if answer.would_match(f"{pattern.rstrip('/')}/*"):
                of_bucket = pattern == bucket
                return (
                    f"the statement names the bucket, and its objects are `{bucket}/*`"
                    if of_bucket and len(patterns) == 1
                    else "the statement names a prefix without `/*`, which is one object of that name"
                    if not of_bucket
                    else f"the statement names the bucket and other objects, and the objects asked for are `{bucket}/…`"
                )
            if need.action == "s3:ListBucket" and answer.would_match(pattern.partition("/")[0]):
                return f"the statement names the objects, and the action is of the bucket, `{bucket}`"
    return "the statement names other resources"
