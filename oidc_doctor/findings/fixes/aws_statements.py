"""Edits of the statements of a trust policy: actions, principals, a statement of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from oidc_doctor.findings.fixes.edit import Candidate, Maker
from oidc_doctor.findings.fixes.trust_policy import (
    ASSUME,
    CLOSES,
    as_list,
    first_allow,
    is_of_the_request,
    one_or_list,
    only_statement,
    policy_edit,
    provider_arn,
    require_own,
    role_arn,
    statement_of,
)
from oidc_doctor.judge.aws.arns import federated, split_provider
from oidc_doctor.model import arns
from oidc_doctor.model.document import Missing
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case


def actions_added(*wanted: str) -> Maker:
    """The missing actions added to the statement; then with conditions on the token's own workload."""

    def make(case: Case, refusal: Refusal) -> Iterator[Candidate]:
        def change(policy: Any) -> bool:
            statement = statement_of(policy, refusal) or first_allow(policy)
            if statement is None or "Action" not in statement:
                return False
            old = as_list(statement["Action"])
            if not all(isinstance(action, str) for action in old):
                return False
            statement["Action"] = one_or_list(list(dict.fromkeys([*old, *wanted])), was=statement["Action"])
            return True

        def own(policy: Any) -> bool:
            statement = statement_of(policy, refusal) or first_allow(policy)
            return change(policy) and statement is not None and require_own(case, statement)

        yield from policy_edit(case, change, "add", "declared")
        yield from policy_edit(case, own, "add", also=CLOSES)

    return make


def principal_corrected(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """The Federated principal replaced, where it is the same issuer's provider under another ARN."""
    expected, actual = refusal.expected, refusal.actual
    if expected is None or actual is None or split_provider(expected.value) is None or not split_provider(actual.value):
        return
    if _may_exist(case, expected.value):
        return  # its tokens may be in use

    def change(policy: Any) -> bool:
        changed = False
        for arn, pointer in federated(policy):
            if arn == expected.value:
                place = policy
                parts = pointer.split("/")[1:]
                for part in parts[:-1]:
                    place = place[int(part)] if isinstance(place, list) else place[part]
                last = parts[-1]
                place[int(last) if isinstance(place, list) else last] = actual.value
                changed = True
        return changed

    yield from policy_edit(case, change, "correct", "declared")


def _may_exist(case: Case, provider_arn: str) -> bool:
    """Whether the role's account has this provider, as far as the evidence goes."""
    if arns.account_of(provider_arn) != arns.account_of(role_arn(case)):
        return False  # a trust policy's provider is one of the role's own account
    aws = case.evidence.aws
    if aws is None or isinstance(aws.provider_arns, Missing):
        return True
    return provider_arn in aws.provider_arns


def statement_beside(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """A statement of its own for the token's workload, beside all that the policy has.

    It tests what the refusing statement tests besides the token: an address, a session name. A refusal by such a test,
    or by an exclusion, is not walked around.
    """
    arn = provider_arn(case)
    clause = refusal.clause
    excluded = "Not" in clause.operator or refusal.fact("excluded")
    if not arn or excluded or (clause.key and is_of_the_request(clause.key)):
        return
    actions = [ASSUME]
    if refusal.kind is Kind.SESSION_TAGS_NOT_ALLOWED:
        actions.append("sts:TagSession")
    if refusal.kind is Kind.SOURCE_IDENTITY_NOT_ALLOWED:
        actions.append("sts:SetSourceIdentity")

    def change(policy: Any) -> bool:
        beside = statement_of(policy, refusal) or only_statement(policy)
        block = beside.get("Condition") if beside is not None else None
        condition = {
            operator: kept
            for operator, keys in (block.items() if isinstance(block, dict) else ())
            if isinstance(keys, dict) and (kept := {key: keys[key] for key in keys if is_of_the_request(key)})
        }
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": arn},
            "Action": actions[0] if len(actions) == 1 else actions,
            "Condition": condition,
        }
        policy["Statement"] = [*as_list(policy.get("Statement") or []), statement]
        return require_own(case, statement)

    words = "Add a statement for this workload beside those of the trust policy, which others may need."
    yield from policy_edit(case, change, "add", words=words)


def statement_rewritten(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """The refusing statement as one for the token's workload: for a statement that accepts nobody."""

    def change(policy: Any) -> bool:
        statement = statement_of(policy, refusal)
        arn = provider_arn(case)
        if statement is None or not arn or statement.get("Effect") != "Allow":
            return False
        block = statement.get("Condition")
        statement["Principal"] = {"Federated": arn}
        statement["Condition"] = {
            operator: kept
            for operator, keys in (block.items() if isinstance(block, dict) else ())
            if isinstance(keys, dict) and (kept := {key: keys[key] for key in keys if is_of_the_request(key)})
        }
        return require_own(case, statement)

    if "Not" not in refusal.clause.operator and not is_of_the_request(refusal.clause.key):
        words = "Rewrite this statement for the workload: as it stands, it accepts nobody."
        yield from policy_edit(case, change, "correct", words=words)
