"""LOG002: Google does not record exchanges in this project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evidence import Bundle


def refusing(bundle: Bundle) -> Bundle:
    return bundle.gcp_provider(condition="assertion.org == 'other'")


def change_of_the_provider(bundle: Bundle) -> dict[str, Any]:
    payload = {
        "serviceName": "iam.googleapis.com",
        "methodName": "google.iam.v1.WorkloadIdentityPools.UpdateWorkloadIdentityPoolProvider",
    }
    return bundle.log_entry(payload, logName="projects/weights-prod/logs/cloudaudit.googleapis.com%2Factivity")


AUDIT = [{"service": "sts.googleapis.com", "auditLogConfigs": [{"logType": "ADMIN_READ"}]}]


def test_changes_but_no_exchange(gcp: Bundle) -> None:
    answer = refusing(gcp).gcp_logs([change_of_the_provider(gcp)]).ask()
    (message,) = answer.found("exchange-logging-off")
    assert "ADMIN_READ" in message
    assert "sts.googleapis.com" in message
    assert "Exchanges may or may not be logged in project weights-prod" in message


def test_the_projects_policy_alone_does_not_say_so(gcp: Bundle) -> None:
    refusing(gcp).gcp_logs([change_of_the_provider(gcp)]).project_policy()
    (message,) = gcp.ask().found("exchange-logging-off")
    assert "may or may not be logged in project" in message
    assert message.endswith("nor the auditConfigs of folder, organization.")


def test_all_policies_above_say_so(gcp: Bundle) -> None:
    refusing(gcp).gcp_logs([change_of_the_provider(gcp)]).project_policy()
    for place in ("folder", "organization"):
        gcp.write(f"gcp/{place}-policy.json", {"bindings": [], "version": 1})
    (message,) = gcp.ask().found("exchange-logging-off")
    assert message.startswith("Exchanges of project weights-prod are not logged. ")
    gcp.write("gcp/organization-policy.json", {"bindings": [], "auditConfigs": AUDIT})
    gcp.ask().passed("exchange-logging-off")
    exempted = [{"logType": "ADMIN_READ", "exemptedMembers": ["user:ops@acme.example"]}]
    audit = [{"service": "allServices", "auditLogConfigs": exempted}]
    gcp.write("gcp/organization-policy.json", {"bindings": [], "auditConfigs": audit})
    assert gcp.ask().found("exchange-logging-off"), "who is exempted is not logged"


def test_an_exchange_with_another_provider_is_there(gcp: Bundle) -> None:
    """In whatever window, and refused or not."""
    other = gcp.log_entry({"resourceName": f"{gcp.POOL}/providers/other"}, at="2026-11-01T10:00:00Z")
    refusing(gcp).gcp_logs([change_of_the_provider(gcp), other]).project_policy()
    for window in ({}, {"since": gcp.NOW - 3600.0}):
        assert "not logged" not in " ".join(row.message for row in gcp.ask(**window).check("no-events-found").findings)
        gcp.ask(**window).passed("exchange-logging-off")


def test_an_exchange_of_another_project_shows_nothing(gcp: Bundle) -> None:
    pool = gcp.POOL.replace(gcp.PROJECT_NUMBER, "111122223333")
    other = gcp.log_entry({"resourceName": f"{pool}/providers/other"}, at="2026-11-22T10:00:00Z")
    answer = refusing(gcp).gcp_logs([change_of_the_provider(gcp), other]).project_policy().ask()
    (message,) = answer.found("no-events-found")
    assert (
        "Entries of sts.googleapis.com were read of project 111122223333, and none of project weights-prod." in message
    )
    answer.passed("exchange-logging-off")


def test_a_policy_of_another_project_shows_nothing(gcp: Bundle) -> None:
    """The pool is in another project than the one whose policy was read."""
    pool = gcp.POOL.replace(gcp.PROJECT_NUMBER, "111122223333")
    provider = f"{pool}/providers/baseten-provider"
    refusing(gcp).gcp_provider(condition="assertion.org == 'other'", name=provider).gcp_pool(name=pool)
    gcp.target(gcp={"provider": provider, "service_account": gcp.SERVICE_ACCOUNT})
    gcp.gcp_logs([change_of_the_provider(gcp)]).project_policy(auditConfigs=AUDIT)
    (message,) = gcp.ask().found("exchange-logging-off")
    assert "Exchanges may or may not be logged in project 111122223333: this is not known." in message
    assert message.endswith("nor the auditConfigs of project, folder, organization.")


def test_it_is_switched_on(gcp: Bundle) -> None:
    refusing(gcp).gcp_logs([change_of_the_provider(gcp)]).project_policy(auditConfigs=AUDIT)
    gcp.ask().passed("exchange-logging-off")


def test_an_exchange_is_there(gcp: Bundle) -> None:
    message = "The given credential is rejected by the attribute condition."
    refusing(gcp).gcp_logs([gcp.log_entry(message=message)]).ask().passed("exchange-logging-off")


def test_no_logs_were_read(gcp: Bundle) -> None:
    refusing(gcp).ask().skipped("exchange-logging-off")


def test_aws_has_no_such_switch(aws: Bundle) -> None:
    aws.condition(aws.subject("x")).cloudtrail([]).ask().skipped("exchange-logging-off")
