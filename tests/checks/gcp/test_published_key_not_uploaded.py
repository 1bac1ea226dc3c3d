"""GCP094: the issuer publishes a key that the provider's uploaded key set lacks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle

NAME = "published-key-not-uploaded"


def upload(made: Bundle, *keys: Any) -> Bundle:
    return made.gcp_provider(oidc={"jwksJson": json.dumps({"keys": list(keys)})})


def test_the_next_key(gcp: Bundle) -> None:
    upload(gcp.jwks(gcp.jwk(), gcp.jwk("rsa-next", "key-2")), gcp.jwk())
    answer = gcp.ask()
    (finding,) = answer.check(NAME).findings
    assert "refuses every token signed with the key key-2" in finding.message
    assert "has only key-1" in finding.message
    assert str(finding.expected and finding.expected.at).startswith("issuer/jwks.json:")
    assert str(finding.actual and finding.actual.at).startswith("gcp/provider.json:")
    assert finding.commands == (
        "curl -fsS -o jwks.json https://oidc.baseten.co/.well-known/jwks.json",
        f"gcloud iam workload-identity-pools providers update-oidc {gcp.GCP_PROVIDER} --jwk-json-path=jwks.json",
    )
    assert answer.accepted  # the token's own key is uploaded
    # what the message says of the next token is what the judge says of it
    gcp.token(key="rsa-next", kid="key-2").ask().refused("key-id-unknown", "keys")


def test_another_key_of_the_same_kid(gcp: Bundle) -> None:
    upload(gcp.jwks(gcp.jwk(), gcp.jwk("rsa-next", "key-2")), gcp.jwk(), gcp.jwk("rsa-other", "key-2"))
    (message,) = gcp.ask().found(NAME)
    assert "has a different key of that kid" in message
    gcp.token(key="rsa-next", kid="key-2").ask().refused("signature-invalid", "keys")


def test_the_key_of_the_token_is_a_cause(gcp: Bundle) -> None:
    upload(gcp.jwks(gcp.jwk()), gcp.jwk("rsa-other", "key-0"))
    answer = gcp.ask()
    answer.refused("key-id-unknown", "keys")
    answer.passed(NAME)


def test_keys_that_google_never_accepts(gcp: Bundle) -> None:
    others = [gcp.jwk("ec-384", "key-3"), gcp.jwk("rsa-next", "key-4", use="enc"), gcp.jwk("rsa-next", kid=...)]
    upload(gcp.jwks(gcp.jwk(), *others, gcp.jwk("rsa-next", "key-5", alg="PS256")), gcp.jwk())
    gcp.ask().passed(NAME)


def test_the_same_keys(gcp: Bundle) -> None:
    upload(gcp, gcp.jwk(use=...)).ask().passed(NAME)


@pytest.mark.parametrize("case", ["fetched", "jwks", "shortened", "of another issuer", "not JSON"])
def test_nothing_to_compare(gcp: Bundle, case: str) -> None:
    upload(gcp.jwks(gcp.jwk(), gcp.jwk("rsa-next", "key-2")), gcp.jwk())
    if case == "fetched":
        gcp.gcp_provider()
    elif case == "jwks":
        gcp.remove("issuer/jwks.json")
    elif case == "shortened":
        upload(gcp, gcp.jwk(n="0vx7…"))
    elif case == "of another issuer":
        gcp.discovery(issuer="https://issuer.example")
    else:
        gcp.gcp_provider(oidc={"jwksJson": "{"})
    assert gcp.ask().check(NAME).status == "skipped"
    assert gcp.ask().check("uploaded-key-not-published").status == "skipped"


def test_aws_has_no_uploads(aws: Bundle) -> None:
    aws.ask().skipped(NAME)
