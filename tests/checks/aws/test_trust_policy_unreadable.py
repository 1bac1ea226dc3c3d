"""AWS035: a part of the trust policy is not what IAM stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle

DENIES: dict[str, dict[str, Any]] = {
    "Statement[1].Principal": {"Principal": 5},
    "Statement[1].Action": {"Action": None},
    "Statement[1].Effect": {"Effect": "DENY"},
    "Statement[1].Resource": {"Resource": "*"},
    "Statement[1].NotPrincipal": {"Principal": ..., "NotPrincipal": {"AWS": "*"}},
    "Statement[1].condition": {"condition": {}},
    "Statement[1].Condition": {"Condition": "REDACTED"},
    "Statement[1].StringLike": {"Condition": {"StringLike": ["x"]}},
}


@pytest.mark.parametrize("part", DENIES)
def test_a_deny_that_cannot_be_read_is_no_acceptance(aws: Bundle, part: str) -> None:
    deny = {**aws.statement(Effect="Deny"), **DENIES[part]}
    deny = {name: value for name, value in deny.items() if value is not ...}
    answer = aws.trust(aws.statement(), deny).ask()
    cause = answer.suspected("trust-policy-unreadable")
    assert part.replace(".StringLike", ".Condition.StringLike") in cause.summary
    assert "IAM" in cause.settle
    assert (answer.exchange().prediction, answer.report.verdict, answer.report.exit_code) == ("unknown", "unknown", 3)


@pytest.mark.parametrize("statement", ["...", None, 5, []])
def test_a_statement_that_is_no_object(aws: Bundle, statement: Any) -> None:
    answer = aws.trust(aws.statement(), statement).ask()
    assert "Statement[1]" in answer.suspected("trust-policy-unreadable").summary
    assert answer.report.exit_code == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"Action": ...},
        {"Action": [{}]},
        {"Principal": ...},
        {"Principal": {"Federated": None}},
        {"Effect": "allow"},
    ],
)
def test_an_allow_that_cannot_be_read_is_no_refusal(aws: Bundle, changes: dict[str, Any]) -> None:
    answer = aws.trust(aws.statement(**changes)).ask()
    assert answer.names[0] == "trust-policy-unreadable"
    assert answer.exchange().prediction == "unknown"


def test_a_readable_allow_beside_it_is_no_acceptance(aws: Bundle) -> None:
    answer = aws.trust(aws.statement(), aws.statement(Effect="***")).ask()
    assert answer.exchange().prediction == "unknown"
    other = aws.statement(Effect="***", Action="s3:GetObject")
    assert aws.trust(aws.statement(), other).ask().accepted


@pytest.mark.parametrize("member", [{"Version": "2099-01-01"}, {"statement": []}, {"Comment": "x"}])
def test_a_member_of_the_policy(aws: Bundle, member: dict[str, Any]) -> None:
    answer = aws.trust(aws.statement(), **member).ask()
    assert next(iter(member)) in answer.suspected("trust-policy-unreadable").summary


def test_a_readable_deny_decides(aws: Bundle) -> None:
    deny = aws.statement(Effect="Deny")
    answer = aws.trust("...", deny).ask()
    assert answer.names == ["explicit-deny"]
    assert answer.report.exit_code == 1


def test_a_missing_element_is_named(aws: Bundle) -> None:
    assert "Statement[0].Action is missing" in aws.trust(aws.statement(Action=...)).ask().first.summary


@pytest.mark.parametrize("inner", [True, False])
def test_a_name_in_two_spellings_is_not_called_invalid(aws: Bundle, inner: bool) -> None:
    condition: dict[str, Any] = {"StringEquals": {aws.AUD_KEY: "oidc.baseten.co"}, "StringLike": {aws.SUB_KEY: "v=1:*"}}
    if inner:
        condition["StringLike"][aws.SUB_KEY.upper()] = "nothing"
    else:
        condition["stringlike"] = {aws.SUB_KEY: "nothing"}
    cause = aws.trust(aws.statement(Condition=condition)).ask().suspected("trust-policy-unreadable")
    assert "in a second spelling" in cause.summary
    assert "not valid" not in cause.summary


def test_a_whole_policy(aws: Bundle) -> None:
    aws.ask().passed("trust-policy-unreadable")
    aws.remove("aws/role.json").ask().skipped("trust-policy-unreadable")
