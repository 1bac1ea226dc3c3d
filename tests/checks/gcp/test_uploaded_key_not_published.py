"""GCP095: the provider's uploaded key set has a key that the issuer no longer publishes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle

NAME = "uploaded-key-not-published"


def test_a_withdrawn_key(gcp: Bundle) -> None:
    gcp.gcp_provider(oidc={"jwksJson": json.dumps({"keys": [gcp.jwk(), gcp.jwk("rsa-old", "key-0")]})})
    answer = gcp.ask()
    (finding,) = answer.check(NAME).findings
    assert "has the key key-0, which the issuer no longer publishes" in finding.message
    assert finding.commands[0].startswith(f"gcloud iam workload-identity-pools providers describe {gcp.GCP_PROVIDER}")
    assert (finding.cloud, finding.target) == ("gcp", gcp.GCP_PROVIDER)
    assert answer.accepted
    # what the message says of an old token is what the judge says of it
    assert gcp.token(key="rsa-old", kid="key-0").ask().accepted


def test_the_same_keys(gcp: Bundle) -> None:
    gcp.gcp_provider(oidc={"jwksJson": json.dumps({"keys": [gcp.jwk()]})})
    gcp.ask().passed(NAME)


def test_the_keys_are_fetched(gcp: Bundle) -> None:
    assert "no key set is uploaded" in gcp.ask().skipped(NAME).reason
