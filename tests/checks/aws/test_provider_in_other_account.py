"""AWS011: the provider is in another account than the role."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def elsewhere(bundle: Bundle) -> str:
    return bundle.PROVIDER_ARN.replace(bundle.ACCOUNT, bundle.OTHER_ACCOUNT)


def test_the_trust_policy_names_it(aws: Bundle) -> None:
    answer = aws.trust(aws.statement(Principal={"Federated": elsewhere(aws)})).ask()
    cause = answer.refused("provider-in-other-account", "authorise", aws.NOT_AUTHORIZED)
    assert cause.location == "Statement[0] · Principal · Federated"
    assert aws.OTHER_ACCOUNT in cause.summary
    assert aws.ACCOUNT in cause.summary
    assert aws.marked(cause.expected).replace("[", "").replace("]", "") == elsewhere(aws)


def test_it_is_there_and_not_here(aws: Bundle) -> None:
    answer = aws.aws_provider(arn=elsewhere(aws)).aws_providers().ask()
    answer.refused("provider-in-other-account", "provider", aws.COULD_NOT_VALIDATE)


def test_without_a_list_it_may_be_here_too(aws: Bundle) -> None:
    answer = aws.aws_provider(arn=elsewhere(aws)).ask()
    assert answer.suspected("provider-in-other-account").step == "provider"


def test_a_provider_without_an_arn_is_in_the_roles_account(aws: Bundle) -> None:
    answer = aws.aws_provider(arn=...).ask()
    assert answer.accepted
    answer.passed("provider-in-other-account")


@pytest.mark.parametrize("account", ["XXXXXXXXXXXX", "<account>", "12345", "1234-5678-9012"])
def test_a_redacted_account_in_the_policy(aws: Bundle, account: str) -> None:
    arn = aws.PROVIDER_ARN.replace(aws.ACCOUNT, account)
    answer = aws.trust(aws.statement(Principal={"Federated": arn})).ask()
    answer.suspected("provider-in-other-account")


def test_the_same_account_redacted_alike(aws: Bundle) -> None:
    account = "XXXXXXXXXXXX"
    arn = aws.PROVIDER_ARN.replace(aws.ACCOUNT, account)
    role = aws.ROLE_ARN.replace(aws.ACCOUNT, account)
    aws.aws_provider(arn=arn).sends(role_arn=role)
    aws.aws_role(aws.policy(aws.statement(Principal={"Federated": arn})), Arn=role)
    assert aws.ask().exchange().prediction != "refused"


def test_nobody_could_look(aws: Bundle) -> None:
    aws.remove("aws/oidc-provider.json", "aws/role.json").ask().skipped("provider-in-other-account")
