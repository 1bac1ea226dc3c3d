"""AWS052: the trust policy that was read allows it, and yet it was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.bundle import bounds
from oidc_doctor.model import limits

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    "text", ["Not authorized to perform sts:AssumeRoleWithWebIdentity", "An unknown error occurred"]
)
def test_refused_in_fact(aws: Bundle, text: str) -> None:
    answer = aws.error(text).ask()
    cause = answer.first
    assert (cause.name, cause.confidence, cause.step) == ("outside-the-trust-policy", "suspected", "authorise")
    assert "resource control polic" in cause.settle
    assert (answer.report.verdict, answer.report.exit_code) == ("refused", 1)
    assert answer.exchange().prediction == "accepted"


def test_an_event_says_the_same(aws: Bundle) -> None:
    answer = aws.cloudtrail([aws.event(event_id="e-1")]).ask()
    assert answer.first.name == "outside-the-trust-policy"
    assert answer.first.confirmed_by == ["e-1"]


def test_a_clause_that_refuses_is_the_better_cause(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=other:*")).error(aws.NOT_AUTHORIZED[1]).ask()
    assert answer.names == ["subject-segment-differs"]


def test_nobody_was_refused(aws: Bundle) -> None:
    answer = aws.ask()
    assert answer.accepted
    assert any("resource control policy" in one for one in answer.exchange().assumed)


def test_a_refusal_elsewhere_contradicts_what_was_seen(aws: Bundle) -> None:
    answer = aws.aws_provider(client_ids=("other",)).error(aws.NOT_AUTHORIZED[1]).ask()
    assert answer.names == ["outside-the-trust-policy", "audience-not-registered"]
    assert [cause.contradicts_observed for cause in answer.causes] == [False, True]


def test_a_resource_control_policy_that_denies(aws: Bundle) -> None:
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sts:AssumeRole*",
        "Resource": "*",
        "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-example"}},
    }
    aws.write("aws/rcps/identity.json", {"Version": "2012-10-17", "Statement": [deny]})
    cause = aws.error(aws.NOT_AUTHORIZED[1]).ask().first
    assert cause.name == "outside-the-trust-policy"
    assert "aws/rcps/identity.json denies it by StringNotEqualsIfExists · aws:PrincipalOrgID" in cause.summary
    assert cause.location.endswith("StringNotEqualsIfExists · aws:PrincipalOrgID")


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sts:AssumeRole*",
            "Resource": "*",
            "Condition": {"StringEquals": {"oidc.baseten.co:aud": "other"}},
        },
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ],
)
def test_a_resource_control_policy_that_does_not(aws: Bundle, statement: Any) -> None:
    answer = aws.write("aws/rcps/identity.json", {"Version": "2012-10-17", "Statement": [statement]}).ask()
    assert answer.accepted, answer.names


@pytest.mark.parametrize("policy", [[], "x", {"Statement": 5}, {"Statement": [5]}, {"Statement": [{"Effect": "Deny"}]}])
def test_a_resource_control_policy_that_is_none(aws: Bundle, policy: Any) -> None:
    assert aws.write("aws/rcps/identity.json", policy).ask().exchange().prediction != "refused"


DENY = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}


def test_an_endpoint_policy_that_denies(aws: Bundle) -> None:
    answer = aws.write("aws/endpoint-policies/sts.json", {"Version": "2012-10-17", "Statement": [DENY]}).ask()
    cause = answer.suspected("endpoint-policy-denies-exchange")
    assert "resource control" not in cause.fix
    assert "from the Deny in the policy of this endpoint" in cause.fix
    assert "VPC endpoint policy aws/endpoint-policies/sts.json denies it" in cause.summary
    assert answer.exchange().prediction == "unknown"


def test_an_endpoint_policy_that_cannot_be_read(aws: Bundle) -> None:
    answer = aws.write("aws/endpoint-policies/sts.json", "{").ask()
    cause = answer.suspected("endpoint-policy-denies-exchange")
    assert "VPC endpoint policy aws/endpoint-policies/sts.json could not be read, and may deny it" in cause.summary
    assert (answer.exchange().prediction, answer.report.exit_code) == ("unknown", 3)


def test_a_folder_of_too_many_endpoint_policies(aws: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "POLICIES", limits.POLICIES._replace(most=1))
    for number in range(2):
        aws.write(f"aws/endpoint-policies/{number}.json", {"Version": "2012-10-17", "Statement": [DENY]})
    answer = aws.ask()
    cause = answer.suspected("endpoint-policy-denies-exchange")
    assert "the VPC endpoint policies in aws/endpoint-policies/ were not read, and may deny it" in cause.summary
    assert answer.exchange().prediction == "unknown"


def test_an_endpoint_policy_without_a_word_on_sts(aws: Bundle) -> None:
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    answer = aws.write("aws/endpoint-policies/s3.json", {"Version": "2012-10-17", "Statement": [allow]}).ask()
    assert answer.accepted
    assert any("VPC endpoint" in assumed for assumed in answer.exchange().assumed)


@pytest.mark.parametrize(
    "changes", [{"Resource": "arn:aws:iam::111122223333:role/Other"}, {"Principal": {"AWS": "arn:aws:iam::1:user/x"}}]
)
def test_a_control_of_one_role_or_principal_is_not_said_to_deny(aws: Bundle, changes: dict[str, Any]) -> None:
    statement = {**DENY, "Action": "sts:*", **changes}
    answer = aws.write("aws/rcps/one.json", {"Version": "2012-10-17", "Statement": [statement]}).ask()
    assert "it is not known whether it denies it" in answer.suspected("outside-the-trust-policy").summary


def test_of_too_many_resource_control_policies_none_is_read(aws: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "POLICIES", bounds.POLICIES._replace(most=2))
    allow = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    for number in range(3):
        aws.write(f"aws/rcps/{number}.json", {"Version": "2012-10-17", "Statement": [allow]})
    answer = aws.ask()
    cause = answer.suspected("outside-the-trust-policy")
    assert "the resource control policies in aws/rcps/ were not read, and may deny it" in cause.summary
    assert (answer.exchange().prediction, answer.report.verdict, answer.report.exit_code) == ("unknown", "unknown", 3)
