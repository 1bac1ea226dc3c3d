"""GCP006: the provider is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


MEMBERS: Any = {"state": "DELETED", "expireTime": "2026-12-20T08:00:00Z"}


def test_the_provider_is_deleted(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.gcp_provider(**MEMBERS).ask()
    assert answer.names == ["provider-deleted"]
    assert answer.first.confidence == "predicted"
    assert answer.error() == says.INVALID_TARGET
    assert answer.error_is_certain()
    assert answer.first.actual is not None
    assert answer.first.actual.value == "DELETED"
    assert "baseten-provider" in answer.first.summary
    assert "undelete" in answer.first.commands[0]
    assert "2026-12-20T08:00:00Z" in answer.first.fix


def test_the_provider_of_a_list(gcp: Bundle, says: type[Says]) -> None:
    gcp.gcp_provider(**MEMBERS).write("gcp/providers.json", [gcp.read("gcp/provider.json")]).remove("gcp/provider.json")
    answer = gcp.ask()
    assert answer.first.name == "provider-deleted"
    assert answer.error() == says.INVALID_TARGET


def test_the_provider_is_active(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(disabled=False).ask()
    assert answer.accepted
    assert answer.check("provider-deleted").status == "passed"


def test_another_provider(gcp: Bundle) -> None:
    healthy = gcp.read("gcp/provider.json")
    gcp.write("gcp/provider.json", [healthy | MEMBERS | {"name": healthy["name"] + "-old"}, healthy])
    assert gcp.ask().accepted


def test_the_provider_was_not_read(gcp: Bundle) -> None:
    answer = gcp.remove("gcp/provider.json").ask()
    assert "provider-deleted" not in answer.names
    assert answer.exchange().prediction == "unknown"
