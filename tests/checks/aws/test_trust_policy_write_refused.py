"""AWS050: IAM did not store the policy that was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


TEXT = (
    "Trust policy with trusted principal arn:aws:iam::210987654321:oidc-provider/token.actions.githubusercontent.com "
    "must evaluate, using StringEquals, StringLike or StringEqualsIgnoreCase, "
    "token.actions.githubusercontent.com:sub which is not scoped to all."
)


def test_iams_sentence(aws: Bundle) -> None:
    answer = aws.error(TEXT).ask()
    cause = answer.refused("trust-policy-write-refused", "authorise", confidence="proven")
    assert cause.summary.startswith("AWS refuses the trust policy: ")
    assert "token.actions.githubusercontent.com:sub" in cause.summary


def test_with_its_code(aws: Bundle) -> None:
    prefix = "An error occurred (MalformedPolicyDocument) when calling the UpdateAssumeRolePolicy operation: "
    assert "which is not scoped to all" in aws.error(prefix + TEXT).ask().first.summary


def test_a_session_policy_is_another_matter(aws: Bundle) -> None:
    prefix = "An error occurred (MalformedPolicyDocument) when calling the AssumeRoleWithWebIdentity operation: "
    assert "trust-policy-write-refused" not in aws.error(prefix + "Syntax errors in policy.").ask().names


def test_a_policy_in_force_says_nothing_of_it(aws: Bundle) -> None:
    assert "trust-policy-write-refused" not in aws.ask().names
