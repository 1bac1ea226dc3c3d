"""AWS041: a token with tags needs sts:TagSession as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


TAGS = "https://aws.amazon.com/tags"
NESTED = {TAGS: {"principal_tags": {"team": ["ml"]}, "transitive_tag_keys": ["team"]}}
TAG_SESSION = "User is not authorized to perform: sts:TagSession on resource: arn:aws:iam::1:role/x"
FLAT = {TAGS + "/principal_tags/team": "ml"}


@pytest.mark.parametrize("claims", [NESTED, FLAT])
def test_only_the_assume_is_allowed(aws: Bundle, claims: Any) -> None:
    answer = aws.token(aws.claims_of(**claims)).ask()
    cause = answer.refused("session-tags-not-allowed", "authorise")
    assert answer.error()[0] == "AccessDenied"
    assert not answer.error_is_certain()  # whether the text names sts:TagSession was only seen in emulators
    assert "`team`" in cause.summary


@pytest.mark.parametrize("action", ["sts:*", ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]])
def test_both_are_allowed(aws: Bundle, action: Any) -> None:
    answer = aws.token(aws.claims_of(**NESTED)).trust(aws.statement(Action=action)).ask()
    assert answer.accepted
    answer.passed("session-tags-not-allowed")


def test_by_a_statement_of_its_own(aws: Bundle) -> None:
    aws.token(aws.claims_of(**NESTED))
    tag = aws.statement({"StringEquals": {"aws:RequestTag/team": "ml"}}, Action="sts:TagSession")
    assert aws.trust(aws.statement(), tag).ask().accepted
    other = aws.statement({"StringEquals": {"aws:RequestTag/team": "web"}}, Action="sts:TagSession")
    aws.trust(aws.statement(), other).ask().refused("session-tags-not-allowed", "authorise")


def test_denied(aws: Bundle) -> None:
    deny = aws.statement({}, Effect="Deny", Action="sts:TagSession")
    aws.token(aws.claims_of(**NESTED)).trust(aws.statement(Action="sts:*"), deny)
    aws.ask().refused("session-tags-not-allowed", "authorise")


def test_a_token_without_tags_needs_none(aws: Bundle) -> None:
    aws.ask().passed("session-tags-not-allowed")


def test_a_condition_that_is_not_known(aws: Bundle) -> None:
    tag = aws.statement({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, Action="sts:TagSession")
    answer = aws.token(aws.claims_of(**NESTED)).trust(aws.statement(), tag).ask()
    answer.suspected("session-tags-not-allowed")


def test_the_tag_keys_have_several_values(aws: Bundle) -> None:
    tag = aws.statement({"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}, Action="sts:TagSession")
    assert aws.token(aws.claims_of(**NESTED)).trust(aws.statement(), tag).ask().accepted
    tag = aws.statement({"StringEquals": {"aws:TagKeys": ["team"]}}, Action="sts:TagSession")
    assert aws.trust(aws.statement(), tag).ask().first.name == "session-tags-not-allowed"


def test_the_error_names_it(aws: Bundle) -> None:
    answer = aws.error(TAG_SESSION).ask()
    answer.suspected("session-tags-not-allowed")  # the token that was read has no tags, so another one was refused
    bare = aws.only("manifest.json", "oidc-doctor.toml").error(TAG_SESSION).ask()
    bare.refused("session-tags-not-allowed", "authorise", confidence="proven")


def test_no_policy_was_read(aws: Bundle) -> None:
    aws.token(aws.claims_of(**NESTED)).remove("aws/role.json").ask().skipped("session-tags-not-allowed")
