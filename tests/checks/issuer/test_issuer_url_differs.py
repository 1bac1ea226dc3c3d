"""ISS007: the discovery document names another issuer than the token."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


def test_a_trailing_slash(aws: Bundle) -> None:
    answer = aws.discovery(issuer=aws.ISSUER + "/").ask()
    cause = answer.suspected("issuer-url-differs")
    assert cause.step == "keys"
    assert cause.expected is not None
    assert cause.actual is not None
    assert (cause.expected.value, cause.actual.value) == (aws.ISSUER + "/", aws.ISSUER)


def test_the_same_text(aws: Bundle) -> None:
    aws.ask().passed("issuer-url-differs")


def test_it_is_never_put_before_a_definite_refusal(aws: Bundle) -> None:
    answer = aws.discovery(issuer=aws.ISSUER + "/").aws_provider(client_ids=("other",)).ask()
    assert answer.names == ["audience-not-registered", "issuer-url-differs"]


def test_it_was_not_read(aws: Bundle) -> None:
    aws.remove("issuer").ask().skipped("issuer-url-differs")


def test_google_wants_the_document_of_its_issuer_uri(gcp: Bundle) -> None:
    answer = gcp.discovery(issuer="https://internal.example:6443").ask()
    cause = answer.suspected("issuer-url-differs")
    assert cause.expected is not None
    assert cause.actual is not None
    assert (cause.expected.value, cause.actual.value) == (gcp.ISSUER, "https://internal.example:6443")
    answer = gcp.error("Error connecting to the given credential's issuer.").ask()
    assert answer.first.name == "issuer-url-differs"
    assert answer.first.confidence == "predicted"


def test_google_overlooks_a_trailing_slash(gcp: Bundle) -> None:
    assert gcp.discovery(issuer=gcp.ISSUER + "/").ask().accepted


def test_uploaded_keys_need_no_document(gcp: Bundle) -> None:
    keys = json.dumps(gcp.read("issuer/jwks.json"))
    answer = gcp.discovery(issuer="https://internal.example").gcp_provider(oidc={"jwksJson": keys}).ask()
    assert answer.accepted, answer.names
