"""GCP007: the provider is not one for OIDC tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


@pytest.mark.parametrize(
    ("kind", "words"), [("aws", "an AWS provider"), ("saml", "a SAML provider"), ("x509", "an X.509 provider")]
)
def test_another_kind(gcp: Bundle, says: type[Says], kind: str, words: str) -> None:
    provider = gcp.read("gcp/provider.json")
    del provider["oidc"], provider["attributeCondition"]
    answer = gcp.write("gcp/provider.json", provider | {kind: {"accountId": gcp.ACCOUNT}}).ask()
    assert answer.names == []
    assert answer.exchange().prediction == "unknown", "only OIDC providers are judged"
    assert any(words in step.note for step in answer.exchange().steps)
    answer = gcp.error(says.INVALID_TARGET[1]).ask()
    assert answer.first.name == "provider-kind-differs"
    assert answer.first.confidence == "suspected"
    assert words in answer.first.summary


def test_nothing_else_is_held_against_another_kind(gcp: Bundle) -> None:
    provider = gcp.read("gcp/provider.json")
    del provider["oidc"], provider["attributeCondition"]
    provider |= {"aws": {"accountId": gcp.ACCOUNT}, "attributeMapping": {"google.subject": "assertion.arn"}}
    assert gcp.write("gcp/provider.json", provider).ask().names == []


def test_an_oidc_provider(gcp: Bundle) -> None:
    answer = gcp.ask()
    assert answer.accepted
    assert answer.check("provider-kind-differs").status == "passed"
