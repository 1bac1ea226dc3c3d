"""AWS040: the session tags are not in a form that STS reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


TAGS = "https://aws.amazon.com/tags"


@pytest.mark.parametrize("tags", ["x", ["x"], 5, True])
def test_the_whole_claim(aws: Bundle, tags: Any) -> None:
    answer = aws.token(aws.claims_of(**{TAGS: tags})).ask()
    error = ("InvalidIdentityToken", "Session tags passed in claim are not in correct format.")
    answer.refused("tags-claim-malformed", "session-claims", error)


@pytest.mark.parametrize("tags", [{"team": "ml"}, {"team": []}, {"team": ["a", "b"]}, ["team"], "team"])
def test_the_principal_tags(aws: Bundle, tags: Any) -> None:
    answer = aws.token(aws.claims_of(**{TAGS: {"principal_tags": tags}})).ask()
    error = ("InvalidIdentityToken", "principal_tags passed in claim is not in correct format.")
    answer.refused("tags-claim-malformed", "session-claims", error)


@pytest.mark.parametrize(
    "claims",
    [
        {TAGS: {"principal_tags": {"team": ["ml"]}, "transitive_tag_keys": ["team"]}},
        {TAGS + "/principal_tags/team": "ml"},
        {},
    ],
)
def test_both_forms_and_none(aws: Bundle, claims: Any) -> None:
    aws.trust(aws.statement(Action=["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]))
    answer = aws.token(aws.claims_of(**claims)).ask()
    assert answer.accepted
    answer.passed("tags-claim-malformed")


def test_it_comes_before_the_trust_policy(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(**{TAGS: "x"})).condition(aws.subject("v=1:org=other:*")).ask()
    assert answer.names == ["tags-claim-malformed", "subject-segment-differs"]


def test_a_partial_paste_leaves_it_open(aws: Bundle) -> None:
    answer = aws.claims({"sub": aws.SUBJECT, "aud": aws.AUDIENCE}).ask()
    assert answer.state("session-claims") != "passed"
