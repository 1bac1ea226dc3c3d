"""AWS075: a wildcard stands inside a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    ("pattern", "segment"),
    [
        ("v=1:org=?rg8Kd2P:*", "org"),
        ("v=1:org=?rg8Kd2P:team=Tq7LmZ2x:*", "org"),
        ("v=1:org=O*8Kd2P:team=Tq7LmZ2x:*", "org"),
        ("v=1:org=Org8Kd2P:team=Tq7L?Z2x:*", "team"),
        ("v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq4?ZpK:*", "model"),
    ],
)
def test_a_name_that_differs_in_one_character(aws: Bundle, pattern: str, segment: str) -> None:
    answer = aws.condition(aws.subject(pattern)).ask()
    message = answer.found("lookalike-name")[0]
    assert f"another {segment}" in message
    subject = next(word for word in message.split() if word.startswith("v=1:org="))
    assert subject != aws.SUBJECT
    assert aws.remove("token.jwt").ask(subject=subject).exchange().prediction == "accepted"


def test_letters_in_another_case(aws: Bundle) -> None:
    condition = aws.subject(aws.SUBJECT, operator="StringEqualsIgnoreCase")
    (message, *_) = aws.condition(condition).ask().found("lookalike-name")
    assert "org=oRG8kD2p" in message
    aws.condition(aws.subject(aws.SUBJECT, operator="StringEquals")).ask().passed("lookalike-name")


@pytest.mark.parametrize(
    "pattern",
    [
        "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*",
        "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*:environment=eu-*-prod:*",
        "v=1:org=????????:*",
    ],
)
def test_a_family_of_names_or_any_name(aws: Bundle, pattern: str) -> None:
    aws.condition(aws.subject(pattern)).ask().passed("lookalike-name")


def test_no_document(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("lookalike-name")
