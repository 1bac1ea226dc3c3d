"""ISS003: the key set could not be fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


PATH = "issuer/jwks.json"


@pytest.mark.parametrize("outcome", ["failed", "timeout", "denied", "not_found"])
def test_a_fetch_that_failed_only_suspects(aws: Bundle, outcome: str) -> None:
    aws.remove(PATH).manifest([{"path": PATH, "outcome": outcome, "call": "GET", "message": "503"}])
    cause = aws.ask().suspected("jwks-unreachable")
    assert cause.step == "keys"
    assert "503" in cause.summary


def test_awss_sentence_without_anything_read(aws: Bundle) -> None:
    answer = aws.remove("issuer").error(aws.NO_VERIFICATION_KEY[1]).ask()
    assert answer.suspected("jwks-unreachable").step == "keys"
    assert answer.report.exit_code == 1


def test_awss_sentence_though_the_keys_verify_here(aws: Bundle) -> None:
    answer = aws.error(aws.NO_VERIFICATION_KEY[1]).ask()
    assert answer.first.name in ("jwks-unreachable", "issuer-unreachable")


def test_the_address(aws: Bundle) -> None:
    aws.remove(PATH).manifest([{"path": PATH, "outcome": "timeout"}])
    assert "https://oidc.baseten.co/.well-known/jwks.json" in aws.ask().first.commands[0]


def test_a_key_set_that_was_read(aws: Bundle) -> None:
    answer = aws.ask()
    assert answer.accepted
    answer.skipped("jwks-unreachable")  # that it is reached from here says nothing of the cloud


def test_nobody_looked(aws: Bundle) -> None:
    aws.remove(PATH).ask().skipped("jwks-unreachable")
