"""ISS022: the issuer has a new key that the key set uploaded to the Google provider lacks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evidence import Bundle

CHECK = "uploaded-keys-outdated"


def uploaded(gcp: Bundle, *keys: Any) -> Bundle:
    return gcp.gcp_provider(oidc={"jwksJson": json.dumps({"keys": list(keys)})})


def test_a_new_key(gcp: Bundle) -> None:
    uploaded(gcp, gcp.jwk()).keep_as_earlier().jwks(gcp.jwk(), gcp.jwk() | {"kid": "next"})
    answer = gcp.ask()
    (message,) = answer.found(CHECK)
    assert "lacks the key `next`, which the issuer did not publish on 21 Nov 2026 22:40 UTC" in message
    (finding,) = answer.check(CHECK).findings
    assert f"update-oidc {gcp.GCP_PROVIDER} --jwk-json-path=issuer/jwks.json" in finding.fix
    assert finding.target == gcp.GCP_PROVIDER
    assert answer.exchange().prediction == "accepted", "the present token is signed with the former key"


def test_the_upload_has_it_already(gcp: Bundle) -> None:
    new = gcp.jwk() | {"kid": "next"}
    uploaded(gcp, gcp.jwk(), new).keep_as_earlier().jwks(gcp.jwk(), new).ask().passed(CHECK)


def test_a_key_that_the_upload_never_had(gcp: Bundle) -> None:
    """It may be one that signs no token for this provider: it is not new."""
    gcp.jwks(gcp.jwk(), gcp.jwk() | {"kid": "other"})
    uploaded(gcp, gcp.jwk()).keep_as_earlier().ask().passed(CHECK)


def test_keys_that_google_fetches(gcp: Bundle) -> None:
    gcp.keep_as_earlier().jwks(gcp.jwk(), gcp.jwk() | {"kid": "next"}).ask().passed(CHECK)


def test_nothing_to_compare_with(gcp: Bundle) -> None:
    uploaded(gcp, gcp.jwk()).ask().skipped(CHECK)
