"""AWS015: where there is an azp, it is what AWS compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


def test_aud_is_registered_and_azp_is_not(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(azp="client-1")).ask()
    cause = answer.refused("azp-decides-audience", "audience", aws.COULD_NOT_VALIDATE)
    assert cause.actual is not None
    assert cause.actual.value == "client-1"
    assert str(cause.actual.at) == "token.jwt claim azp"


def test_an_empty_azp(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(azp="")).ask()
    answer.refused("azp-decides-audience", "audience", aws.COULD_NOT_VALIDATE)


def test_the_trust_policy_tests_the_real_audience(aws: Bundle) -> None:
    aws.aws_provider(client_ids=("client-1", aws.AUDIENCE))
    answer = aws.token(aws.claims_of(azp="client-1")).ask()
    cause = answer.refused("azp-decides-audience", "authorise", aws.NOT_AUTHORIZED)
    assert cause.location == "Statement[0] · StringEquals · oidc.baseten.co:aud"
    assert "oaud" in cause.fix


def test_azp_registered_and_expected(aws: Bundle) -> None:
    condition = {
        "StringEquals": {aws.AUD_KEY: "client-1", "oidc.baseten.co:oaud": aws.AUDIENCE},
        "StringLike": {aws.SUB_KEY: aws.PATTERN},
    }
    aws.aws_provider(client_ids=("client-1",)).condition(condition)
    answer = aws.token(aws.claims_of(azp="client-1")).ask()
    assert answer.accepted
    answer.passed("azp-decides-audience")


def test_aud_need_not_be_registered_then(aws: Bundle) -> None:
    assert aws.token(aws.claims_of(aud="unheard-of", azp=aws.AUDIENCE)).ask().accepted


def test_neither_is_registered(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(aud="other", azp="client-1")).ask()
    answer.refused("audience-not-registered", "audience", aws.COULD_NOT_VALIDATE)


def test_another_audience_than_either(aws: Bundle) -> None:
    condition = {"StringEquals": {aws.AUD_KEY: "third"}, "StringLike": {aws.SUB_KEY: aws.PATTERN}}
    answer = aws.token(aws.claims_of(azp=aws.AUDIENCE)).condition(condition).ask()
    answer.refused("audience-condition-differs", "authorise", aws.NOT_AUTHORIZED)


def test_oaud_without_azp_is_aud(aws: Bundle) -> None:
    condition = aws.subject(aws.PATTERN)
    condition["StringEquals"]["oidc.baseten.co:oaud"] = aws.AUDIENCE
    assert aws.condition(condition).ask().accepted


def test_no_provider(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(azp="client-1")).remove("aws/oidc-provider.json", "aws/role.json").ask()
    answer.skipped("azp-decides-audience")
