"""GCP079: only the bindings refuse other customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("condition", [..., "assertion.environment == 'production'"])
def test_the_condition_is_open_and_the_binding_is_not(gcp: Bundle, condition: Any) -> None:
    answer = gcp.gcp_provider(condition=condition).ask()
    assert answer.accepted
    assert answer.check("bindings-refuse-alone").effect == "note"
    (message,) = answer.found("bindings-refuse-alone")
    assert "any Baseten customer" in message
    assert "would accept" not in answer.report.headline


def test_the_binding_is_open_as_well(gcp: Bundle) -> None:
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    gcp.gcp_provider(condition=...).ask().passed("bindings-refuse-alone")


def test_the_condition_refuses_them(gcp: Bundle) -> None:
    gcp.ask().passed("bindings-refuse-alone")


def test_the_policy_was_not_read(gcp: Bundle) -> None:
    gcp.remove("gcp/service-account-policy.json").ask().skipped("bindings-refuse-alone")
