"""GCP028: all mapped attributes together, or the groups, are too many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def mapped(bundle: Bundle, **claims: Any) -> Bundle:
    mapping = {name: f"assertion.{name.partition('.')[2]}" for name in claims}
    mapping |= {"google.subject": "assertion.sub", "attribute.team": "assertion.team"}
    bundle.token(bundle.claims_of(**{name.partition(".")[2]: value for name, value in claims.items()}))
    return bundle.gcp_provider(mapping=mapping)


def test_too_many_bytes(gcp: Bundle) -> None:
    answer = mapped(gcp, **{"attribute.big": "x" * 8192}).ask()
    assert answer.first.name == "attributes-over-limit"
    assert answer.first.confidence == "predicted"
    assert "8308, where 8192 is allowed" in answer.first.summary
    assert answer.error()[0] == "invalid_request"
    assert not answer.error_is_certain(), "the wording is recorded for workforce pools only"


def test_just_few_enough_bytes(gcp: Bundle) -> None:
    size = 8192 - len(gcp.SUBJECT) - len(gcp.TEAM)
    answer = mapped(gcp, **{"attribute.big": "x" * size}).ask()
    assert answer.accepted, answer.names
    assert answer.check("attributes-over-limit").status == "passed"


def test_groups(gcp: Bundle) -> None:
    assert mapped(gcp, **{"google.groups": ["g"] * 400}).ask().accepted
    answer = mapped(gcp, **{"google.groups": ["g"] * 401}).ask()
    assert answer.first.name == "attributes-over-limit"
    assert answer.first.confidence == "suspected", "recorded for workforce pools only"
    assert answer.exchange().prediction == "unknown"


@pytest.mark.parametrize(
    "error",
    [
        "The current count of 423 mapped attribute google.groups exceeds the 400 count limit.",
        "The size of the entire mapped attributes exceeds the 16 KB limit.",
    ],
)
def test_the_error_proves_it(gcp: Bundle, error: str) -> None:
    answer = gcp.remove("token.jwt").error(error).ask()
    assert answer.first.name == "attributes-over-limit"
    assert answer.first.confidence == "proven"


def test_the_mapping_was_not_read(gcp: Bundle) -> None:
    assert gcp.gcp_provider(mapping=...).ask().check("attributes-over-limit").status == "skipped"
