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
    assert "probably" in message


def test_the_projects_policy_says_so(gcp: Bundle) -> None:
    refusing(gcp).gcp_logs([change_of_the_provider(gcp)]).project_policy()
    (message,) = gcp.ask().found("exchange-logging-off")
    assert "probably" not in message


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
