"""AWS029: the policy tests a key that no request has, and nearly one that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def asking_for(bundle: Bundle, key: str) -> Bundle:
    return bundle.condition({"StringEquals": {key: bundle.AUDIENCE}, "StringLike": {bundle.SUB_KEY: bundle.PATTERN}})


@pytest.mark.parametrize(
    "key",
    [
        "https://oidc.baseten.co:aud",
        "arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co:aud",
        "oidc.baseten.co/:aud",
        "baseten.co:aud",
        "oidc.basten.co:aud",
        "oidc.baseten.co/org:aud",
        "oidc.baseten.co:audience",
        "oidc.baseten.co:auds",
    ],
)
def test_it_is_named_with_the_key_that_exists(aws: Bundle, key: str) -> None:
    answer = asking_for(aws, key).ask()
    cause = answer.refused("condition-key-misspelled", "authorise", aws.NOT_AUTHORIZED)
    assert cause.location == f"Statement[0] · StringEquals · {key}"
    assert cause.expected is not None
    assert cause.actual is not None
    assert (cause.expected.value, cause.actual.value) == (key, "oidc.baseten.co:aud")
    assert "oidc.baseten.co:aud" in cause.words_of_check


def test_the_host_without_the_path_of_the_issuer(aws: Bundle) -> None:
    host = "oidc.eks.us-east-1.amazonaws.com"
    path = f"{host}/id/0123456789ABCDEF0123456789ABCDEF"
    arn = f"arn:aws:iam::{aws.ACCOUNT}:oidc-provider/{path}"
    subject = "system:serviceaccount:ml:weights"
    aws.token(aws.claims_of(iss=f"https://{path}", sub=subject, aud="sts.amazonaws.com")).discovery(
        issuer=f"https://{path}"
    )
    aws.aws_provider(url=path, arn=arn, client_ids=("sts.amazonaws.com",))
    answer = aws.condition({"StringEquals": {f"{host}:sub": subject}}, Principal={"Federated": arn}).ask()
    cause = answer.refused("condition-key-misspelled", "authorise", aws.NOT_AUTHORIZED)
    assert cause.actual is not None
    assert cause.actual.value == f"{path}:sub"
    assert aws.condition({"StringEquals": {f"{path}:sub": subject}}, Principal={"Federated": arn}).ask().accepted


@pytest.mark.parametrize("key", ["OIDC.BASETEN.CO:AUD", "oidc.baseten.co:Aud"])
def test_case_does_not_count(aws: Bundle, key: str) -> None:
    answer = asking_for(aws, key).ask()
    assert answer.accepted
    answer.passed("condition-key-misspelled")


@pytest.mark.parametrize("operator", ["StringEqualsIfExists", "StringNotEquals", "ForAllValues:StringEquals"])
def test_operators_that_hold_without_the_key(aws: Bundle, operator: str) -> None:
    condition = {operator: {"oidc.baseten.co:subj": "x"}, "StringLike": {aws.SUB_KEY: aws.PATTERN}}
    assert aws.condition(condition).ask().exchange().prediction == "accepted"


@pytest.mark.parametrize("key", ["aws:PrincipalArn", "aws:SourceArn"])
def test_keys_that_exist_elsewhere_are_not_misspelled(aws: Bundle, key: str) -> None:
    assert "condition-key-misspelled" not in asking_for(aws, key).ask().names


def test_a_name_that_is_less_alike_was_not_meant(aws: Bundle) -> None:
    condition = {"StringEquals": {"oidc.baseten.co:amber": "x"}, "StringLike": {aws.SUB_KEY: aws.PATTERN}}
    answer = aws.condition(condition).ask()
    answer.refused("condition-key-not-provided", "authorise", aws.NOT_AUTHORIZED)
    assert "condition-key-misspelled" not in answer.names


@pytest.mark.parametrize("key", ["aws:Region", "aws:OriginNetwork", "sts:Novelty"])
def test_a_key_in_names_of_aws_that_no_list_has_is_not_known(aws: Bundle, key: str) -> None:
    asked = {"StringEquals": {key: "x"}}
    allow = aws.condition(asked | {"StringLike": {aws.SUB_KEY: aws.PATTERN}}).ask()
    assert allow.exchange().prediction == "unknown"
    assert "condition-key-misspelled" not in allow.names
    policy = aws.condition({"StringLike": {aws.SUB_KEY: aws.PATTERN}}).read("aws/role.json")
    trust = policy["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"] = [
        *(trust["Statement"] if isinstance(trust["Statement"], list) else [trust["Statement"]]),
        {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRoleWithWebIdentity", "Condition": asked},
    ]
    denied = aws.write("aws/role.json", policy).ask()
    assert denied.exchange().prediction == "unknown"


@pytest.mark.parametrize("key", ["aws:RequestTags/team", "aws:PrincipalOrgIDs", "sts:SourceIdentities"])
def test_a_slip_in_a_name_of_aws_is_no_key_at_all(aws: Bundle, key: str) -> None:
    condition = {"StringEquals": {key: "x"}, "StringLike": {aws.SUB_KEY: aws.PATTERN}}
    assert aws.condition(condition).ask().exchange().prediction == "refused"


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("oidc.baseten.co:audience", "v=1:org=Org8Kd2P:*", "oidc.baseten.co:sub"),
        ("oidc.baseten.co:subb", "oidc.baseten.co", "oidc.baseten.co:aud"),
        ("oidc.example.com:aud", "v=1:org=Org8Kd2P:*", "oidc.baseten.co:sub"),
        ("oidc.baseten.co:amber", "v=1:org=Org8Kd2P:*", "oidc.baseten.co:sub"),
    ],
)
def test_the_value_decides_before_the_name(aws: Bundle, key: str, value: str, wanted: str) -> None:
    cause = aws.condition({"StringLike": {key: value}}).ask().refused("condition-key-misspelled", "authorise")
    assert cause.actual is not None
    assert cause.actual.value == wanted
    assert cause.words_of_check == f"Rename the key to {wanted}."


@pytest.mark.parametrize("prefix", ["", "https://", "arn:aws:iam::210987654321:oidc-provider/"])
@pytest.mark.parametrize(
    ("value", "claim"), [("v=1:org=Other:*", "sub"), ("oidc.baseten.co", "aud"), ("something", "sub")]
)
def test_a_key_without_its_claim(aws: Bundle, prefix: str, value: str, claim: str) -> None:
    condition = {"StringLike": {f"{prefix}oidc.baseten.co": value}}
    cause = aws.condition(condition).ask().refused("condition-key-misspelled", "authorise")
    assert f"`:{claim}` is missing at its end" in cause.summary
    assert cause.words_of_check == f"Rename the key to oidc.baseten.co:{claim}."


def test_the_letters_of_an_issuer_are_kept(aws: Bundle) -> None:
    issuer = "oidc.eks.eu-west-2.amazonaws.com/id/ABCDEF0123456789ABCDEF0123456789"
    aws.claims({"iss": f"https://{issuer}", "sub": "system:serviceaccount:kitchen:cook", "aud": "sts.amazonaws.com"})
    provider = f"arn:aws:iam::210987654321:oidc-provider/{issuer}"
    condition = {"StringEquals": {f"{issuer}:sub": "system:serviceaccount:kitchen:cook", f"{issuer}:ad": "x"}}
    aws.remove("aws/oidc-provider.json").condition(condition, Principal={"Federated": provider})
    assert aws.ask().cause("condition-key-misspelled").words_of_check == f"Rename the key to {issuer}:aud."


def test_no_policy_was_read(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("condition-key-misspelled")


def test_a_pattern_belongs_to_the_claim_that_it_matches(aws: Bundle) -> None:
    provider = "arn:aws:iam::210987654321:oidc-provider/idp.example.com"
    aws.condition({"StringLike": {"idp.example.com": "mi*"}}, Principal={"Federated": provider})
    aws.remove("aws/oidc-provider.json").claims({"iss": "https://idp.example.com", "sub": "job:7", "aud": "mine"})
    assert aws.ask().cause("condition-key-misspelled").words_of_check == "Rename the key to idp.example.com:aud."
