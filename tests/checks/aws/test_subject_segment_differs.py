"""AWS025: one part of the subject is another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    ("pattern", "segment", "marked"),
    [
        ("v=1:org=Org8Kd2P:team=Tq7LmZ2y:*", "team", "v=1:org=Org8Kd2P:team=Tq7LmZ2[y]:*"),
        ("v=1:org=Org9Kd2P:*", "org", "v=1:org=Org[9]Kd2P:*"),
        ("v=1:*:type=model_build", "type", "v=1:*:type=model_[build]"),
        ("v=1:*:environment=staging:*", "environment", "v=1:*:environment=[staging]:*"),
        ("v=2:org=Org8Kd2P:*", "v", "v=[2]:org=Org8Kd2P:*"),
    ],
)
def test_the_segment(aws: Bundle, pattern: str, segment: str, marked: str) -> None:
    answer = aws.condition(aws.subject(pattern)).ask()
    cause = answer.refused("subject-segment-differs", "authorise", aws.NOT_AUTHORIZED)
    assert f"another {segment}" in cause.summary
    assert aws.marked(cause.expected) == marked
    assert cause.location == "Statement[0] · StringLike · oidc.baseten.co:sub"
    assert cause.at is not None
    assert cause.at.startswith("aws/role.json:")


def test_the_nearest_of_several_patterns(aws: Bundle) -> None:
    cause = aws.condition(aws.subject("v=1:org=X:team=Y:*", "v=1:org=Org8Kd2P:team=Tq7LmZ2y:*")).ask().first
    assert cause.expected is not None
    assert cause.expected.value == "v=1:org=Org8Kd2P:team=Tq7LmZ2y:*"


def test_the_nearest_of_several_statements(aws: Bundle) -> None:
    far = aws.statement(Principal={"Federated": "cognito-identity.amazonaws.com"})
    near = aws.statement(aws.subject("v=1:org=Org8Kd2P:team=Tq7LmZ2y:*"))
    answer = aws.trust(far, near).ask()
    assert answer.refused("subject-segment-differs", "authorise").location.startswith("Statement[1]")


def test_any_statement_that_matches_is_enough(aws: Bundle) -> None:
    answer = aws.trust(aws.statement(aws.subject("v=1:org=other:*")), aws.statement()).ask()
    assert answer.accepted
    answer.passed("subject-segment-differs")


@pytest.mark.parametrize("pattern", ["*", "v=1*", "*:type=model_container", "v=1:org=Org8Kd2P:*:model=mWq41Zp?:*"])
def test_a_star_crosses_colons_and_a_question_mark_is_one_character(aws: Bundle, pattern: str) -> None:
    assert aws.condition(aws.subject(pattern)).ask().exchange().prediction == "accepted"


def test_a_question_mark_is_not_nothing(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=Org8Kd2P?:*")).ask()
    assert answer.exchange().prediction == "refused"


def test_an_event_confirms_it(aws: Bundle) -> None:
    aws.condition(aws.subject("v=1:org=Org8Kd2P:team=Tq7LmZ2y:*")).cloudtrail([aws.event(event_id="e-1")])
    cause = aws.ask().first
    assert (cause.confirmed_by, cause.since) == (["e-1"], "2026-11-22T22:30:00Z")


def test_without_a_token_the_event_is_the_token(aws: Bundle) -> None:
    aws.condition(aws.subject("v=1:org=Org8Kd2P:team=Tq7LmZ2y:*")).remove("token.jwt").cloudtrail(
        [aws.event(event_id="e-1")]
    )
    answer = aws.ask()
    answer.refused("subject-segment-differs", "authorise", aws.NOT_AUTHORIZED)
    assert answer.exchange().claims_from == "e-1"
    assert answer.state("keys") == "passed-by-error"


def test_a_redacted_pattern(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=Org8Kd2P:team=XXXXXXXX:*")).ask()
    answer.suspected("subject-segment-differs")


def test_a_redacted_subject(aws: Bundle) -> None:
    answer = aws.claims(aws.claims_of(sub=aws.SUBJECT.replace("Tq7LmZ2x", "<team>"))).ask()
    answer.suspected("subject-segment-differs")


def test_a_redaction_that_cannot_hide_it(aws: Bundle) -> None:
    aws.claims(aws.claims_of(sub=aws.SUBJECT.replace("mWq41ZpK", "<model>").replace("container", "build")))
    answer = aws.condition(aws.subject("v=1:org=Org8Kd2P:*:type=model_container")).ask()
    answer.refused("subject-segment-differs", "authorise", aws.NOT_AUTHORIZED)


def test_keys_under_an_issuer_that_was_redacted(aws: Bundle) -> None:
    def asking_for(pattern: str) -> Bundle:
        condition = {"StringEquals": {"<issuer>:aud": aws.AUDIENCE}, "StringLike": {"<issuer>:sub": pattern}}
        return aws.condition(condition)

    answer = asking_for("v=1:org=Org8Kd2P:team=Tq7LmZ2y:*").ask()
    cause = answer.refused("subject-segment-differs", "authorise", aws.NOT_AUTHORIZED)
    assert cause.location == "Statement[0] · StringLike · <issuer>:sub"
    assert asking_for(aws.PATTERN).ask().accepted


def test_a_hypothetical_subject(aws: Bundle) -> None:
    answer = aws.remove("token.jwt").ask(subject=aws.SUBJECT.replace("Tq7LmZ2x", "other"))
    answer.refused("subject-segment-differs", "authorise", aws.NOT_AUTHORIZED)
    assert answer.exchange().claims_from == "hypothetical"
    assert aws.ask(subject=aws.SUBJECT).accepted


def test_a_subject_that_was_not_given(aws: Bundle) -> None:
    aws.claims({"iss": aws.ISSUER, "aud": aws.AUDIENCE}).ask().suspected("subject-segment-differs")


def test_no_policy_was_read(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("subject-segment-differs")


def test_a_part_without_a_name_is_not_counted(aws: Bundle) -> None:
    provider = "arn:aws:iam::210987654321:oidc-provider/idp.example.com"
    condition = {"StringEquals": {"idp.example.com:sub": "org:1001:space:2002"}}
    aws.condition(condition, Principal={"Federated": provider}).remove("aws/oidc-provider.json")
    answer = aws.claims({"iss": "https://idp.example.com", "sub": "org:1001:space:2003", "aud": "x"}).ask()
    cause = answer.refused("subject-segment-differs", "authorise")
    assert "expects another subject" in cause.summary
    assert "segment" not in f"{cause.summary} {cause.fix}"
