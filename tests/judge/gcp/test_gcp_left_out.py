"""What a person left out or mistyped in evidence of Google is no ground of an acceptance, and of no refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Answer, Bundle

LEFT_OUT = ["REDACTED", "...", "████", "<member>"]


def open_(answer: Answer) -> None:
    """Neither accepted nor refused."""
    assert answer.exchange().prediction == "unknown", (answer.names, answer.steps())
    assert answer.report.exit_code == 3
    assert [name for name in answer.names if name.endswith("-deleted")] == []


@pytest.mark.parametrize("state", ["active", "ACTIVE ", "PAUSED", "REDACTED", "STATE_UNSPECIFIED", ""])
def test_a_state_that_google_does_not_have(gcp: Bundle, state: str) -> None:
    provider = gcp.read("gcp/provider.json")
    open_(gcp.write("gcp/provider.json", {**provider, "state": state}).ask())
    gcp.write("gcp/provider.json", provider)
    open_(gcp.gcp_pool(state=state).ask())


@pytest.mark.parametrize("state", ["DELETE_REQUESTED", "active", ""])
def test_a_project_that_is_not_active(gcp: Bundle, state: str) -> None:
    project = {"projectNumber": "123456789012", "projectId": "example-project"}
    assert gcp.write("gcp/project.json", {**project, "lifecycleState": "ACTIVE"}).ask().accepted
    open_(gcp.write("gcp/project.json", {**project, "lifecycleState": state}).ask())


@pytest.mark.parametrize("state", ["enabled", "ENABLED ", "STATE_UNSPECIFIED", ""])
@pytest.mark.parametrize("api", ["sts", "iamcredentials"])
def test_a_state_of_a_service_that_is_none(gcp: Bundle, api: str, state: str) -> None:
    services = [
        {"config": {"name": f"{name}.googleapis.com"}, "state": "ENABLED"} for name in ("sts", "iamcredentials")
    ]
    assert gcp.write("gcp/services.json", services).ask().accepted
    changed = [{**entry, "state": state} if api + "." in entry["config"]["name"] else entry for entry in services]
    open_(gcp.write("gcp/services.json", changed).ask())


@pytest.mark.parametrize("services", [None, "REDACTED", ["sts.googleapis.com"], {"services": None}])
def test_services_of_odd_shape_are_named(gcp: Bundle, services: Any) -> None:
    answer = gcp.write("gcp/services.json", services).ask()
    assert answer.coverage("gcp/services.json") == "missing"
    assert answer.report.exit_code == 3


@pytest.mark.parametrize("word", LEFT_OUT)
def test_a_member_or_role_that_was_left_out_is_no_refusal(gcp: Bundle, word: str) -> None:
    policy = gcp.read("gcp/service-account-policy.json")
    binding = policy["bindings"][0]
    open_(gcp.write("gcp/service-account-policy.json", {"bindings": [{**binding, "members": [word]}]}).ask())
    open_(gcp.write("gcp/service-account-policy.json", {"bindings": [{**binding, "role": word}]}).ask())
    other = {"role": "roles/viewer", "members": [word]}
    assert gcp.write("gcp/service-account-policy.json", {"bindings": [binding, other]}).ask().accepted


def test_a_condition_that_a_policy_of_version_1_hides(gcp: Bundle) -> None:
    policy = gcp.read("gcp/service-account-policy.json")
    role = "roles/iam.workloadIdentityUser_withcond_0a1b2c3d4e5f60718293"
    answer = gcp.write("gcp/service-account-policy.json", {"bindings": [{**policy["bindings"][0], "role": role}]}).ask()
    assert "condition" in answer.suspected("binding-condition-false").summary
    open_(answer)


@pytest.mark.parametrize("name", ["Role", "Members", "CONDITION"])
def test_a_member_of_a_binding_in_other_letters(gcp: Bundle, name: str) -> None:
    policy = gcp.read("gcp/service-account-policy.json")
    binding = {**policy["bindings"][0], name: {"expression": "false"}}
    assert not gcp.write("gcp/service-account-policy.json", {"bindings": [binding]}).ask().accepted


def test_bindings_that_are_null(gcp: Bundle) -> None:
    answer = gcp.write("gcp/service-account-policy.json", {"bindings": None, "etag": "ACAB"}).ask()
    assert answer.report.exit_code == 1
    assert answer.names[0] == "impersonation-binding-missing"


@pytest.mark.parametrize("text", ["", "...", "REDACTED", "<keys>"])
def test_uploaded_keys_that_were_left_out(gcp: Bundle, text: str) -> None:
    provider = gcp.read("gcp/provider.json")
    open_(gcp.write("gcp/provider.json", {**provider, "oidc": {**provider["oidc"], "jwksJson": text}}).ask())


def test_a_provider_of_two_kinds(gcp: Bundle) -> None:
    provider = gcp.read("gcp/provider.json")
    assert not gcp.write("gcp/provider.json", {**provider, "aws": {"accountId": "1"}}).ask().accepted


@pytest.mark.parametrize("path", ["gcp/pool.json", "gcp/service-account.json"])
def test_an_empty_document_is_named(gcp: Bundle, path: str) -> None:
    answer = gcp.write(path, {}).ask()
    assert answer.coverage(path) == "missing"
    assert answer.report.exit_code == 3


def test_a_provider_in_place_of_its_pool(gcp: Bundle) -> None:
    answer = gcp.write("gcp/pool.json", gcp.read("gcp/provider.json")).ask()
    assert answer.coverage("gcp/pool.json") == "missing"


@pytest.mark.parametrize(
    "call", ["duration('soon') < duration('1s')", "timestamp('2020-13-01T00:00:00Z') == timestamp(0)"]
)
def test_a_literal_that_is_no_time(gcp: Bundle, call: str) -> None:
    open_(gcp.gcp_provider(condition=f"true || {call}").ask())
