"""TOK017: a template's placeholder was applied as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


def test_in_a_subject_pattern(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=ORG_ID:team=Tq7LmZ2x:*")).ask()
    cause = answer.refused("placeholder-left-in", "authorise", aws.NOT_AUTHORIZED)
    assert "ORG_ID" in cause.summary


def test_in_a_client_id(aws: Bundle) -> None:
    answer = aws.aws_provider(client_ids=("YOUR_AUDIENCE_ID",)).ask()
    answer.refused("placeholder-left-in", "audience", aws.COULD_NOT_VALIDATE)


def test_a_gap_in_pasted_evidence_is_nobodys_fault(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=<org_id>:team=Tq7LmZ2x:*")).ask()
    assert "placeholder-left-in" not in answer.names
    answer.suspected("subject-segment-differs")


def test_the_same_read_from_the_cloud_is_what_is_in_force(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=<org_id>:team=Tq7LmZ2x:*")).from_the_cloud().ask()
    assert answer.first.confidence == "predicted"
    assert answer.error() == aws.NOT_AUTHORIZED


def test_none_is_the_name_of_an_environment(aws: Bundle) -> None:
    aws.token(aws.claims_of(sub=aws.SUBJECT.replace("production", "<none>")))
    answer = aws.condition(aws.subject("v=1:org=Org8Kd2P:team=Tq7LmZ2x:*:environment=<none>:*")).ask()
    assert answer.accepted
    answer.passed("placeholder-left-in")


def test_capitals_that_the_token_has_too(aws: Bundle) -> None:
    subject = aws.SUBJECT.replace("Org8Kd2P", "ORG_ID")
    answer = aws.token(aws.claims_of(sub=subject)).condition(aws.subject("v=1:org=ORG_ID:team=other:*")).ask()
    assert answer.first.name == "subject-segment-differs"
