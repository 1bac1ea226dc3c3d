"""The logged write that took a permission away is named; a write that took none is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.report.text import render_text

if TYPE_CHECKING:
    from evidence import Answer, Bundle
    from oidc_doctor.model.report import Cause

BUCKET = "arn:aws:s3:::llama-weights"
# Each bucket of Google begins with such bindings, which name its project.
LEGACY = {"role": "roles/storage.legacyBucketOwner", "members": ["projectOwner:weights-prod"]}
READS = ["s3:GetObject", "s3:ListBucket"]
MANAGED = "arn:aws:iam::210987654321:policy/Weights"
BOUNDARY = "arn:aws:iam::210987654321:policy/Fence"


def allow(actions: Any, resource: Any, /, **members: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **members}


S3 = allow(READS, [BUCKET, f"{BUCKET}/*"])
ECR = allow("ecr:GetAuthorizationToken", "*")


def policy(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def write(name: str, minute: int, *, service: str = "iam", error: str = "", **request: Any) -> dict[str, Any]:
    """A write by alice, in CloudTrail's words."""
    record = {
        "eventVersion": "1.09",
        "eventName": name,
        "eventSource": f"{service}.amazonaws.com",
        "eventTime": f"2026-11-22T20:{minute:02}:00Z",
        "eventID": f"{name}-{minute}",
        "awsRegion": "us-east-1",
        "recipientAccountId": "210987654321",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::210987654321:user/alice"},
        "requestParameters": request,
    }
    return record | ({"errorCode": error} if error else {})


def on_role(name: str, minute: int, **request: Any) -> dict[str, Any]:
    return write(name, minute, **{"roleName": "ModelWeights", **request})


def put(name: str, minute: int, *statements: Any) -> dict[str, Any]:
    return on_role("PutRolePolicy", minute, policyName=name, policyDocument=json.dumps(policy(*statements)))


def role(made: Bundle, inline: dict[str, Any], attached: tuple[str, ...] = (), *, bucket: Any = None) -> Bundle:
    """The role that reads a bucket, with these inline policies now."""
    made.target(aws={"role_arn": made.ROLE_ARN, "s3_bucket": "llama-weights", "region": "us-east-1"})
    for name, document in inline.items():
        answer = {"RoleName": "ModelWeights", "PolicyName": name, "PolicyDocument": document}
        made.write(f"aws/role-policies/{name}.json", answer)
    made.write("aws/role-policy-list.json", {"PolicyNames": [*inline]})
    listed = [{"PolicyArn": arn, "PolicyName": arn.rpartition("/")[2]} for arn in attached]
    made.write("aws/attached-policies.json", {"AttachedPolicies": listed})
    if bucket is not None:
        made.write("aws/bucket-policy.json", bucket)
        return made
    return made.manifest([{"path": "aws/bucket-policy.json", "call": "get", "outcome": "not_found"}])


def first(answer: Answer) -> Cause:
    cause = answer.first
    assert cause.step == "permission"
    return cause


def changed_by(made: Bundle, *records: Any) -> str | list[str] | None:
    """The event that is named, or those of which one may be the cause."""
    made.cloudtrail([made.accepted_event(), *records])
    timing = first(made.ask()).timing
    if timing.change is not None:
        assert timing.change["replay"] == {"before": "allowed", "after": "denied"}
        return str(timing.change["event_id"])
    return [row["event_id"] for row in timing.boundary["changes"]] if timing.boundary else None


def test_the_policy_that_was_deleted(aws: Bundle) -> None:
    made = role(aws, {"Login": policy(ECR)})
    records = [put("Weights", 1, S3), put("Login", 2, ECR), on_role("DeleteRolePolicy", 3, policyName="Weights")]
    assert changed_by(made, *records, on_role("TagRole", 4), put("Login", 5, ECR)) == "DeleteRolePolicy-3"
    cause = first(made.ask())
    assert cause.timing.change is not None
    assert cause.timing.change["by"] == "arn:aws:iam::210987654321:user/alice"
    assert "inline policy Weights" in cause.timing.change["diff"]
    assert cause.timing.since == "2026-11-22T20:03:00Z"
    (turn,) = [entry for entry in made.ask().report.timeline if entry.get("flips")]
    assert (turn["event_id"], turn["diff"]) == ("DeleteRolePolicy-3", cause.timing.change["diff"])
    text = render_text(made.ask().report, width=100, color=False)
    assert "DeleteRolePolicy" in text
    assert "Replaying the call: allowed before this change, denied after" in " ".join(text.split())


def test_a_policy_whose_text_is_in_no_log(aws: Bundle) -> None:
    made = role(aws, {"Login": policy(ECR)})
    deleted = on_role("DeleteRolePolicy", 3, policyName="Weights")
    assert changed_by(made, deleted) == ["DeleteRolePolicy-3"]
    text = " ".join(render_text(made.ask().report, width=100, color=False).split())
    assert "The logs that were read do not show the earlier state of the policies." in text
    assert changed_by(made, deleted, put("Login", 5, ECR)) == ["PutRolePolicy-5", "DeleteRolePolicy-3"]
    assert changed_by(made, put("Login", 2, ECR), deleted, put("Login", 5, ECR)) == [
        "DeleteRolePolicy-3",
        "PutRolePolicy-2",
    ]


def test_the_version_that_was_narrowed(aws: Bundle) -> None:
    made = role(aws, {"Weights": policy(S3 | {"Resource": [BUCKET]})})
    narrowed = put("Weights", 2, S3 | {"Resource": BUCKET})
    assert changed_by(made, put("Weights", 1, S3), narrowed) == "PutRolePolicy-2"


@pytest.mark.parametrize(
    "record",
    [
        on_role("TagRole", 3),
        on_role("DeleteRolePolicy", 3, policyName="Weights", roleName="Another"),
        write("DeleteRolePolicy", 3, error="AccessDenied", roleName="ModelWeights", policyName="Weights"),
        write("PutBucketPolicy", 3, service="s3", bucketName="another", bucketPolicy=policy()),
        write("CreatePolicyVersion", 3, policyArn=MANAGED, policyDocument=json.dumps(policy()), setAsDefault=True),
    ],
)
def test_writes_that_took_nothing_are_not_blamed(aws: Bundle, record: dict[str, Any]) -> None:
    made = role(aws, {"Login": policy(ECR)})
    assert changed_by(made, put("Login", 1, ECR), put("Login", 2, ECR), record) == ["PutRolePolicy-1"]


def test_a_managed_policy_that_was_detached(aws: Bundle) -> None:
    made = role(aws, {"Login": policy(ECR)})
    written = {"policyArn": MANAGED, "policyDocument": json.dumps(policy(S3)), "setAsDefault": True}
    detached = on_role("DetachRolePolicy", 2, policyArn=MANAGED)
    assert changed_by(made, write("CreatePolicyVersion", 1, **written), detached) == "DetachRolePolicy-2"
    assert changed_by(made, detached) == ["DetachRolePolicy-2"]


def test_later_writes_of_other_policies_hide_none(aws: Bundle) -> None:
    narrowed = S3 | {"Resource": [BUCKET]}
    made = role(aws, {"Weights": policy(narrowed), "Logs": policy(allow("logs:*", "*"))})
    records = [put("Weights", 1, S3), put("Weights", 2, narrowed), put("Weights", 3, narrowed)]
    later = [put("Logs", 4, allow("logs:*", "*")), on_role("DetachRolePolicy", 5, policyArn=MANAGED)]
    assert changed_by(made, *records, *later) == "PutRolePolicy-2"


@pytest.mark.parametrize(
    ("time", "named"),
    [("2026-11-22T22:30:00Z", "PutRolePolicy-2"), ("2026-11-22T23:30:00Z", None)],
)
def test_a_write_after_the_evidence_was_collected_is_not_blamed(aws: Bundle, time: str, named: str | None) -> None:
    narrowed = S3 | {"Resource": [BUCKET]}
    made = role(aws, {"Weights": policy(narrowed)})
    late = put("Weights", 2, narrowed) | {"eventTime": time}
    assert changed_by(made, put("Weights", 1, S3), late) == named


REPOSITORY = "arn:aws:ecr:us-east-1:210987654321:repository/ml/serve"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, "SetRepositoryPolicy-2"),
        ({"repositoryName": "other/serve"}, None),
        ({"registryId": "999900001111"}, None),
        ({"awsRegion": "eu-west-1"}, None),
    ],
)
def test_a_repository_is_named_by_registry_region_and_name(aws: Bundle, changes: Any, named: str | None) -> None:
    made = role(aws, {"Pull": policy(allow("ecr:*", "*"))})
    image = "210987654321.dkr.ecr.us-east-1.amazonaws.com/ml/serve:1"
    made.target(aws={"role_arn": made.ROLE_ARN, "ecr_repository": image})
    denies = policy({"Effect": "Deny", "Principal": "*", "Action": "ecr:BatchGetImage"})
    opens = policy({"Effect": "Allow", "Principal": "*", "Action": "ecr:*"})
    made.write("aws/repository-policy.json", {"repositoryName": "ml/serve", "policyText": json.dumps(denies)})
    region = {name: changes[name] for name in changes.keys() & {"awsRegion"}}
    request = {"repositoryName": "ml/serve"} | {name: changes[name] for name in changes.keys() - {"awsRegion"}}
    records = [
        write("SetRepositoryPolicy", minute, service="ecr", policyText=json.dumps(text), **request) | region
        for minute, text in ((1, opens), (2, denies))
    ]
    assert changed_by(made, *records) == named


def denied_by_bucket(aws: Bundle) -> Bundle:
    """A bucket's policy that was removed, and then put with a Deny."""
    stranger = policy({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [BUCKET, f"{BUCKET}/*"]})
    made = role(aws, {"Weights": policy(S3)}, bucket=stranger)
    opened = write("DeleteBucketPolicy", 1, service="s3", bucketName="llama-weights")
    closed = write("PutBucketPolicy", 2, service="s3", bucketName="llama-weights", bucketPolicy=stranger)
    assert changed_by(made, opened, closed) == "PutBucketPolicy-2"
    return made


def test_a_bucket_policy_that_denies(aws: Bundle) -> None:
    made = denied_by_bucket(aws)
    assert first(made.ask()).name == "access-denied-by-resource-policy"


def test_a_boundary_that_was_put(aws: Bundle) -> None:
    made = role(aws, {"Weights": policy(S3)})
    made.aws_role(PermissionsBoundary={"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": BOUNDARY})
    made.write("aws/boundary.json", policy(ECR))
    put_boundary = on_role("PutRolePermissionsBoundary", 2, permissionsBoundary=BOUNDARY)
    removed = on_role("DeleteRolePermissionsBoundary", 1)
    assert changed_by(made, removed, put_boundary) == "PutRolePermissionsBoundary-2"


def test_the_bucket_binding_that_was_removed(gcp: Bundle) -> None:
    me = f"serviceAccount:{gcp.SERVICE_ACCOUNT}"
    gcp.target(
        gcp={
            "provider": gcp.GCP_PROVIDER,
            "service_account": gcp.SERVICE_ACCOUNT,
            "gcs_bucket": "llama-weights",
        }
    )
    for name in ("bucket", "project", "folder", "organization"):
        gcp.write(f"gcp/{name}-policy.json", {"bindings": [LEGACY] if name == "bucket" else [], "etag": "x"})
    delta = {"action": "REMOVE", "role": "roles/storage.objectViewer", "member": me}
    removed = {
        "insertId": "removed",
        "timestamp": "2026-11-22T20:03:00Z",
        "resource": {"type": "gcs_bucket", "labels": {"bucket_name": "llama-weights"}},
        "protoPayload": {
            "serviceName": "storage.googleapis.com",
            "methodName": "storage.setIamPermissions",
            "resourceName": "projects/_/buckets/llama-weights",
            "authenticationInfo": {"principalEmail": "alice@example.com"},
            "serviceData": {"policyDelta": {"bindingDeltas": [delta]}},
        },
    }
    gcp.gcp_logs([gcp.log_entry(), removed])
    change = first(gcp.ask()).timing.change
    assert change is not None
    assert (change["event_id"], change["replay"]["before"]) == ("removed", "allowed")
    assert f"- roles/storage.objectViewer {me}" in change["diff"]


def test_the_write_of_a_bucket_stands_in_the_timeline(aws: Bundle) -> None:
    answer = denied_by_bucket(aws).ask()
    change = first(answer).timing.change
    assert change is not None
    (entry,) = [row for row in answer.report.timeline if row.get("event_id") == "PutBucketPolicy-2"]
    assert (entry["flips"], entry["diff"], entry["cloud"]) == (True, change["diff"], "aws")


OWNER = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::210987654321:role/ModelWeights"}}


def test_a_bucket_policy_that_was_deleted(aws: Bundle) -> None:
    """The bucket's policy granted the reads that no policy of the role grants."""
    made = role(aws, {"Login": policy(ECR)})
    grants = policy(OWNER | {"Action": READS, "Resource": [BUCKET, f"{BUCKET}/*"]})
    opened = write("PutBucketPolicy", 1, service="s3", bucketName="llama-weights", bucketPolicy=grants)
    closed = write("DeleteBucketPolicy", 2, service="s3", bucketName="llama-weights")
    assert changed_by(made, opened, closed) == "DeleteBucketPolicy-2"


def test_a_repository_policy_that_was_deleted(aws: Bundle) -> None:
    made = role(aws, {"Login": policy(ECR)})
    image = "210987654321.dkr.ecr.us-east-1.amazonaws.com/ml/serve:1"
    made.target(aws={"role_arn": made.ROLE_ARN, "ecr_repository": image})
    made.manifest([{"path": "aws/repository-policy.json", "call": "get", "outcome": "not_found"}])
    text = json.dumps(policy(OWNER | {"Action": "ecr:*"}))
    opened = write("SetRepositoryPolicy", 1, service="ecr", repositoryName="ml/serve", policyText=text)
    closed = write("DeleteRepositoryPolicy", 2, service="ecr", repositoryName="ml/serve")
    assert changed_by(made, opened, closed) == "DeleteRepositoryPolicy-2"


KEY = "arn:aws:kms:us-east-1:210987654321:key/11112222-3333-4444-5555-666677778888"


@pytest.mark.parametrize("named", [KEY, KEY.rpartition("/")[2]])
def test_a_key_policy_that_was_put(aws: Bundle, named: str) -> None:
    made = role(aws, {"Weights": policy(S3, allow("kms:Decrypt", KEY))})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}}
    made.write("aws/bucket-encryption.json", {"ServerSideEncryptionConfiguration": {"Rules": [rule]}})
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    shut = policy(root | {"Principal": {"AWS": "arn:aws:iam::210987654321:role/Admin"}})
    made.write("aws/key-policy.json", {"Policy": json.dumps(shut)})
    records = [
        write("PutKeyPolicy", minute, service="kms", keyId=named, policyName="default", policy=json.dumps(text))
        for minute, text in ((1, policy(root)), (2, shut))
    ]
    assert changed_by(made, *records) == "PutKeyPolicy-2"


def test_a_boundary_that_was_exchanged(aws: Bundle) -> None:
    made = role(aws, {"Weights": policy(S3)})
    made.aws_role(PermissionsBoundary={"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": BOUNDARY})
    made.write("aws/boundary.json", policy(ECR))
    records = [
        on_role("DeleteRolePermissionsBoundary", 1),
        on_role("PutRolePermissionsBoundary", 2, permissionsBoundary=f"{BOUNDARY}2"),
        on_role("PutRolePermissionsBoundary", 3, permissionsBoundary=BOUNDARY),
    ]
    assert changed_by(made, *records) in (
        "PutRolePermissionsBoundary-3",
        ["PutRolePermissionsBoundary-3", "PutRolePermissionsBoundary-2"],
        "PutRolePermissionsBoundary-2",
    )


def test_the_repository_binding_that_was_removed(gcp: Bundle) -> None:
    repository = f"projects/{gcp.PROJECT_ID}/locations/europe-west4/repositories/images"
    gcp.target(
        gcp={
            "provider": gcp.GCP_PROVIDER,
            "service_account": gcp.SERVICE_ACCOUNT,
            "artifact_repository": f"europe-west4-docker.pkg.dev/{gcp.PROJECT_ID}/images/serve:1",
        }
    )
    for name in ("repository", "project", "folder", "organization"):
        gcp.write(f"gcp/{name}-policy.json", {"bindings": [], "etag": "x"})
    granted = {"role": "roles/artifactregistry.reader", "members": [f"serviceAccount:{gcp.SERVICE_ACCOUNT}"]}
    entries = [
        {
            "insertId": f"set-{minute}",
            "timestamp": f"2026-11-22T20:{minute:02}:00Z",
            "protoPayload": {
                "serviceName": "artifactregistry.googleapis.com",
                "methodName": "google.devtools.artifactregistry.v1.ArtifactRegistry.SetIamPolicy",
                "resourceName": repository,
                "authenticationInfo": {"principalEmail": "alice@example.com"},
                "request": {"resource": repository, "policy": {"bindings": bindings, "etag": "x"}},
            },
        }
        for minute, bindings in ((1, [granted]), (3, []))
    ]
    gcp.gcp_logs([gcp.log_entry(), *entries])
    change = first(gcp.ask()).timing.change
    assert change is not None
    assert (change["event_id"], change["replay"]["before"]) == ("set-3", "allowed")


@pytest.mark.parametrize(("statement", "right"), [(S3, True), (ECR, False)])
def test_a_grant_that_was_tried_and_refused(aws: Bundle, statement: dict[str, Any], right: bool) -> None:
    made = role(aws, {"Login": policy(ECR)})
    tried = put("Weights", 5, statement) | {"errorCode": "LimitExceeded", "errorMessage": "Cannot exceed quota"}
    made.cloudtrail([made.accepted_event(), tried])
    assert [repair["right"] for repair in first(made.ask()).timing.repairs_refused] == [True] * right
    denied = tried | {"errorCode": "AccessDenied", "requestParameters": None}
    denied["errorMessage"] = (
        "User: x is not authorized to perform: iam:PutRolePolicy on resource: role ModelWeights because"
    )
    made.cloudtrail([made.accepted_event(), denied])
    assert [repair["right"] for repair in first(made.ask()).timing.repairs_refused] == [None]
