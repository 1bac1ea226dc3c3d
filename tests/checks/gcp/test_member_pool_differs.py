"""GCP036: the member names another pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


@pytest.mark.parametrize(("old", "new"), [("baseten-pool", "github-pool"), ("482910375566", "482910375567")])
def test_another_pool(gcp: Bundle, says: type[Says], old: str, new: str) -> None:
    member = gcp.MEMBER.replace(old, new)
    answer = gcp.service_account_policy(member).ask()
    assert answer.names == ["member-pool-differs"]
    assert answer.first.confidence == "predicted"
    assert answer.first.expected is not None
    assert answer.first.expected.value == member
    assert answer.first.actual is not None
    assert answer.first.actual.value == f"principal://iam.googleapis.com/{gcp.POOL}/subject/{gcp.SUBJECT}"
    assert answer.error() == says.DENIED


def test_the_pool_is_marked(gcp: Bundle) -> None:
    answer = gcp.service_account_policy(gcp.MEMBER.replace("baseten-pool", "github-pool")).ask()
    assert answer.first.expected is not None
    value, spans = answer.first.expected.value, answer.first.expected.spans
    begin = value.index("github-pool")
    assert spans
    assert all(begin <= start and end <= begin + len("github-pool") for start, end in spans)


def test_the_same_pool(gcp: Bundle) -> None:
    answer = gcp.service_account_policy(gcp.MEMBER.replace("baseten-pool", "github-pool"), gcp.MEMBER).ask()
    assert answer.accepted
    assert answer.check("member-pool-differs").status == "passed"


@pytest.mark.parametrize(("old", "new"), [("baseten-pool", "<pool>"), ("482910375566", "<number>")])
def test_a_placeholder(gcp: Bundle, old: str, new: str) -> None:
    answer = gcp.service_account_policy(gcp.MEMBER.replace(old, new)).ask()
    assert answer.state("impersonate") != "passed"


def test_a_placeholder_for_the_number_in_another_pool(gcp: Bundle) -> None:
    member = gcp.MEMBER.replace("482910375566", "<number>").replace("baseten-pool", "github-pool")
    answer = gcp.service_account_policy(member).ask()
    assert answer.first.name == "member-pool-differs"
    assert answer.first.confidence == "predicted"


def test_a_provider_file_that_names_the_project_by_its_id(gcp: Bundle) -> None:
    project = gcp.read("gcp/project.json")
    provider = gcp.read("gcp/provider.json")
    name = provider["name"].replace(project["projectNumber"], project["projectId"])
    assert name != provider["name"]
    assert gcp.write("gcp/provider.json", {**provider, "name": name}).ask().accepted
