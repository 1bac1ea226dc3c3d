"""GCP092: an IAM deny policy forbids the call, whichever roles the caller has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


@pytest.mark.parametrize(
    ("permission", "step"),
    [
        ("storage.objects.delete", "permission"),
        ("cloudresourcemanager.googleapis.com/projects.delete", "permission"),
        ("iam.serviceAccounts.getAccessToken", "impersonate"),
    ],
)
def test_the_policy_is_named(gcp: Bundle, permission: str, step: str) -> None:
    text = f"Permission '{permission}' denied on resource (or it may not exist). Denied by IAM deny policy 'locked'."
    cause = gcp.error(text).ask().first
    assert (cause.name, cause.confidence, cause.step) == ("access-denied-by-deny-policy", "proven", step)
    assert "locked" in cause.summary
    assert "Grant" not in cause.fix
    if step == "permission":
        assert permission in cause.summary


def test_a_plain_denial_is_another_matter(gcp: Bundle, says: type[Says]) -> None:
    assert "access-denied-by-deny-policy" not in gcp.error(says.DENIED[1]).ask().names


def test_nothing_was_said(gcp: Bundle) -> None:
    gcp.ask().skipped("access-denied-by-deny-policy")
