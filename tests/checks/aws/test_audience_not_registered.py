"""AWS014: the token's audience is not among the provider's client IDs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def test_another_audience(aws: Bundle) -> None:
    answer = aws.aws_provider(client_ids=("sts.amazonaws.com",)).ask()
    cause = answer.refused("audience-not-registered", "audience", aws.COULD_NOT_VALIDATE)
    assert cause.expected is not None
    assert cause.actual is not None
    assert (cause.expected.value, cause.actual.value) == ("sts.amazonaws.com", "oidc.baseten.co")
    assert str(cause.expected.at).startswith("aws/oidc-provider.json:")
    assert answer.error_is_certain()


@pytest.mark.parametrize("client_id", ["OIDC.baseten.co", "https://oidc.baseten.co", "oidc.baseten.co/", "*"])
def test_the_comparison_is_exact(aws: Bundle, client_id: str) -> None:
    answer = aws.aws_provider(client_ids=(client_id,)).ask()
    answer.refused("audience-not-registered", "audience", aws.COULD_NOT_VALIDATE)


@pytest.mark.parametrize("audience", ["", [""]])
def test_an_empty_audience(aws: Bundle, audience: Any) -> None:
    answer = aws.token(aws.claims_of(aud=audience)).ask()
    answer.refused("audience-not-registered", "audience", aws.COULD_NOT_VALIDATE)


def test_of_a_repeated_aud_the_last_one_counts(aws: Bundle) -> None:
    text = json.dumps(aws.claims_of())
    assert aws.token(payload='{"aud": "other", ' + text[1:]).ask().accepted
    answer = aws.token(payload=text[:-1] + ', "aud": "other"}').ask()
    answer.refused("audience-not-registered", "audience", aws.COULD_NOT_VALIDATE)


@pytest.mark.parametrize("audience", ["oidc.baseten.co", ["oidc.baseten.co"]])
def test_one_of_several_client_ids(aws: Bundle, audience: Any) -> None:
    aws.token(aws.claims_of(aud=audience))
    answer = aws.aws_provider(client_ids=("sts.amazonaws.com", "oidc.baseten.co")).ask()
    assert answer.accepted
    answer.passed("audience-not-registered")


def test_a_redacted_client_id(aws: Bundle) -> None:
    answer = aws.aws_provider(client_ids=("<audience>",)).ask()
    assert answer.first.confidence == "suspected"
    assert answer.exchange().prediction == "unknown"


def test_what_settles_a_redacted_client_id(aws: Bundle) -> None:
    aws.aws_provider(client_ids=("<audience>",)).ask().suspected("audience-not-registered")


def test_the_same_read_from_the_cloud(aws: Bundle) -> None:
    answer = aws.aws_provider(client_ids=("<audience>",)).from_the_cloud().ask()
    assert answer.first.confidence == "predicted"
    assert answer.exchange().step == "audience"


def test_an_audience_that_was_not_given(aws: Bundle) -> None:
    answer = aws.claims({"iss": aws.ISSUER, "sub": aws.SUBJECT}).ask()
    answer.skipped("audience-not-registered")


def test_no_provider(aws: Bundle) -> None:
    aws.remove("aws/oidc-provider.json").ask().skipped("audience-not-registered")


def test_the_older_sentence_without_the_provider(aws: Bundle) -> None:
    answer = aws.remove("aws/oidc-provider.json").error("Incorrect token audience").ask()
    assert answer.suspected("audience-not-registered").step == "audience"
