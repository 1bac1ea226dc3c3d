"""TOK002: the header has something that the cloud does not take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("crit", [["b64"], []])
def test_crit_is_refused(aws: Bundle, crit: list[str]) -> None:
    answer = aws.token(header={"crit": crit}).ask()
    cause = answer.refused("header-unsupported", "token", aws.NOT_A_JWT)
    assert "`crit`" in cause.summary


def test_other_members_do_no_harm(aws: Bundle) -> None:
    answer = aws.token(header={"x5t": "abc", "jku": "https://example.com", "typ": "at+jwt"}).ask()
    assert answer.accepted
    answer.passed("header-unsupported")


def test_a_decoded_token_with_its_header(aws: Bundle) -> None:
    answer = aws.claims(header={"alg": "RS256", "kid": aws.KID, "crit": ["b64"]}).ask()
    answer.refused("header-unsupported", "token", aws.NOT_A_JWT)


def test_a_header_that_was_not_given_is_no_fault(aws: Bundle) -> None:
    assert aws.claims().ask().accepted


def test_the_header_is_read_before_the_claims(aws: Bundle) -> None:
    claims = aws.claims_of(sub=...)
    assert (
        aws.token(claims, header={"crit": ["exp"]})
        .ask()
        .error()[1]
        .startswith("The ID Token provided is not a valid JWT")
    )
