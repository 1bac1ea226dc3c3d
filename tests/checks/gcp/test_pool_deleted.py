"""GCP009: the pool is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


MEMBERS: Any = {"state": "DELETED", "expireTime": "2026-12-20T08:00:00Z"}


def test_the_pool_is_deleted(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.gcp_pool(**MEMBERS).ask()
    assert answer.names == ["pool-deleted"]
    assert answer.first.confidence == "predicted"
    assert answer.error() == says.INVALID_TARGET
    assert answer.error_is_certain()
    assert answer.first.actual is not None
    assert answer.first.actual.value == "DELETED"
    assert "baseten-pool" in answer.first.summary
    assert "undelete" in answer.first.commands[0]
    assert "2026-12-20T08:00:00Z" in answer.first.fix


def test_the_pool_of_a_list(gcp: Bundle, says: type[Says]) -> None:
    gcp.gcp_pool(**MEMBERS).write("gcp/pools.json", [gcp.read("gcp/pool.json")]).remove("gcp/pool.json")
    answer = gcp.ask()
    assert answer.first.name == "pool-deleted"
    assert answer.error() == says.INVALID_TARGET


def test_the_pool_is_active(gcp: Bundle) -> None:
    answer = gcp.gcp_pool(disabled=False).ask()
    assert answer.accepted
    assert answer.check("pool-deleted").status == "passed"


def test_another_pool(gcp: Bundle) -> None:
    healthy = gcp.read("gcp/pool.json")
    gcp.write("gcp/pool.json", [healthy | MEMBERS | {"name": healthy["name"] + "-old"}, healthy])
    assert gcp.ask().accepted


def test_the_pool_was_not_read(gcp: Bundle) -> None:
    answer = gcp.remove("gcp/pool.json").ask()
    assert "pool-deleted" not in answer.names
    assert answer.exchange().prediction == "accepted"
    assert any("pool is active" in one for one in answer.exchange().assumed)


def test_the_pool_alone_decides(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.gcp_pool(**MEMBERS).remove("gcp/provider.json").ask()
    assert answer.first.name == "pool-deleted"
    assert answer.error() == says.INVALID_TARGET
