"""GCP039: the member expects another value of a mapped attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


@pytest.mark.parametrize(
    ("value", "expected", "actual"),
    [
        ("tq7LmZ2x", "[t]q7LmZ2x", "[T]q7LmZ2x"),
        ("Tq7LmZ2y", "Tq7LmZ2[y]", "Tq7LmZ2[x]"),
        ("other", "[other]", "[Tq7LmZ2x]"),
    ],
)
def test_another_value(gcp: Bundle, says: type[Says], value: str, expected: str, actual: str) -> None:
    answer = gcp.service_account_policy(gcp.MEMBER.replace("Tq7LmZ2x", value)).ask()
    assert answer.names == ["member-attribute-differs"]
    assert answer.first.confidence == "predicted"
    assert "another value of attribute.team" in answer.first.summary
    assert gcp.marked(answer.first.expected) == expected
    assert gcp.marked(answer.first.actual) == actual
    assert answer.error() == says.DENIED
    assert answer.error_is_certain()


def test_the_nearest_member_is_explained(gcp: Bundle) -> None:
    far = gcp.MEMBER.replace("baseten-pool", "other")
    answer = gcp.service_account_policy(far, gcp.MEMBER.replace("Tq7LmZ2x", "tq7lmz2x")).ask()
    assert answer.names == ["member-attribute-differs"]


def test_the_attribute_has_no_value(gcp: Bundle, says: type[Says]) -> None:
    gcp.gcp_provider(mapping={"google.subject": "assertion.sub", "attribute.team": "assertion.squad"})
    answer = gcp.ask()
    assert answer.first.name == "member-attribute-differs"
    assert answer.first.confidence == "predicted"
    assert "attribute.team has no value for this token" in answer.first.summary
    assert answer.error() == says.DENIED


def test_the_same_value(gcp: Bundle) -> None:
    answer = gcp.ask()
    assert answer.accepted
    assert answer.check("member-attribute-differs").status == "passed"


@pytest.mark.parametrize("value", ["<team>", "Tq7***", "${TEAM}"])
def test_a_placeholder(gcp: Bundle, value: str) -> None:
    answer = gcp.service_account_policy(gcp.MEMBER.replace("Tq7LmZ2x", value)).ask()
    assert answer.first.name == "member-attribute-differs"
    assert answer.first.confidence == "suspected"
    assert answer.exchange().prediction == "unknown"
    assert answer.check("member-attribute-differs").status == "skipped"


def test_a_partial_token(gcp: Bundle) -> None:
    answer = gcp.claims({"sub": gcp.SUBJECT, "aud": gcp.AUDIENCE}).ask()
    assert answer.cause("member-attribute-differs").confidence == "suspected"
    assert answer.exchange().prediction == "unknown"


def test_another_member_may_match(gcp: Bundle) -> None:
    members = [gcp.MEMBER.replace("Tq7LmZ2x", value) for value in ("<team>", "other")]
    assert gcp.service_account_policy(*members).ask().exchange().prediction == "unknown"


def test_a_group(gcp: Bundle) -> None:
    gcp.token(gcp.claims_of(groups=["ops", "ml"]))
    gcp.gcp_provider(mapping={"google.subject": "assertion.sub", "google.groups": "assertion.groups"})
    assert gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/group/ml").ask().accepted


def test_another_group(gcp: Bundle) -> None:
    gcp.token(gcp.claims_of(groups=["ops", "ml"]))
    gcp.gcp_provider(mapping={"google.subject": "assertion.sub", "google.groups": "assertion.groups"})
    answer = gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/group/web").ask()
    assert answer.first.confidence == "predicted"
    assert answer.first.actual is None or answer.first.actual.value != gcp.SUBJECT
