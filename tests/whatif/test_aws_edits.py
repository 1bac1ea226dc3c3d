"""Edits of AWS documents: the trust policy and the ClientIDList."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.whatif.ask import Answer, WhatIf
from oidc_doctor.whatif.parts import LONGEST

if TYPE_CHECKING:
    from tests.conftest import Bundle


def test_another_pattern_refuses_and_says_where(
    aws: Bundle,
    what_if_of: Callable[..., WhatIf],
    policy_with: Callable[..., str],
    condition: Callable[..., dict[str, Any]],
) -> None:
    what_if = what_if_of(aws)
    text = policy_with(what_if, {"Condition": condition(aws, aws.PATTERN.replace("Tq7L", "Zz9L"))})
    answer = what_if.ask({"trust-policy": text})
    assert answer.diagnosis is not None
    assert (answer.diagnosis.prediction, answer.diagnosis.step) == ("refused", "authorise")
    assert answer.causes[0].name == "subject-segment-differs"
    where = answer.diagnosis.refusals[0].where
    assert where is not None
    assert where.file == "the edited trust policy"
    assert "Zz9L" in text.splitlines()[(where.line or 0) - 1]
    changed = {step.id: (step.before.state, step.after and step.after.state) for step in what_if.steps(answer)}
    assert changed["authorise"] == ("passed", "refused")
    assert changed["audience"] == ("passed", "passed")


def test_an_open_pattern_lets_strangers_in_and_says_so(
    aws: Bundle,
    what_if_of: Callable[..., WhatIf],
    policy_with: Callable[..., str],
    condition: Callable[..., dict[str, Any]],
) -> None:
    what_if = what_if_of(aws)
    answer = what_if.ask({"trust-policy": policy_with(what_if, {"Condition": condition(aws, "*")})})
    found = what_if.reach(answer)
    assert found is not None
    assert found.tried > len(found.newly_accepted) > 0  # the clause of the audience still refuses some
    assert {one.who for one in found.newly_accepted} >= {"another org or team", "another org", "another team"}


def test_an_edit_that_admits_others_and_not_this_token_says_so(
    aws: Bundle,
    what_if_of: Callable[..., WhatIf],
    policy_with: Callable[..., str],
    condition: Callable[..., dict[str, Any]],
) -> None:
    what_if = what_if_of(aws)
    text = policy_with(what_if, {"Condition": condition(aws, "v=1:org=Org8Kd2P:team=Tq7LmZ2xX:*")})
    found = what_if.reach(what_if.ask({"trust-policy": text}))
    assert found is not None
    assert found.newly_accepted
    assert all("Tq7LmZ2xX" in one.subject for one in found.newly_accepted)


def test_a_typed_policy_where_none_was_read(
    aws: Bundle, what_if_of: Callable[..., WhatIf], decided: Callable[[Answer], tuple[Any, ...]]
) -> None:
    text = what_if_of(aws).part("trust-policy").text
    what_if = what_if_of(aws.remove("aws/role.json"))
    assert what_if.part("trust-policy").text == ""
    assert what_if.present.diagnosis is not None
    assert what_if.present.diagnosis.prediction == "unknown"
    assert decided(what_if.ask({"trust-policy": ""})) == decided(what_if.present)
    answer = what_if.ask({"trust-policy": text})
    assert answer.diagnosis is not None
    assert answer.diagnosis.prediction == "accepted"


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ('{\n  "Statement": [}\n', 2, 17, "expected a value"),
        ('{\n  "Statement": []\n', 3, 1, "too early"),
        ("", None, None, "empty"),
        ("[" * 3000, None, None, "nested"),
        ('{"a": ' + "1" * 5000 + "}", 1, None, "digits"),
    ],
)
def test_text_that_is_no_json_gives_its_place(
    text: str, line: int | None, column: int | None, said: str, aws: Bundle, what_if_of: Callable[..., WhatIf]
) -> None:
    answer = what_if_of(aws).ask({"trust-policy": text})
    assert answer.diagnosis is None
    assert answer.exchange is None
    (problem,) = answer.problems
    assert (problem.kind, problem.line, problem.column) == ("unreadable", line, column)
    assert said in problem.message
    assert str(problem).startswith(f"line {line}") == (line is not None)


def test_a_text_that_is_too_long_is_not_read(aws: Bundle, what_if_of: Callable[..., WhatIf]) -> None:
    answer = what_if_of(aws).ask({"trust-policy": " " * (LONGEST + 1) + "{}"})
    assert answer.diagnosis is None
    assert "longer than 256 KiB" in str(answer.problems[0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Resource": "*"}, "cannot have Resource"),
        ({"NotPrincipal": {"AWS": "*"}}, "cannot have NotPrincipal"),
        ({"Effect": "allow"}, "Effect is Allow or Deny"),
        ({"Sid": "x" * 2100}, "default quota is 2,048"),
    ],
)
def test_what_iam_would_not_store(
    change: dict[str, Any], said: str, aws: Bundle, what_if_of: Callable[..., WhatIf], policy_with: Callable[..., str]
) -> None:
    what_if = what_if_of(aws)
    answer = what_if.ask({"trust-policy": policy_with(what_if, change)})
    assert answer.diagnosis is not None
    (problem,) = answer.problems
    assert said in problem.message
    assert problem.kind == ("note" if "quota" in said else "refused")


@pytest.mark.parametrize(
    ("block", "stored"),
    [
        ({"StringLike": {"sub": "repo:octo-org/*"}}, True),
        ({"ForAnyValue:StringEquals": {"SUB": "repo:octo-org/weights:ref:refs/heads/main"}}, True),
        ({"StringEquals": {"job_workflow_ref": "octo-org/x/.github/workflows/y.yml@refs/heads/main"}}, True),
        ({"StringLike": {"sub": "*"}}, False),
        ({"StringLike": {"sub": ["repo:octo-org/*", "*"]}}, False),
        ({"StringLike": {"sub": "*:ref:refs/heads/main"}}, False),
        ({"StringEqualsIfExists": {"sub": "repo:octo-org/x"}}, False),
        ({"StringNotLike": {"sub": "repo:octo-org/x"}}, False),
        ({"StringEquals": {"aud": "sts.amazonaws.com"}}, False),
    ],
)
def test_the_control_of_shared_issuers(
    block: dict[str, Any], stored: bool, aws: Bundle, what_if_of: Callable[..., WhatIf], policy_with: Callable[..., str]
) -> None:
    issuer = aws.GITHUB.removeprefix("https://")
    condition = {
        operator: {f"{issuer}:{claim}": value for claim, value in operands.items()}
        for operator, operands in block.items()
    }
    principal = {"Federated": f"arn:aws:iam::{aws.ACCOUNT}:oidc-provider/{issuer}"}
    what_if = what_if_of(aws)
    answer = what_if.ask({"trust-policy": policy_with(what_if, {"Principal": principal, "Condition": condition})})
    assert [one.kind for one in answer.problems] == ([] if stored else ["refused"])
    assert stored or "shared by many customers" in answer.problems[0].message


def test_an_observed_error_is_not_held_against_an_edit(
    aws: Bundle,
    what_if_of: Callable[..., WhatIf],
    policy_with: Callable[..., str],
    condition: Callable[..., dict[str, Any]],
) -> None:
    """It was seen with what was read; of the steps before the edit it still tells that they passed."""
    aws.write("error.txt", ": ".join(aws.NOT_AUTHORIZED)).remove("issuer/jwks.json")
    aws.condition(aws.subject("v=1:org=Org8Kd2P:team=Tq7LmZ2y:*"))
    what_if = what_if_of(aws)
    answer = what_if.ask({"trust-policy": policy_with(what_if, {"Condition": condition(aws, aws.PATTERN)})})
    assert answer.diagnosis is not None
    states = {step.id: (step.before.state, step.after and step.after.state) for step in what_if.steps(answer)}
    assert answer.diagnosis.prediction == "accepted", states
    assert states["authorise"] == ("refused", "passed")
    assert states["keys"][0] == states["keys"][1]
    assert not answer.causes


def test_a_client_id_is_added(aws: Bundle, what_if_of: Callable[..., WhatIf]) -> None:
    what_if = what_if_of(aws.aws_provider(client_ids=("other",)))
    assert what_if.present.diagnosis is not None
    assert what_if.present.diagnosis.step == "audience"
    answer = what_if.ask({"client-ids": json.dumps(["other", aws.AUDIENCE])})
    assert answer.diagnosis is not None
    assert answer.diagnosis.prediction == "accepted"
    assert what_if.ask({"client-ids": '{"ClientIDList": [1]}'}).problems[0].kind == "unreadable"
    assert what_if.ask({"client-ids": "{}"}).problems[0].kind == "unreadable"
