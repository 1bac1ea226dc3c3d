"""TOK015: the client was never told to use OIDC."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    "text",
    ["no credentials configured: need either OIDC config or secret_id", "weights: secret_id is required"],
)
def test_the_services_own_sentence(aws: Bundle, text: str) -> None:
    answer = aws.remove("token.jwt").error(text).ask()
    cause = answer.first
    assert (cause.name, cause.confidence, cause.step) == ("no-token-sent", "proven", "obtain")
    assert answer.exchange().prediction == "unknown"


@pytest.mark.parametrize("text", ["", "\n", "null", "$B10_OIDC_TOKEN", "${TOKEN}"])
def test_an_empty_token_file(aws: Bundle, text: str) -> None:
    answer = aws.write("token.jwt", text).ask()
    assert (answer.first.name, answer.first.step) == ("no-token-sent", "obtain")
    assert answer.exchange().prediction != "accepted"


def test_a_token_that_is_there(aws: Bundle) -> None:
    answer = aws.ask()
    assert answer.state("obtain") == "passed"
    answer.skipped("no-token-sent")  # only the caller's error message can show it (error.txt or --error)


def test_no_token_in_the_bundle_is_not_no_token(aws: Bundle) -> None:
    aws.remove("token.jwt").ask().skipped("no-token-sent")
