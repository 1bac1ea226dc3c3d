"""GCP056: a key of the attribute mapping that Google does not store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says

SUBJECT = {"google.subject": "assertion.sub"}


@pytest.mark.parametrize(
    ("key", "confidence", "words", "renamed"),
    [
        ("assertion.aud", "predicted", "it begins with neither", "attribute.aud"),
        ("repository", "predicted", "it begins with neither", "attribute.repository"),
        ("attributes.team", "predicted", "it begins with neither", "attribute.team"),
        ("Attribute.team", "predicted", "it begins with neither", "attribute.team"),
        ("attribute", "predicted", "it begins with neither", "attribute.attribute"),
        ("subject", "predicted", "it begins with neither", "attribute.subject"),
        ("attribute.", "predicted", "no name after the dot", "attribute.NAME"),
        ("attribute.repositoryOwner", "suspected", "holds O", "attribute.repository_owner"),
        ("attribute.repository-owner", "suspected", "holds -", "attribute.repository_owner"),
        ("attribute.a/b", "suspected", "holds /", "attribute.a_b"),
        ("attribute." + "n" * 101, "suspected", "101 characters", "attribute.n"),
        ("google.Subject", "suspected", "google.groups only", "google.subject"),
        ("Google.groups", "predicted", "begin", "google.groups"),
        ("google.team", "suspected", "google.groups only", "attribute.team"),
    ],
)
def test_a_key(gcp: Bundle, key: str, confidence: str, words: str, renamed: str) -> None:
    gcp.gcp_provider(mapping=SUBJECT | {"attribute.team": "assertion.team", key: "assertion.aud"})
    cause = gcp.ask().cause("mapping-key-invalid")
    assert cause.confidence == confidence
    assert cause.step == "configure"
    assert words in cause.summary
    assert ".." not in cause.summary
    assert key in cause.summary
    assert renamed in cause.fix
    assert cause.actual is not None
    assert cause.actual.value == key


@pytest.mark.parametrize(
    "key", ["attribute.a", "attribute." + "n" * 100, "attribute.team_2", "google.groups", "google.display_name"]
)
def test_a_key_that_is_stored(gcp: Bundle, key: str) -> None:
    expression = "['a']" if key == "google.groups" else "assertion.aud"
    gcp.gcp_provider(mapping=SUBJECT | {"attribute.team": "assertion.team", key: expression})
    answer = gcp.ask()
    assert answer.accepted, answer.names
    assert answer.check("mapping-key-invalid").status == "passed"


@pytest.mark.parametrize("key", ["team", "attribute.Team", "attribute.a-b", "attribute." + "n" * 101])
def test_a_mapping_that_google_does_not_hold_accepts_nothing(gcp: Bundle, key: str) -> None:
    gcp.gcp_provider(mapping=SUBJECT | {"attribute.team": "assertion.team", key: "assertion.team"})
    assert gcp.ask().exchange().prediction == "unknown"


def test_an_exchange_shows_a_stored_provider(gcp: Bundle, says: type[Says]) -> None:
    gcp.gcp_provider(mapping=SUBJECT | {"attribute.team": "assertion.team", "team": "assertion.team"})
    answer = gcp.error(says.REJECTED[1]).ask()
    assert answer.cause("mapping-key-invalid").confidence == "suspected"
    assert answer.first.name != "mapping-key-invalid"


def test_a_redacted_key(gcp: Bundle) -> None:
    gcp.gcp_provider(mapping=SUBJECT | {"attribute.team": "assertion.team", "<key>": "assertion.team"})
    assert "mapping-key-invalid" not in gcp.ask().names
