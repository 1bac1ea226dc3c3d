"""What a person left out, mistyped or swapped in evidence of AWS is no ground of an acceptance, and of no refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Answer, Bundle

BARS = "████"
LEFT_OUT = ["REDACTED", "[hidden]", BARS, "CENSORED", "(removed)"]


def open_(answer: Answer) -> None:
    """Neither accepted nor refused."""
    assert answer.exchange().prediction == "unknown", (answer.names, answer.steps())
    assert answer.report.exit_code == 3


def recorded(bundle: Bundle) -> Bundle:
    """The bundle with a manifest that says of every file that it was read."""
    names = ["aws/role.json", "aws/oidc-provider.json", "token.jwt", "issuer/jwks.json"]
    reads = [{"path": name, "call": "x", "outcome": "ok"} for name in names]
    return bundle.write("manifest.json", {"collected_at": "2026-11-22T22:40:00Z", "reads": reads})


@pytest.mark.parametrize("word", LEFT_OUT)
@pytest.mark.parametrize("where", ["Action", "sts:Action", "Federated", "host", "account", "value", "key"])
def test_a_deny_with_a_part_that_was_left_out(aws: Bundle, word: str, where: str) -> None:
    issuer = aws.statement()["Principal"]["Federated"].partition("oidc-provider/")[2]
    changes: dict[str, Any] = {
        "Action": {"Action": word},
        "sts:Action": {"Action": f"sts:{word}"},
        "Federated": {"Principal": {"Federated": word}},
        "host": {"Principal": {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{word}"}},
        "account": {"Principal": {"Federated": f"arn:aws:iam::{word}:oidc-provider/{issuer}"}},
        "value": {"Condition": {"StringEquals": {f"{issuer}:sub": word}}},
        "key": {"Condition": {"StringEquals": {f"{issuer}:{word}": "x"}}},
    }[where]
    deny = {**aws.statement(Effect="Deny"), **changes}
    open_(aws.trust(aws.statement(), deny).ask())
    open_(recorded(aws).ask())


@pytest.mark.parametrize(
    "changes",
    [
        {"Action": "sts:AssumeRoleWithWebldentity"},
        {"Action": "AssumeRoleWithWebIdentity"},
        {"Action": "sts:AssumeRoleWithWebIdentity "},
        {"Action": "***"},
        {"Principal": {"Federated": "arn:aws:iam::1111222233:oidc-provider/oidc.example.com"}},
        {"Principal": {"Federated": "arn:aws:iam::*:oidc-provider/oidc.example.com"}},
        {"Principal": {"Federated": " arn:aws:iam::111122223333:oidc-provider/oidc.example.com"}},
        {"Condition": {"StringEquals": {"sub": "x"}}},
        {"Condition": {"StringEquals": {"oidc.example.com: sub": "x"}}},
        {"Condition": {"StringEquals": {"Fn::If": "x"}}},
    ],
)
def test_a_deny_with_a_name_that_iam_does_not_store(aws: Bundle, changes: dict[str, Any]) -> None:
    open_(aws.trust(aws.statement(), {**aws.statement(Effect="Deny"), **changes}).ask())


def test_a_deny_of_the_bare_issuer_is_not_known(aws: Bundle) -> None:
    issuer = aws.statement()["Principal"]["Federated"].partition("oidc-provider/")[2]
    open_(aws.trust(aws.statement(), aws.statement(Effect="Deny", Principal={"Federated": issuer})).ask())


@pytest.mark.parametrize(
    "changes",
    [
        {"Action": "sts:AssumeRole"},
        {"Action": ["sts:TagSession", "s3:Get*"]},
        {"Principal": {"Federated": "arn:aws:iam::111122223333:saml-provider/Okta"}},
        {"Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/oidc.example.com/id/AB"}},
        {"Principal": {"Federated": "cognito-identity.amazonaws.com"}},
        {"Principal": {"Service": "ec2.amazonaws.com"}},
        {"Condition": {"StringEquals": {"aws:RequestTag/My (team)": "x"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    ],
)
def test_a_readable_deny_of_others_is_no_doubt(aws: Bundle, changes: dict[str, Any]) -> None:
    assert aws.trust(aws.statement(), {**aws.statement(Effect="Deny"), **changes}).ask().accepted


@pytest.mark.parametrize("operator", ["StringNotEquals", "StringEqualsIfExists", "ForAllValues:StringEquals"])
def test_an_allow_that_only_a_key_of_impossible_form_lets_in(aws: Bundle, operator: str) -> None:
    open_(aws.condition({operator: {f"oidc.baseten.co:{BARS}": "x"}}).ask())
    open_(aws.condition({operator: {"sub": "x"}}).ask())
    assert aws.condition({operator: {"oidc.baseten.co:email": "x"}}).ask().accepted


@pytest.mark.parametrize("word", ["v=1:org=REDACTED:*", "v=1:org=[hidden]:*", f"v=1:org={BARS}:*", "CENSORED"])
def test_a_pattern_that_was_left_out_is_no_refusal(aws: Bundle, word: str) -> None:
    open_(aws.condition(aws.subject(word)).ask())
    open_(recorded(aws).ask())


@pytest.mark.parametrize("word", LEFT_OUT)
def test_a_client_id_that_was_left_out_is_no_refusal(aws: Bundle, word: str) -> None:
    recorded(aws)
    open_(aws.aws_provider(client_ids=[word]).ask())


def test_a_role_of_two_names(aws: Bundle) -> None:
    role = aws.read("aws/role.json")["Role"]
    for changes in ({"RoleName": "Another"}, {"RoleName": role["Arn"].rpartition("/")[2], "Path": "/x/"}):
        answer = aws.write("aws/role.json", {"Role": {**role, **changes}}).ask()
        assert "Arn of one role" in answer.suspected("evidence-contradicts").summary
        open_(answer)
    same = {"RoleName": role["Arn"].rpartition("/")[2], "Path": "/"}
    assert aws.write("aws/role.json", {"Role": {**role, **same}}).ask().accepted


def test_a_role_under_two_paths(aws: Bundle) -> None:
    role = aws.read("aws/role.json")["Role"]
    other = {**role, "Arn": role["Arn"].replace(":role/", ":role/x/")}
    open_(aws.write("aws/roles.json", {"Roles": [other]}).ask())


def test_one_policy_in_two_ways_of_writing(aws: Bundle) -> None:
    role = aws.read("aws/role.json")["Role"]
    listed = aws.policy(aws.statement(Action=["sts:AssumeRoleWithWebIdentity"]))
    assert aws.write("aws/roles.json", {"Roles": [{**role, "AssumeRolePolicyDocument": listed}]}).ask().accepted


def test_a_provider_whose_arn_is_of_another_address(aws: Bundle) -> None:
    provider = aws.read("aws/oidc-provider.json")
    arn = "arn:aws:iam::111122223333:oidc-provider/oidc.example.com"
    answer = aws.write("aws/oidc-provider.json", {**provider, "Arn": arn}).ask()
    assert not answer.accepted
    open_(answer)


def test_the_context_does_not_replace_what_the_token_says(aws: Bundle) -> None:
    open_(aws.sends(context={"oidc.baseten.co:sub": "x"}).ask())


def test_a_control_policy_with_a_member_twice(aws: Bundle) -> None:
    text = '{"Statement": [{"Effect": "Deny", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}'
    answer = aws.write("aws/rcps/a.json", text).ask()
    assert "twice" in answer.suspected("outside-the-trust-policy").summary


@pytest.mark.parametrize("member", ["n", "e", "kid"])
@pytest.mark.parametrize("word", ["REDACTED", "...", BARS, "<removed>"])
def test_a_key_set_that_was_shortened(aws: Bundle, member: str, word: str) -> None:
    keys = aws.read("issuer/jwks.json")["keys"]
    open_(aws.write("issuer/jwks.json", {"keys": [{**key, member: word} for key in keys]}).ask())
