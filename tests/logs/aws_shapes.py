"""Single records as CloudTrail writes them.

Shapes: the published trail files of invictus-ir/aws_dataset and the CloudTrail user guide (cloudtrail-integration).
"""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

from log_shapes import Json, address, event_id, key_id, letters, stamp

BOTO = (
    "Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux#6.8.0-1031-aws md/arch#x86_64 lang/python#3.11.9 "
    "md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.44.5"
)
TERRAFORM = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.13.4 (+https://www.terraform.io) terraform-provider-aws/6.21.0 "
    "(+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.41.2 ua/2.1 os/linux lang/go#1.24.9 "
    "md/GOOS#linux md/GOARCH#amd64 api/iam#1.49.0"
)
GO_SDK = "aws-sdk-go-v2/1.41.2 ua/2.1 os/linux lang/go#1.25.3 md/GOOS#linux md/GOARCH#amd64 api/sts#1.41.5"


def role_id(arn: str) -> str:
    """The unique id of a role, always the same for one ARN."""
    return key_id(Random(arn), "AROA")


def assumed_role(rng: Random, account: str, role: str, session: str, at: float) -> Json:
    """A userIdentity of a role's session."""
    unique = role_id(f"arn:aws:iam::{account}:role/{role}")
    return {
        "type": "AssumedRole",
        "principalId": f"{unique}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
        "accountId": account,
        "accessKeyId": key_id(rng),
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": unique,
                "arn": f"arn:aws:iam::{account}:role/{role}",
                "accountId": account,
                "userName": role,
            },
            "attributes": {"creationDate": stamp(at - 180), "mfaAuthenticated": "false"},
        },
    }


def aws_record(rng: Random, at: float, service: str, name: str, identity: Json, account: str, **members: Any) -> Json:
    """A management event; a member given as `...` is left out."""
    base: Json = {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": stamp(at),
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": address(rng),
        "userAgent": BOTO,
        "errorCode": ...,
        "errorMessage": ...,
        "requestParameters": None,
        "responseElements": None,
        "additionalEventData": ...,
        "requestID": event_id(rng),
        "eventID": event_id(rng),
        "readOnly": name.startswith(("Get", "List", "Describe", "Assume", "Lookup", "Batch")),
        "resources": ...,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    } | members
    return {name: value for name, value in base.items() if value is not ...}


def tls(host: str) -> Json:
    """The tlsDetails of a call to this host."""
    return {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": host}


def web_identity(
    rng: Random,
    at: float,
    provider: str,
    audience: str,
    subject: str,
    role: str,
    *,
    accepted: bool,
    region: str = "us-east-1",
    global_endpoint: bool = False,
    duration: int | None = None,
    session: str = "",
    caller: str = "",
    agent: str = GO_SDK,
) -> Json:
    """AssumeRoleWithWebIdentity; `provider` and `role` are ARNs. A refused one is refused by the trust policy."""
    account, name = role.split(":")[4], role.rpartition("/")[2]
    session = session or str(int(at * 1_000_000_000) + rng.randrange(10**9))
    region = "us-east-1" if global_endpoint else region
    request: Json = {"roleArn": role, "roleSessionName": session}
    if duration is not None:
        request["durationSeconds"] = duration
    members: Json = {}
    if accepted:
        until = datetime.fromtimestamp(at + (duration or 3600), UTC)
        members["responseElements"] = {
            "credentials": {
                "accessKeyId": key_id(rng),
                "sessionToken": "IQoJb3JpZ2luX2Vj" + letters(rng, 24) + "EXAMPLE",
                "expiration": f"{until:%b} {until.day}, {until.year}, {until.hour % 12 or 12}:{until:%M:%S %p}",
            },
            "subjectFromWebIdentityToken": subject,
            "assumedRoleUser": {
                "assumedRoleId": f"{role_id(role)}:{session}",
                "arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
            },
            "provider": provider,
            "audience": audience,
        }
        members["additionalEventData"] = {
            "identityProviderConnectionVerificationMethod": "IAMTrustStore",
            "RequestDetails": {"endpointType": "global" if global_endpoint else "regional", "awsServingRegion": region},
        }
    else:
        members |= {"errorCode": "AccessDenied", "errorMessage": "An unknown error occurred"}
    identity = {
        "type": "WebIdentityUser",
        "principalId": f"{provider}:{audience}:{subject}",
        "userName": subject,
        "identityProvider": provider,
    }
    members |= {
        "awsRegion": region,
        "userAgent": agent,
        "requestParameters": request,
        "resources": [{"accountId": account, "type": "AWS::IAM::Role", "ARN": role}],
        "tlsDetails": tls("sts.amazonaws.com" if global_endpoint else f"sts.{region}.amazonaws.com"),
    }
    if caller:
        members["sourceIPAddress"] = caller
    return aws_record(rng, at, "sts", "AssumeRoleWithWebIdentity", identity, account, **members)


def session_event(rng: Random, at: float, opened: Json, service: str, name: str, **members: Any) -> Json:
    """What the session of an accepted `web_identity` did; tied to it by accessKeyId and webIdFederationData."""
    response, account = opened["responseElements"], opened["recipientAccountId"]
    unique, _, session = response["assumedRoleUser"]["assumedRoleId"].partition(":")
    role = opened["requestParameters"]["roleArn"]
    identity = {
        "type": "AssumedRole",
        "principalId": f"{unique}:{session}",
        "arn": response["assumedRoleUser"]["arn"],
        "accountId": account,
        "accessKeyId": response["credentials"]["accessKeyId"],
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": unique,
                "arn": role,
                "accountId": account,
                "userName": role.rpartition("/")[2],
            },
            "webIdFederationData": {"federatedProvider": response["provider"], "attributes": {}},
            "attributes": {"creationDate": opened["eventTime"], "mfaAuthenticated": "false"},
        },
    }
    base = {"awsRegion": opened["awsRegion"], "sourceIPAddress": opened["sourceIPAddress"]}
    return aws_record(rng, at, service, name, identity, account, **(base | members))


def iam_write(rng: Random, at: float, account: str, by: str, name: str, request: Json | None, **members: Any) -> Json:
    """An IAM write by a session `ROLE/SESSION`. IAM is global: its events are in us-east-1."""
    role, _, session = by.partition("/")
    base = {
        "requestParameters": request,
        "userAgent": TERRAFORM,
        "sourceIPAddress": "198.51.100.24",
        "readOnly": False,
        "tlsDetails": tls("iam.amazonaws.com"),
    }
    return aws_record(rng, at, "iam", name, assumed_role(rng, account, role, session, at), account, **(base | members))
