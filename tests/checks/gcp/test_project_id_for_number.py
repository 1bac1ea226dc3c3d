"""GCP002: the provider is named with the project's ID."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Aim, Bundle
    from evidence.google_errors import Says


def named(bundle: Bundle, project: str) -> str:
    return f"//iam.googleapis.com/{bundle.GCP_PROVIDER.replace(bundle.PROJECT_NUMBER, project)}"


@pytest.mark.parametrize("project", ["weights-prod", "example.com:weights-prod"])
def test_the_name_holds_the_id(aim: Aim, gcp: Bundle, says: type[Says], project: str) -> None:
    answer = aim(audience=named(gcp, project)).ask()
    assert answer.first.name == "project-id-for-number"
    assert answer.first.confidence == "predicted"
    assert answer.names == ["project-id-for-number"]
    assert answer.error() == says.INVALID_TARGET
    assert answer.error_is_certain()
    assert gcp.marked(answer.first.actual) == named(gcp, f"[{project}]")
    assert answer.first.expected is not None
    assert answer.first.expected.value == gcp.PROJECT_NUMBER
    assert gcp.PROJECT_NUMBER in answer.first.fix
    assert answer.first.at == "oidc-doctor.toml:6"


def test_the_number_is_not_known(aim: Aim, gcp: Bundle) -> None:
    answer = aim(provider=gcp.GCP_PROVIDER.replace(gcp.PROJECT_NUMBER, gcp.PROJECT_ID)).remove("gcp/project.json").ask()
    assert answer.first.name == "project-id-for-number"
    assert answer.first.confidence == "predicted"
    assert answer.first.expected is None
    assert answer.first.commands == (f"gcloud projects describe {gcp.PROJECT_ID} --format='value(projectNumber)'",)


def test_the_number(gcp: Bundle) -> None:
    answer = gcp.ask()
    assert answer.accepted
    assert answer.check("project-id-for-number").status == "passed"


def test_a_placeholder_may_be_either(aim: Aim, gcp: Bundle, says: type[Says]) -> None:
    bundle = aim(audience=named(gcp, "<project-id>"))
    assert "project-id-for-number" not in bundle.ask().names
    answer = bundle.error(says.INVALID_TARGET[1]).ask()
    assert answer.cause("project-id-for-number").confidence == "suspected"


def test_a_name_with_a_placeholder_is_not_known_to_pass(aim: Aim, gcp: Bundle) -> None:
    answer = aim(audience=named(gcp, "<project>")).ask()
    assert answer.state("target") in ("assumed", "unknown")
