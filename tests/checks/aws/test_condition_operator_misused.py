"""AWS032: operator and key do not go together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def with_amr(bundle: Bundle, operator: str, amr: Any, value: str = "mfa") -> Bundle:
    condition = bundle.subject(bundle.PATTERN)
    condition.setdefault(operator, {})["oidc.baseten.co:amr"] = value
    return bundle.token(bundle.claims_of(amr=amr)).condition(condition)


@pytest.mark.parametrize("operator", ["StringEquals", "StringEqualsIfExists", "StringLike"])
@pytest.mark.parametrize("amr", [["mfa"], ["mfa", "pwd"]])
def test_a_key_of_several_values_without_a_set_operator(aws: Bundle, operator: str, amr: list[str]) -> None:
    answer = with_amr(aws, operator, amr).ask()
    cause = answer.refused("condition-operator-misused", "authorise", aws.NOT_AUTHORIZED)
    assert cause.location == f"Statement[0] · {operator} · oidc.baseten.co:amr"
    assert "ForAnyValue" in cause.summary


def test_negated_too(aws: Bundle) -> None:
    with_amr(aws, "StringNotEquals", ["pwd"]).ask().refused(
        "condition-operator-misused", "authorise", aws.NOT_AUTHORIZED
    )


@pytest.mark.parametrize("operator", ["ForAnyValue:StringEquals", "ForAllValues:StringEquals"])
def test_with_a_set_operator(aws: Bundle, operator: str) -> None:
    answer = with_amr(aws, operator, ["mfa"]).ask()
    assert answer.accepted
    answer.passed("condition-operator-misused")


def test_when_it_is_absent_the_ordinary_rule_holds(aws: Bundle) -> None:
    assert with_amr(aws, "StringNotEquals", ...).ask().accepted
    assert with_amr(aws, "ForAllValues:StringEquals", ...).ask().exchange().prediction == "accepted"
    assert with_amr(aws, "ForAnyValue:StringNotEquals", ...).ask().exchange().prediction == "refused"
    assert with_amr(aws, "StringEquals", ...).ask().exchange().prediction == "refused"


@pytest.mark.parametrize("operator", ["StringEquals", "ForAnyValue:StringEquals"])
def test_an_empty_list_is_absent(aws: Bundle, operator: str) -> None:
    assert with_amr(aws, operator, []).ask().exchange().prediction == "refused"


@pytest.mark.parametrize("operator", ["ArnLike", "ArnEquals", "NumericEquals", "DateEquals", "IpAddress"])
def test_an_operator_of_another_type_on_the_subject(aws: Bundle, operator: str) -> None:
    answer = aws.condition(aws.subject(aws.PATTERN, operator=operator)).ask()
    answer.refused("condition-operator-misused", "authorise", aws.NOT_AUTHORIZED)


def test_bool_reads_every_text_but_true_as_false(aws: Bundle) -> None:
    assert aws.condition(aws.subject(aws.PATTERN, operator="Bool")).ask().accepted
    answer = aws.condition(aws.subject("true", operator="Bool")).ask()
    answer.refused("condition-operator-misused", "authorise", aws.NOT_AUTHORIZED)


@pytest.mark.parametrize("operator", ["StringMatches", "StringLikes", "ForAny:StringLike", "NotAnOperator"])
def test_an_operator_that_does_not_exist(aws: Bundle, operator: str) -> None:
    answer = aws.condition(aws.subject(aws.PATTERN, operator=operator)).ask()
    answer.refused("condition-operator-misused", "authorise", aws.NOT_AUTHORIZED)


def test_no_policy_was_read(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("condition-operator-misused")
