"""AWS077: every audience of the provider passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.fixture
def several(github: Bundle) -> Bundle:
    """A provider with two client ids, and a trust policy that asks for none of them."""
    host = github.GITHUB.removeprefix("https://")
    policy = github.read("aws/role.json")["Role"]["AssumeRolePolicyDocument"]
    policy["Statement"][0]["Condition"] = {"StringEquals": {f"{host}:sub": github.GITHUB_SUBJECT}}
    arn = f"arn:aws:iam::{github.ACCOUNT}:oidc-provider/{host}"
    return github.aws_role(policy).aws_provider(("sts.amazonaws.com", "vault"), host, arn)


def test_a_token_for_another_service(several: Bundle) -> None:
    (message,) = several.ask().found("audience-not-tested")
    assert "a token for vault as well as for sts.amazonaws.com" in message


def test_one_client_id_is_a_lock(several: Bundle) -> None:
    host = several.GITHUB.removeprefix("https://")
    several.aws_provider(("sts.amazonaws.com",), host, f"arn:aws:iam::{several.ACCOUNT}:oidc-provider/{host}")
    several.ask().passed("audience-not-tested")


def test_a_provider_that_was_not_read(several: Bundle) -> None:
    row = several.remove("aws/oidc-provider.json").ask().skipped("audience-not-tested")
    assert "ClientIDList" in row.reason


def test_no_document(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("audience-not-tested")
