"""GCP001: the audience of the exchange request is not a provider's full name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Aim
    from evidence.google_errors import Says


HOST = "//iam.googleapis.com/"
POOL = "projects/482910375566/locations/global/workloadIdentityPools/baseten-pool"
NAME = POOL + "/providers/baseten-provider"


@pytest.mark.parametrize(
    ("audience", "reason"),
    [
        (HOST + HOST + NAME, "twice"),
        (HOST + "iam.googleapis.com/" + NAME, "twice"),
        (HOST + "https:" + HOST + NAME, "twice"),
        ("https:" + HOST + NAME, "begins with https:"),
        (NAME, "lacks the prefix"),
        ("//iam.example-universe.goog/" + NAME, "iam.example-universe.goog"),
        ("//sts.googleapis.com/" + NAME, "sts.googleapis.com"),
        (HOST + POOL, "/providers/PROVIDER_ID is missing"),
        (HOST + NAME.replace("482910375566", "4.8291E+11"), "4.8291E+11 is not a project number"),
        (HOST + NAME.replace("482910375566", ""), "empty"),
        (HOST + POOL + "/providers/", "empty"),
        (HOST + NAME + "/", "empty"),
        (HOST + NAME.replace("global", "us-central1"), "us-central1"),
        (HOST + NAME + "/subject/x", "it is not " + HOST),
    ],
)
def test_the_audience_is_malformed(aim: Aim, says: type[Says], audience: str, reason: str) -> None:
    answer = aim(audience=audience).ask()
    assert answer.first.name == "request-audience-malformed"
    assert answer.first.confidence == "predicted"
    assert reason in answer.first.summary
    assert answer.first.actual is not None
    assert answer.first.actual.value == audience
    assert answer.error() == says.INVALID_AUDIENCE
    assert answer.error_is_certain()
    assert answer.exchange().step == "target"
    assert answer.state("token") == "not-reached"


def test_a_pool_as_the_configured_provider(aim: Aim, says: type[Says]) -> None:
    answer = aim(provider=POOL).ask()
    assert answer.first.name == "request-audience-malformed"
    assert answer.error() == says.INVALID_AUDIENCE


@pytest.mark.parametrize("prefix", [HOST, "https:" + HOST])
def test_what_the_client_does_with_a_full_name_is_not_known(aim: Aim, says: type[Says], prefix: str) -> None:
    bundle = aim(provider=prefix + NAME)
    answer = bundle.ask()
    assert answer.first.name == "request-audience-malformed"
    assert answer.first.confidence == "suspected"
    assert answer.exchange().prediction == "unknown"
    answer = bundle.error(says.INVALID_AUDIENCE[1]).ask()
    assert answer.first.name == "request-audience-malformed"
    assert answer.first.confidence == "proven"
    assert answer.error() == says.INVALID_AUDIENCE


@pytest.mark.parametrize("values", [{"audience": HOST + NAME}, {"provider": NAME}])
def test_a_full_name(aim: Aim, values: Any) -> None:
    answer = aim(**values).ask()
    assert answer.accepted, answer.names
    assert answer.check("request-audience-malformed").status == "passed"


@pytest.mark.parametrize("gap", ["<pool>", "${POOL}", "{{ pool }}", "xxxx"])
def test_a_placeholder_is_well_formed(aim: Aim, gap: str) -> None:
    answer = aim(audience=HOST + NAME.replace("baseten-pool", gap)).ask()
    assert "request-audience-malformed" not in answer.names
    assert answer.exchange().prediction != "refused"


def test_the_error_makes_an_unset_variable_the_fault(aim: Aim, says: type[Says]) -> None:
    answer = aim(audience=HOST + NAME.replace("482910375566", "$PROJECT_NUMBER")).error(says.INVALID_AUDIENCE[1]).ask()
    assert answer.first.name == "request-audience-malformed"
    assert answer.first.confidence == "proven"


def test_the_unset_variable_is_shown(aim: Aim, says: type[Says]) -> None:
    answer = aim(audience=HOST + NAME.replace("482910375566", "$PROJECT_NUMBER")).error(says.INVALID_AUDIENCE[1]).ask()
    assert answer.first.actual is not None
    assert "$PROJECT_NUMBER" in answer.first.actual.value


def test_a_variable_in_the_request_is_not_called_a_project_id(aim: Aim) -> None:
    answer = aim(audience=HOST + NAME.replace("482910375566", "${PROJECT_NUMBER}")).from_the_cloud().ask()
    assert "project-id-for-number" not in answer.names
