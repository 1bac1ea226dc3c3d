"""GCP071: contains() without separators lets other values in."""

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
    ],
)
def test_it_has_no_separators(gcp: Bundle, call: str, closed: str, other: str) -> None:
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
    assert str(actual.at).startswith("gcp/provider.json:")


@pytest.mark.parametrize(
    "condition",
    [
        "google.subject.contains(':environment=production:')",
        "google.subject.endsWith(':type=model_container')",
        "google.subject.contains('production')",
        "!google.subject.contains('environment=staging')",
        "attribute.team.contains('team=x') || true",
        "",
    ],
)
def test_it_has_them_or_is_none(gcp: Bundle, condition: str) -> None:
    assert gcp.gcp_provider(condition=condition).ask().check("unanchored-contains").status == "passed"


def test_it_is_negated(gcp: Bundle) -> None:
    condition = "!(google.subject.contains('environment=staging'))"
    assert gcp.gcp_provider(condition=condition).ask().check("unanchored-contains").status == "passed"


def test_the_provider_was_not_read(gcp: Bundle) -> None:
    assert gcp.remove("gcp/provider.json").ask().check("unanchored-contains").status == "skipped"
