"""GCP076: allUsers or allAuthenticatedUsers may impersonate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("member", ["allUsers", "allAuthenticatedUsers"])
@pytest.mark.parametrize("role", ["roles/iam.workloadIdentityUser", "roles/iam.serviceAccountTokenCreator"])
def test_everybody_is_a_member(gcp: Bundle, member: str, role: str) -> None:
    answer = gcp.service_account_policy(gcp.MEMBER, member, role=role).ask()
    (message,) = answer.found("impersonation-open-to-everyone")
    assert message.startswith(f"{member} has {role} on the service account")


def test_another_role_or_another_member(gcp: Bundle) -> None:
    gcp.ask().passed("impersonation-open-to-everyone")
    gcp.service_account_policy("allUsers", role="roles/iam.serviceAccountViewer")
    gcp.ask().passed("impersonation-open-to-everyone")


def test_a_condition_on_the_binding_is_not_judged_as_everybody(gcp: Bundle) -> None:
    gcp.service_account_policy("allUsers", condition="request.time < timestamp('2020-01-01T00:00:00Z')")
    gcp.ask().passed("impersonation-open-to-everyone")


def test_the_policy_was_not_read(gcp: Bundle) -> None:
    gcp.remove("gcp/service-account-policy.json").ask().skipped("impersonation-open-to-everyone")


@pytest.mark.parametrize(("member", "prediction"), [("allUsers", "accepted"), ("allAuthenticatedUsers", "refused")])
def test_everyone_includes_the_identities_of_a_pool(gcp: Bundle, member: str, prediction: str) -> None:
    assert gcp.service_account_policy(member).ask().exchange().prediction == prediction
