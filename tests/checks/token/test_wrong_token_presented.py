"""TOK012: a token of another issuer than the one that is trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


def from_github(bundle: Bundle) -> Bundle:
    """The healthy set-up, to which a GitHub job's token is presented."""
    claims = bundle.claims_of(iss=bundle.GITHUB, sub=bundle.GITHUB_SUBJECT, aud="sts.amazonaws.com")
    return bundle.token(claims, kid="github-key")


def test_a_github_token_for_a_role_that_trusts_baseten(aws: Bundle) -> None:
    answer = from_github(aws).remove("issuer").ask()
    cause = answer.refused("wrong-token-presented", "authorise", aws.NOT_AUTHORIZED)
    assert "GitHub" in cause.summary
    assert "Baseten" in cause.summary
    assert not answer.error_is_certain()  # whether the account has a provider for GitHub was not read


def test_both_principals(aws: Bundle) -> None:
    cause = from_github(aws).remove("issuer").ask().first
    assert cause.expected is not None
    assert cause.actual is not None
    assert cause.expected.value == aws.PROVIDER_ARN
    assert cause.actual.value == f"arn:aws:iam::{aws.ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"


def test_no_provider_for_it_is_the_earlier_refusal(aws: Bundle) -> None:
    answer = from_github(aws).remove("issuer").aws_providers(aws.PROVIDER_ARN).ask()
    assert (answer.exchange().step, answer.error()) == ("provider", aws.COULD_NOT_VALIDATE)
    assert "wrong-token-presented" in answer.names


def test_the_trusted_issuers_keys_say_nothing_about_it(aws: Bundle) -> None:
    answer = from_github(aws).ask()
    assert "key-id-unknown" not in answer.names
    assert answer.first.name == "wrong-token-presented"


def test_the_right_token(aws: Bundle) -> None:
    aws.ask().passed("wrong-token-presented")


def test_an_unknown_issuer_is_another_principal_only(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(iss="https://tokens.example.com")).remove("issuer").ask()
    assert "wrong-token-presented" not in answer.names
    answer.refused("principal-differs", "authorise", aws.NOT_AUTHORIZED)


def test_without_a_trust_policy_nobody_knows(aws: Bundle) -> None:
    answer = from_github(aws).remove("issuer", "aws/role.json").ask()
    answer.skipped("wrong-token-presented")
