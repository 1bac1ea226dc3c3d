"""AWS012: a provider is there, and its URL is not exactly the token's issuer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("url", ["oidc.baseten.co/", "OIDC.baseten.co", "oidc.baseten.co/org", "oidc.baseten.com"])
def test_nearly_the_same(aws: Bundle, url: str) -> None:
    arn = f"arn:aws:iam::{aws.ACCOUNT}:oidc-provider/{url}"
    answer = aws.aws_provider(url=url, arn=arn).aws_providers(arn).ask()
    cause = answer.refused("provider-url-differs", "provider", aws.COULD_NOT_VALIDATE)
    assert cause.expected is not None
    assert cause.actual is not None
    assert (cause.expected.value, cause.actual.value) == (url, "oidc.baseten.co")


def test_the_characters_that_differ(aws: Bundle) -> None:
    arn = aws.PROVIDER_ARN + "/"
    cause = aws.aws_provider(url="oidc.baseten.co/", arn=arn).aws_providers(arn).ask().first
    assert aws.marked(cause.expected) == "oidc.baseten.co[/]"
    assert "trailing slash" in cause.summary


def test_a_list_alone_shows_it_too(aws: Bundle) -> None:
    answer = aws.remove("aws/oidc-provider.json").aws_providers(aws.PROVIDER_ARN + "/").ask()
    answer.refused("provider-url-differs", "provider", aws.COULD_NOT_VALIDATE)


def test_without_the_list_the_right_one_may_be_there_too(aws: Bundle) -> None:
    answer = aws.aws_provider(url="oidc.baseten.co/", arn=aws.PROVIDER_ARN + "/").ask()
    assert answer.suspected("provider-url-differs").step == "provider"


@pytest.mark.parametrize("url", ["oidc.baseten.co", "https://oidc.baseten.co"])
def test_the_scheme_is_not_part_of_it(aws: Bundle, url: str) -> None:
    answer = aws.aws_provider(url=url).ask()
    assert answer.accepted
    answer.passed("provider-url-differs")


def test_both_are_there(aws: Bundle) -> None:
    arn = aws.PROVIDER_ARN + "/"
    assert aws.aws_provider().aws_providers(arn, aws.PROVIDER_ARN).ask().accepted


def test_a_path_of_the_issuer_counts(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(iss=aws.ISSUER + "/acme")).remove("issuer").aws_providers(aws.PROVIDER_ARN).ask()
    answer.refused("provider-url-differs", "provider", aws.COULD_NOT_VALIDATE)


def test_a_redacted_url(aws: Bundle) -> None:
    answer = aws.aws_provider(url="<issuer>", arn=...).ask()
    assert "provider-url-differs" not in answer.names
    assert answer.state("provider") == "assumed"


def test_nobody_could_look(aws: Bundle) -> None:
    aws.remove("aws/oidc-provider.json").ask().skipped("provider-url-differs")


def test_the_printed_url_has_its_scheme(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(iss=aws.ISSUER + "/acme")).remove("issuer").aws_providers(aws.PROVIDER_ARN).ask()
    (printed,) = answer.first.named.commands
    assert "--url https://oidc.baseten.co/acme " in printed.replace("'", "")
