"""GCP058: the client asks for another service account than the one that was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Aim, Bundle
    from evidence.google_errors import Says


def slip(address: str) -> str:
    """The address with two letters exchanged."""
    return address[1] + address[0] + address[2:]


def test_the_file_is_about_another_account(aim: Aim, gcp: Bundle, says: type[Says]) -> None:
    asked = slip(gcp.SERVICE_ACCOUNT)
    answer = aim(service_account=asked).error(says.DENIED[1]).ask()
    assert answer.names == ["service-account-differs"]
    assert answer.first.confidence == "suspected"
    assert asked in answer.first.summary
    assert gcp.SERVICE_ACCOUNT in answer.first.summary
    assert answer.first.commands
    assert answer.first.commands[0].endswith(asked)


def test_its_policy_accepts_nobody_for_the_account_that_is_asked_for(aim: Aim, gcp: Bundle) -> None:
    answer = aim(service_account=slip(gcp.SERVICE_ACCOUNT)).ask()
    assert answer.exchange().prediction == "unknown"
    gcp.service_account_policy(gcp.MEMBER.replace("Tq7LmZ2x", "other"))
    answer = gcp.ask()
    assert answer.names == ["service-account-differs"], "nor does it refuse"
    assert answer.exchange().prediction == "unknown"


def test_another_environment(aim: Aim, gcp: Bundle, says: type[Says]) -> None:
    answer = aim(service_account="deploy@other-project.iam.gserviceaccount.com").error(says.DENIED[1]).ask()
    assert answer.first.name == "service-account-differs"


def test_the_credential_file_names_another(aim: Aim, gcp: Bundle, says: type[Says]) -> None:
    url = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{}:generateAccessToken"
    aim().write(
        "gcp/credentials.json",
        {
            "type": "external_account",
            "audience": f"//iam.googleapis.com/{gcp.GCP_PROVIDER}",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": {"file": "/var/run/token"},
            "service_account_impersonation_url": url.format(slip(gcp.SERVICE_ACCOUNT)),
        },
    )
    answer = gcp.error(says.DENIED[1]).ask()
    assert answer.cause("service-account-differs").confidence == "suspected"


def test_a_policy_lists_an_address_that_is_nearly_the_same(aim: Aim, gcp: Bundle, says: type[Says]) -> None:
    gcp.remove("gcp/service-account.json")
    gcp.project_policy([{"role": "roles/storage.objectViewer", "members": [f"serviceAccount:{gcp.SERVICE_ACCOUNT}"]}])
    asked = slip(gcp.SERVICE_ACCOUNT)
    assert "service-account-differs" not in aim(service_account=asked).ask().names, "nothing was refused"
    answer = gcp.error(says.DENIED[1]).ask()
    assert answer.first.name == "service-account-differs"
    assert "project-policy.json" in str(answer.first.expected and answer.first.expected.at)


def test_the_account_does_not_exist(aim: Aim, gcp: Bundle) -> None:
    asked = slip(gcp.SERVICE_ACCOUNT)
    answer = aim(service_account=asked).error(f"Not found; Gaia id not found for email {asked}").ask()
    assert answer.first.name == "service-account-missing"
    assert answer.first.confidence == "proven"
    assert gcp.SERVICE_ACCOUNT in answer.first.summary
    assert gcp.SERVICE_ACCOUNT in answer.first.fix


@pytest.mark.parametrize("listed", ["reader@other-project.iam.gserviceaccount.com", "a@b.example"])
def test_another_address_is_no_slip(aim: Aim, gcp: Bundle, says: type[Says], listed: str) -> None:
    gcp.remove("gcp/service-account.json")
    gcp.project_policy([{"role": "roles/storage.objectViewer", "members": [f"serviceAccount:{listed}"]}])
    assert "service-account-differs" not in aim().error(says.DENIED[1]).ask().names


def test_the_same_account(gcp: Bundle) -> None:
    answer = gcp.ask()
    assert answer.accepted
    assert answer.check("service-account-differs").status == "passed"


def test_a_redacted_address(aim: Aim, gcp: Bundle) -> None:
    assert "service-account-differs" not in aim(service_account="***@***.iam.gserviceaccount.com").ask().names


def test_both_accounts_are_listed(aim: Aim, gcp: Bundle, says: type[Says]) -> None:
    asked = slip(gcp.SERVICE_ACCOUNT)
    members = [f"serviceAccount:{gcp.SERVICE_ACCOUNT}", f"serviceAccount:{asked}"]
    gcp.remove("gcp/service-account.json").project_policy([{"role": "roles/storage.objectViewer", "members": members}])
    assert "service-account-differs" not in aim(service_account=asked).error(says.DENIED[1]).ask().names


def test_a_resource_name_is_the_same_account(aim: Aim, gcp: Bundle) -> None:
    answer = aim(service_account=f"projects/-/serviceAccounts/{gcp.SERVICE_ACCOUNT}").ask()
    assert answer.accepted, answer.names


def test_an_account_that_was_not_found(aim: Aim, gcp: Bundle, says: type[Says]) -> None:
    asked = slip(gcp.SERVICE_ACCOUNT)
    gcp.remove("gcp/service-account.json").manifest([{"path": "gcp/service-account.json", "outcome": "not_found"}])
    gcp.project_policy([{"role": "roles/storage.objectViewer", "members": [f"serviceAccount:{gcp.SERVICE_ACCOUNT}"]}])
    answer = aim(service_account=asked).error(says.DENIED[1]).ask()
    assert answer.names == ["service-account-missing"]
    assert f"and the evidence names {gcp.SERVICE_ACCOUNT}" in answer.first.summary
