"""GCP021: the condition reads a claim that the token does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


@pytest.mark.parametrize(
    ("condition", "claim"),
    [
        ("assertion.repository_owner == 'acme'", "repository_owner"),
        ("assertion.repository_owner == 'acme' && assertion.org == 'Org8Kd2P'", "repository_owner"),
        ("assertion.repository_owner == 'acme' || assertion.org == 'other'", "repository_owner"),
        ("assertion['repository-owner'] == 'acme'", "repository-owner"),
        ("!(assertion.repository_owner == 'acme')", "repository_owner"),
        ("assertion.Org == 'Org8Kd2P'", "Org"),
    ],
)
def test_the_claim_is_missing(gcp: Bundle, says: type[Says], condition: str, claim: str) -> None:
    answer = gcp.gcp_provider(condition=condition).ask()
    assert answer.names == ["condition-claim-missing"]
    assert answer.first.confidence == "predicted"
    assert f"the claim {claim}," in answer.first.summary or claim in answer.first.summary
    assert claim in answer.first.location
    assert f"[{answer.first.location}]" in gcp.marked(answer.first.expected)
    assert answer.error() == says.REJECTED
    assert answer.error_is_certain()


def test_no_subject(gcp: Bundle, says: type[Says]) -> None:
    gcp.token(gcp.claims_of(sub=...)).gcp_provider(condition="assertion.sub.startsWith('v=1:')")
    answer = gcp.ask()
    assert answer.first.name == "condition-claim-missing"
    assert "the claim sub," in answer.first.summary
    assert answer.error() == says.REJECTED


@pytest.mark.parametrize(
    "condition",
    [
        "assertion.repository_owner == 'acme' || assertion.org == 'Org8Kd2P'",
        "assertion.org == 'Org8Kd2P' || assertion.repository_owner == 'acme'",
        "!has(assertion.repository_owner) || assertion.repository_owner == 'acme'",
        "has(assertion.repository_owner) ? assertion.repository_owner == 'acme' : true",
    ],
)
def test_it_does_not_matter(gcp: Bundle, condition: str) -> None:
    answer = gcp.gcp_provider(condition=condition).ask()
    assert answer.accepted, answer.names
    assert answer.check("condition-claim-missing").status == "passed"


def test_a_partial_token(gcp: Bundle) -> None:
    gcp.gcp_provider(condition="assertion.repository_owner == 'acme'").claims({"sub": gcp.SUBJECT, "aud": gcp.AUDIENCE})
    answer = gcp.ask()
    assert "condition-claim-missing" not in answer.names
    assert answer.exchange().prediction == "unknown"
    gcp.claims({"sub": gcp.SUBJECT, "aud": gcp.AUDIENCE, "repository_owner": None})
    answer = gcp.ask()
    assert answer.cause("condition-claim-missing").confidence == "predicted", "null in a decoded token says: absent"


@pytest.mark.parametrize(
    ("condition", "mapping", "claim"),
    [
        ("google.subject.startsWith('v=1:')", {"google.subject": "assertion.user"}, "user"),
        ("attribute.x == 'y'", {"google.subject": "assertion.sub", "attribute.x": "assertion.user"}, "user"),
    ],
)
def test_the_claim_behind_a_mapped_attribute(gcp: Bundle, condition: str, mapping: Any, claim: str) -> None:
    answer = gcp.gcp_provider(condition=condition, mapping=mapping).ask()
    assert f"the claim {claim}," in answer.first.summary


def test_an_attribute_that_is_not_mapped(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition="attribute.org == 'Org8Kd2P'").ask()
    assert "the claim attribute.org" not in answer.first.summary


def test_the_mapping_was_not_read(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition="attribute.team == 'Tq7LmZ2x'", mapping=...).ask()
    assert all(cause.confidence == "suspected" for cause in answer.causes)
    assert answer.exchange().prediction == "unknown"


@pytest.mark.parametrize(
    ("condition", "claim"),
    [
        ("assertion.repository == 'acme/weights'", "repository"),
        ("assertion['repo-name'] == 'weights'", "repo-name"),
        ("has(assertion.repository)", "repository"),
        ("!has(assertion.repository)", "repository"),
        ("'eng' in assertion.groups", "groups"),
        ("attribute.team == 'Tq7LmZ2x'", "team"),
        ("assertion.repository_owner == 'acme' && assertion.ref == 'main'", "repository_owner"),
    ],
)
def test_pasted_claims_may_be_cut_short(gcp: Bundle, says: type[Says], condition: str, claim: str) -> None:
    gcp.claims({"iss": gcp.ISSUER, "sub": gcp.SUBJECT, "aud": gcp.AUDIENCE}).gcp_provider(condition=condition)
    for bundle in (gcp, gcp.error(says.REJECTED[1])):
        answer = bundle.ask()
        assert answer.first.name == "condition-claim-missing"
        assert answer.first.confidence == "suspected"
        assert f"the claim {claim}, which is not among those that were given" in answer.first.summary
        assert answer.exchange().prediction == "unknown"


@pytest.mark.parametrize(
    ("complete", "prediction", "confidence"), [(True, "refused", "predicted"), (False, "unknown", "suspected")]
)
def test_who_wrote_the_claims_says_whether_they_are_whole(
    gcp: Bundle, complete: bool, prediction: str, confidence: str
) -> None:
    claims = {"iss": gcp.ISSUER, "sub": gcp.SUBJECT, "aud": gcp.AUDIENCE}
    gcp.remove("token.jwt").write("claims.json", {"claims": claims, "complete": complete})
    answer = gcp.gcp_provider(condition="assertion.repository == 'acme/weights'").ask()
    assert answer.first.confidence == confidence
    assert answer.exchange().prediction == prediction


def test_a_clause_of_given_claims_still_refuses(gcp: Bundle) -> None:
    gcp.claims({"iss": gcp.ISSUER, "sub": gcp.SUBJECT, "aud": gcp.AUDIENCE})
    gcp.gcp_provider(condition="assertion.repository == 'acme/weights' && assertion.aud == 'other'")
    answer = gcp.ask()
    assert answer.first.name == "attribute-condition-false"
    assert answer.first.confidence == "predicted"
    gcp.gcp_provider(condition="assertion.repository == 'acme/weights' || assertion.aud == 'oidc.baseten.co'")
    assert "condition-claim-missing" not in gcp.ask().names
