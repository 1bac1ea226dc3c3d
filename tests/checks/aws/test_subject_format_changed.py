"""AWS023: the policy is of a format that the issuer no longer has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


def test_env_became_environment(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=Org8Kd2P:team=Tq7LmZ2x:*:env=production:*")).ask()
    cause = answer.refused("subject-format-changed", "authorise", aws.NOT_AUTHORIZED)
    assert "env=" in cause.summary
    assert ":[env" in aws.marked(cause.expected)
    assert ":[environment" in aws.marked(cause.actual)


def test_github_puts_ids_into_new_subjects(github: Bundle) -> None:
    claims = {"iss": github.GITHUB, "sub": "repo:octo-org@1234/weights@5678:ref:refs/heads/main"}
    answer = github.token(github.claims_of(**claims, aud="sts.amazonaws.com")).ask()
    cause = answer.refused("subject-format-changed", "authorise", github.NOT_AUTHORIZED)
    assert "ids" in cause.summary


def test_both_formats_in_the_policy(aws: Bundle) -> None:
    patterns = ("v=1:org=Org8Kd2P:*:env=production:*", "v=1:org=Org8Kd2P:*:environment=production:*")
    answer = aws.condition(aws.subject(*patterns)).ask()
    assert answer.accepted
    answer.passed("subject-format-changed")


def test_no_policy_was_read(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("subject-format-changed")
