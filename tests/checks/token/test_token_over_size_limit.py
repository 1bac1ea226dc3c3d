"""TOK003: the token is longer than the cloud takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


def test_beyond_20000_characters(aws: Bundle) -> None:
    claims = aws.claims_of(groups="x" * 20_000)
    answer = aws.token(claims).ask()
    cause = answer.refused("token-over-size-limit", "request")
    assert answer.error() == (
        "ValidationError",
        (
            "1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: "
            "Member must have length less than or equal to 20000"
        ),
    )
    assert str(len(aws.compact(claims))) in cause.summary


def test_just_within(aws: Bundle) -> None:
    spare = 20_000 - len(aws.compact(aws.claims_of(groups="")))
    claims = aws.claims_of(groups="x" * (spare * 3 // 4 - 2))
    assert 19_990 < len(aws.compact(claims)) <= 20_000
    assert aws.token(claims).ask().accepted


def test_the_size_of_a_decoded_token_is_unknown(aws: Bundle) -> None:
    assert aws.claims(aws.claims_of(groups="x" * 19_000)).ask().accepted
