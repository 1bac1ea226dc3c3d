"""data aws_iam_policy_document is rendered as the provider of hashicorp/aws renders it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oidc_doctor.plans.masked import Open
from oidc_doctor.plans.plan import read_plan
from oidc_doctor.plans.policy_document import Renderer
from plan_text import ISSUER, UNKNOWN, PlanText, condition, document, provider_arn, references, statement

NAME = "data.aws_iam_policy_document.d"


def rendered(*statements: Any, **more: Any) -> Any:
    """Return the policy of a document with these statements; an Open if it is open."""
    plan = read_plan(PlanText().add(NAME, document(*statements, **more)).text(), "plan.json")
    return Renderer(plan, lambda _: None).policy(plan.resources[NAME])


def only(**members: Any) -> dict[str, Any]:
    """Return a statement with nothing but these members."""
    empty = {"actions": None, "condition": [], "principals": [], "effect": None}
    return statement([provider_arn()]) | empty | members


def test_defaults() -> None:
    assert rendered(only()) == {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}
    assert rendered(only(sid=""), version="2008-10-17", policy_id="p") == {
        "Version": "2008-10-17",
        "Id": "p",
        "Statement": [{"Effect": "Allow"}],
    }
    assert rendered(only(sid="A", effect="Deny"))["Statement"] == [{"Sid": "A", "Effect": "Deny"}]


def test_single_values_are_texts() -> None:
    one = rendered(only(actions=["a:b"], not_actions=["c:d"], resources=["r"], not_resources=["n"]))
    assert one["Statement"][0] == {
        "Effect": "Allow",
        "Action": "a:b",
        "NotAction": "c:d",
        "Resource": "r",
        "NotResource": "n",
    }
    assert rendered(only(actions=["a:b", "c:d"]))["Statement"][0]["Action"] == ["a:b", "c:d"]


@pytest.mark.parametrize(
    ("principals", "expected"),
    [
        ([("*", ["*"])], "*"),
        ([("AWS", ["*"])], {"AWS": "*"}),
        ([("*", ["*", "x"])], {"*": ["*", "x"]}),
        ([("Federated", ["a"]), ("Federated", ["b"])], {"Federated": ["a", "b"]}),
        ([("Federated", ["a"]), ("AWS", ["b", "c"])], {"Federated": "a", "AWS": ["b", "c"]}),
        ([("*", ["*"]), ("AWS", ["a"])], {"*": "*", "AWS": "a"}),
    ],
)
def test_principals(principals: Any, expected: Any) -> None:
    blocks = [{"type": type_, "identifiers": names} for type_, names in principals]
    assert rendered(only(principals=blocks))["Statement"][0]["Principal"] == expected
    assert rendered(only(not_principals=blocks))["Statement"][0]["NotPrincipal"] == expected


def test_conditions_of_one_test_and_variable_are_merged() -> None:
    blocks = [
        condition("StringEquals", f"{ISSUER}:sub", ["a"]),
        condition("StringEquals", f"{ISSUER}:sub", ["b", "c"]),
        condition("StringEquals", f"{ISSUER}:aud", ["d"]),
        condition("StringLike", f"{ISSUER}:sub", ["e"]),
    ]
    assert rendered(only(condition=blocks))["Statement"][0]["Condition"] == {
        "StringEquals": {f"{ISSUER}:sub": ["a", "b", "c"], f"{ISSUER}:aud": "d"},
        "StringLike": {f"{ISSUER}:sub": "e"},
    }


def test_variables_of_a_policy_are_written_with_an_ampersand() -> None:
    key = "&{aws:PrincipalTag/team}"
    blocks = [condition("StringEquals", "a:b", [key])]
    (part,) = rendered(only(resources=[f"r/{key}"], condition=blocks, actions=["&{a}"]))["Statement"]
    assert part["Resource"] == "r/${aws:PrincipalTag/team}"
    assert part["Condition"] == {"StringEquals": {"a:b": "${aws:PrincipalTag/team}"}}
    assert part["Action"] == "&{a}"
    assert isinstance(rendered(only(resources=[key]), version="2008-10-17"), Open)  # the provider refuses it


def test_documents_are_merged_by_sid() -> None:
    source = {"Version": "2008-10-17", "Statement": [{"Sid": "A", "Effect": "Allow", "Action": "s:1"}]}
    override = {
        "Id": "last",
        "Version": "2012-10-17",
        "Statement": [{"Sid": "B", "Effect": "Deny"}, {"Effect": "Allow", "Action": ["s:3"]}],
    }
    policy = rendered(
        only(sid="A", actions=["s:2"]),
        only(sid="B"),
        source_policy_documents=[json.dumps(source), None],
        override_policy_documents=[json.dumps(override)],
    )
    assert policy == {
        "Version": "2012-10-17",
        "Id": "last",
        "Statement": [
            {"Sid": "A", "Effect": "Allow", "Action": "s:2"},
            {"Sid": "B", "Effect": "Deny"},
            {"Effect": "Allow", "Action": ["s:3"]},
        ],
    }


def test_an_open_sid_leaves_open_what_is_replaced() -> None:
    override = json.dumps({"Statement": [{"Sid": "A", "Effect": "Deny"}]})
    assert isinstance(rendered(only(sid=UNKNOWN), override_policy_documents=[override]), Open)
    assert isinstance(rendered(only(sid=UNKNOWN)), dict)


@pytest.mark.parametrize(
    "source",
    [
        "no json",
        '{"Statement": {"Effect": "Allow"}}',
        '{"Statement": [], "Statement": []}',
        '{"statement": []}',
        '{"Statement": [{"effect": "Allow"}]}',
        '{"Statement": [{"Principal": "everybody"}]}',
        '{"Statement": [{"Condition": {"NumericLessThan": {"a:b": 1}}}]}',
    ],
)
def test_a_document_in_another_form_is_not_merged(source: str) -> None:
    policy = rendered(only(), source_policy_documents=[source])
    assert isinstance(policy, Open)
    assert policy.path == "source_policy_documents[0]"


def test_a_document_that_another_one_renders() -> None:
    plan_text = PlanText()
    plan_text.add("data.aws_iam_policy_document.base", document(only(sid="Base")))
    merged = document(only(sid="Own"), source_policy_documents=[document()["json"]])
    source = references("data.aws_iam_policy_document.base.json")
    plan_text.add(NAME, merged, expressions={"source_policy_documents": source})
    plan = read_plan(plan_text.text(), "plan.json")
    policy = Renderer(plan, lambda _: None).policy(plan.resources[NAME])
    assert isinstance(policy, dict)
    assert [part["Sid"] for part in policy["Statement"]] == ["Base", "Own"]
