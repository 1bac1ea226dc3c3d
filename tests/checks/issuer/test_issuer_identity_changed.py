"""ISS021: another issuer, another host of its keys, or another key under a known id."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle

CHECK = "issuer-identity-changed"


def test_another_issuer(aws: Bundle) -> None:
    aws.discovery(issuer="https://oidc1.baseten.co").keep_as_earlier().discovery()
    answer = aws.ask()
    (message,) = answer.found(CHECK)
    assert message == "the discovery document names another issuer than on 21 Nov 2026 22:40 UTC"
    (finding,) = answer.check(CHECK).findings
    assert aws.marked(finding.expected) == "https://oidc[1].baseten.co"
    assert str(finding.expected and finding.expected.at).startswith("earlier/issuer/openid-configuration.json:")


def test_another_host_of_the_keys(aws: Bundle) -> None:
    aws.keep_as_earlier().discovery(jwks_uri="https://keys.stranger.example/jwks")
    (message,) = aws.ask().found(CHECK)
    assert message.startswith("the discovery document names another host for the issuer's keys")


def test_another_path_on_the_same_host(aws: Bundle) -> None:
    uri = aws.read("issuer/openid-configuration.json")["jwks_uri"]
    aws.keep_as_earlier().discovery(jwks_uri=f"{uri}?v=2").ask().passed(CHECK)


def test_another_key_under_the_same_id(aws: Bundle) -> None:
    key = aws.jwk()
    aws.jwks(key | {"n": "AAAA" + key["n"][4:]}).keep_as_earlier().jwks()
    (message,) = aws.ask().found(CHECK)
    assert f"under the id `{aws.KID}`" in message


def test_a_key_that_was_shortened_by_hand(aws: Bundle) -> None:
    key = aws.jwk()
    aws.jwks(key | {"n": key["n"][:9] + "…"}).keep_as_earlier().jwks().ask().passed(CHECK)
    aws.jwks({"kid": key["kid"], "kty": "RSA"}).keep_as_earlier().jwks().ask().passed(CHECK)


def test_two_keys_with_one_id(aws: Bundle) -> None:
    key = aws.jwk()
    aws.jwks(key, key | {"n": "AAAA"}).keep_as_earlier().jwks().ask().passed(CHECK)


def test_unchanged(aws: Bundle) -> None:
    aws.keep_as_earlier().ask().passed(CHECK)


def test_nothing_to_compare_with(aws: Bundle) -> None:
    aws.ask().skipped(CHECK)
