"""Condition keys of the request: known, absent, or unknown because nothing read them."""

from __future__ import annotations

import pytest

from tests.conftest import Bundle
from tests.judge.aws.changes import IDENTITY, TAGS
from tests.judge.rules import trace_of

TRANSITIVE = f"{TAGS}/transitive_tag_keys"
TEAM = f"{TAGS}/principal_tags/team"


def state(bundle: Bundle, operator: str, key: str, value: str) -> str:
    condition = bundle.subject(bundle.PATTERN)
    condition.setdefault(operator, {})[key] = value
    statement = bundle.statement(condition, Action=["sts:AssumeRoleWithWebIdentity", "sts:TagSession"])
    return trace_of(bundle.trust(statement), "aws").step("authorise").state


@pytest.mark.parametrize(
    ("operator", "key"),
    [
        ("StringEquals", "aws:RequestTag/team"),
        ("StringEquals", "sts:SourceIdentity"),
        ("ForAnyValue:StringEquals", "aws:TagKeys"),
        ("ForAnyValue:StringEquals", "sts:TransitiveTagKeys"),
        ("StringNotEquals", "aws:RequestTag/team"),
        ("StringEqualsIfExists", "sts:SourceIdentity"),
    ],
)
def test_a_key_of_a_tag_is_unknown_where_the_token_is_partly_known(aws: Bundle, operator: str, key: str) -> None:
    partial = {"sub": aws.SUBJECT, "aud": aws.AUDIENCE}
    assert state(aws.write("claims.json", partial).remove("token.jwt"), operator, key, "ml") == "unknown"


@pytest.mark.parametrize("operator", ["StringEquals", "ForAnyValue:StringEquals"])
@pytest.mark.parametrize("key", ["aws:RequestTag/team", "sts:SourceIdentity", "aws:TagKeys", "sts:TransitiveTagKeys"])
def test_it_is_absent_where_the_whole_token_is_known(aws: Bundle, operator: str, key: str) -> None:
    assert state(aws, operator, key, "ml") == "refused"


def test_a_tag_that_a_partial_token_shows_is_known(aws: Bundle) -> None:
    partial = {"sub": aws.SUBJECT, "aud": aws.AUDIENCE, TEAM: "ml"}
    bundle = aws.write("claims.json", partial).remove("token.jwt")
    assert state(bundle, "StringEquals", "aws:requesttag/TEAM", "ml") == "passed"
    assert state(bundle, "StringEquals", "aws:RequestTag/team", "web") == "refused"
    assert state(bundle, "StringEquals", "aws:RequestTag/stage", "web") == "unknown"


def test_source_identity(aws: Bundle) -> None:
    partial = {"sub": aws.SUBJECT, "aud": aws.AUDIENCE, IDENTITY: "dora"}
    bundle = aws.write("claims.json", partial).remove("token.jwt")
    assert state(bundle, "StringEquals", "sts:SourceIdentity", "nora") == "refused"


def test_what_the_target_s_context_says_holds_in_any_case_of_its_name(aws: Bundle) -> None:
    key = "aws:ResourceOrgID"
    assert state(aws.sends(context={key.lower(): "o-a"}), "StringEquals", key, "o-a") == "passed"
    assert state(aws.sends(context={"aws:useragent": "x"}), "StringEquals", "aws:UserAgent", "x") == "passed"
    assert state(aws.sends(context={"aws:viaawsservice": "true"}), "Bool", "aws:ViaAWSService", "false") == "refused"
