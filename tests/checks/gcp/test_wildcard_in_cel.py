"""GCP022: a * in the condition is an ordinary character."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


@pytest.mark.parametrize(
    "condition",
    [
        "google.subject == 'v=1:org=Org8Kd2P:team=Tq7LmZ2x:*'",
        "google.subject.startsWith('v=1:org=Org8Kd2P:team=Tq7LmZ2x:*')",
        "google.subject.contains('team=*:model')",
        "google.subject.endsWith('*:type=model_container')",
        "assertion.org in ['other', 'Org8*']",
        "assertion.org == 'Org8Kd2P' && google.subject == 'v=1:*'",
    ],
)
def test_the_star_is_meant_as_a_wildcard(gcp: Bundle, says: type[Says], condition: str) -> None:
    answer = gcp.gcp_provider(condition=condition).ask()
    assert answer.names == ["wildcard-in-cel"]
    assert answer.first.confidence == "predicted"
    assert "*" in answer.first.location
    assert answer.first.expected is not None
    assert "*" in answer.first.expected.value
    assert answer.error() == says.REJECTED


def test_the_star_is_marked(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition="google.subject == 'v=1:org=Org8Kd2P:team=Tq7LmZ2x:*'").ask()
    assert gcp.marked(answer.first.expected) == "v=1:org=Org8Kd2P:team=Tq7LmZ2x:[*]"


def test_the_star_is_marked_inside_a_function(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition="google.subject.startsWith('v=1:org=Org8Kd2P:*')").ask()
    assert gcp.marked(answer.first.expected) == "v=1:org=Org8Kd2P:[*]"


@pytest.mark.parametrize(
    "condition",
    [
        "google.subject.matches('^v=1:org=Org8Kd2P:.*$')",
        "google.subject.startsWith('v=1:org=Org8Kd2P:') && assertion.org != '*'",
    ],
)
def test_a_star_that_is_none_of_that(gcp: Bundle, condition: str) -> None:
    answer = gcp.gcp_provider(condition=condition).ask()
    assert answer.accepted, answer.names
    assert answer.check("wildcard-in-cel").status == "passed"


def test_a_difference_without_a_star(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition="google.subject == 'v=1:org=Org8Kd2P:'").ask()
    assert answer.names == ["attribute-condition-false"]


@pytest.mark.parametrize("team", ["Tq7LmZ2x", "Tq7LmZ2y"])
def test_three_stars_of_a_pasted_condition_are_a_gap(gcp: Bundle, team: str) -> None:
    answer = gcp.gcp_provider(condition=f"google.subject.startsWith('v=1:org=***:team={team}:')").ask()
    assert answer.names == ["attribute-condition-false"]
