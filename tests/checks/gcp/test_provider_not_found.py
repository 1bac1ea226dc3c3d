"""GCP004: no provider has the name that the request gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Aim, Bundle
    from evidence.google_errors import Says


def test_google_says_that_there_is_none(gcp: Bundle, says: type[Says]) -> None:
    gcp.remove("gcp/provider.json").manifest([{"path": "gcp/provider.json", "outcome": "not_found"}])
    answer = gcp.ask()
    assert answer.first.name == "provider-not-found"
    assert answer.first.confidence == "predicted"
    assert answer.error() == says.INVALID_TARGET
    assert answer.error_is_certain()
    assert "baseten-provider" in answer.first.summary
    assert f"--workload-identity-pool={gcp.POOL}" in answer.first.commands[0]


def test_the_list_of_its_pool_has_another(aim: Aim, gcp: Bundle, says: type[Says]) -> None:
    listed = [gcp.read("gcp/provider.json")]
    answer = aim(provider=gcp.GCP_PROVIDER + "s").write("gcp/providers.json", listed).ask()
    assert answer.first.name == "provider-not-found"
    assert answer.first.confidence == "predicted"
    assert answer.error() == says.INVALID_TARGET
    assert gcp.marked(answer.first.actual) == gcp.GCP_PROVIDER + "[s]"
    assert answer.first.expected is not None
    assert answer.first.expected.value == gcp.GCP_PROVIDER
    assert answer.first.fix == "Send the name of the provider that exists."


def test_the_list_of_its_pool_has_it(gcp: Bundle) -> None:
    gcp.write("gcp/providers.json", [gcp.read("gcp/provider.json")]).remove("gcp/provider.json")
    answer = gcp.ask()
    assert answer.accepted, answer.names
    assert answer.check("provider-not-found").status == "passed"


def test_a_list_with_the_provider_of_another_pool_has_it(aim: Aim, gcp: Bundle) -> None:
    """The request names a provider of another pool than the one that was read; the list says that it exists."""
    other = gcp.GCP_PROVIDER.replace("baseten-pool", "batch-pool")
    aim(audience=f"//iam.googleapis.com/{other}")
    provider = gcp.read("gcp/provider.json")
    answer = gcp.write("gcp/providers.json", [provider, provider | {"name": other}]).ask()
    assert "provider-not-found" not in answer.names
    assert answer.exchange().prediction == "unknown"
    answer = gcp.write("gcp/providers.json", [provider, provider | {"name": other + "s"}]).ask()
    assert (answer.first.name, answer.first.confidence) == ("provider-not-found", "predicted")


def test_another_provider_alone_proves_nothing(aim: Aim, gcp: Bundle) -> None:
    answer = aim(provider=gcp.GCP_PROVIDER + "s").ask()
    assert answer.first.name == "provider-not-found"
    assert answer.first.confidence == "suspected"
    assert answer.exchange().prediction == "unknown"


@pytest.mark.parametrize("outcome", ["denied", "failed", "throttled", "timeout"])
def test_a_read_that_failed_proves_nothing(gcp: Bundle, outcome: str) -> None:
    gcp.remove("gcp/provider.json").manifest([{"path": "gcp/provider.json", "outcome": outcome}])
    answer = gcp.ask()
    assert all(cause.confidence == "suspected" for cause in answer.causes)
    assert answer.exchange().prediction == "unknown"
    assert answer.check("provider-not-found").status == "skipped"
    assert answer.check("provider-not-found").findings == []


def test_the_error_alone_makes_it_a_suspicion(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.remove("gcp/provider.json", "gcp/pool.json").error(says.INVALID_TARGET[1]).ask()
    assert answer.first.name == "provider-not-found"
    assert answer.first.confidence == "suspected"


def test_a_provider_of_a_pool_that_does_not_exist(gcp: Bundle, says: type[Says]) -> None:
    gcp.remove("gcp/provider.json", "gcp/pool.json").manifest([{"path": "gcp/pool.json", "outcome": "not_found"}])
    assert gcp.ask().error() == says.INVALID_TARGET
