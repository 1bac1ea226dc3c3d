"""AWS027: the statement is about another principal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    "principal",
    [
        {"Federated": "oidc.baseten.co"},
        {"Federated": "arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co/"},
        {"Federated": "arn:aws:iam::210987654321:oidc-provider/https://oidc.baseten.co"},
        {"Federated": "arn:aws:iam::210987654321:saml-provider/oidc.baseten.co"},
        {"AWS": "*"},
        {"AWS": "arn:aws:iam::210987654321:root"},
        {"Service": "ec2.amazonaws.com"},
    ],
)
def test_other_principals(aws: Bundle, principal: Any) -> None:
    answer = aws.trust(aws.statement(Principal=principal)).ask()
    cause = answer.refused("principal-differs", "authorise", aws.NOT_AUTHORIZED)
    assert cause.location == "Statement[0] · Principal"
    assert cause.actual is not None
    assert cause.actual.value == aws.PROVIDER_ARN
    assert aws.PROVIDER_ARN in cause.words_of_check


@pytest.mark.parametrize("principal", [{"Federated": ["x"]}, {"Federated": "x"}, {"AWS": "x"}, {"Service": "ec2"}])
def test_a_name_that_iam_stores_as_no_principal(aws: Bundle, principal: Any) -> None:
    answer = aws.trust(aws.statement(Principal=principal)).ask()
    assert answer.exchange().prediction == "unknown"
    assert [(cause.name, cause.confidence) for cause in answer.report.causes] == [
        ("trust-policy-unreadable", "suspected")
    ]


def test_both_sides_are_marked(aws: Bundle) -> None:
    cause = aws.trust(aws.statement(Principal={"Federated": aws.PROVIDER_ARN + "/"})).ask().first
    assert aws.marked(cause.expected) == aws.PROVIDER_ARN + "[/]"


@pytest.mark.parametrize("principal", ["*", {"Federated": "*"}])
def test_what_a_bare_star_does_was_never_measured(aws: Bundle, principal: Any) -> None:
    aws.trust(aws.statement(Principal=principal)).ask().suspected("principal-differs")


def test_what_settles_a_bare_star(aws: Bundle) -> None:
    assert "placeholder" not in aws.trust(aws.statement(Principal="*")).ask().first.settle


def test_one_of_several(aws: Bundle) -> None:
    answer = aws.trust(
        aws.statement(Principal={"Federated": ["cognito-identity.amazonaws.com", aws.PROVIDER_ARN]})
    ).ask()
    assert answer.accepted
    answer.passed("principal-differs")


def test_a_redacted_issuer(aws: Bundle) -> None:
    arn = "arn:aws:iam::210987654321:oidc-provider/<issuer>"
    answer = aws.trust(aws.statement(Principal={"Federated": arn})).ask()
    assert answer.first.confidence == "suspected"
    assert answer.exchange().prediction == "unknown"


def test_no_policy_was_read(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("principal-differs")


def test_a_role_that_another_role_assumes(aws: Bundle) -> None:
    first = "arn:aws:iam::321098765432:role/Reader"
    statement = aws.statement(
        {}, Principal={"AWS": ["arn:aws:iam::321098765432:user/ann", first]}, Action="sts:AssumeRole"
    )
    cause = aws.trust(statement).ask().refused("principal-differs", "authorise")
    assert "assumed by another role" in cause.summary
    assert f"Assume the first role, {first}, with the token" in cause.words_of_check
