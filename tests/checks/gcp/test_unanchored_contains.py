"""GCP071: contains() without separators accepts other values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    ("call", "closed", "other"),
    [
        ("google.subject.contains('environment=production')", ":environment=production:", "environment=production-eu"),
        ("assertion.sub.contains(':environment=production')", ":environment=production:", "environment=production-eu"),
        ('google.subject.contains("environment=production:")', ":environment=production:", "xenvironment=production"),
        ("assertion['sub'].contains('team=Tq7LmZ2x')", ":team=Tq7LmZ2x:", "team=Tq7LmZ2x2"),
        ("google.subject.contains('type=model_container')", ":type=model_container", "type=model_container2"),
        ("(google.subject).contains('environment=production')", ":environment=production:", "=production-eu"),
        ("google.subject.contains(r'environment=production')", ":environment=production:", "=production-eu"),
        ("assertion.sub.lowerAscii().contains('environment=production')", ":environment=production:", "=production-eu"),
        ("google.subject.contains('production')", ":environment=production:", "environment=production-eu"),
        ("google.subject.contains('environment=prod')", ":environment=prod:", "environment=production-eu"),
        ("assertion.environment.contains('production')", "production", "environment=production-eu"),
    ],
)
def test_it_has_no_separators(gcp: Bundle, call: str, closed: str, other: str) -> None:
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    answer = gcp.gcp_provider(condition=f"assertion.org == 'Org8Kd2P' && {call}").ask()
    assert answer.exchange().prediction == "accepted"
    row = answer.check("unanchored-contains")
    assert row.status == "failed"
    assert row.effect == "weakens"
    assert len(row.findings) == 1
    assert other in row.findings[0].message
    expected, actual = row.findings[0].expected, row.findings[0].actual
    assert expected is not None
    assert f"'{closed}'" in expected.value
    assert actual is not None
    assert "contains(" in actual.value
    assert str(actual.at).startswith("gcp/provider.json:")


@pytest.mark.parametrize(
    "condition",
    [
        "google.subject.contains(':environment=production:')",
        "google.subject.endsWith(':type=model_container')",
        "google.subject.startsWith('v=1:org=Org8Kd2P:team=Tq7LmZ2x')",
        "!google.subject.contains('environment=staging')",
        "attribute.team.contains('team=x') || true",
        "!(google.subject.contains('environment=staging'))",
        "!(has(assertion.x) || google.subject.contains('environment=dev'))",
        "assertion.sub != \"google.subject.contains('environment=production')\"",
        "",
    ],
)
def test_it_has_them_or_is_none(gcp: Bundle, condition: str) -> None:
    assert gcp.gcp_provider(condition=condition).ask().check("unanchored-contains").findings == []


def test_a_value_that_the_token_does_not_have(gcp: Bundle) -> None:
    gcp.gcp_provider(condition="google.subject.contains('environment=staging')")
    answer = gcp.ask()
    assert answer.exchange().prediction == "refused"
    (message,) = answer.found("unanchored-contains")
    assert "environment=staging-eu" in message


def test_a_claim_of_which_nothing_is_known_is_no_pass(gcp: Bundle) -> None:
    gcp.gcp_provider(condition="has(assertion.x) && google.subject.contains('environment=production')")
    assert gcp.ask().check("unanchored-contains").status == "skipped"


def test_the_provider_was_not_read(gcp: Bundle) -> None:
    assert gcp.remove("gcp/provider.json").ask().check("unanchored-contains").status == "skipped"


def test_a_longer_value_that_is_listed_is_meant(gcp: Bundle) -> None:
    """The synthetic longer value of `production` is `production-eu`, which this condition names."""
    sub = "google.subject"
    listed = f"({sub}.contains(':environment=production:') || {sub}.contains(':environment=production-eu:'))"
    gcp.gcp_provider(condition=f"{sub}.startsWith('v=1:org=Org8Kd2P:team=Tq7LmZ2x:') && {listed}")
    gcp.ask().passed("unanchored-contains")
