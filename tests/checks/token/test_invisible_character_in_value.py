"""TOK016: two values look alike, and one has a character that nobody sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("character", [" ", "\n", "\u00a0", "\u200b"])
def test_in_a_client_id(aws: Bundle, character: str) -> None:
    answer = aws.aws_provider(client_ids=(aws.AUDIENCE + character,)).ask()
    cause = answer.refused("invisible-character-in-value", "audience", aws.COULD_NOT_VALIDATE)
    assert "client id" in cause.summary
    assert character not in cause.summary.removeprefix("AWS refuses this token: ") or character == " "


def test_in_a_client_id_read_from_the_cloud(aws: Bundle) -> None:
    answer = aws.aws_provider(client_ids=(aws.AUDIENCE + " ",)).from_the_cloud().ask()
    answer.refused("invisible-character-in-value", "audience", aws.COULD_NOT_VALIDATE)


@pytest.mark.parametrize("character", [" ", "\u200b"])
def test_in_an_exact_subject(aws: Bundle, character: str) -> None:
    answer = aws.condition(aws.subject(aws.SUBJECT + character, operator="StringEquals")).ask()
    answer.refused("invisible-character-in-value", "authorise", aws.NOT_AUTHORIZED)


def test_in_the_audience_condition(aws: Bundle) -> None:
    condition = {"StringEquals": {aws.AUD_KEY: aws.AUDIENCE + "\u200b"}, "StringLike": {aws.SUB_KEY: aws.PATTERN}}
    answer = aws.condition(condition).ask()
    answer.refused("invisible-character-in-value", "authorise", aws.NOT_AUTHORIZED)


def test_in_a_pattern(aws: Bundle) -> None:
    answer = aws.condition(aws.subject(aws.PATTERN.replace(":*", "\u200b:*"))).ask()
    answer.refused("invisible-character-in-value", "authorise", aws.NOT_AUTHORIZED)


def test_the_position_is_counted_from_one(aws: Bundle) -> None:
    summary = aws.aws_provider(client_ids=(aws.AUDIENCE + " ",)).ask().first.summary
    assert f"position {len(aws.AUDIENCE) + 1}" in summary


def test_a_visible_difference_is_another_cause(aws: Bundle) -> None:
    answer = aws.aws_provider(client_ids=(aws.AUDIENCE + "/",)).ask()
    answer.refused("audience-not-registered", "audience")
    assert "invisible-character-in-value" not in answer.names


def test_beside_the_right_client_id_it_does_no_harm(aws: Bundle) -> None:
    answer = aws.aws_provider(client_ids=(aws.AUDIENCE + " ", aws.AUDIENCE)).ask()
    assert answer.accepted
    answer.passed("invisible-character-in-value")
