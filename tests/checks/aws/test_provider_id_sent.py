"""AWS002: ProviderId is for other kinds of token."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


def test_any_other_provider(aws: Bundle) -> None:
    answer = aws.sends(provider_id="oidc.baseten.co").ask()
    error = (
        "AccessDenied",
        "Unrecognized OAuth provider. Do not include a provider parameter when submitting OpenIDConnect ID tokens",
    )
    cause = answer.refused("provider-id-sent", "request", error)
    assert "`oidc.baseten.co`" in cause.summary


def test_amazons_own(aws: Bundle) -> None:
    aws.sends(provider_id="www.amazon.com").ask().refused("provider-id-sent", "request")
    assert aws.ask().error()[1] == "Provided Token is not a Login With Amazon token"


def test_facebooks(aws: Bundle) -> None:
    aws.sends(provider_id="graph.facebook.com").ask().refused("provider-id-sent", "request")
    assert aws.ask().error()[0] == "IDPRejectedClaim"


def test_none_is_sent(aws: Bundle) -> None:
    answer = aws.ask()
    assert answer.accepted
    answer.passed("provider-id-sent")


def test_the_request_is_not_known(aws: Bundle) -> None:
    answer = aws.remove("oidc-doctor.toml", "aws/role.json").ask()
    answer.skipped("provider-id-sent")
