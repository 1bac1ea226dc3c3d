"""`allowed` and `denied`: the judge's permission step, and unknown where no policy was read."""

from __future__ import annotations

import pytest

from evidence import Bundle
from tests.expect.conftest import Judge

OBJECTS = "arn:aws:s3:::acme-weights/*"


def bundle(aws: Bundle, resource: str = OBJECTS, effect: str = "Allow") -> Bundle:
    aws.write(
        "aws/role-policies/weights.json",
        {
            "RoleName": "ModelWeights",
            "PolicyName": "weights",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": effect, "Action": "s3:GetObject", "Resource": resource}],
            },
        },
    )
    aws.write("aws/role-policy-list.json", {"PolicyNames": ["weights"]})
    aws.write("aws/attached-policies.json", {"AttachedPolicies": []})
    absent = ("aws/bucket-policy.json", "aws/bucket-encryption.json")
    reads = [{"path": path, "outcome": "not_found"} for path in absent]
    return aws.write("manifest.json", {"collected_at": "2026-11-22T22:40:00Z", "reads": reads})


def asked(aws: Bundle, key: str, call: str) -> str:
    return f'[[expect]]\naccepted = ["{aws.SUBJECT}"]\n{key} = ["{call}"]\n'


@pytest.mark.parametrize(
    ("key", "call", "outcome"),
    [
        ("allowed", f"s3:GetObject {OBJECTS}", "met"),
        ("allowed", "s3:GetObject arn:aws:s3:::acme-weights/llama/model.bin", "met"),
        ("allowed", "s3:GetObject arn:aws:s3:::acme-other/*", "broken"),
        ("allowed", f"s3:PutObject {OBJECTS}", "broken"),
        ("denied", f"s3:PutObject {OBJECTS}", "met"),
        ("denied", f"s3:GetObject {OBJECTS}", "broken"),
        ("allowed", "dynamodb:GetItem arn:aws:dynamodb:us-east-1:210987654321:table/x", "unknown"),
        ("allowed", "storage.objects.get weights", "unknown"),
    ],
)
def test_a_call_is_decided_by_the_policies_that_were_read(
    judge: Judge, aws: Bundle, key: str, call: str, outcome: str
) -> None:
    row = judge(asked(aws, key, call), bundle(aws).root).results[-1]
    assert row.outcome == outcome, (row.reason, row.decided)
    assert bool(row.fix) == (outcome != "met")


def test_a_denied_call_shows_the_cause_of_a_report(judge: Judge, aws: Bundle) -> None:
    row = judge(asked(aws, "allowed", f"s3:PutObject {OBJECTS}"), bundle(aws).root).results[-1]
    assert row.cause is not None
    assert row.cause.code.startswith("ACC")


def test_all_objects_are_allowed_only_if_each_is(judge: Judge, aws: Bundle) -> None:
    bundle(aws, "arn:aws:s3:::acme-weights/llama/*")
    row = judge(asked(aws, "allowed", f"s3:GetObject {OBJECTS}"), aws.root).results[-1]
    assert row.outcome != "met"
    row = judge(asked(aws, "allowed", "s3:GetObject arn:aws:s3:::acme-weights/llama/*"), aws.root).results[-1]
    assert row.outcome == "met"


def test_a_deny_of_some_objects_leaves_all_of_them_open(judge: Judge, aws: Bundle) -> None:
    bundle(aws)
    policy = aws.read("aws/role-policies/weights.json")
    policy["PolicyDocument"]["Statement"].append(
        {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::acme-weights/private/*"}
    )
    aws.write("aws/role-policies/weights.json", policy)
    assert judge(asked(aws, "allowed", f"s3:GetObject {OBJECTS}"), aws.root).results[-1].outcome == "unknown"
    public = "s3:GetObject arn:aws:s3:::acme-weights/public/*"
    assert judge(asked(aws, "allowed", public), aws.root).results[-1].outcome == "met"


def test_a_policy_that_was_not_read_is_unknown(judge: Judge, aws: Bundle) -> None:
    row = judge(asked(aws, "allowed", f"s3:GetObject {OBJECTS}"), aws.root).results[-1]
    assert row.outcome == "unknown"
    assert "role's own policies were not read" in row.reason
    bundle(aws).write("manifest.json", {"collected_at": "2026-11-22T22:40:00Z"})
    row = judge(asked(aws, "allowed", f"s3:GetObject {OBJECTS}"), aws.root).results[-1]
    assert row.outcome == "unknown"


def test_a_permission_of_google(judge: Judge, gcp: Bundle) -> None:
    viewer = {"role": "roles/storage.objectViewer", "members": [f"serviceAccount:{gcp.SERVICE_ACCOUNT}"]}
    gcp.write("gcp/bucket-policy.json", {"bindings": [viewer]})
    for call, outcome in (
        ("storage.objects.get acme-weights/llama/*", "met"),
        ("storage.objects.list gs://acme-weights", "met"),
        ("storage.objects.delete acme-weights", "unknown"),
        ("artifactregistry.repositories.downloadArtifacts us-docker.pkg.dev/acme/ml/serve", "unknown"),
    ):
        row = judge(asked(gcp, "allowed", call), gcp.root).results[-1]
        assert row.outcome == outcome, (call, row.reason)
