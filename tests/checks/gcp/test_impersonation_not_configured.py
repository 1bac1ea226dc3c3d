"""GCP031: the client impersonates nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Aim, Bundle


ERROR = "403: The caller does not have permission"


def test_the_federated_principal_is_refused(aim: Aim) -> None:
    bundle = aim(service_account=...).remove("gcp/service-account.json", "gcp/service-account-policy.json")
    answer = bundle.error(ERROR).ask()
    assert answer.first.name == "impersonation-not-configured"
    assert answer.first.confidence == "suspected"
    assert answer.report.exit_code == 1


def test_direct_access(aim: Aim) -> None:
    answer = aim(service_account=...).remove("gcp/service-account.json", "gcp/service-account-policy.json").ask()
    assert answer.accepted, answer.names
    assert answer.check("impersonation-not-configured").status == "skipped"  # what the principal calls is not known


def test_an_account_is_named(gcp: Bundle) -> None:
    answer = gcp.error(ERROR).ask()
    assert "impersonation-not-configured" not in answer.names


def test_the_credential_configuration_names_none(gcp: Bundle) -> None:
    configuration = {
        "type": "external_account",
        "audience": f"//iam.googleapis.com/{gcp.GCP_PROVIDER}",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"file": "/var/run/token"},
    }
    answer = gcp.remove("oidc-doctor.toml").write("gcp/credentials.json", configuration).error(ERROR).ask()
    assert "impersonation-not-configured" in answer.names


CALLER = "Caller does not have storage.objects.get access to the Google Cloud Storage object."


def test_cloud_storage_saw_the_federated_principal(aim: Aim) -> None:
    answer = aim(service_account=...).remove("gcp/service-account.json").error(CALLER).ask()
    assert answer.first.name == "impersonation-not-configured"
    assert answer.first.step == "permission"
    assert "storage.objects.get" in answer.first.summary
    assert "principal://iam.googleapis.com/" in answer.first.fix
    assert answer.exchange().prediction == "accepted"
    assert not any("the service account lacks" in cause.summary for cause in answer.causes)


def test_the_principal_is_named_where_no_account_was_read(aim: Aim) -> None:
    bundle = aim(service_account=...).remove("gcp/service-account.json", "gcp/service-account-policy.json")
    answer = bundle.error(CALLER).ask()
    cause = answer.cause("permission-missing")
    assert "the federated principal lacks storage.objects.get" in cause.summary
    assert cause.actual is not None
    assert cause.actual.value.startswith("principal://iam.googleapis.com/")


def test_an_account_was_refused(gcp: Bundle) -> None:
    answer = gcp.error(CALLER.replace("Caller", gcp.SERVICE_ACCOUNT)).ask()
    assert answer.names == ["permission-missing"]
    assert "the service account lacks storage.objects.get" in answer.first.summary
