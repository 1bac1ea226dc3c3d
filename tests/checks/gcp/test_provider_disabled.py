"""GCP005: the provider is disabled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


MEMBERS: Any = {"disabled": True}


def test_the_provider_is_disabled(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.gcp_provider(**MEMBERS).ask()
    assert answer.names == ["provider-disabled"]
    assert answer.first.confidence == "predicted"
    assert answer.error() == says.INVALID_TARGET
    assert answer.error_is_certain()
    assert answer.first.actual is not None
    assert answer.first.actual.value == "disabled: true"
    assert "baseten-provider" in answer.first.summary
    assert "--no-disabled" in answer.first.commands[0]


def test_the_provider_of_a_list(gcp: Bundle, says: type[Says]) -> None:
    gcp.gcp_provider(**MEMBERS).write("gcp/providers.json", [gcp.read("gcp/provider.json")]).remove("gcp/provider.json")
    answer = gcp.ask()
    assert answer.first.name == "provider-disabled"
    assert answer.error() == says.INVALID_TARGET


def test_the_provider_is_active(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(disabled=False).ask()
    assert answer.accepted
    assert answer.check("provider-disabled").status == "passed"


def test_another_provider(gcp: Bundle) -> None:
    healthy = gcp.read("gcp/provider.json")
    gcp.write("gcp/provider.json", [healthy | MEMBERS | {"name": healthy["name"] + "-old"}, healthy])
    assert gcp.ask().accepted


def test_the_provider_was_not_read(gcp: Bundle) -> None:
    answer = gcp.remove("gcp/provider.json").ask()
    assert "provider-disabled" not in answer.names
    assert answer.exchange().prediction == "unknown"


def test_the_error_and_the_provider_agree(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.gcp_provider(disabled=True).error(": ".join(says.INVALID_TARGET)).ask()
    assert answer.names == ["provider-disabled"]
    assert not answer.first.contradicts_observed
