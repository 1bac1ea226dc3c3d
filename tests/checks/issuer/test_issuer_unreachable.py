"""ISS001: the discovery document could not be fetched from here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


PATH = "issuer/openid-configuration.json"


@pytest.mark.parametrize("outcome", ["failed", "timeout", "denied", "not_found"])
def test_a_fetch_that_failed_only_suspects(aws: Bundle, outcome: str) -> None:
    aws.remove("issuer").manifest([{"path": PATH, "outcome": outcome, "call": "GET", "message": "no answer"}])
    answer = aws.ask()
    cause = answer.suspected("issuer-unreachable")
    assert cause.step == "keys"
    assert "no answer" in cause.summary


def test_the_address(aws: Bundle) -> None:
    aws.remove("issuer").manifest([{"path": PATH, "outcome": "timeout"}])
    assert "https://oidc.baseten.co/.well-known/openid-configuration" in aws.ask().first.commands[0]


def test_our_network_never_outranks_a_definite_refusal(aws: Bundle) -> None:
    aws.remove("issuer").manifest([{"path": PATH, "outcome": "timeout"}])
    answer = aws.condition(aws.subject("v=1:org=other:*")).ask()
    assert answer.first.name == "subject-segment-differs"
    assert answer.exchange().prediction == "refused"
    assert not answer.error_is_certain()


def test_a_document_that_was_read(aws: Bundle) -> None:
    answer = aws.ask()
    assert answer.accepted
    assert any("reaches the issuer" in one for one in answer.exchange().assumed)
    answer.skipped("issuer-unreachable")


def test_nobody_looked(aws: Bundle) -> None:
    answer = aws.remove("issuer").ask()
    answer.skipped("issuer-unreachable")
    assert answer.exchange().prediction == "unknown"


def test_awss_own_sentence_hints_at_it(aws: Bundle) -> None:
    cause = aws.remove("issuer").error("IDPCommunicationError: …").ask().first
    assert (cause.name, cause.confidence, cause.step) == ("issuer-unreachable", "suspected", "keys")
