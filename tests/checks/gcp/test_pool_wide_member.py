"""GCP070: the whole pool may impersonate the service account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def test_the_whole_pool_is_bound(gcp: Bundle) -> None:
    member = f"principalSet://iam.googleapis.com/{gcp.POOL}/*"
    answer = gcp.service_account_policy("user:someone@example.com", member).ask()
    assert answer.exchange().prediction == "accepted"
    row = answer.check("pool-wide-member")
    assert row.status == "failed"
    assert row.effect == "weakens"
    assert "every identity of the pool baseten-pool" in row.findings[0].message
    actual = row.findings[0].actual
    assert actual is not None
    assert actual.value == member
    assert str(actual.at).startswith("gcp/service-account-policy.json:")


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
    assert gcp.ask().check("pool-wide-member").status == "passed"


def test_the_policy_was_not_read(gcp: Bundle) -> None:
    row = gcp.remove("gcp/service-account-policy.json").ask().check("pool-wide-member")
    assert row.status == "skipped"
    assert "gcp/service-account-policy.json" in row.reason
