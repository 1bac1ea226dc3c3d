"""GCP075: the role is granted above the service account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle

ROLES = ("roles/iam.workloadIdentityUser", "roles/iam.serviceAccountTokenCreator")


@pytest.mark.parametrize("token", [True, False])
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("rest", ["*", "attribute.team/Tq7LmZ2x"])
def test_it_is_granted_on_the_project(gcp: Bundle, rest: str, role: str, token: bool) -> None:
    if not token:
        gcp.remove("token.jwt")
    gcp.service_account_policy(bindings=[])
    gcp.project_policy([{"role": role, "members": [f"principalSet://iam.googleapis.com/{gcp.POOL}/{rest}"]}])
    answer = gcp.ask()
    (message,) = answer.found("member-above-service-account")
    assert f"{role} is granted on the project" in message
    assert "v=1:org=Org8Kd2P:team=Tq7LmZ2x:" in message
    assert "every service account of the project" in message
    assert answer.exchange().prediction == ("accepted" if token else "unknown")


@pytest.mark.parametrize("file", ["folder", "organization"])
def test_folder_and_organization(gcp: Bundle, file: str) -> None:
    policy = {"bindings": [{"role": ROLES[0], "members": [f"principalSet://iam.googleapis.com/{gcp.POOL}/*"]}]}
    (message,) = gcp.write(f"gcp/{file}-policy.json", policy).ask().found("member-above-service-account")
    assert f"the {file}" in message


@pytest.mark.parametrize(
    ("member", "role"),
    [
        ("principalSet://iam.googleapis.com/{pool}/*", "roles/viewer"),
        ("serviceAccount:ci@weights-prod.iam.gserviceaccount.com", ROLES[0]),
        ("principalSet://iam.googleapis.com/{pool}/attribute.team/Another1", ROLES[0]),
        ("principalSet://iam.googleapis.com/{pool}/attribute.unmapped/x", ROLES[0]),
    ],
)
def test_nobody_of_the_provider_passes_by_it(gcp: Bundle, member: str, role: str) -> None:
    gcp.project_policy([{"role": role, "members": [member.format(pool=gcp.POOL)]}])
    assert gcp.ask().check("member-above-service-account").findings == []


def test_another_pool_is_not_known(gcp: Bundle) -> None:
    pool = gcp.POOL.replace("baseten-pool", "other-pool")
    gcp.project_policy([{"role": ROLES[0], "members": [f"principalSet://iam.googleapis.com/{pool}/*"]}])
    assert "other-pool" in gcp.ask().skipped("member-above-service-account").reason


def test_several_members_are_one_finding(gcp: Bundle) -> None:
    members = [f"principalSet://iam.googleapis.com/{gcp.POOL}/{rest}" for rest in ("*", "attribute.team/Tq7LmZ2x")]
    (message,) = (
        gcp.project_policy([{"role": ROLES[0], "members": members}]).ask().found("member-above-service-account")
    )
    assert "1 more member" in message
