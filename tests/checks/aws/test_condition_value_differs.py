"""AWS031: another condition of the statement is false."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


SUB_KEY = "oidc.baseten.co:sub"
SUBJECT = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:deployment=4be1c07:environment=production:type=model_container"


def also(bundle: Bundle, operator: str, key: str, value: Any) -> Bundle:
    """The healthy condition and one more."""
    condition = bundle.subject(bundle.PATTERN)
    condition.setdefault(operator, {})[key] = value
    return bundle.condition(condition)


def test_the_session_name(aws: Bundle) -> None:
    answer = also(aws, "StringLike", "sts:RoleSessionName", "prod-*").ask()
    cause = answer.refused("condition-value-differs", "authorise", aws.NOT_AUTHORIZED)
    assert cause.location == "Statement[0] · StringLike · sts:RoleSessionName"
    assert cause.actual is not None
    assert cause.actual.value == "weights"


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("StringEquals", "aws:RequestedRegion", "eu-west-1"),
        ("DateLessThan", "aws:CurrentTime", "2026-11-22T22:39:59Z"),
        ("NumericLessThan", "aws:EpochTime", "1795387200"),
        ("Bool", "aws:SecureTransport", "false"),
        ("Bool", "sts:RoleAuthorizedByIdp", "true"),
        ("StringEquals", "aws:PrincipalType", "AssumedRole"),
        ("StringNotEquals", "aws:PrincipalAccount", "210987654321"),
    ],
)
def test_keys_of_the_request(aws: Bundle, operator: str, key: str, value: str) -> None:
    also(aws, operator, key, value).ask().refused("condition-value-differs", "authorise", aws.NOT_AUTHORIZED)


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("StringEquals", "aws:RequestedRegion", "us-east-1"),
        ("DateLessThan", "aws:CurrentTime", "2026-11-22T22:40:01Z"),
        ("NumericLessThanEquals", "aws:EpochTime", "1795387200"),
        ("Bool", "aws:SecureTransport", "true"),
        ("Bool", "sts:RoleAuthorizedByIdp", "false"),
        ("StringEquals", "aws:PrincipalType", "User"),
        ("StringEquals", "aws:PrincipalAccount", "210987654321"),
        ("StringEquals", "aws:userid", "arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co"),
        ("ArnLike", "aws:FederatedProvider", "arn:aws:iam::*:oidc-provider/oidc.baseten.co"),
        ("Null", "aws:PrincipalArn", "true"),
        ("Null", "oidc.baseten.co:sub", "false"),
        ("StringNotEquals", "aws:PrincipalOrgID", "o-example"),
    ],
)
def test_keys_of_the_request_that_hold(aws: Bundle, operator: str, key: str, value: str) -> None:
    answer = also(aws, operator, key, value).ask()
    assert answer.accepted, answer.names
    answer.passed("condition-value-differs")


@pytest.mark.parametrize("key", ["aws:SourceIp", "aws:SourceVpc", "aws:SourceVpce", "aws:UserAgent"])
def test_keys_that_a_bundle_cannot_know(aws: Bundle, key: str) -> None:
    answer = also(aws, "StringLike", key, "203.0.113.*").ask()
    assert key in answer.suspected("condition-value-differs").settle


@pytest.mark.parametrize(("address", "accepted"), [("203.0.113.7", True), ("198.51.100.7", False)])
def test_unless_the_target_tells_them(aws: Bundle, address: str, accepted: bool) -> None:
    also(aws, "IpAddress", "aws:SourceIp", "203.0.113.0/24").sends(context={"aws:SourceIp": address})
    assert aws.ask().exchange().prediction == ("accepted" if accepted else "refused")


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("StringNotLike", "v=1:org=Org8Kd2P:*"),
        ("StringNotEquals", SUBJECT),
        ("ForAnyValue:StringNotLike", "*"),
    ],
)
def test_a_subject_that_is_excluded(aws: Bundle, operator: str, value: str) -> None:
    """Nothing of the subject differs from what the policy names, so no segment, case or wildcard is the cause."""
    answer = also(aws, operator, aws.SUB_KEY, value).ask()
    cause = answer.refused("condition-value-differs", "authorise", aws.NOT_AUTHORIZED)
    assert cause.location == f"Statement[0] · {operator} · {aws.SUB_KEY}"
    assert "excludes" in cause.summary
    assert cause.expected is not None
    assert cause.actual is not None
    assert (cause.expected.value, cause.actual.value) == (value, aws.SUBJECT)
    assert not cause.actual.spans


def test_an_audience_that_is_excluded(aws: Bundle) -> None:
    answer = also(aws, "StringNotEquals", aws.AUD_KEY, aws.AUDIENCE).ask()
    assert "excludes" in answer.refused("condition-value-differs", "authorise", aws.NOT_AUTHORIZED).summary


@pytest.mark.parametrize("operator", ["StringNotLike", "StringNotEquals"])
def test_a_subject_that_is_not_excluded(aws: Bundle, operator: str) -> None:
    assert also(aws, operator, aws.SUB_KEY, "v=1:org=Another:*").ask().accepted


def test_a_session_name_that_is_not_known(aws: Bundle) -> None:
    also(aws, "StringEquals", "sts:RoleSessionName", "x").sends(role_session_name=...).ask().suspected(
        "condition-value-differs"
    )


def test_a_claim_that_the_token_lacks(aws: Bundle) -> None:
    also(aws, "StringEquals", "oidc.baseten.co:email", "ml@example.com").ask().refused(
        "condition-value-differs", "authorise"
    )


def test_all_operators_must_hold_and_one_value_each_is_enough(aws: Bundle) -> None:
    assert also(aws, "StringEquals", "sts:RoleSessionName", ["a", "weights"]).ask().accepted
    assert also(aws, "StringNotEquals", "sts:RoleSessionName", ["a", "b"]).ask().accepted
    answer = also(aws, "StringNotEquals", "sts:RoleSessionName", ["a", "weights"]).ask()
    answer.refused("condition-value-differs", "authorise", aws.NOT_AUTHORIZED)


def test_one_of_several_values_under_for_all_values(aws: Bundle) -> None:
    aws.token(aws.claims_of(amr=["mfa", "pwd"]))
    answer = also(aws, "ForAllValues:StringEquals", "oidc.baseten.co:amr", "mfa").ask()
    answer.refused("condition-value-differs", "authorise", aws.NOT_AUTHORIZED)


def test_the_expected_side_under_for_all_values(aws: Bundle) -> None:
    aws.token(aws.claims_of(amr=["mfa", "pwd"]))
    cause = also(aws, "ForAllValues:StringEquals", "oidc.baseten.co:amr", "mfa").ask().first
    assert cause.expected is not None
    assert cause.expected.value == "mfa"


def test_no_policy_was_read(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("condition-value-differs")


@pytest.mark.parametrize(
    ("operator", "key", "value", "words"),
    [
        ("IpAddress", "aws:SourceIp", ["192.0.2.0/24", "192.0.3.0/24"], "add `198.51.100.24` to the networks"),
        (
            "NotIpAddress",
            "aws:SourceIp",
            ["192.0.2.0/24", "198.51.100.0/24"],
            "NotIpAddress excludes this workload on purpose",
        ),
        (
            "StringNotLike",
            SUB_KEY,
            ["v=1:org=other:*", "v=1:org=Org8Kd2P:*"],
            "StringNotLike excludes this workload on purpose",
        ),
        ("StringEquals", "sts:RoleSessionName", "deploy", "Send a RoleSessionName that the policy expects, `deploy`"),
        ("DateLessThan", "aws:CurrentTime", "2026-01-01T00:00:00Z", "correct the time"),
        ("Bool", "sts:RoleAuthorizedByIdp", "true", "Have the issuer name the role"),
        ("Null", SUB_KEY, "true", "without `oidc.baseten.co:sub`"),
        ("Null", "oidc.baseten.co:email", "false", "that has `oidc.baseten.co:email`"),
    ],
)
def test_the_fix_names_the_value_and_keeps_the_condition(
    aws: Bundle, operator: str, key: str, value: Any, words: str
) -> None:
    also(aws, operator, key, value).sends(context={"aws:SourceIp": "198.51.100.24"})
    cause = aws.ask().refused("condition-value-differs", "authorise")
    assert words in cause.words_of_check
    assert "remove" not in cause.words_of_check.lower()


def test_networks_are_shown_whole(aws: Bundle) -> None:
    also(aws, "IpAddress", "aws:SourceIp", ["192.0.2.0/24", "192.0.3.0/24"])
    expected = aws.sends(context={"aws:SourceIp": "198.51.100.24"}).ask().first.expected
    assert expected is not None
    assert expected.value == "192.0.2.0/24, 192.0.3.0/24"


def test_an_unread_value_of_a_negated_operator_may_be_excluded(aws: Bundle) -> None:
    cause = also(aws, "NotIpAddress", "aws:SourceIp", "192.0.2.0/24").ask().suspected("condition-value-differs")
    assert "excludes" in cause.summary
    assert "expects" not in cause.summary
