"""TOK001: what was sent is not a JWT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


OPAQUE = "ghs_16C7e42F292c6912E7710c838347Ae178B4a"


@pytest.mark.parametrize(
    "sent",
    [
        OPAQUE,
        "/var/run/secrets/tokens/oidc",
        "not.a.jwt",
        '{"access_token": "ya29.a0Af", "token_type": "Bearer"}',
        "-----BEGIN CERTIFICATE-----",
    ],
)
def test_something_else_in_its_place(aws: Bundle, sent: str) -> None:
    answer = aws.write("token.jwt", sent).ask()
    answer.refused("not-a-jwt", "token", aws.NOT_A_JWT)
    assert answer.state("provider") == "not-reached"


@pytest.mark.parametrize("around", ["Bearer {}", '"{}"', '{{"value": "{}"}}', "{}.extra"])
def test_a_token_with_something_around_it(aws: Bundle, around: str) -> None:
    answer = aws.write("token.jwt", around.format(aws.compact())).ask()
    answer.refused("not-a-jwt", "token", aws.NOT_A_JWT)


def test_the_words_name_what_it_is(aws: Bundle) -> None:
    summary = aws.write("token.jwt", OPAQUE).ask().first.summary
    assert "GitHub access token" in summary
    assert OPAQUE not in summary


def test_the_line_break_at_the_end_of_a_file_is_no_fault(aws: Bundle) -> None:
    answer = aws.write("token.jwt", aws.compact() + "\n").ask()
    assert answer.accepted
    answer.passed("not-a-jwt")


def test_claims_that_cannot_be_read_say_nothing_of_the_token(aws: Bundle) -> None:
    answer = aws.remove("token.jwt").write("claims.json", "{half").ask()
    assert "not-a-jwt" not in answer.names
    assert answer.check("not-a-jwt").status == "skipped"
    assert answer.exchange().prediction == "unknown"


def test_the_error_alone_is_a_hint(aws: Bundle) -> None:
    answer = aws.remove("token.jwt").error(aws.NOT_A_JWT[1]).ask()
    assert answer.first.name in ("not-a-jwt", "header-unsupported")
    assert answer.first.confidence != "predicted"


@pytest.mark.parametrize("value", [["model_build"], {"name": "model_build"}])
def test_a_claim_named_type_of_any_type(aws: Bundle, value: Any) -> None:
    assert aws.claims(aws.claims_of(type=value)).ask().accepted
