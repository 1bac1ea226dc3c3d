"""AWS034: a Deny matches too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def denying(bundle: Bundle, condition: Any, **changes: Any) -> Bundle:
    return bundle.trust(bundle.statement(), bundle.statement(condition, Effect="Deny", **changes))


def test_a_deny_wins(aws: Bundle) -> None:
    answer = denying(aws, {"StringLike": {aws.SUB_KEY: "*:type=model_container"}}, Sid="NoContainers").ask()
    cause = answer.refused("explicit-deny", "authorise", aws.NOT_AUTHORIZED)
    assert cause.location == "Statement[1] · StringLike · oidc.baseten.co:sub"
    assert "`NoContainers`" in cause.summary
    assert answer.names == ["explicit-deny"]


def test_it_says_what_the_clause_catches(aws: Bundle) -> None:
    patterns = ["*:type=model_build", "*:type=model_container"]
    positive = denying(aws, {"StringLike": {aws.SUB_KEY: patterns}}).ask().first
    assert "(the request's value is covered by *:type=model_container)" in positive.summary
    assert "narrow this Deny" in positive.fix
    negated = denying(aws, {"StringNotLike": {aws.SUB_KEY: ["v=1:org=other:*", "x"]}}).ask().first
    assert "(the request's value is none of v=1:org=other:*, x)" in negated.summary
    assert "add its value to those that the Deny exempts" in negated.fix
    absent = denying(aws, {"StringNotEquals": {"aws:PrincipalOrgID": "o-example"}}).ask().first
    assert "(the request has no value for it)" in absent.summary
    for cause in (positive, negated, absent):
        assert "remove" not in cause.fix.lower()


def test_before_an_allow_that_does_not_match(aws: Bundle) -> None:
    allow = aws.statement(aws.subject("v=1:org=other:*"))
    deny = aws.statement({"StringLike": {aws.SUB_KEY: "*"}}, Effect="Deny")
    assert aws.trust(allow, deny).ask().first.name == "explicit-deny"


def test_negated_operators_hold_when_the_key_is_absent(aws: Bundle) -> None:
    answer = denying(aws, {"StringNotEquals": {"aws:PrincipalOrgID": "o-example"}}).ask()
    answer.refused("explicit-deny", "authorise", aws.NOT_AUTHORIZED)
    assert (
        denying(aws, {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-example"}}).ask().first.name
        == "explicit-deny"
    )


@pytest.mark.parametrize(
    "condition",
    [
        {"StringLike": {"oidc.baseten.co:sub": "*:type=model_build"}},
        {"StringEquals": {"aws:PrincipalOrgID": "o-example"}},
        {"Bool": {"aws:SecureTransport": "false"}},
    ],
)
def test_a_deny_that_does_not_match(aws: Bundle, condition: Any) -> None:
    answer = denying(aws, condition).ask()
    assert answer.accepted
    answer.passed("explicit-deny")


def test_a_deny_of_another_action(aws: Bundle) -> None:
    assert denying(aws, {}, Action="sts:TagSession").ask().accepted


def test_a_deny_for_another_principal(aws: Bundle) -> None:
    assert denying(aws, {}, Principal={"Service": "ec2.amazonaws.com"}).ask().accepted


UNKNOWN = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}


def test_a_deny_that_cannot_be_decided_is_never_an_acceptance(aws: Bundle) -> None:
    answer = denying(aws, UNKNOWN).ask()
    assert answer.exchange().prediction == "unknown"
    assert answer.report.exit_code == 3


def test_a_deny_that_cannot_be_decided_is_suspected(aws: Bundle) -> None:
    answer = denying(aws, UNKNOWN).error(aws.NOT_AUTHORIZED[1]).ask()
    assert "aws:SourceIp" in answer.suspected("explicit-deny").settle


def test_the_address_decides_it(aws: Bundle) -> None:
    assert denying(aws, UNKNOWN).sends(context={"aws:SourceIp": "203.0.113.7"}).ask().accepted
    assert aws.sends(context={"aws:SourceIp": "198.51.100.7"}).ask().first.name == "explicit-deny"


def test_a_deny_with_one_key_in_two_spellings_is_not_passed_over(aws: Bundle) -> None:
    condition = {"StringLike": {aws.SUB_KEY: "*", aws.SUB_KEY.upper(): "nothing"}}
    answer = denying(aws, condition).ask()
    assert (answer.exchange().prediction, answer.report.exit_code) == ("unknown", 3)
    assert answer.causes


@pytest.mark.parametrize("name", ["{}", "arn:aws:iam::{}:root"])
def test_a_deny_of_a_whole_account_was_not_measured(aws: Bundle, name: str) -> None:
    own = name.format(aws.PROVIDER_ARN.split(":")[4])
    assert denying(aws, {}, Principal={"AWS": [own]}).ask().suspected("explicit-deny")
    assert denying(aws, {}, Principal={"AWS": name.format("554433221100")}).ask().accepted


def test_a_deny_applies_when_its_condition_is_broken(aws: Bundle) -> None:
    answer = denying(aws, {"StringMatches": {aws.SUB_KEY: "x"}}).ask()
    answer.refused("explicit-deny", "authorise", aws.NOT_AUTHORIZED)
    assert "no condition" not in answer.first.summary


def test_no_policy_was_read(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("explicit-deny")


def test_a_deny_for_everyone_is_settled_by_a_logged_success_alone(aws: Bundle) -> None:
    cause = denying(aws, {}, Principal="*").ask().first
    assert (cause.name, cause.confidence) == ("explicit-deny", "suspected")
    assert "AWS documents no rule for this principal" in cause.settle
