"""GCP034: a * inside a member's value is an ordinary character."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


@pytest.mark.parametrize(
    "rest", ["subject/v=1:org=Org8Kd2P:team=Tq7LmZ2x:*", "attribute.team/*", "attribute.team/Tq7*"]
)
def test_the_star(gcp: Bundle, says: type[Says], rest: str) -> None:
    scheme = "principal" if rest.startswith("subject") else "principalSet"
    member = f"{scheme}://iam.googleapis.com/{gcp.POOL}/{rest}"
    answer = gcp.service_account_policy(member).ask()
    assert answer.names == ["wildcard-in-member"]
    assert answer.first.confidence == "predicted"
    assert answer.first.expected is not None
    assert answer.first.expected.value == member
    assert answer.error() == says.DENIED


def test_the_whole_pool(gcp: Bundle) -> None:
    answer = gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*").ask()
    assert answer.accepted, answer.names
    assert answer.check("wildcard-in-member").status == "passed"


def test_three_stars_of_a_pasted_member_are_a_gap(gcp: Bundle) -> None:
    answer = gcp.service_account_policy(gcp.MEMBER.replace("Tq7LmZ2x", "Xq7***")).ask()
    assert answer.names == ["member-attribute-differs"]


def test_a_gap_that_may_be_the_value(gcp: Bundle) -> None:
    answer = gcp.service_account_policy(gcp.MEMBER.replace("Tq7LmZ2x", "Tq7***")).ask()
    assert answer.first.name == "member-attribute-differs"
    assert answer.first.confidence == "suspected"
