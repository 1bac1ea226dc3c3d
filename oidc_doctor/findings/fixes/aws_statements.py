"""Edit the statements of a trust policy: actions, principals, a separate statement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from oidc_doctor.findings.fixes.edit import Candidate, Maker
from oidc_doctor.findings.fixes.trust_policy import (
    ASSUME,
    as_list,
    condition_key,
    first_allow,
    is_of_the_request,
    issuer_host,
    one_or_list,
    only_statement,
    policy_edit,
    provider_arn,
    require_own,
    role_arn,
    statement_of,
)
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.aws.arns import federated, split_provider
from oidc_doctor.model import arns
from oidc_doctor.model.document import Missing
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case


def actions_added(*wanted: str) -> Maker:
    """Add the missing actions to the statement."""

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

        yield from policy_edit(case, change, "add", "declared")

    return make


def principal_corrected(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Replace the Federated principal if it is the same issuer's provider with a different ARN."""
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
    """Whether the role's account has this provider, as far as known."""
    if arns.account_of(provider_arn) != arns.account_of(role_arn(case)):
        return False  # a trust policy's provider belongs to the role's account
    aws = case.evidence.aws
    if aws is None or isinstance(aws.provider_arns, Missing):
        return True
    return provider_arn in aws.provider_arns


def statement_beside(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Add a separate statement for the token's workload.

    It keeps the refusing statement's conditions other than subject and audience, so that none is bypassed.
    A refusal by such a condition, or by an exclusion, gets no statement, nor does a role that another role assumes.
    """
    arn = provider_arn(case)
    if not arn or not _may_be_replaced(refusal) or refusal.fact("assumed_by"):
        return
    actions = [ASSUME]
    if refusal.kind is Kind.SESSION_TAGS_NOT_ALLOWED:
        actions.append("sts:TagSession")
    if refusal.kind is Kind.SOURCE_IDENTITY_NOT_ALLOWED:
        actions.append("sts:SetSourceIdentity")

    def change(policy: Any) -> bool:
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": arn},
            "Action": actions[0] if len(actions) == 1 else actions,
            "Condition": _other_conditions(case, statement_of(policy, refusal) or only_statement(policy), refusal),
        }
        policy["Statement"] = [*as_list(policy.get("Statement") or []), statement]
        return require_own(case, statement)

    words = "If this workload should have access: add a statement for it; the other statements stay."
    yield from policy_edit(case, change, "add", words=words)


def statement_rewritten(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Rewrite the refusing statement for the token's workload, if it accepts no token."""

    def change(policy: Any) -> bool:
        statement = statement_of(policy, refusal)
        arn = provider_arn(case)
        if statement is None or not arn or statement.get("Effect") != "Allow":
            return False
        statement["Principal"] = {"Federated": arn}
        statement["Condition"] = _other_conditions(case, statement, refusal)
        return require_own(case, statement)

    if _may_be_replaced(refusal) and not refusal.fact("assumed_by"):
        words = "Rewrite this statement for the workload: as written, it accepts no workload."
        yield from policy_edit(case, change, "correct", words=words)


# Refusals by a key that the new statement tests differently, or that AWS never sets.
_OF_THE_TOKEN = (
    *(Kind.WILDCARD_UNDER_STRING_EQUALS, Kind.SUBJECT_CASE_DIFFERS, Kind.SUBJECT_FORMAT_CHANGED),
    *(Kind.SUBJECT_FORM_DIFFERS, Kind.SUBJECT_SEGMENT_DIFFERS, Kind.AUDIENCE_CONDITION_DIFFERS),
    *(Kind.CONDITION_KEY_MISSPELLED, Kind.CONDITION_KEY_NOT_PROVIDED, Kind.CONDITION_OPERATOR_MISUSED),
    *(Kind.POLICY_VARIABLE_UNRESOLVED, Kind.PLACEHOLDER_LEFT_IN, Kind.INVISIBLE_CHARACTER_IN_VALUE),
)
_NO_VALUE = (Kind.CONDITION_KEY_MISSPELLED, Kind.CONDITION_KEY_NOT_PROVIDED)


def _may_be_replaced(refusal: Refusal) -> bool:
    """Whether a statement for the workload replaces the refusing clause."""
    clause = refusal.clause
    if not clause.key:
        return True
    return (
        refusal.kind in _OF_THE_TOKEN
        and "Not" not in clause.operator
        and not refusal.fact("excluded")
        and not is_of_the_request(clause.key)
    )


def _other_conditions(case: Case, statement: dict[str, Any] | None, refusal: Refusal) -> dict[str, Any]:
    """Return the statement's conditions, except on subject, audience and keys unknown to AWS.

    For a statement about another issuer, only conditions on the request are kept.
    """
    block = statement.get("Condition") if statement is not None else None
    host = issuer_host(case)
    same_issuer = any(arn.endswith(f"oidc-provider/{host}") for arn, _ in federated({"Statement": [statement]}))
    tested_anew = {condition_key(case, "sub"), condition_key(case, "aud"), refusal.clause.key}
    tested_anew |= {rest.clause.key for rest in evaluate(case).refusals if rest.kind in _NO_VALUE}

    def is_kept(key: str) -> bool:
        return is_of_the_request(key) or (same_issuer and key not in tested_anew)

    return {
        operator: kept
        for operator, keys in (block.items() if isinstance(block, dict) else ())
        if isinstance(keys, dict) and (kept := {key: keys[key] for key in keys if is_kept(key)})
    }
