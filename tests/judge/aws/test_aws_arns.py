"""What a malformed role ARN is said to have wrong."""

from __future__ import annotations

import pytest

from oidc_doctor.judge.aws.arns import provider_issuer, read_role_arn

GOOD = "arn:aws:iam::210987654321:role/ModelWeights"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("arn:aws:iam::21098765432:role/x", "the account id 21098765432 has 11 digits instead of 12"),
        ("arn:aws:iam::2109876543210:role/x", "has 13 digits instead of 12"),
        ("arn:aws:iam::2109-8765-4321:role/x", "is written with hyphens"),
        ("arn:aws:iam::acme:role/x", "acme is not a 12-digit account id"),
        ("arn:aws:iam:::role/x", "the account id is empty"),
        ("arn:aws:iam:::210987654321:role/x", "it has a colon too many before the account id"),
        ("arn:aws:iam:210987654321:role/x", "a colon is missing before the account id"),
        (f" {GOOD}", "a blank surrounds it"),
        (f"'{GOOD}'", "it is in quotation marks"),
        (GOOD.replace("arn", "ARN"), "it begins with ARN"),
        (GOOD.replace(":", "\\:"), "it holds a backslash"),
        (GOOD.replace("/", "\\"), "a backslash is between role and its name"),
        (GOOD.replace("/", ":"), "a colon is between role and its name"),
        (GOOD + "\\x", "the role's name holds a backslash"),
        (GOOD + "\n", "the role's name holds a line break"),
        (GOOD.replace("role", "Role"), "Role is written role, in small letters"),
        ("arn:aws:iam::210987654321:role/", "the role's name is empty"),
        ("arn:aws:iam::210987654321:instance-profile/x", "it names an instance-profile and not a role"),
        ("arn:aws:iam::210987654321:user/x", "it names a user and not a role"),
        ("ModelWeights", "it is a name and not an ARN"),
        ("", "it is empty"),
    ],
)
def test_a_fault_is_named(text: str, words: str) -> None:
    assert words in read_role_arn(text, pasted=False).fault


@pytest.mark.parametrize("account", ["<account>", "xxx", "1234", "21098765432"])
def test_a_redacted_account_is_no_fault_in_pasted_evidence(account: str) -> None:
    assert not read_role_arn(f"arn:aws:iam::{account}:role/x", pasted=True).fault
    assert read_role_arn(f"arn:aws:iam::{account}:role/x", pasted=False).fault


@pytest.mark.parametrize(
    ("principals", "issuer"),
    [
        (["accounts.google.com"], "accounts.google.com"),
        (["arn:aws:iam::210987654321:oidc-provider/accounts.google.com"], "accounts.google.com"),
        (["arn:aws:iam::210987654321:oidc-provider/idp.example.com/a"], "idp.example.com/a"),
        (["idp.example.com"], None),
        (["accounts.google.com", "arn:aws:iam::210987654321:oidc-provider/idp.example.com"], None),
    ],
)
def test_the_issuer_that_a_policy_trusts(principals: list[str], issuer: str | None) -> None:
    statement = {"Effect": "Allow", "Principal": {"Federated": principals}}
    assert provider_issuer({"Statement": [statement]}) == issuer
