"""AWS026: the trust policy expects another audience."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def expecting(bundle: Bundle, audience: str, operator: str = "StringEquals") -> Bundle:
    return bundle.condition({operator: {bundle.AUD_KEY: audience}, "StringLike": {bundle.SUB_KEY: bundle.PATTERN}})


@pytest.mark.parametrize("audience", ["sts.amazonaws.com", "https://oidc.baseten.co", "Oidc.baseten.co"])
def test_another_audience(aws: Bundle, audience: str) -> None:
    answer = expecting(aws, audience).ask()
    cause = answer.refused("audience-condition-differs", "authorise", aws.NOT_AUTHORIZED)
    assert cause.location == "Statement[0] · StringEquals · oidc.baseten.co:aud"
    assert cause.expected is not None
    assert cause.actual is not None
    assert (cause.expected.value, cause.actual.value) == (audience, aws.AUDIENCE)
    assert str(cause.actual.at) == "token.jwt claim aud"


def test_it_comes_before_the_subject(aws: Bundle) -> None:
    condition = {"StringEquals": {aws.AUD_KEY: "sts.amazonaws.com"}, "StringLike": {aws.SUB_KEY: "v=1:org=other:*"}}
    assert aws.condition(condition).ask().names == ["audience-condition-differs", "subject-segment-differs"]


@pytest.mark.parametrize(
    ("audience", "operator"), [("oidc.*", "StringLike"), ("OIDC.BASETEN.CO", "StringEqualsIgnoreCase")]
)
def test_it_matches(aws: Bundle, audience: str, operator: str) -> None:
    answer = expecting(aws, audience, operator).ask()
    assert answer.accepted
    answer.passed("audience-condition-differs")


def test_a_list_of_one_audience_is_that_audience(aws: Bundle) -> None:
    assert aws.token(aws.claims_of(aud=[aws.AUDIENCE])).ask().accepted


def test_an_audience_that_the_issuer_fixes_need_not_be_given(aws: Bundle) -> None:
    answer = aws.claims({"iss": aws.ISSUER, "sub": aws.SUBJECT}).ask()
    assert answer.accepted
    assert (answer.state("audience"), answer.state("authorise")) == ("assumed", "passed")


def test_a_subject_under_the_key_of_the_audience(aws: Bundle) -> None:
    condition = {"StringLike": {aws.AUD_KEY: "v=1:org=Org8Kd2P:*"}}
    cause = aws.condition(condition).ask().refused("audience-condition-differs", "authorise")
    assert "for a subject, `v=1:org=Org8Kd2P:*`" in cause.summary
    assert f"to the key `{aws.SUB_KEY}`" in cause.fix
    assert f"expect `{aws.AUDIENCE}` under `{aws.AUD_KEY}`" in cause.fix


def test_swapped_keys(aws: Bundle) -> None:
    condition = {"StringLike": {aws.AUD_KEY: aws.PATTERN, aws.SUB_KEY: aws.AUDIENCE}}
    answer = aws.condition(condition).ask()
    assert answer.names == ["audience-condition-differs", "subject-form-differs"]
    assert f"to the key `{aws.AUD_KEY}`" in answer.cause("subject-form-differs").fix


def test_a_redacted_value(aws: Bundle) -> None:
    expecting(aws, "<audience>").ask().suspected("audience-condition-differs")


def test_no_policy_was_read(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("audience-condition-differs")


def test_no_token_is_requested_for_another_audience_than_the_fixed_one(aws: Bundle) -> None:
    cause = expecting(aws, "sts.amazonaws.com").ask().first
    assert "Baseten issues no token for another one" in cause.fix
    assert "request the token" not in cause.fix
