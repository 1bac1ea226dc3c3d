"""Repairs that were tried and refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from evidence.timed import FALSE, clock, edit, exchanges, of_aws, policy_edit, set_policy, trust_edit

if TYPE_CHECKING:
    from evidence import Bundle

OTHER = "google.subject.startsWith('v=1:org=Another1:')"
DENIED = {"code": 7, "message": "Permission 'iam.workloadIdentityPoolProviders.update' denied on resource."}
QUOTA = {"errorCode": "LimitExceededException", "errorMessage": "Cannot exceed quota for ACLSizePerRole: 2048"}


def refused(entry: dict[str, Any], by: str = "dev@acme.example") -> dict[str, Any]:
    """The same write of Google's configuration, refused."""
    payload = entry["protoPayload"] | {"status": DENIED, "authenticationInfo": {"principalEmail": by}}
    return entry | {"protoPayload": payload, "insertId": f"refused-{entry['insertId']}", "severity": "ERROR"}


def own(gcp: Bundle) -> str:
    return f"google.subject.startsWith('v=1:org={gcp.ORG}:team={gcp.TEAM}:')"


def broken_on_google(gcp: Bundle, *writes: dict[str, Any]) -> Bundle:
    gcp.gcp_provider(condition=OTHER)
    bad = exchanges(gcp, range(7, 14), FALSE)
    return gcp.gcp_logs([*exchanges(gcp, range(2, 6)), edit(gcp, clock(6, 30), OTHER), *bad, *writes])


def test_a_condition_that_would_have_let_it_in(gcp: Bundle) -> None:
    cause = broken_on_google(gcp, refused(edit(gcp, clock(9, 30), own(gcp)))).ask().first
    assert cause.name == "attribute-condition-false"
    assert cause.change is not None
    assert cause.change["event_id"] == f"edit-{clock(6, 30)}"
    (repair,) = cause.repairs_refused
    assert (repair["right"], repair["time"], repair["by"]) == (True, clock(9, 30), "dev@acme.example")
    assert repair["error"].startswith("PERMISSION_DENIED: Permission 'iam.workload")


def test_a_set_up_is_no_edit_that_failed(gcp: Bundle) -> None:
    answer = broken_on_google(gcp, refused(edit(gcp, clock(9, 30), own(gcp)))).ask()
    assert "setup-incomplete" not in answer.names


@pytest.mark.parametrize("condition", [OTHER, OTHER.replace("Another1", "Another2"), "assertion.ticket == 'x'"])
def test_a_write_that_would_not_have_let_it_in_is_no_repair(gcp: Bundle, condition: str) -> None:
    cause = broken_on_google(gcp, refused(edit(gcp, clock(9, 30), condition))).ask().first
    assert [repair["right"] for repair in cause.repairs_refused if repair["right"]] == []


def test_a_write_before_anything_was_broken_is_no_repair(gcp: Bundle) -> None:
    """The breaking write was not seen: the provider as it was read refuses."""
    gcp.gcp_provider(condition=OTHER)
    tried = refused(edit(gcp, clock(3, 30), own(gcp)))
    bad = exchanges(gcp, range(7, 14), FALSE)
    cause = gcp.gcp_logs([edit(gcp, clock(1), own(gcp)), *exchanges(gcp, range(2, 6)), tried, *bad]).ask().first
    assert cause.name == "attribute-condition-false"
    assert cause.repairs_refused == ()


def test_a_repair_that_was_done_later_leaves_no_clue(gcp: Bundle) -> None:
    broken_on_google(gcp, refused(edit(gcp, clock(9, 30), own(gcp))), edit(gcp, clock(14), own(gcp)))
    answer = gcp.gcp_provider(condition=own(gcp)).ask()
    assert [(cause.status, cause.repairs_refused) for cause in answer.causes] == [("past", ())]


@pytest.mark.parametrize("resource", ["account", "project"])
def test_a_binding_that_would_have_let_it_in(gcp: Bundle, resource: str) -> None:
    gcp.service_account_policy(bindings=[]).project_policy()
    name = (
        f"projects/-/serviceAccounts/{gcp.SERVICE_ACCOUNT}" if resource == "account" else f"projects/{gcp.PROJECT_ID}"
    )
    tried = refused(set_policy(gcp, clock(9), name, gcp.MEMBER))
    cause = gcp.gcp_logs([*exchanges(gcp, range(2, 9)), tried]).ask().cause("impersonation-binding-missing")
    assert [(repair["what"], repair["right"]) for repair in cause.repairs_refused] == [("SetIamPolicy", True)]


def broken_on_aws(aws: Bundle, *writes: dict[str, Any]) -> Bundle:
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
    good = [aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 6)]
    bad = [aws.event(event_id=f"bad-{hour}", at=clock(hour)) for hour in range(7, 12)]
    return aws.cloudtrail([*good, trust_edit(aws, clock(6, 30), "Another1"), *bad, *writes])


def test_a_trust_policy_that_was_too_long(aws: Bundle) -> None:
    cause = broken_on_aws(aws, trust_edit(aws, clock(9, 30), aws.TEAM) | QUOTA).ask().first
    assert cause.name == "subject-segment-differs"
    (repair,) = cause.repairs_refused
    assert (repair["what"], repair["right"]) == ("UpdateAssumeRolePolicy", True)
    assert repair["error"] == "LimitExceededException: Cannot exceed quota for ACLSizePerRole: 2048"


def test_a_creation_of_a_role_that_was_there(aws: Bundle) -> None:
    policy = json.dumps(aws.policy(aws.statement(aws.subject(aws.PATTERN))))
    create = of_aws(aws, "CreateRole", clock(9, 30), roleName="ModelWeights", assumeRolePolicyDocument=policy)
    exists = {
        "errorCode": "EntityAlreadyExistsException",
        "errorMessage": "Role with name ModelWeights already exists.",
    }
    (repair,) = broken_on_aws(aws, create | exists).ask().first.repairs_refused
    assert (repair["what"], repair["right"]) == ("CreateRole", True)


def test_a_denied_write_has_no_request(aws: Bundle) -> None:
    said = "User: x is not authorized to perform: iam:UpdateAssumeRolePolicy on resource: role ModelWeights because no"
    denied = policy_edit(aws, clock(9, 30), {}) | {"errorCode": "AccessDenied", "errorMessage": said}
    (repair,) = broken_on_aws(aws, denied | {"requestParameters": None}).ask().first.repairs_refused
    assert (repair["event_id"], repair["right"]) == (f"edit-{clock(9, 30)}", None)
    (same,) = broken_on_aws(aws, denied | {"requestParameters": None}).ask().causes
    assert same.repairs_refused[0]["error"].startswith("AccessDenied: User: x")


def test_a_trust_policy_that_would_not_have_let_it_in(aws: Bundle) -> None:
    assert broken_on_aws(aws, trust_edit(aws, clock(9, 30), "Another2") | QUOTA).ask().first.repairs_refused == ()


def test_a_creation_that_was_denied_is_told_with_the_set_up_that_stopped(aws: Bundle) -> None:
    aws.remove("aws/role.json").manifest([{"path": "aws/role.json", "call": "iam:GetRole", "outcome": "not_found"}])
    said = (
        "User: x is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::210987654321:role/ModelWeights"
    )
    create = of_aws(aws, "CreateRole", clock(6, 30)) | {
        "errorCode": "AccessDenied",
        "errorMessage": f"{said} because no",
    }
    answer = aws.cloudtrail([create | {"requestParameters": None}, aws.event(event_id="bad", at=clock(7))]).ask()
    assert answer.first.name == "setup-incomplete"
    for cause in answer.causes:
        assert [(repair["what"], repair["right"]) for repair in cause.repairs_refused] == [("CreateRole", None)]


def test_another_role_is_not_this_one(aws: Bundle) -> None:
    other = trust_edit(aws, clock(9, 30), aws.TEAM) | QUOTA
    other["requestParameters"] = other["requestParameters"] | {"roleName": "Another"}
    assert broken_on_aws(aws, other).ask().first.repairs_refused == ()


def test_the_report_says_so(gcp: Bundle) -> None:
    from oidc_doctor.report.text import render_text

    report = broken_on_google(gcp, refused(edit(gcp, clock(9, 30), own(gcp)))).report()
    text = " ".join(render_text(report, width=120, color=False).split())
    assert "tried the repair was tried at 22 Nov 09:30:00 UTC by dev@acme.example and refused: UpdateWorkload" in text


def test_a_provider_update_is_read_and_decides_nothing(aws: Bundle) -> None:
    """UpdateOpenIDConnectProvider sets the ContextProvider [IAM API, November 2026], which no step depends on."""
    request = {"openIDConnectProviderArn": aws.PROVIDER_ARN, "contextProvider": {"subjectSourceKey": "sub"}}
    write = of_aws(aws, "UpdateOpenIDConnectProvider", clock(6, 30), **request)
    good = [aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 6)]
    report = aws.cloudtrail([*good, write, aws.event(event_id="bad", at=clock(7))]).report()
    assert "UpdateOpenIDConnectProvider" in [entry.get("what") for entry in report.timeline]
    assert [cause.name for cause in report.causes] == ["outside-the-trust-policy"]
    assert report.causes[0].timing.change is None
