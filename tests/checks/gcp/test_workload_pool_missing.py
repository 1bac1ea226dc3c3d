"""GCP057: the pool that the request names does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Aim, Bundle
    from evidence.google_errors import Says


def test_the_pool_is_not_listed(aim: Aim, gcp: Bundle, says: type[Says]) -> None:
    gcp.write("gcp/pools.json", [gcp.read("gcp/pool.json")])
    answer = aim(provider=gcp.GCP_PROVIDER.replace("baseten-pool", "baseten-pol")).ask()
    assert answer.first.name == "workload-pool-missing"
    assert answer.first.confidence == "predicted"
    assert "baseten-pol does not exist" in answer.first.summary
    assert "baseten-pool" in answer.first.summary, "the pool that exists is named"
    assert answer.error() == says.INVALID_TARGET


def test_the_pool_was_not_found(gcp: Bundle, says: type[Says]) -> None:
    gcp.remove("gcp/provider.json", "gcp/pool.json").manifest([{"path": "gcp/pool.json", "outcome": "not_found"}])
    answer = gcp.ask()
    assert answer.first.name == "workload-pool-missing"
    assert answer.error() == says.INVALID_TARGET


def test_the_provider_alone_was_not_found(gcp: Bundle) -> None:
    gcp.remove("gcp/provider.json").manifest([{"path": "gcp/provider.json", "outcome": "not_found"}])
    assert gcp.ask().first.name == "provider-not-found"


def test_a_list_of_another_project_proves_nothing(aim: Aim, gcp: Bundle) -> None:
    gcp.write("gcp/pools.json", [{"name": "projects/111111111111/locations/global/workloadIdentityPools/other"}])
    answer = aim(provider=gcp.GCP_PROVIDER.replace("baseten-pool", "baseten-pol")).ask()
    assert "workload-pool-missing" not in answer.names


def test_the_pool_exists(gcp: Bundle) -> None:
    answer = gcp.write("gcp/pools.json", [gcp.read("gcp/pool.json")]).ask()
    assert answer.accepted
    assert answer.check("workload-pool-missing").status == "passed"


def test_a_read_that_failed_proves_nothing(gcp: Bundle) -> None:
    gcp.remove("gcp/provider.json", "gcp/pool.json").manifest([{"path": "gcp/pool.json", "outcome": "denied"}])
    assert "workload-pool-missing" not in gcp.ask().names
