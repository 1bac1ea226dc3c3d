"""GCP040: the principal holds a role, and not on the service account."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


def granted(bundle: Bundle, role: str) -> Bundle:
    return bundle.service_account_policy(bindings=[]).project_policy([{"role": role, "members": [bundle.MEMBER]}])


def test_a_role_on_the_project(gcp: Bundle, says: type[Says]) -> None:
    answer = granted(gcp, "roles/storage.objectViewer").ask()
    assert answer.first.name == "role-granted-on-wrong-resource"
    assert answer.first.confidence == "predicted"
    assert answer.first.location == f"roles/storage.objectViewer · {gcp.MEMBER}"
    assert answer.first.at is not None
    assert answer.first.at.startswith("gcp/project-policy.json:")
    assert (
        f"add-iam-policy-binding {gcp.SERVICE_ACCOUNT} --role=roles/iam.workloadIdentityUser"
        in answer.first.commands[0]
    )
    assert answer.error() == says.DENIED


def test_the_resource_is_named(gcp: Bundle) -> None:
    answer = granted(gcp, "roles/storage.objectViewer").ask()
    assert f"granted on {gcp.SERVICE_ACCOUNT}, not on" not in answer.first.summary


def test_the_role_on_the_project_reaches_its_accounts(gcp: Bundle) -> None:
    answer = granted(gcp, "roles/iam.workloadIdentityUser").ask()
    assert answer.accepted, answer.names
    assert answer.check("role-granted-on-wrong-resource").status == "passed"


def test_the_account_has_a_binding_too(gcp: Bundle) -> None:
    binding = {"role": "roles/storage.objectViewer", "members": [gcp.MEMBER]}
    assert gcp.project_policy([binding]).ask().accepted


def test_the_policy_of_the_account_was_not_read(gcp: Bundle) -> None:
    answer = granted(gcp, "roles/storage.objectViewer").remove("gcp/service-account-policy.json").ask()
    assert all(cause.confidence == "suspected" for cause in answer.causes)
    assert answer.exchange().prediction == "unknown"
