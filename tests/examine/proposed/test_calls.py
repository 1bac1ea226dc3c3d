"""Which calls of the session a changed policy allows or denies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evidence import Bundle
from evidence.changes import proposed_of, saved
from oidc_doctor.examine.proposed.lay import ChangeError

READS = ("s3:GetObject", "s3:ListBucket")
ARNS = ("arn:aws:s3:::weights", "arn:aws:s3:::weights/*")


def policy(*actions: str, resources: tuple[str, ...] = ARNS) -> dict[str, Any]:
    """A policy of the role, as aws iam get-role-policy prints it."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return {
        "RoleName": "ModelWeights",
        "PolicyName": "Read",
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }


@pytest.fixture
def reader(aws: Bundle) -> Bundle:
    """A role that may read its bucket, whose policies were all read."""
    aws.sends(s3_bucket="weights").not_found("aws/bucket-policy.json", "aws/bucket-encryption.json")
    aws.write("aws/role-policies/Read.json", policy(*READS))
    aws.write("aws/role-policy-list.json", {"PolicyNames": ["Read"]})
    return aws.write("aws/attached-policies.json", {"AttachedPolicies": []})


def calls(answer: Any) -> dict[str, str]:
    """The effect on each call."""
    return {row.action: row.effect for row in answer.accesses}


def test_a_policy_without_a_call(reader: Bundle, tmp_path: Path) -> None:
    answer = proposed_of(reader, saved(tmp_path, "read.json", policy("s3:GetObject")))
    assert calls(answer) == {"s3:GetObject": "keeps", "s3:ListBucket": "loses"}
    assert answer.exit_code == 1
    assert answer.headline == "With read.json: s3:ListBucket is denied afterwards."
    assert answer.workloads == []
    assert "the exchange is decided as before" in answer.notes[0]


def test_a_policy_with_a_further_call(reader: Bundle, tmp_path: Path) -> None:
    reader.write("aws/role-policies/Read.json", policy("s3:GetObject"))
    answer = proposed_of(reader, saved(tmp_path, "read.json", policy(*READS)))
    assert calls(answer) == {"s3:ListBucket": "gains", "s3:GetObject": "keeps"}
    assert answer.exit_code == 0


def test_a_policy_document_alone_is_one_of_the_role(reader: Bundle, tmp_path: Path) -> None:
    document = policy("s3:GetObject")["PolicyDocument"]
    answer = proposed_of(reader, saved(tmp_path, "Read.json", document))
    assert calls(answer)["s3:ListBucket"] == "loses"
    assert answer.documents[0].what == "the role policy Read"


def test_a_further_policy(reader: Bundle, tmp_path: Path) -> None:
    reader.write("aws/role-policies/Read.json", policy("s3:GetObject"))
    answer = proposed_of(reader, saved(tmp_path, "list.json", policy("s3:ListBucket") | {"PolicyName": "List"}))
    assert calls(answer) == {"s3:ListBucket": "gains", "s3:GetObject": "keeps"}
    assert answer.documents[0].state == "new"


def test_a_bucket_policy_that_denies(reader: Bundle, tmp_path: Path) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::weights/*"}
    bucket = {"Version": "2012-10-17", "Statement": [statement]}
    answer = proposed_of(reader, saved(tmp_path, "bucket-policy.json", bucket))
    assert calls(answer) == {"s3:GetObject": "loses", "s3:ListBucket": "keeps"}
    assert answer.accesses[0].at.endswith("bucket-policy.json:4")


def test_policies_that_were_not_read_leave_a_call_open(reader: Bundle, tmp_path: Path) -> None:
    reader.remove("aws/attached-policies.json")
    answer = proposed_of(reader, saved(tmp_path, "read.json", policy("s3:GetObject")))
    assert calls(answer)["s3:ListBucket"] == "unknown"
    assert answer.exit_code == 3


def test_a_refused_call_of_the_logs(reader: Bundle, tmp_path: Path) -> None:
    session = {
        "type": "AssumedRole",
        "accessKeyId": "ASIAEXAMPLEEXAMPLE00",
        "sessionContext": {
            "sessionIssuer": {"arn": Bundle.ROLE_ARN},
            "webIdFederationData": {"federatedProvider": Bundle.PROVIDER_ARN, "attributes": {}},
        },
    }
    denied = reader.event(
        event_id="denied",
        userIdentity=session,
        eventSource="s3.amazonaws.com",
        eventName="PutObject",
        errorMessage="Access Denied",
        resources=[{"ARN": "arn:aws:s3:::weights/a"}],
    )
    reader.cloudtrail([reader.accepted_event(), denied])
    answer = proposed_of(reader, saved(tmp_path, "read.json", policy(*READS, "s3:PutObject")))
    assert [(row.action, row.effect, row.refused) for row in answer.accesses if row.refused] == [
        ("s3:PutObject", "gains", 1)
    ]


def test_a_policy_that_may_be_any_is_refused(reader: Bundle, tmp_path: Path) -> None:
    document = policy("s3:GetObject")["PolicyDocument"]
    message = "has no PolicyName, and the role's policies that were read are Read; name the file like"
    with pytest.raises(ChangeError, match=message):
        proposed_of(reader, saved(tmp_path, "changed.json", document))


def test_the_deciding_statement_is_that_of_the_change(reader: Bundle, tmp_path: Path) -> None:
    reader.write("aws/role-policies/Read.json", policy("s3:GetObject"))
    change = saved(tmp_path, "read.json", policy(*READS))
    answer = proposed_of(reader, change)
    assert {row.at.startswith(str(change)) for row in answer.accesses if row.effect == "keeps"} == {True}
