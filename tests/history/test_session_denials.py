"""Refused calls of sessions: they join the exchange of the same session, in the causes and in the timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from evidence.timed import clock, of_aws
from oidc_doctor.report.parts.sentences import verdict
from oidc_doctor.report.text import render_text

if TYPE_CHECKING:
    from evidence import Bundle

OBJECT = "arn:aws:s3:::llama-weights/shard-1"


def key(number: int) -> str:
    return f"ASIAEXAMPLEEXAMP{number:04}"


def session(aws: Bundle, hour: int, number: int, subject: str = "") -> dict[str, Any]:
    """An accepted exchange whose session has this number."""
    told = {"subject": subject} if subject else {}
    event = aws.accepted_event(event_id=f"given-{number}", at=clock(hour, number // 100), **told)
    event["responseElements"]["credentials"]["accessKeyId"] = key(number)
    return event


def refused(aws: Bundle, hour: int, number: int, message: str = "Access Denied", **changes: Any) -> dict[str, Any]:
    record = {
        "eventID": f"refused-{number}",
        "eventTime": clock(hour, 30),
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "awsRegion": "us-east-1",
        "errorCode": "AccessDenied",
        "errorMessage": message,
        "resources": [{"ARN": OBJECT}],
        "userIdentity": {
            "type": "AssumedRole",
            "accessKeyId": key(number),
            "sessionContext": {
                "sessionIssuer": {"arn": aws.ROLE_ARN},
                "webIdFederationData": {"federatedProvider": aws.PROVIDER_ARN, "attributes": {}},
            },
        },
    }
    return record | changes


def other(aws: Bundle) -> str:
    return aws.SUBJECT.replace("mWq41ZpK", "zRt88LmN")


def both(aws: Bundle) -> Bundle:
    """Two workloads share the role, and the sessions of the second are refused."""
    own = [session(aws, hour, hour) for hour in range(2, 12)]
    others = [session(aws, hour, 100 + hour, other(aws)) for hour in range(2, 12)]
    return aws.cloudtrail([*own, *others, *(refused(aws, hour, 100 + hour) for hour in range(8, 12))])


def test_the_workload_whose_session_was_refused(aws: Bundle) -> None:
    answer = both(aws).remove("token.jwt").ask()
    exchange = answer.exchange()
    assert exchange.subject == other(aws)
    sign, sentence = verdict(answer.report, exchange)
    assert sign == "✗"
    assert sentence.startswith("AWS denied a call after the exchange, GetObject (s3.amazonaws.com, 4 times)")
    assert answer.first.session["subject"] == other(aws)


def test_another_workloads_session_is_not_this_tokens(aws: Bundle) -> None:
    answer = both(aws).ask()
    assert verdict(answer.report, answer.exchange())[0] == "✓"
    assert answer.causes == []
    (calls,) = [entry for entry in answer.report.timeline if entry["kind"] == "calls"]
    assert (calls["subject"], calls["count"], calls["outcome"]) == (other(aws), 4, "refused")
    text = " ".join(render_text(answer.report, width=120, color=False).split())
    assert "✗ 4 refused after the exchange: GetObject, of v=1:org=Org8Kd2P" in text


def test_the_same_call_of_two_workloads_is_counted_apart(aws: Bundle) -> None:
    both(aws)
    own = [session(aws, hour, hour) for hour in range(2, 12)]
    others = [session(aws, hour, 100 + hour, other(aws)) for hour in range(2, 12)]
    calls = [
        *(refused(aws, hour, hour) for hour in range(5, 8)),
        *(refused(aws, hour, 100 + hour) for hour in range(8, 12)),
    ]
    answer = aws.cloudtrail([*own, *others, *calls]).ask()
    assert answer.first.session["count"] == 3
    assert answer.first.session["subject"] == aws.SUBJECT
    counts = {entry["subject"]: entry["count"] for entry in answer.report.timeline if entry["kind"] == "calls"}
    assert counts == {aws.SUBJECT: 3, other(aws): 4}


def test_a_later_deployment_of_a_workload_is_the_same_one(aws: Bundle) -> None:
    """Its earlier deployment's sessions were refused."""
    earlier = aws.SUBJECT.replace("deployment=4be1c07", "deployment=0aa0a00")
    records = [session(aws, 2, 2, earlier), refused(aws, 3, 2), session(aws, 4, 4)]
    answer = aws.cloudtrail(records).ask()
    assert answer.first.session["subject"] == earlier
    assert verdict(answer.report, answer.exchange())[0] == "✗"


def test_a_session_without_a_logged_exchange_names_no_workload(aws: Bundle) -> None:
    report = aws.cloudtrail([session(aws, 2, 2), refused(aws, 9, 77)]).report()
    (calls,) = [entry for entry in report.timeline if entry["kind"] == "calls"]
    assert calls["subject"] is None
    assert "of a session that no logged exchange issued" in calls["text"]


@pytest.mark.parametrize("bucket", ["llama-weights", "another"])
def test_the_write_of_what_was_refused_is_named(aws: Bundle, bucket: str) -> None:
    """The target names no bucket: the refused call does."""
    put = of_aws(aws, "PutBucketPolicy", clock(7), bucketName=bucket, bucketPolicy={}) | {
        "eventSource": "s3.amazonaws.com"
    }
    answer = aws.cloudtrail([session(aws, 2, 2), put, refused(aws, 9, 2)]).ask()
    boundary = answer.first.boundary
    assert boundary is not None
    is_own = bucket == "llama-weights"
    assert [change["what"] for change in boundary["changes"]] == ["PutBucketPolicy"] * is_own
    assert ("The last write" in boundary["note"]) is is_own
    assert ("PutBucketPolicy" in [entry.get("what") for entry in answer.report.timeline]) is is_own


def test_the_write_of_a_bucket_of_google_is_named(gcp: Bundle) -> None:
    principal = f"principal://iam.googleapis.com/{gcp.POOL}/subject/{gcp.SUBJECT}"
    base = {"serviceName": "storage.googleapis.com", "metadata": {}}
    delegated = {
        "principalEmail": gcp.SERVICE_ACCOUNT,
        "serviceAccountDelegationInfo": [{"principalSubject": principal}],
    }
    written = gcp.log_entry(
        base
        | {
            "methodName": "storage.setIamPermissions",
            "resourceName": "projects/_/buckets/weights",
            "authenticationInfo": {"principalEmail": "alice@example.com"},
        },
        at=clock(8),
        insert_id="written",
    )
    denied = gcp.log_entry(
        base
        | {
            "methodName": "storage.objects.get",
            "resourceName": "projects/_/buckets/weights/objects/a",
            "authenticationInfo": delegated,
            "status": {"code": 7, "message": "PERMISSION_DENIED"},
        },
        at=clock(9),
        insert_id="denied",
    )
    answer = gcp.gcp_logs([gcp.log_entry(at=clock(7)), written, denied]).ask()
    boundary = answer.first.boundary
    assert boundary is not None
    assert boundary["changes"][0]["event_id"] == "written"
    assert "SetIamPolicy by alice@example.com, 2026-11-22T08:00:00Z" in boundary["note"]
    kinds = {entry["kind"]: entry for entry in answer.report.timeline}
    assert (kinds["calls"]["subject"], kinds["change"]["event_id"]) == (gcp.SUBJECT, "written")


def test_the_principal_of_another_workload_is_not_this_tokens(gcp: Bundle) -> None:
    build = gcp.SUBJECT.replace("model_container", "model_build")
    entries = [gcp.log_entry(at=clock(hour), insert_id=f"own-{hour}") for hour in range(2, 9)]
    entries += [gcp.log_entry(at=clock(hour, 5), insert_id=f"build-{hour}", subject=build) for hour in range(2, 9)]
    for hour in range(6, 9):
        payload = {
            "serviceName": "artifactregistry.googleapis.com",
            "methodName": "google.devtools.artifactregistry.v1.ArtifactRegistry.GetFile",
            "resourceName": "projects/p/locations/us/repositories/images",
            "metadata": {},
            "authenticationInfo": {"principalSubject": f"principal://iam.googleapis.com/{gcp.POOL}/subject/{build}"},
            "status": {"code": 7, "message": "PERMISSION_DENIED"},
        }
        entries.append(gcp.log_entry(payload, at=clock(hour, 6), insert_id=f"denied-{hour}"))
    answer = gcp.gcp_logs(entries).ask()
    assert verdict(answer.report, answer.exchange())[0] == "✓"
    assert answer.causes == []
    answer = gcp.remove("token.jwt").ask()
    assert answer.exchange().subject == build
    assert verdict(answer.report, answer.exchange())[0] == "✗"


DENIAL = (
    "User: arn:aws:sts::210987654321:assumed-role/ModelWeights/w is not authorized to perform: s3:GetObject on "
    f'resource: "{OBJECT}" '
)
ARN = "arn:aws:iam::210987654321:policy/Reader"
BOUNDARY = "arn:aws:iam::210987654321:policy/Limit"


def writes_of_policies(aws: Bundle) -> list[dict[str, Any]]:
    """One of each type, in an order in which those of the role come last."""
    bucket = {"bucketName": "llama-weights", "bucketPolicy": {"Statement": []}}
    return [
        of_aws(aws, "PutBucketPolicy", clock(6, 10), **bucket) | {"eventSource": "s3.amazonaws.com"},
        of_aws(aws, "PutRolePermissionsBoundary", clock(6, 20), roleName="ModelWeights", permissionsBoundary=BOUNDARY),
        of_aws(aws, "AttachRolePolicy", clock(6, 30), roleName="ModelWeights", policyArn=ARN),
        of_aws(aws, "DetachRolePolicy", clock(6, 40), roleName="ModelWeights", policyArn=ARN + "2"),
        of_aws(aws, "PutRolePolicy", clock(6, 50), roleName="ModelWeights", policyName="A", policyDocument="{}"),
        of_aws(aws, "CreatePolicyVersion", clock(6, 55), policyArn=ARN + "9", setAsDefault=True, policyDocument="{}"),
    ]


@pytest.mark.parametrize(("ending", "named"), [
    ("with an explicit deny in a resource-based policy", ["PutBucketPolicy"]),
    ("because no permissions boundary allows the s3:GetObject action", ["PutRolePermissionsBoundary"]),
    ("with an explicit deny in an identity-based policy", ["PutRolePolicy", "AttachRolePolicy"]),
    (f"with an explicit deny in an identity-based policy: {ARN}", ["AttachRolePolicy"]),
    ("because no identity-based policy allows the s3:GetObject action", ["PutRolePolicy", "DetachRolePolicy"]),
    ("with an explicit deny in a service control policy", []),
    ("because no session policy allows the s3:GetObject action", []),
    ("because no VPC endpoint policy allows the s3:GetObject action", []),
])  # fmt: skip
def test_only_writes_of_the_policy_that_the_denial_names(aws: Bundle, ending: str, named: list[str]) -> None:
    """A later write of another type of policy hides none, and is not named."""
    aws.write("aws/attached-policies.json", {"AttachedPolicies": [{"PolicyName": "Reader", "PolicyArn": ARN}]})
    boundary = (
        aws.cloudtrail([session(aws, 2, 2), *writes_of_policies(aws), refused(aws, 9, 2, DENIAL + ending)])
        .ask()
        .first.boundary
    )
    assert boundary is not None
    assert [change["what"] for change in boundary["changes"]] == named
    assert all(f"{name} by arn" in boundary["note"] for name in named)
    assert bool(boundary["note"]) is bool(named)


def test_a_write_of_what_was_there_already_is_not_named(aws: Bundle) -> None:
    bucket = {"bucketName": "llama-weights", "bucketPolicy": {"Statement": []}}
    first, again, other_policy = (
        of_aws(aws, "PutBucketPolicy", clock(hour), **bucket | {"bucketPolicy": {"Statement": statement}})
        | {"eventSource": "s3.amazonaws.com"}
        for hour, statement in ((5, [1]), (6, [1]), (7, [2]))
    )
    denied = refused(aws, 9, 2, DENIAL + "with an explicit deny in a resource-based policy")
    for written, last in (([first, again], first), ([first, again, other_policy], other_policy)):
        boundary = aws.cloudtrail([session(aws, 2, 2), *written, denied]).ask().first.boundary
        assert boundary is not None
        assert f"(event {last['eventID']})" in boundary["note"]
        assert f"(event {again['eventID']})" not in boundary["note"]


def test_the_writes_of_several_policies_of_a_role_are_all_named(aws: Bundle) -> None:
    names = ["A", "B", "A"]
    puts = [
        of_aws(aws, "PutRolePolicy", clock(5 + place), roleName="ModelWeights", policyName=name,
               policyDocument=f'{{"Statement": [{place}]}}')
        for place, name in enumerate(names)
    ]  # fmt: skip
    denied = refused(aws, 9, 2, DENIAL + "because no identity-based policy allows the s3:GetObject action")
    boundary = aws.cloudtrail([session(aws, 2, 2), *puts, denied]).ask().first.boundary
    assert boundary is not None
    assert [change["time"] for change in boundary["changes"]] == [clock(7), clock(6), clock(5)]
    intro, named = boundary["note"].split("the newest first: ")
    assert intro.endswith("The last writes of the role's policies before the first refused call are, ")
    assert [clock(hour) in named for hour in (5, 6, 7)] == [False, True, True]
