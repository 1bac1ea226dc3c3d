"""GCP070: the whole pool may impersonate the service account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def test_strangers_pass_by_the_whole_pool(gcp: Bundle) -> None:
    member = f"principalSet://iam.googleapis.com/{gcp.POOL}/*"
    gcp.gcp_provider(condition="assertion.environment == 'production'")
    answer = gcp.service_account_policy("user:someone@example.com", member).ask()
    assert answer.exchange().prediction == "accepted"
    row = answer.check("pool-wide-member")
    assert row.status == "failed"
    assert row.effect == "weakens"
    assert "any Baseten customer may impersonate" in row.findings[0].message
    actual = row.findings[0].actual
    assert actual is not None
    assert actual.value == member
    assert str(actual.at).startswith("gcp/service-account-policy.json:")


def test_the_condition_refuses_strangers(gcp: Bundle) -> None:
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    gcp.ask().passed("pool-wide-member")


@pytest.mark.parametrize(
    ("rest", "role"),
    [
        ("attribute.team/Tq7LmZ2x", "roles/iam.workloadIdentityUser"),
        ("attribute.team/*", "roles/iam.workloadIdentityUser"),
        ("*", "roles/iam.serviceAccountViewer"),
    ],
)
def test_it_is_narrower(gcp: Bundle, rest: str, role: str) -> None:
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/{rest}", role=role)
    assert gcp.gcp_provider(condition=...).ask().check("pool-wide-member").status == "passed"


def test_the_policy_was_not_read(gcp: Bundle) -> None:
    row = gcp.remove("gcp/service-account-policy.json").ask().check("pool-wide-member")
    assert row.status == "skipped"
    assert "gcp/service-account-policy.json" in row.reason
