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
    assert answer.check("impersonation-not-configured").status == "passed"


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
