"""GCP003: the provider's name carries another project's number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Aim, Bundle
    from evidence.google_errors import Says


OTHER = "482910375567"


def other(bundle: Bundle) -> str:
    return bundle.GCP_PROVIDER.replace(bundle.PROJECT_NUMBER, OTHER)


def test_the_refusal_proves_it(aim: Aim, gcp: Bundle, says: type[Says]) -> None:
    answer = aim(provider=other(gcp)).error(says.INVALID_TARGET[1]).ask()
    assert answer.first.name == "project-number-differs"
    assert answer.first.confidence == "predicted"
    assert gcp.marked(answer.first.expected) == gcp.GCP_PROVIDER.replace("566", "56[6]")
    assert gcp.marked(answer.first.actual) == gcp.GCP_PROVIDER.replace("566", "56[7]")
    assert answer.error() == says.INVALID_TARGET


def test_the_list_of_the_pool_proves_it(aim: Aim, gcp: Bundle, says: type[Says]) -> None:
    listed = [gcp.read("gcp/provider.json")]
    answer = aim(provider=other(gcp)).write("gcp/providers.json", listed).ask()
    assert answer.first.name == "project-number-differs"
    assert answer.first.confidence == "predicted"
    assert answer.error() == says.INVALID_TARGET


def test_another_provider_alone_proves_nothing(aim: Aim, gcp: Bundle) -> None:
    answer = aim(provider=other(gcp)).remove("gcp/service-account-policy.json").ask()
    assert answer.first.name == "project-number-differs"
    assert answer.first.confidence == "suspected"
    assert answer.exchange().prediction == "unknown"


def test_the_members_are_not_blamed_for_it(aim: Aim, gcp: Bundle) -> None:
    answer = aim(provider=other(gcp)).ask()
    assert answer.first.name == "project-number-differs"


def test_the_same_number(aim: Aim, gcp: Bundle) -> None:
    assert aim(provider=gcp.GCP_PROVIDER).ask().accepted


def test_the_provider_was_written_down_with_its_projects_id(gcp: Bundle) -> None:
    gcp.gcp_provider(name=gcp.GCP_PROVIDER.replace(gcp.PROJECT_NUMBER, gcp.PROJECT_ID))
    assert "project-number-differs" not in gcp.ask().names
