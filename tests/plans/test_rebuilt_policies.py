"""Policies that are rebuilt from a plan are those that Terraform read while planning, or applied.

The plans and what came of them: fixtures/README.md.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.model.placeholder import has_placeholder, may_equal
from oidc_doctor.plans.aws import AwsPart
from oidc_doctor.plans.gaps import Gaps
from oidc_doctor.plans.plan import read_plan
from oidc_doctor.plans.policy_document import TYPE, Renderer

if TYPE_CHECKING:
    from oidc_doctor.plans.plan import Plan

FIXTURES = Path(__file__).parent / "fixtures"
ACCOUNT = "123456789012"  # in which the plans were applied
# Their expressions change the document, or take another one by a function of the key, and a plan shows neither.
CHANGED_BY_FUNCTIONS = {"aws_iam_role.changed", 'aws_iam_role.crossed["any"]', 'aws_iam_role.crossed["main"]'}


def plan_of(name: str) -> Plan:
    """Return a plan of the fixtures."""
    return read_plan((FIXTURES / name / "plan.json").read_text(encoding="utf-8"), name)


def as_set(value: Any) -> list[Any]:
    """Return the texts of a value in one order: one text or a list of it, in any order, mean the same to IAM."""
    return sorted(value, key=str) if isinstance(value, list) else [value]


def in_one_form(policy: dict[str, Any]) -> dict[str, Any]:
    """Return a policy whose lists of texts are in one order."""
    statements = []
    for statement in policy.get("Statement", []):
        form: dict[str, Any] = {}
        for name, value in statement.items():
            if name == "Condition":
                form[name] = {test: {key: as_set(texts) for key, texts in keys.items()} for test, keys in value.items()}
            elif isinstance(value, dict):
                form[name] = {kind: as_set(names) for kind, names in value.items()}
            else:
                form[name] = as_set(value)
        statements.append(form)
    return {**policy, "Statement": statements}


def pairs() -> list[tuple[str, str]]:
    """Return the documents that were read while planning: the plan, and the address."""
    return [
        (name, document.address)
        for name in sorted(path.parent.name for path in FIXTURES.glob("*/plan.json"))
        for document in plan_of(name).of_type(TYPE, mode="data")
        if isinstance((document.after or {}).get("json"), str)
    ]


@pytest.mark.parametrize(("name", "address"), pairs())
def test_statements_render_as_the_provider_rendered_them(name: str, address: str) -> None:
    plan = plan_of(name)
    document = plan.resources[address]
    policy = Renderer(plan, lambda _: None).policy(document)
    assert isinstance(policy, dict), policy
    assert in_one_form(policy) == in_one_form(json.loads((document.after or {})["json"]))


def test_pairs_are_there() -> None:
    assert len(pairs()) > 15


def may_be(rebuilt: Any, applied: Any) -> bool:
    """Whether a rebuilt value, with placeholders for what is open, can become the applied one."""
    if isinstance(rebuilt, str) and has_placeholder(rebuilt):
        return not isinstance(applied, str) or may_equal(rebuilt, applied) is not False
    if isinstance(rebuilt, dict) and isinstance(applied, dict):
        return rebuilt.keys() == applied.keys() and all(may_be(rebuilt[name], applied[name]) for name in rebuilt)
    if isinstance(rebuilt, list) and isinstance(applied, list):
        is_open = any(isinstance(text, str) and has_placeholder(text) for text in rebuilt)
        known = [text for text in rebuilt if not (isinstance(text, str) and has_placeholder(text))]
        if all(isinstance(text, str) for text in known):
            return {*known} <= {*applied} and (is_open or len(known) == len(applied))
        return len(rebuilt) == len(applied) and all(map(may_be, rebuilt, applied))
    return bool(rebuilt == applied)


@pytest.mark.parametrize("name", sorted(path.parent.name for path in FIXTURES.glob("*/applied.json")))
def test_a_rebuilt_policy_can_become_the_applied_one(name: str) -> None:
    applied = json.loads((FIXTURES / name / "applied.json").read_text(encoding="utf-8"))["policies"]
    for target in AwsPart(plan_of(name), Gaps()).targets():
        address, role = target.target.name, target.files.get("aws/role.json")
        if role is None or address not in applied:
            continue
        if address in CHANGED_BY_FUNCTIONS:
            assert target.assumed, address
            continue
        text = json.loads(role)["AssumeRolePolicyDocument"].replace("<account, known after apply>", ACCOUNT)
        rebuilt, real = in_one_form(json.loads(text)), in_one_form(applied[address])
        assert may_be(rebuilt, real), (address, rebuilt, real)
