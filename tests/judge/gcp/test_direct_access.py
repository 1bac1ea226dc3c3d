"""The permission step of a workload without a service account: members of the pool on a bucket, and what they miss."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pytest

from evidence import Bundle

if TYPE_CHECKING:
    from evidence import Answer

VIEWER = "roles/storage.objectViewer"
HOST = "principalSet://iam.googleapis.com/"
PRINCIPAL = f"principal://iam.googleapis.com/{Bundle.POOL}/subject/{Bundle.SUBJECT}"
# Each bucket begins with such bindings, which name its project.
LEGACY = {"role": "roles/storage.legacyBucketOwner", "members": ["projectOwner:weights-prod"]}
OTHER_POOL = Bundle.MEMBER.replace("baseten-pool", "another-pool")


def reads(made: Bundle, *members: str, role: str = VIEWER, condition: str = "", account: bool = False) -> Bundle:
    """The client uses the federated token itself; every policy above the bucket was read, and grants nothing."""
    made.target(gcp={"provider": made.GCP_PROVIDER, "gcs_bucket": "llama-weights"})
    for name in ("service-account", "service-account-policy"):
        if not account:
            (made.root / f"gcp/{name}.json").unlink(missing_ok=True)
    if account:
        made.service_account()
    audience = f"//iam.googleapis.com/{made.GCP_PROVIDER}"
    source = {"file": "/var/run/token", "format": {"type": "text"}}
    token_type = "urn:ietf:params:oauth:token-type:jwt"
    credentials = {"type": "external_account", "audience": audience, "subject_token_type": token_type}
    made.write(
        "gcp/credentials.json",
        credentials | {"token_url": "https://sts.googleapis.com/v1/token", "credential_source": source},
    )
    binding: dict[str, Any] = {"role": role, "members": [*members]}
    if condition:
        binding["condition"] = {"title": "until", "expression": condition}
    bindings = [LEGACY, binding] if members else [LEGACY]
    made.write("gcp/bucket-policy.json", {"bindings": bindings, "etag": "x", "version": 3})
    for name in ("project", "folder", "organization"):
        made.write(f"gcp/{name}-policy.json", {"bindings": [], "etag": "x"})
    return made


def decisions(answer: Answer) -> set[str]:
    return {row.decision for exchange in answer.report.exchanges for row in exchange.accesses}


@pytest.mark.parametrize("member", [Bundle.MEMBER, PRINCIPAL, f"{HOST}{Bundle.POOL}/*", "allUsers"])
def test_members_that_are_the_principal(gcp: Bundle, member: str) -> None:
    answer = reads(gcp, member).ask()
    assert answer.accepted
    assert decisions(answer) == {"allowed"}
    assert answer.names == []


@pytest.mark.parametrize(
    ("member", "name"),
    [
        (PRINCIPAL.replace("org=Org8Kd2P", "org=org8kd2p"), "member-subject-differs"),
        (PRINCIPAL.replace(Bundle.SUBJECT, "v=1:org=Org8Kd2P:*"), "wildcard-in-member"),
        (f"{HOST}{Bundle.POOL}/attribute.team/tq7lmz2x", "member-attribute-differs"),
        (f"{HOST}{Bundle.POOL}/attribute.model/mWq41ZpK", "mapping-missing-attribute"),
        (Bundle.MEMBER.replace(Bundle.PROJECT_NUMBER, Bundle.PROJECT_ID), "member-project-id-for-number"),
        (f"deleted:{Bundle.MEMBER}?uid=1234567890", "binding-names-deleted-principal"),
        (Bundle.MEMBER.replace("/attribute.team", "/providers/baseten-provider/attribute.team"), "member-malformed"),
        (OTHER_POOL, "member-pool-differs"),
    ],
)
def test_members_that_come_near(gcp: Bundle, member: str, name: str) -> None:
    answer = reads(gcp, member).ask()
    assert answer.report.exchanges[0].prediction == "accepted", "the exchange itself works"
    assert decisions(answer) == {"denied"}
    cause = answer.first
    assert (cause.name, cause.step, cause.confidence) == (name, "permission", "predicted")
    assert answer.report.exit_code == 1
    assert "service account" not in cause.summary + cause.fix
    assert answer.report.fixes, "a proven edit"
    reads(gcp, member)
    for fix in answer.report.fixes:
        gcp.write(fix.file, fix.document)
        assert shlex.split(fix.commands[0])[0] == "gcloud"
    assert decisions(gcp.ask()) == {"allowed"}


def test_a_role_that_does_not_hold_the_permission(gcp: Bundle) -> None:
    answer = reads(gcp, Bundle.MEMBER, role="roles/storage.objectCreator").ask()
    assert answer.first.name == "permission-missing"
    assert "roles/storage.objectCreator, which it has on the bucket, does not include that" in answer.first.summary


def test_a_binding_that_ran_out(gcp: Bundle) -> None:
    answer = reads(gcp, Bundle.MEMBER, condition="request.time < timestamp('2026-11-01T00:00:00Z')").ask()
    assert (answer.first.name, answer.first.step) == ("binding-condition-false", "permission")


def test_a_role_of_the_account_that_the_client_does_not_impersonate(gcp: Bundle) -> None:
    answer = reads(gcp, f"serviceAccount:{Bundle.SERVICE_ACCOUNT}", account=True).ask()
    assert (answer.first.name, answer.first.step) == ("impersonation-not-configured", "permission")
    assert f"{VIEWER} on the bucket is granted to `serviceAccount:{Bundle.SERVICE_ACCOUNT}`" in answer.first.summary


def test_a_member_of_unknown_holders_is_open(gcp: Bundle) -> None:
    answer = reads(gcp, OTHER_POOL, "group:ml@example.com").ask()
    assert decisions(answer) == {"unknown"}
    assert answer.names == []


def test_no_command_binds_a_subject_that_others_have(gcp: Bundle) -> None:
    made = reads(gcp, OTHER_POOL)
    mapping = {"google.subject": "assertion.environment", "attribute.team": "assertion.team"}
    made.gcp_provider(mapping=mapping, condition=f"assertion.team == '{made.TEAM}'")
    (made.root / "gcp/organization-policy.json").unlink()
    answer = made.ask()
    assert answer.first.confidence == "suspected"
    assert not any("/subject/production" in command for cause in answer.causes for command in cause.named.commands)


def test_no_command_binds_a_subject_that_the_next_push_changes(gcp: Bundle) -> None:
    answer = reads(gcp).ask()
    assert answer.first.name == "permission-missing"
    assert ":deployment=" in Bundle.SUBJECT
    assert not [text for cause in answer.report.causes for text in cause.named.commands if "principal://" in text]
