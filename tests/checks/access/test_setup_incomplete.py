"""ACC031: a set-up that stopped half way."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle

PROVIDER_EXISTS = "Creating OIDC identity provider...\nOIDC provider already exists, continuing...\n"
ROLE = "Creating IAM role ModelWeights...\n"
ROLE_EXISTS = (
    "\nAn error occurred (EntityAlreadyExists) when calling the CreateRole operation: Role with name ModelWeights "
    "already exists.\n"
)
NO_ROLE = (
    "\nAn error occurred (AccessDenied) when calling the CreateRole operation: User: arn:aws:iam::210987654321:user/d "
    "is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::210987654321:role/ModelWeights because no "
    "identity-based policy allows the iam:CreateRole action\n"
)
GOOGLE = (
    "Creating service account weights...\nCreated service account [weights].\n"
    "Granting Artifact Registry reader role...\nUpdated IAM policy for project [weights-prod].\n"
    "Granting Cloud Storage object viewer role...\nUpdated IAM policy for project [weights-prod].\n"
    "Creating Workload Identity Pool...\n"
)
POOL_EXISTS = "ERROR: (gcloud.iam.workload-identity-pools.create) ALREADY_EXISTS: Requested entity already exists\n"
NO_API = (
    "ERROR: (gcloud.iam.workload-identity-pools.create) PERMISSION_DENIED: Identity and Access Management (IAM) API "
    "has not been used in project 123456789012 before or it is disabled. Enable it by visiting "
    "https://console.developers.google.com/apis/api/iam.googleapis.com/overview?project=123456789012 then retry.\n"
)
OUTPUT = "setup/output.txt"


def test_a_role_that_was_not_made_and_is_not_there(aws: Bundle) -> None:
    answer = aws.write(OUTPUT, PROVIDER_EXISTS + ROLE + NO_ROLE).not_found("aws/role.json").ask()
    cause = answer.first
    assert (cause.name, cause.step, cause.confidence) == ("setup-incomplete", "authorise", "predicted")
    assert "the set-up stopped at the role: AccessDenied" in cause.summary
    assert "the OIDC provider exists" in cause.summary
    assert str(cause.refusal.where) == f"{OUTPUT}:5"
    assert "credentials that may make the role" in cause.fix
    assert "role-missing" in answer.names


def test_an_output_alone_refuses_nothing(aws: Bundle) -> None:
    answer = aws.write(OUTPUT, PROVIDER_EXISTS + ROLE + NO_ROLE).only(OUTPUT, "manifest.json").ask()
    assert answer.suspected("setup-incomplete").step == "authorise"
    assert answer.exchange().prediction == "unknown"


def test_an_output_that_was_cut_off_is_no_cause(aws: Bundle) -> None:
    assert aws.write(OUTPUT, PROVIDER_EXISTS + ROLE).ask().accepted


@pytest.mark.parametrize("end", [NO_ROLE, ROLE_EXISTS])
def test_of_a_role_that_is_there_only_the_policies_may_be_missing(aws: Bundle, end: str) -> None:
    answer = aws.write(OUTPUT, PROVIDER_EXISTS + ROLE + end).ask()
    assert answer.suspected("setup-incomplete").step == "permission"
    assert answer.exchange().prediction == "accepted"
    assert answer.report.exit_code == 0


def test_policies_that_are_there_by_now_are_no_cause(aws: Bundle) -> None:
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    aws.sends(s3_bucket="weights").write("aws/role-policy-list.json", {"PolicyNames": ["all"]})
    policy = {"RoleName": "ModelWeights", "PolicyName": "all", "PolicyDocument": aws.policy(allow)}
    aws.write("aws/role-policies/all.json", policy).write("aws/attached-policies.json", {"AttachedPolicies": []})
    aws.write(OUTPUT, PROVIDER_EXISTS + ROLE + ROLE_EXISTS).not_found("aws/bucket-policy.json")
    assert aws.ask().accepted


def test_a_set_up_that_is_complete_is_no_cause(aws: Bundle) -> None:
    done = "Attaching ECR read policy...\nAttaching S3 read policy...\n\nSetup complete. IAM role ARN:\n"
    aws.write(OUTPUT, PROVIDER_EXISTS + ROLE + done + f"  {aws.ROLE_ARN}\n").not_found("aws/role.json")
    assert "setup-incomplete" not in aws.ask().names


def test_the_trust_policy_of_a_role_that_was_there_is_the_old_one(aws: Bundle) -> None:
    aws.condition(aws.subject(aws.PATTERN.replace("team=", "team=X")))
    answer = aws.write(OUTPUT, PROVIDER_EXISTS + ROLE + ROLE_EXISTS).ask()
    assert answer.first.name == "subject-segment-differs"
    cause = answer.cause("setup-incomplete")
    assert cause.confidence == "suspected"
    assert "Update the role instead" in cause.fix
    assert cause.commands[0] == "aws iam get-role --role-name ModelWeights"


def test_policies_that_the_script_did_not_come_to(aws: Bundle) -> None:
    aws.sends(s3_bucket="weights").write("aws/role-policy-list.json", {"PolicyNames": []})
    aws.write("aws/attached-policies.json", {"AttachedPolicies": []})
    aws.write(OUTPUT, PROVIDER_EXISTS + ROLE + ROLE_EXISTS).not_found("aws/bucket-policy.json")
    cause = aws.ask().first
    assert (cause.name, cause.step, cause.confidence) == ("setup-incomplete", "permission", "predicted")
    assert "the role's policy for S3 is missing" in cause.summary
    assert "ECR" not in cause.summary


def test_the_whole_set_up_is_printed_by_a_command(aws: Bundle) -> None:
    aws.sends(s3_bucket="weights").not_found("aws/role.json").write(OUTPUT, PROVIDER_EXISTS + ROLE + NO_ROLE)
    words = shlex.split(aws.ask().first.commands[-1])
    assert words[:3] == ["oidc-doctor", "setup", "aws"]
    assert words[words.index("--account") + 1] == aws.ACCOUNT
    assert words[words.index("--bucket") + 1] == "weights"


def write(name: str, **more: object) -> dict[str, object]:
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::210987654321:user/dev", "accountId": "210987654321"},
        "eventTime": "2026-11-22T21:00:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "requestParameters": {"roleName": "ModelWeights"},
        "responseElements": None,
        "eventID": f"e-{name}",
        "eventType": "AwsApiCall",
        "recipientAccountId": "210987654321",
    } | more


LIMIT = {"errorCode": "LimitExceededException", "errorMessage": "Cannot exceed quota for RolesPerAccount: 1000"}


def test_a_logged_write_that_failed(aws: Bundle) -> None:
    aws.not_found("aws/role.json").cloudtrail([write("CreateRole", **LIMIT)])
    cause = aws.ask().first
    assert (cause.name, cause.confidence) == ("setup-incomplete", "predicted")
    assert "LimitExceededException" in cause.summary
    assert "e-CreateRole" in str(cause.refusal.where)


def test_a_write_that_was_made_good_is_no_cause(aws: Bundle) -> None:
    later = write("CreateRole", eventTime="2026-11-22T21:05:00Z", eventID="e-2")
    aws.not_found("aws/role.json").cloudtrail([write("CreateRole", **LIMIT), later])
    assert "setup-incomplete" not in aws.ask().names


def test_a_write_of_another_role_is_no_cause(aws: Bundle) -> None:
    record = write("CreateRole", **LIMIT, requestParameters={"roleName": "Other"})
    assert "setup-incomplete" not in aws.not_found("aws/role.json").cloudtrail([record]).ask().names


def test_google_s_deleted_pool_keeps_its_name(gcp: Bundle) -> None:
    gcp.write(OUTPUT, GOOGLE + POOL_EXISTS).not_found("gcp/provider.json", "gcp/pool.json")
    cause = gcp.ask().first
    assert (cause.name, cause.step, cause.confidence) == ("setup-incomplete", "target", "predicted")
    assert "undelete" in cause.fix
    assert "the service account" in cause.summary
    assert cause.commands[0].startswith("gcloud iam workload-identity-pools describe ")


def test_google_s_api_is_not_enabled(gcp: Bundle) -> None:
    gcp.write(OUTPUT, GOOGLE + NO_API).not_found("gcp/provider.json", "gcp/pool.json")
    cause = gcp.ask().first
    assert cause.name == "setup-incomplete"
    assert cause.commands[0].startswith("gcloud services enable iam.googleapis.com --project=")


def test_an_empty_variable_ends_the_script_before_anything(aws: Bundle) -> None:
    text = "error: Baseten team ID is empty; set BASETEN_TEAM_ID in the configuration section.\n"
    cause = aws.write(OUTPUT, text).not_found("aws/oidc-provider.json", "aws/role.json").ask().first
    assert cause.name == "setup-incomplete"
    assert str(cause.refusal.where) == f"{OUTPUT}:1"


def test_an_output_of_something_else_says_nothing(aws: Bundle) -> None:
    aws.write(OUTPUT, "Done.\nerror: no such file\n").not_found("aws/role.json")
    assert "setup-incomplete" not in aws.ask().names


def google_write(gcp: Bundle, method: str, resource: str, request: dict[str, object]) -> dict[str, object]:
    payload = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": "iam.googleapis.com",
        "methodName": f"google.iam.v1.WorkloadIdentityPools.{method}",
        "resourceName": resource,
        "authenticationInfo": {"principalEmail": "ada@weights-prod.iam.gserviceaccount.com"},
        "status": {"code": 7, "message": "Permission 'iam.workloadIdentityPools.create' denied on resource"},
        "request": request,
    }
    entry = gcp.log_entry(payload, insert_id="w-1", severity="ERROR")
    return entry | {"logName": "projects/weights-prod/logs/cloudaudit.googleapis.com%2Factivity"}


def test_google_s_logged_write_that_failed(gcp: Bundle) -> None:
    parent, _, pool = gcp.POOL.rpartition("/workloadIdentityPools/")
    request = {"parent": parent, "workloadIdentityPoolId": pool}
    gcp.gcp_logs([google_write(gcp, "CreateWorkloadIdentityPool", parent, request)])
    cause = gcp.not_found("gcp/provider.json", "gcp/pool.json").ask().first
    assert (cause.name, cause.step, cause.confidence) == ("setup-incomplete", "target", "predicted")
    assert "the set-up stopped at the workload identity pool" in cause.summary


def test_google_s_write_of_another_pool_is_no_cause(gcp: Bundle) -> None:
    parent = gcp.POOL.rpartition("/workloadIdentityPools/")[0]
    request = {"parent": parent, "workloadIdentityPoolId": "other-pool"}
    gcp.gcp_logs([google_write(gcp, "CreateWorkloadIdentityPool", parent, request)])
    assert "setup-incomplete" not in gcp.not_found("gcp/provider.json", "gcp/pool.json").ask().names


def test_an_edit_that_was_refused_is_no_set_up(aws: Bundle) -> None:
    aws.condition(aws.subject(aws.PATTERN.replace("team=", "team=X")))
    record = write("UpdateAssumeRolePolicy", **LIMIT)
    assert "setup-incomplete" not in aws.cloudtrail([record]).ask().names


def test_a_provider_that_was_there_is_no_failure(aws: Bundle) -> None:
    exists = {
        "errorCode": "EntityAlreadyExistsException",
        "errorMessage": "Provider with url https://oidc.baseten.co already exists.",
        "requestParameters": {"url": "https://oidc.baseten.co"},
    }
    aws.not_found("aws/oidc-provider.json").cloudtrail([write("CreateOpenIDConnectProvider", **exists)])
    assert "setup-incomplete" not in aws.ask().names
