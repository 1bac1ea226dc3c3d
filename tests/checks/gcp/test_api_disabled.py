"""GCP043: an API that the exchange needs is not enabled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


API = "iamcredentials.googleapis.com"
ERROR = (
    "IAM Service Account Credentials API has not been used in project 482910375566 before or it is disabled. Enable it "
    "by visiting https://console.developers.google.com/apis/api/iamcredentials.googleapis.com/overview"
)


@pytest.mark.parametrize("services", [[{"config": {"name": API}, "state": "DISABLED"}], {API: "DISABLED"}])
def test_it_is_disabled(gcp: Bundle, services: Any) -> None:
    answer = gcp.write("gcp/services.json", services).ask()
    assert answer.names == ["api-disabled"]
    assert answer.first.confidence == "predicted"
    assert answer.first.commands == (f"gcloud services enable {API} --project=weights-prod",)
    assert answer.exchange().step == "impersonate"
    assert "IAM Service Account Credentials API has not been used in project 482910375566" in answer.error()[1]


STS = "sts.googleapis.com"


def test_it_is_enabled(gcp: Bundle) -> None:
    answer = gcp.write("gcp/services.json", {API: "ENABLED", STS: "ENABLED"}).ask()
    assert answer.accepted, answer.names
    assert answer.check("api-disabled").status == "passed"


@pytest.mark.parametrize("services", [[], {}, {"services": []}])
def test_a_list_without_any_service_shows_nothing(gcp: Bundle, services: Any) -> None:
    answer = gcp.write("gcp/services.json", services).ask()
    assert answer.check("api-disabled").status == "skipped"
    assert answer.report.exit_code == 3


@pytest.mark.parametrize("name", [API, STS])
def test_a_list_of_enabled_services_without_it(gcp: Bundle, name: str) -> None:
    enabled = [{"config": {"name": other}, "state": "ENABLED"} for other in (API, STS, "iam.googleapis.com")]
    assert gcp.write("gcp/services.json", enabled).ask().accepted
    gcp.write("gcp/services.json", [entry for entry in enabled if entry["config"] != {"name": name}])
    assert "--enabled" in gcp.ask().suspected("api-disabled").settle or name == STS


@pytest.mark.parametrize("error", [ERROR, ERROR.replace("IAM Service Account Credentials", "Security Token Service")])
def test_the_error_proves_it(gcp: Bundle, error: str) -> None:
    answer = gcp.error(error).ask()
    assert answer.first.name == "api-disabled"
    assert answer.first.confidence == "proven"
    assert "482910375566" in answer.first.summary


def test_the_error_of_impersonation(gcp: Bundle) -> None:
    answer = gcp.error(ERROR).ask()
    assert answer.first.step == "impersonate"
    assert answer.state("target") in ("passed", "passed-by-error")


@pytest.mark.parametrize(
    ("title", "name"),
    [("IAM Service Account Credentials", API), ("Security Token Service", "sts.googleapis.com")],
)
def test_the_command_takes_a_name(gcp: Bundle, title: str, name: str) -> None:
    answer = gcp.error(ERROR.replace("IAM Service Account Credentials", title)).ask()
    assert answer.first.commands == (f"gcloud services enable {name} --project=482910375566",)


def test_the_list_of_the_rest_api(gcp: Bundle) -> None:
    gcp.write("gcp/services.json", {"services": [{"config": {"name": API}, "state": "DISABLED"}]})
    assert gcp.ask().names == ["api-disabled"]


def test_the_exchange_needs_an_api_too(gcp: Bundle) -> None:
    gcp.write("gcp/services.json", [{"config": {"name": "sts.googleapis.com"}, "state": "DISABLED"}])
    assert "api-disabled" in gcp.ask().names


def test_the_api_of_a_service(gcp: Bundle) -> None:
    error = ERROR.replace("IAM Service Account Credentials", "Artifact Registry").replace(
        "iamcredentials", "artifactregistry"
    )
    cause = gcp.error(error).ask().first
    assert (cause.name, cause.confidence, cause.step) == ("api-disabled", "proven", "permission")
    assert cause.commands == ("gcloud services enable artifactregistry.googleapis.com --project=482910375566",)
