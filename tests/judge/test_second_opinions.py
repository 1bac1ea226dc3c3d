"""The simulators' answers stand beside the decisions; a difference is shown, and decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.report.text import render_text

if TYPE_CHECKING:
    from evidence import Answer, Bundle
    from oidc_doctor.model.access import AccessDecision

BUCKET = "arn:aws:s3:::llama-weights"
LEGACY = {"role": "roles/storage.legacyBucketOwner", "members": ["projectOwner:weights-prod"]}


def simulated(action: str, resource: str, decision: str) -> dict[str, Any]:
    return {"EvalActionName": action, "EvalResourceName": resource, "EvalDecision": decision, "MatchedStatements": []}


def on_aws(made: Bundle, *results: Any) -> Answer:
    """The role may list the bucket and read nothing in it."""
    made.target(aws={"role_arn": made.ROLE_ARN, "s3_bucket": "llama-weights", "region": "us-east-1"})
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    answer = {"RoleName": "ModelWeights", "PolicyName": "Weights", "PolicyDocument": document}
    made.write("aws/role-policies/Weights.json", answer).write(
        "aws/role-policy-list.json", {"PolicyNames": ["Weights"]}
    )
    made.write("aws/attached-policies.json", {"AttachedPolicies": []})
    made.write("aws/simulation.json", {"EvaluationResults": [*results]})
    return made.manifest([{"path": "aws/bucket-policy.json", "call": "get", "outcome": "not_found"}]).ask()


def row(answer: Answer, action: str) -> AccessDecision:
    return next(one for one in answer.report.exchanges[0].accesses if one.need.action == action)


@pytest.mark.parametrize(
    ("said", "second"),
    [("allowed", "allowed"), ("implicitDeny", "denied"), ("explicitDeny", "denied"), ("?", "unknown")],
)
def test_the_policy_simulator(aws: Bundle, said: str, second: str) -> None:
    answer = on_aws(aws, simulated("s3:getobject", f"{BUCKET}/*", said), simulated("s3:ListBucket", BUCKET, "allowed"))
    reads, lists = row(answer, "s3:GetObject"), row(answer, "s3:ListBucket")
    assert reads.second is not None
    assert lists.second is not None
    assert (reads.decision, reads.second.decision) == ("denied", second)
    assert (lists.decision, lists.second.decision) == ("allowed", "allowed")
    assert str(reads.second.at).startswith("aws/simulation.json")
    text = " ".join(render_text(answer.report, width=100, color=False).split())
    differs = "iam:SimulatePrincipalPolicy says otherwise of s3:GetObject: allowed" in text
    assert differs == (said == "allowed")
    assert answer.report.exit_code == 1, "our own decision stands"


@pytest.mark.parametrize(
    "result",
    [
        simulated("s3:GetObject", "arn:aws:s3:::another/*", "allowed"),
        simulated("s3:PutObject", BUCKET, "allowed"),
        5,
        {},
    ],
)
def test_what_was_simulated_of_something_else(aws: Bundle, result: Any) -> None:
    assert row(on_aws(aws, result), "s3:GetObject").second is None


@pytest.mark.parametrize(
    ("state", "second"), [("CAN_ACCESS", "allowed"), ("CANNOT_ACCESS", "denied"), (None, "unknown")]
)
def test_policy_troubleshooter(gcp: Bundle, state: str | None, second: str) -> None:
    gcp.target(
        gcp={"provider": gcp.GCP_PROVIDER, "service_account": gcp.SERVICE_ACCOUNT, "gcs_bucket": "llama-weights"}
    )
    for name in ("bucket", "project", "folder", "organization"):
        gcp.write(f"gcp/{name}-policy.json", {"bindings": [LEGACY] if name == "bucket" else [], "etag": "x"})
    asked = {
        "principal": gcp.SERVICE_ACCOUNT,
        "fullResourceName": "//storage.googleapis.com/projects/_/buckets/llama-weights",
        "permission": "storage.objects.get",
    }
    other = {"accessTuple": asked | {"principal": "somebody@example.com"}, "overallAccessState": "CAN_ACCESS"}
    rows = [other, {"accessTuple": asked, "overallAccessState": state}]
    found = row(gcp.write("gcp/troubleshooting.json", {"answers": rows}).ask(), "storage.objects.get")
    assert found.second is not None
    assert (found.decision, found.second.decision) == ("denied", second)
