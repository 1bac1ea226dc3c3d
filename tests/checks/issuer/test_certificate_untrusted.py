"""ISS008: the issuer's certificate. A bundle cannot show what the cloud trusts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


def test_reach_and_certificate_are_assumed(aws: Bundle) -> None:
    answer = aws.ask()
    assert any("certificate" in one for one in answer.exchange().assumed)
    assert "certificate-untrusted" not in answer.names


def test_a_decoded_token(aws: Bundle) -> None:
    aws.claims().ask().skipped("certificate-untrusted")


def test_nothing_of_the_issuer_was_read(aws: Bundle) -> None:
    aws.remove("issuer").ask().skipped("certificate-untrusted")
