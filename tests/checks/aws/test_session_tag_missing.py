"""AWS054: the trust policy tests a session tag that the token does not carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle

TAGS = "https://aws.amazon.com/tags"


def test_the_tag_is_named(aws: Bundle) -> None:
    aws.condition({"StringEquals": {aws.AUD_KEY: aws.AUDIENCE, "aws:RequestTag/project": "weights"}})
    cause = aws.ask().refused("session-tag-missing", "authorise")
    assert "`project`" in cause.summary
    assert not cause.fix.startswith("Remove")


def test_a_token_with_the_tag_has_another_value(aws: Bundle) -> None:
    aws.token(aws.claims_of(**{TAGS: {"principal_tags": {"project": ["images"]}}}))
    condition = {"StringEquals": {aws.AUD_KEY: aws.AUDIENCE, "aws:RequestTag/project": "weights"}}
    names = aws.trust(aws.statement(condition, Action=["sts:AssumeRoleWithWebIdentity", "sts:TagSession"])).ask().names
    assert "session-tag-missing" not in names


def test_tags_of_a_hypothetical_token_are_not_known(aws: Bundle) -> None:
    aws.condition({"StringEquals": {aws.AUD_KEY: aws.AUDIENCE, "aws:RequestTag/project": "weights"}})
    answer = aws.remove("token.jwt").ask(subject=aws.SUBJECT)
    assert not [cause for cause in answer.causes if cause.confidence != "suspected"]
