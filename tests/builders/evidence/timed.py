"""Logged events at hours of one day: writes of both clouds, and exchanges."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evidence.bundle import Bundle

FALSE = "The given credential is rejected by the attribute condition."
UPDATE = "google.iam.v1.WorkloadIdentityPools.UpdateWorkloadIdentityPoolProvider"


def clock(hour: int, minute: int = 0) -> str:
    return f"2026-11-22T{hour:02}:{minute:02}:00Z"


def edit(gcp: Bundle, at: str, condition: str) -> dict[str, Any]:
    request = {"updateMask": "attributeCondition", "workloadIdentityPoolProvider": {"attributeCondition": condition}}
    payload = {
        "methodName": UPDATE,
        "serviceName": "iam.googleapis.com",
        "request": request,
        "metadata": {},
        "authenticationInfo": {"principalEmail": "deploy@weights-prod.iam.gserviceaccount.com"},
    }
    return gcp.log_entry(payload, insert_id=f"edit-{at}", at=at)


def exchanges(gcp: Bundle, hours: range, message: str | None = None) -> list[dict[str, Any]]:
    return [gcp.log_entry(insert_id=f"at-{hour}", at=clock(hour), message=message) for hour in hours]


def impersonation(gcp: Bundle, at: str, refused: str = "", *, caller: bool = True, subject: str = "") -> dict[str, Any]:
    """An impersonation as Google logs it. `caller`: its entry names who made it, which denials need not."""
    principal = f"principal://iam.googleapis.com/{gcp.POOL}/subject/{subject or gcp.SUBJECT}"
    payload = {
        "methodName": "GenerateAccessToken",
        "serviceName": "iamcredentials.googleapis.com",
        "resourceName": "projects/-/serviceAccounts/109876543210987654321",
        "metadata": {"identityDelegationChain": [f"projects/-/serviceAccounts/{gcp.SERVICE_ACCOUNT}"]},
        "authenticationInfo": {"principalSubject": principal} if caller else {},
        "status": {"code": 7, "message": refused} if refused else {},
        "request": {},
    }
    severity = "ERROR" if refused else "INFO"
    return gcp.log_entry(payload, at=at, insert_id=f"account-{at}", severity=severity)


def after_exchanges(gcp: Bundle, good: range, bad: range) -> list[dict[str, Any]]:
    """Exchanges at these hours, each with its impersonation a second later; denials name no caller."""
    entries = [*exchanges(gcp, good), *exchanges(gcp, bad)]
    for hour in [*good, *bad]:
        at = clock(hour).replace("00Z", "01Z")
        entries.append(impersonation(gcp, at, "" if hour in good else "PERMISSION_DENIED", caller=hour in good))
    return entries


def policy_edit(aws: Bundle, at: str, policy: Any) -> dict[str, Any]:
    return {
        "eventID": f"edit-{at}",
        "eventTime": at,
        "eventSource": "iam.amazonaws.com",
        "eventName": "UpdateAssumeRolePolicy",
        "requestParameters": {"roleName": "ModelWeights", "policyDocument": json.dumps(policy)},
        "userIdentity": {"arn": "arn:aws:sts::210987654321:assumed-role/PlatformAdmin/deploy-bot"},
        "recipientAccountId": aws.ACCOUNT,
    }


def trust_edit(aws: Bundle, at: str, team: str) -> dict[str, Any]:
    return policy_edit(aws, at, aws.policy(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team={team}:*"))))


def of_aws(aws: Bundle, name: str, at: str, **request: Any) -> dict[str, Any]:
    return trust_edit(aws, at, "") | {"eventID": f"{name}-{at}", "eventName": name, "requestParameters": request}


def set_policy(gcp: Bundle, at: str, resource: str, member: str) -> dict[str, Any]:
    """A binding that is added on an account or a project, of which Google logs the difference alone."""
    delta = {"action": "ADD", "role": "roles/iam.workloadIdentityUser", "member": member}
    entry = gcp.log_entry({"status": {}, "authenticationInfo": {"principalEmail": "ops@acme.example"}}, at=at)
    payload = {
        **entry["protoPayload"],
        "serviceName": "iam.googleapis.com",
        "methodName": "google.iam.admin.v1.SetIAMPolicy",
        "resourceName": resource,
        "serviceData": {"policyDelta": {"bindingDeltas": [delta]}},
    }
    return entry | {"protoPayload": payload, "insertId": f"policy-{at}", "resource": {"type": "service_account"}}


def expires(aws: Bundle, when: str) -> dict[str, Any]:
    """The condition of the healthy role, until a time."""
    return aws.subject(aws.PATTERN) | {"DateLessThan": {"aws:CurrentTime": when}}
