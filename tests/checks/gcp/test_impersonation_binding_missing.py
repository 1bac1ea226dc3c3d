"""GCP030: no binding lets the principal impersonate the service account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


def principal(bundle: Bundle) -> str:
    return f"principal://iam.googleapis.com/{bundle.POOL}/subject/{bundle.SUBJECT}"


@pytest.mark.parametrize(
    "bindings",
    [
        [],
        [{"role": "roles/iam.workloadIdentityUser", "members": ["user:someone@example.com"]}],
        [{"role": "roles/iam.workloadIdentityUser", "members": ["allAuthenticatedUsers"]}],
        [{"role": "roles/iam.serviceAccountAdmin", "members": ["group:ops@example.com"]}],
    ],
)
def test_nobody_is_bound(gcp: Bundle, says: type[Says], bindings: Any) -> None:
    answer = gcp.service_account_policy(bindings=bindings).ask()
    assert answer.names == ["impersonation-binding-missing"]
    assert answer.first.confidence == "predicted"
    assert gcp.SERVICE_ACCOUNT in answer.first.summary
    assert answer.first.commands == (), "the subject has a deployment in it, which the next push changes"
    assert answer.error() == says.DENIED
    assert answer.error_is_certain()
    assert answer.exchange().step == "impersonate"


def test_the_roles_that_the_policy_grants_are_named(gcp: Bundle) -> None:
    answer = gcp.service_account_policy("group:ops@example.com", role="roles/iam.serviceAccountUser").ask()
    assert answer.first.summary.endswith("; its policy grants only roles/iam.serviceAccountUser.")


def test_a_policy_without_bindings(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.write("gcp/service-account-policy.json", {"etag": "ACAB"}).error(says.DENIED[1]).ask()
    assert answer.first.name == "impersonation-binding-missing"
    assert answer.first.confidence == "predicted"


@pytest.mark.parametrize("role", ["roles/iam.workloadIdentityUser", "roles/iam.serviceAccountTokenCreator"])
def test_the_subject_is_bound(gcp: Bundle, role: str) -> None:
    answer = gcp.service_account_policy(principal(gcp), role=role).ask()
    assert answer.accepted, answer.names
    assert answer.check("impersonation-binding-missing").status == "passed"


def test_one_member_that_matches_is_enough(gcp: Bundle) -> None:
    other = gcp.MEMBER.replace("Tq7LmZ2x", "other")
    assert gcp.service_account_policy(other, "user:someone@example.com", principal(gcp)).ask().accepted


@pytest.mark.parametrize("where", ["project", "folder", "organization"])
def test_a_binding_above_applies_to_the_account(gcp: Bundle, where: str) -> None:
    binding = {"role": "roles/iam.workloadIdentityUser", "members": [gcp.MEMBER]}
    gcp.service_account_policy(bindings=[]).write(f"gcp/{where}-policy.json", {"bindings": [binding], "version": 3})
    assert gcp.ask().accepted


@pytest.mark.parametrize("outcome", ["", "denied", "failed"])
def test_the_policy_was_not_read(gcp: Bundle, says: type[Says], outcome: str) -> None:
    gcp.remove("gcp/service-account-policy.json")
    gcp.manifest([{"path": "gcp/service-account-policy.json", "outcome": outcome}] if outcome else [])
    answer = gcp.ask()
    assert answer.names == []
    assert answer.exchange().prediction == "unknown"
    assert answer.check("impersonation-binding-missing").status == "skipped"
    answer = gcp.error(says.DENIED[1]).ask()
    assert answer.first.name == "impersonation-binding-missing"
    assert answer.first.confidence == "suspected"


@pytest.mark.parametrize(
    "role", ["projects/weights-prod/roles/impersonator", "roles/iam.somethingNew", "roles/run.serviceAgent"]
)
def test_a_role_that_may_hold_the_permission(gcp: Bundle, role: str) -> None:
    answer = gcp.service_account_policy(gcp.MEMBER, role=role).ask()
    assert answer.exchange().prediction == "unknown"


def test_another_role_on_the_account(gcp: Bundle) -> None:
    answer = gcp.service_account_policy(gcp.MEMBER, role="roles/iam.serviceAccountUser").ask()
    assert answer.names == ["impersonation-binding-missing"]


def test_there_is_no_policy_because_there_is_no_account(gcp: Bundle) -> None:
    gcp.remove("gcp/service-account-policy.json", "gcp/service-account.json")
    gcp.manifest([{"path": "gcp/service-account-policy.json", "outcome": "not_found"}])
    assert gcp.ask().first.name == "service-account-missing"
