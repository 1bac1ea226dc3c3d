"""GCP025: google.subject is mapped from a claim that the token does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


@pytest.mark.parametrize(
    ("expression", "claim"),
    [
        ("assertion.user", "user"),
        ("assertion.org + '/' + assertion.user", "user"),
        ("assertion.sub.split(':')[0] + assertion['user-id']", "user-id"),
        ("assertion.nested.user", "nested.user"),
    ],
)
def test_the_claim_is_missing(gcp: Bundle, says: type[Says], expression: str, claim: str) -> None:
    gcp.token(gcp.claims_of(nested={})).gcp_provider(condition=..., mapping={"google.subject": expression})
    answer = gcp.ask()
    assert answer.first.name == "mapping-claim-missing"
    assert answer.first.confidence == "predicted"
    assert answer.first.location == f"google.subject={expression}"
    assert claim in answer.first.summary
    assert answer.error() == says.NO_SUBJECT
    assert answer.error_is_certain()


def test_a_default_helps(gcp: Bundle) -> None:
    expression = "has(assertion.user) ? assertion.user : assertion.sub"
    answer = gcp.gcp_provider(mapping={"google.subject": expression, "attribute.team": "assertion.team"}).ask()
    assert answer.accepted, answer.names
    assert answer.check("mapping-claim-missing").status == "passed"


def test_a_custom_attribute_is_left_unset(gcp: Bundle) -> None:
    mapping = {
        "google.subject": "assertion.sub",
        "attribute.team": "assertion.team",
        "attribute.user": "assertion.user",
    }
    answer = gcp.gcp_provider(mapping=mapping).ask()
    assert answer.accepted, answer.names
    assert "attribute.user" not in answer.exchange().trace["mapped"]


def test_it_is_assumed_that_a_custom_attribute_is_left_unset(gcp: Bundle) -> None:
    mapping = {
        "google.subject": "assertion.sub",
        "attribute.team": "assertion.team",
        "attribute.user": "assertion.user",
    }
    answer = gcp.gcp_provider(mapping=mapping).ask()
    assert any("attribute.user" in one for one in answer.exchange().assumed)


def test_a_partial_token(gcp: Bundle) -> None:
    gcp.gcp_provider(condition=..., mapping={"google.subject": "assertion.user"})
    answer = gcp.claims({"sub": gcp.SUBJECT, "aud": gcp.AUDIENCE}).ask()
    assert "mapping-claim-missing" not in answer.names
    assert answer.state("mapping") == "unknown"
    assert answer.check("mapping-claim-missing").status == "skipped"


def test_extract_split_and_join(gcp: Bundle) -> None:
    mapping = {
        "google.subject": "assertion.sub.extract('model={model}:')",
        "attribute.team": "assertion.sub.split(':')[2].extract('team={team}')",
        "attribute.both": "[assertion.org, assertion.team].join('/')",
        "attribute.none": "assertion.sub.extract('absent={x}:')",
    }
    gcp.gcp_provider(mapping=mapping, condition="google.subject == 'mWq41ZpK' && attribute.team == 'Tq7LmZ2x'")
    answer = gcp.ask()
    assert answer.accepted, answer.names
    assert answer.exchange().trace["mapped"] == {
        "google.subject": "mWq41ZpK",
        "attribute.team": "Tq7LmZ2x",
        "attribute.both": "Org8Kd2P/Tq7LmZ2x",
        "attribute.none": "",
    }


def test_no_subject_claim_at_all(gcp: Bundle) -> None:
    gcp.gcp_provider(condition=..., mapping={"google.subject": "assertion.model", "attribute.team": "assertion.team"})
    assert "claim-missing" in gcp.token(gcp.claims_of(sub=...)).ask().names
