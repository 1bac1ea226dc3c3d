"""AWS010: the role's account has no provider for the token's issuer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def test_a_list_without_it(aws: Bundle) -> None:
    other = f"arn:aws:iam::{aws.ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    answer = aws.remove("aws/oidc-provider.json").aws_providers(other).ask()
    cause = answer.refused("provider-missing", "provider", aws.COULD_NOT_VALIDATE)
    assert aws.ACCOUNT in cause.summary
    assert "oidc.baseten.co`" in cause.summary
    assert answer.error_is_certain()


def test_the_command_that_creates_it(aws: Bundle) -> None:
    assert aws.remove("aws/oidc-provider.json").aws_providers().ask().first.commands == (
        "aws iam create-open-id-connect-provider --url https://oidc.baseten.co --client-id-list oidc.baseten.co",
    )


def test_the_cloud_said_so(aws: Bundle) -> None:
    aws.not_found("aws/oidc-provider.json").ask().refused("provider-missing", "provider", aws.COULD_NOT_VALIDATE)


def test_an_empty_list(aws: Bundle) -> None:
    answer = aws.remove("aws/oidc-provider.json").aws_providers().ask()
    answer.refused("provider-missing", "provider", aws.COULD_NOT_VALIDATE)


def test_a_list_with_it(aws: Bundle) -> None:
    answer = aws.remove("aws/oidc-provider.json").aws_providers(aws.PROVIDER_ARN).ask()
    assert answer.state("provider") == "passed"
    assert answer.state("audience") == "unknown"
    answer.passed("provider-missing")


@pytest.mark.parametrize("how", ["remove", "denied"])
def test_nobody_could_look(aws: Bundle, how: str) -> None:
    answer = getattr(aws, how)("aws/oidc-provider.json").ask()
    answer.skipped("provider-missing")
    assert answer.exchange().prediction == "unknown"


def test_a_provider_of_another_issuer_only_suspects(aws: Bundle) -> None:
    host = "token.actions.githubusercontent.com"
    arn = f"arn:aws:iam::{aws.ACCOUNT}:oidc-provider/{host}"
    assert aws.aws_provider(url=host, arn=arn).ask().suspected("provider-missing").step == "provider"


def test_a_redacted_list(aws: Bundle) -> None:
    answer = aws.remove("aws/oidc-provider.json").aws_providers("arn:aws:iam::<account>:oidc-provider/<issuer>").ask()
    assert "provider-missing" not in answer.names
    assert answer.exchange().prediction == "unknown"


@pytest.mark.parametrize(
    "text", ["No OpenIDConnect provider found in your account for https://oidc.baseten.co", "InvalidIdentityToken"]
)
def test_the_error_without_a_list(aws: Bundle, text: str) -> None:
    answer = aws.remove("aws/oidc-provider.json").error(text).ask()
    answer.suspected("provider-missing")
    assert answer.report.exit_code == 1


def test_google_is_built_into_aws(aws: Bundle) -> None:
    claims = {**aws.claims_of(iss="https://accounts.google.com", sub="1234", aud="app")}
    condition = {"StringEquals": {"accounts.google.com:aud": "app", "accounts.google.com:sub": "1234"}}
    aws.token(claims).condition(condition, Principal={"Federated": "accounts.google.com"})
    answer = aws.remove("aws/oidc-provider.json", "issuer").aws_providers().ask()
    assert answer.names == []
