"""GCP037: the member names the pool's project by its ID."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


@pytest.mark.parametrize("project", ["weights-prod", "example.com:weights-prod"])
def test_the_id(gcp: Bundle, says: type[Says], project: str) -> None:
    member = gcp.MEMBER.replace(gcp.PROJECT_NUMBER, project)
    answer = gcp.service_account_policy(member).ask()
    assert answer.names == ["member-project-id-for-number"]
    assert answer.first.confidence == "predicted"
    assert f"the project ID {project}" in answer.first.summary
    assert answer.first.location.endswith(member)
    assert answer.error() == says.DENIED


def test_the_number(gcp: Bundle) -> None:
    answer = gcp.ask()
    assert answer.accepted
    assert answer.check("member-project-id-for-number").status == "passed"


def test_a_placeholder_may_be_the_number(gcp: Bundle) -> None:
    answer = gcp.service_account_policy(gcp.MEMBER.replace(gcp.PROJECT_NUMBER, "<project>")).ask()
    assert "member-project-id-for-number" not in answer.names
