"""AWS001: a parameter of the request is not of the documented shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def constraint(value: object, parameter: str, rule: str) -> tuple[str, str]:
    fault = f"Value '{value}' at '{parameter}' failed to satisfy constraint: Member must {rule}"
    return "ValidationError", f"1 validation error detected: {fault}"


@pytest.mark.parametrize("name", ["a b", "owner/repo", "refs:main", "né"])
def test_a_session_name_with_other_characters(aws: Bundle, name: str) -> None:
    answer = aws.sends(role_session_name=name).ask()
    error = constraint(name, "roleSessionName", r"satisfy regular expression pattern: [\w+=,.@-]*")
    cause = answer.refused("request-malformed", "request", error)
    assert "RoleSessionName" in cause.summary


def test_a_session_name_that_is_too_long(aws: Bundle) -> None:
    answer = aws.sends(role_session_name="n" * 65).ask()
    error = constraint("n" * 65, "roleSessionName", "have length less than or equal to 64")
    answer.refused("request-malformed", "request", error)


def test_a_session_name_that_is_too_short(aws: Bundle) -> None:
    aws.sends(role_session_name="x").ask().refused("request-malformed", "request")


@pytest.mark.parametrize("name", ["xx", "n" * 64, "botocore-session-1795387200", "a=b,c.d@e-f_g+h"])
def test_session_names_that_are_fine(aws: Bundle, name: str) -> None:
    answer = aws.sends(role_session_name=name).ask()
    assert answer.accepted
    answer.passed("request-malformed")


@pytest.mark.parametrize(
    ("duration", "rule"), [(899, "greater than or equal to 900"), (43_201, "less than or equal to 43200")]
)
def test_a_duration_out_of_range(aws: Bundle, duration: int, rule: str) -> None:
    answer = aws.aws_role(MaxSessionDuration=43_200).sends(duration_seconds=duration).ask()
    answer.refused("request-malformed", "request", constraint(duration, "durationSeconds", f"have value {rule}"))


@pytest.mark.parametrize("duration", [900, 3600, 43_200])
def test_durations_that_are_fine(aws: Bundle, duration: int) -> None:
    assert aws.aws_role(MaxSessionDuration=43_200).sends(duration_seconds=duration).ask().accepted


@pytest.mark.parametrize("policy", ["junk", "[]", '{"Statement"'])
def test_a_session_policy_that_is_none(aws: Bundle, policy: str) -> None:
    answer = aws.sends(policy=policy).ask()
    assert answer.cause("request-malformed").step == "request"
    assert answer.exchange().prediction == "refused"


@pytest.mark.parametrize("policy", ["<policy>", '{"Version": "2012-10-17", "Statement": []}'])
def test_a_session_policy_that_may_be_one(aws: Bundle, policy: str) -> None:
    assert aws.sends(policy=policy).ask().accepted


def test_two_faults_are_counted(aws: Bundle) -> None:
    code, message = aws.sends(role_session_name="a b", duration_seconds=1).ask().error()
    assert code == "ValidationError"
    assert message.startswith("2 validation errors detected: ")


def test_two_faults_are_two_causes(aws: Bundle) -> None:
    summaries = [cause.summary for cause in aws.sends(role_session_name="a b", duration_seconds=1).ask().causes]
    assert any("RoleSessionName" in summary for summary in summaries)
    assert any("DurationSeconds" in summary for summary in summaries)


def test_a_redacted_session_name_is_well_formed(aws: Bundle) -> None:
    assert aws.sends(role_session_name="<session name>").ask().accepted


def test_parameters_that_are_not_known(aws: Bundle) -> None:
    assert aws.sends(role_session_name=...).ask().accepted


def test_the_error_names_it(aws: Bundle) -> None:
    _, message = constraint("a b", "roleSessionName", r"satisfy regular expression pattern: [\w+=,.@-]*")
    answer = aws.sends(role_session_name=...).error(message).ask()
    answer.refused("request-malformed", "request", confidence="proven")
