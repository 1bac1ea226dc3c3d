"""Expectations on plans: targets are addresses, and what is known only after apply is unknown and named."""

from __future__ import annotations

from typing import Any

import pytest

from oidc_doctor.documents.expect_file import parse_expectations
from oidc_doctor.examine.examine import read_and_judge
from oidc_doctor.examine.question import Question
from oidc_doctor.expect.run import run
from oidc_doctor.expect.targets import TargetError, targets_of
from oidc_doctor.model.expectations import Expectations
from plan_text import (
    ISSUER,
    STRANGER,
    SUBJECT,
    UNKNOWN,
    PlanText,
    condition,
    document,
    document_block,
    new_role_and_provider,
    oidc_provider,
    references,
    role,
    statement,
)

ROLE = "aws_iam_role.weights"
TABLE = f'[[expect]]\ntarget = "{ROLE}"\naccepted = ["{SUBJECT}"]\nrefused = ["{STRANGER}"]\nstrangers = "refused"\n'


def judged(plan: PlanText, text: str = TABLE) -> Expectations:
    with plan.bundle() as bundle:
        state, exchanges = read_and_judge(bundle, Question())
    return run(parse_expectations(text), targets_of(exchanges), "expect.toml", state.at)


def test_a_role_that_is_created_with_its_provider_is_green() -> None:
    result = judged(new_role_and_provider())
    assert [row.outcome for row in result.results] == ["met", "met", "met"]
    assert {row.target for row in result.results} == {ROLE}
    assert any("data.aws_iam_policy_document" in what for what in result.assumed)


def test_a_target_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(TargetError, match=r"aws_iam_role\.weight: .*'aws_iam_role\.weights'"):
        judged(new_role_and_provider(), TABLE.replace(ROLE, "aws_iam_role.weight"))


def plan_of(statement_block: Any = None, **provider: Any) -> PlanText:
    """The plan of a role and its provider, with another statement, or with other values of the provider."""
    address = "aws_iam_openid_connect_provider.baseten"
    plan = PlanText()
    statements = [] if statement_block is None else [statement_block]
    plan.add("data.aws_iam_policy_document.trust", document(*statements), expressions=document_block(f"{address}.arn"))
    plan.add(address, oidc_provider() | provider)
    trust = {"assume_role_policy": references("data.aws_iam_policy_document.trust.json")}
    return plan.add(ROLE, role(), expressions=trust)


AUD = condition("StringEquals", f"{ISSUER}:aud", [ISSUER])
SUB = condition("StringLike", f"{ISSUER}:sub", ["v=1:org=o1:team=t1:*"])
LEAVES = {
    "statement": lambda: plan_of(UNKNOWN),
    "effect": lambda: plan_of(statement(effect=UNKNOWN)),
    "actions": lambda: plan_of(statement(actions=UNKNOWN)),
    "conditions": lambda: plan_of(statement(conditions=UNKNOWN)),
    "one condition": lambda: plan_of(statement(conditions=[AUD, UNKNOWN])),
    "operator": lambda: plan_of(statement(conditions=[AUD, SUB | {"test": UNKNOWN}])),
    "key": lambda: plan_of(statement(conditions=[AUD, SUB | {"variable": UNKNOWN}])),
    "values": lambda: plan_of(statement(conditions=[AUD, SUB | {"values": UNKNOWN}])),
    "one value": lambda: plan_of(statement(conditions=[AUD, SUB | {"values": [UNKNOWN]}])),
    "audience": lambda: plan_of(statement(conditions=[SUB, AUD | {"values": [UNKNOWN]}])),
    "url": lambda: plan_of(url=UNKNOWN),
    "client ids": lambda: plan_of(client_id_list=UNKNOWN),
    "one client id": lambda: plan_of(client_id_list=[UNKNOWN]),
}


@pytest.mark.parametrize("leaf", LEAVES)
def test_a_leaf_that_is_known_after_apply_never_becomes_a_pass(leaf: str) -> None:
    accepted, refused, strangers = judged(LEAVES[leaf]()).results
    assert accepted.outcome == "unknown"
    assert accepted.reason
    assert accepted.fix
    if accepted.unknown_values:
        assert all(row.settled_by and row.address for row in accepted.unknown_values)
    # a clause that is known may refuse whatever the leaf becomes
    independent = leaf in ("actions", "url", "audience", "client ids", "one client id")
    assert (refused.outcome == "met") <= independent, refused
    assert (strangers.outcome == "met") <= independent, strangers.strangers


def test_the_value_is_named_by_address_and_attribute() -> None:
    row = judged(LEAVES["one value"]()).results[0]
    assert row.unknown_values
    assert any("condition[1].values" in value.attribute for value in row.unknown_values), row.unknown_values
