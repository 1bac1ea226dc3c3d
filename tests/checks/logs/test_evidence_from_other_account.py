"""LOG004: documents of another account than the role's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def test_the_caller_is_said_once(aws: Bundle) -> None:
    answer = aws.write("aws/caller-identity.json", {"Account": aws.OTHER_ACCOUNT, "Arn": "arn:aws:iam::5:user/x"}).ask()
    answer.passed("evidence-from-other-account")
    answer.suspected("evidence-contradicts")
    assert answer.exchange().prediction == "unknown"


def test_the_providers(aws: Bundle) -> None:
    arn = aws.PROVIDER_ARN.replace(aws.ACCOUNT, aws.OTHER_ACCOUNT)
    messages = aws.aws_provider(arn=arn).aws_providers(arn).ask().found("evidence-from-other-account")
    assert all(aws.OTHER_ACCOUNT in message and aws.ACCOUNT in message for message in messages)


def test_the_same_account(aws: Bundle) -> None:
    aws.write("aws/caller-identity.json", {"Account": aws.ACCOUNT}).aws_providers(aws.PROVIDER_ARN)
    aws.ask().passed("evidence-from-other-account")


@pytest.mark.parametrize("account", ["XXXXXXXXXXXX", "1234"])
def test_a_redacted_account_says_nothing(aws: Bundle, account: str) -> None:
    aws.aws_provider(arn=aws.PROVIDER_ARN.replace(aws.ACCOUNT, account)).ask().passed("evidence-from-other-account")


def test_the_account_of_the_role_is_not_known(aws: Bundle) -> None:
    aws.remove("oidc-doctor.toml", "aws/role.json").ask().skipped("evidence-from-other-account")


def test_google_has_no_part_in_it(gcp: Bundle) -> None:
    gcp.ask().skipped("evidence-from-other-account")
