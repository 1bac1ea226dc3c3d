"""AWS024: policy and token are of two forms of subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


def github_subject(bundle: Bundle, subject: str, **claims: str) -> Bundle:
    return bundle.token(bundle.claims_of(iss=bundle.GITHUB, sub=subject, aud="sts.amazonaws.com", **claims))


def test_a_job_with_an_environment(github: Bundle) -> None:
    answer = github_subject(github, "repo:octo-org/weights:environment:prod").ask()
    cause = answer.refused("subject-form-differs", "authorise", github.NOT_AUTHORIZED)
    assert "environment" in cause.summary
    assert cause.actual is not None
    assert cause.actual.value == "repo:octo-org/weights:environment:prod"


def test_a_pull_request(github: Bundle) -> None:
    github_subject(github, "repo:octo-org/weights:pull_request").ask().refused("subject-form-differs", "authorise")


def test_the_version_left_out(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("org=Org8Kd2P:team=Tq7LmZ2x:*")).ask()
    answer.refused("subject-form-differs", "authorise", aws.NOT_AUTHORIZED)


def test_the_same_form(github: Bundle) -> None:
    github.ask().passed("subject-form-differs")


def test_null_is_no_form_of_the_subject(aws: Bundle) -> None:
    answer = aws.condition({"Null": {aws.SUB_KEY: "true"}}).ask()
    assert answer.exchange().step == "authorise"
    assert answer.error() == aws.NOT_AUTHORIZED


def test_null_is_not_compared_with_the_subject(aws: Bundle) -> None:
    assert "subject-form-differs" not in aws.condition({"Null": {aws.SUB_KEY: "true"}}).ask().names


def test_no_policy_was_read(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("subject-form-differs")
