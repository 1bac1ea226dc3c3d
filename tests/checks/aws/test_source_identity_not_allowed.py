"""AWS042: a token with a source identity needs sts:SetSourceIdentity as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


CLAIM = {"https://aws.amazon.com/source_identity": "pipeline-7"}


def test_only_the_assume_is_allowed(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(**CLAIM)).ask()
    cause = answer.refused("source-identity-not-allowed", "authorise")
    assert answer.error()[0] == "AccessDenied"
    assert "`pipeline-7`" in cause.summary


@pytest.mark.parametrize("action", ["sts:*", ["sts:AssumeRoleWithWebIdentity", "sts:SetSourceIdentity"]])
def test_both_are_allowed(aws: Bundle, action: Any) -> None:
    answer = aws.token(aws.claims_of(**CLAIM)).trust(aws.statement(Action=action)).ask()
    assert answer.accepted
    answer.passed("source-identity-not-allowed")


@pytest.mark.parametrize(("value", "name"), [("pipeline-*", True), ("other", False)])
def test_its_value_is_a_condition_key(aws: Bundle, value: str, name: bool) -> None:
    statement = aws.statement({"StringLike": {"sts:SourceIdentity": value}}, Action="sts:SetSourceIdentity")
    answer = aws.token(aws.claims_of(**CLAIM)).trust(aws.statement(), statement).ask()
    assert answer.accepted is name


def test_a_token_without_one_needs_none(aws: Bundle) -> None:
    aws.ask().passed("source-identity-not-allowed")


def test_no_policy_was_read(aws: Bundle) -> None:
    aws.token(aws.claims_of(**CLAIM)).remove("aws/role.json").ask().skipped("source-identity-not-allowed")
