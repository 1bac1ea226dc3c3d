"""TOK009: a claim is there, and of a form that AWS does not take."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", [None, 1795387200.5, "soon", "", "2026-11-22T22:40:00Z", True, [1795387200]])
def test_times(aws: Bundle, claim: str, value: Any) -> None:
    answer = aws.token(aws.claims_of(**{claim: value})).ask()
    answer.refused("claim-malformed", "token", ("InvalidIdentityToken", "Invalid timestamp in token claims."))
    assert f"`{claim}`" in answer.first.summary


@pytest.mark.parametrize(
    "value",
    [
        "--5",
        "-",
        "+5",
        "5-",
        "٣",
        "²",
        "1_000",
        " 5",
        "9" * 5000,
    ],
)
def test_texts_that_are_nearly_numbers(aws: Bundle, value: str) -> None:
    answer = aws.token(aws.claims_of(exp=value)).ask()
    assert answer.first.name in ("claim-malformed", "token-expired")


def test_the_audience_is_empty(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(aud=[])).ask()
    answer.refused("claim-malformed", "token", ("InvalidIdentityToken", "Claim is not allowed to be empty: aud"))


@pytest.mark.parametrize("value", [None, ["oidc.baseten.co"], {}])
def test_an_authorized_party_that_is_no_text(aws: Bundle, value: Any) -> None:
    answer = aws.token(aws.claims_of(azp=value)).ask()
    assert "`azp`" in answer.suspected("claim-malformed").summary
    assert answer.exchange().prediction != "accepted"


def test_a_subject_that_is_null(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(sub=None)).ask()
    answer.refused("claim-malformed", "token", ("InternalFailure", "Unknown error validating third-party token"))


@pytest.mark.parametrize("subject", ["", "x", "x" * 300])
def test_the_length_of_a_subject_does_not_matter(aws: Bundle, subject: str) -> None:
    answer = aws.condition(aws.subject("*")).token(aws.claims_of(sub=subject)).ask()
    assert answer.accepted
    answer.passed("claim-malformed")


def test_a_number_as_subject_becomes_text(aws: Bundle) -> None:
    aws.token(aws.claims_of(sub=12345))
    assert aws.condition(aws.subject("12345", operator="StringEquals")).ask().accepted
    assert aws.condition(aws.subject("12346", operator="StringEquals")).ask().state("authorise") == "refused"


@pytest.mark.parametrize("value", [True, ["x"], {"a": "b"}])
def test_a_subject_of_another_type_was_never_recorded(aws: Bundle, value: Any) -> None:
    answer = aws.condition({"StringEquals": {aws.AUD_KEY: aws.AUDIENCE}}).token(aws.claims_of(sub=value)).ask()
    answer.suspected("claim-malformed")


@pytest.mark.parametrize("value", [5, None, ["https://oidc.baseten.co"]])
def test_an_issuer_of_another_type_was_never_recorded(aws: Bundle, value: Any) -> None:
    answer = aws.token(aws.claims_of(iss=value)).ask()
    answer.suspected("claim-malformed")


def test_an_issuer_of_another_type_has_no_provider(aws: Bundle) -> None:
    assert aws.token(aws.claims_of(iss=5)).ask().state("provider") == "unknown"


@pytest.mark.parametrize("value", [5, [5]])
def test_an_audience_of_another_type_was_never_recorded(aws: Bundle, value: Any) -> None:
    answer = aws.token(aws.claims_of(aud=value)).ask()
    assert answer.cause("claim-malformed").confidence == "suspected"


def test_a_list_of_one_audience_is_fine(aws: Bundle) -> None:
    assert aws.token(aws.claims_of(aud=[aws.AUDIENCE])).ask().accepted


def test_of_a_repeated_member_the_last_one_counts(aws: Bundle) -> None:
    text = json.dumps(aws.claims_of())
    assert aws.token(payload='{"sub": null, "exp": "soon", ' + text[1:]).ask().accepted
    answer = aws.token(payload=text[:-1] + ', "exp": "soon"}').ask()
    answer.refused("claim-malformed", "token", ("InvalidIdentityToken", "Invalid timestamp in token claims."))
