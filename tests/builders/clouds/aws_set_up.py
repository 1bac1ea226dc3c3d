"""A role that trusts the issuer, made in moto with the real client, and the events of its exchanges."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clouds.aws import REGION, Cloud

if TYPE_CHECKING:
    from clouds.issuer import Site

ACCOUNT = "123456789012"  # moto's
SUBJECT = "job:blue:7"
AUDIENCE = "sts.amazonaws.com"
TRUSS = """
weights:
  - source: s3://weights/model
    auth: {{auth_method: AWS_OIDC, aws_oidc_role_arn: '{role}', aws_oidc_region: us-east-1}}
base_image:
  image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/images:1
  docker_auth: {{auth_method: AWS_OIDC, aws_oidc_role_arn: '{role}', aws_oidc_region: us-east-1}}
"""


@dataclass
class AwsSetUp:
    """A role that trusts the issuer, with the claims that its exchanges carry."""

    role: str
    provider: str
    issuer: str
    subject: str = SUBJECT
    audience: str = AUDIENCE


def make_role(cloud: Cloud, site: Site, *, pattern: str = "job:blue:*", rich: bool = False) -> AwsSetUp:
    """Make the provider and the role; where `rich`, also every kind of policy, a bucket, a key and a repository."""
    import boto3

    issuer = site.issuer
    iam = boto3.client("iam", REGION)
    arn = iam.create_open_id_connect_provider(Url=issuer, ClientIDList=[AUDIENCE], ThumbprintList=[site.thumbprint])[
        "OpenIDConnectProviderArn"
    ]
    key = issuer.removeprefix("https://")
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{key}:aud": AUDIENCE}, "StringLike": {f"{key}:sub": pattern}},
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="Weights", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    if rich:
        allowed = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        managed = iam.create_policy(PolicyName="Read", PolicyDocument=policy)["Policy"]["Arn"]
        iam.attach_role_policy(RoleName="Weights", PolicyArn=managed)
        iam.put_role_policy(RoleName="Weights", PolicyName="inline", PolicyDocument=policy)
        iam.put_role_permissions_boundary(RoleName="Weights", PermissionsBoundary=managed)
        _resources(boto3)
    cloud.calls.clear()
    cloud.times.clear()
    return AwsSetUp(role, arn, issuer)


def _resources(boto3: Any) -> None:
    key = boto3.client("kms", REGION).create_key()["KeyMetadata"]["Arn"]
    s3 = boto3.client("s3", REGION)
    s3.create_bucket(Bucket="weights")
    denial = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::weights/secret/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    s3.put_bucket_policy(Bucket="weights", Policy=document)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    s3.put_bucket_encryption(Bucket="weights", ServerSideEncryptionConfiguration=rules)
    ecr = boto3.client("ecr", REGION)
    ecr.create_repository(repositoryName="images")
    anybody = {"Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage"]}
    text = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
    ecr.set_repository_policy(repositoryName="images", policyText=text)


def exchange_event(set_up: AwsSetUp, number: int, *, error: str | None = None, region: str = REGION) -> dict[str, Any]:
    """An AssumeRoleWithWebIdentity as LookupEvents returns it."""
    moment = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=number + 1)
    at = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    record: dict[str, Any] = {
        "eventID": f"event-{region}-{number}",
        "eventName": "AssumeRoleWithWebIdentity",
        "eventSource": "sts.amazonaws.com",
        "eventTime": at,
        "awsRegion": region,
        "userIdentity": {
            "type": "WebIdentityUser",
            "principalId": f"{set_up.provider}:{set_up.audience}:{set_up.subject}",
            "userName": set_up.subject,
            "identityProvider": set_up.provider,
        },
        "requestParameters": {"roleArn": set_up.role, "roleSessionName": "weights"},
        "responseElements": None if error else {"credentials": {"accessKeyId": "ASIAEXAMPLE"}},
    }
    if error:
        record |= {"errorCode": error, "errorMessage": "An unknown error occurred"}
    return {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "EventTime": moment.timestamp(),
        "Resources": [{"ResourceType": "AWS::IAM::Role", "ResourceName": set_up.role}],
        "CloudTrailEvent": json.dumps(record),
    }


def put_trail(set_up: AwsSetUp) -> None:
    """A trail's bucket in both layouts, with a file of today and one of long ago."""
    import boto3

    s3 = boto3.client("s3", "us-east-1")
    now = dt.datetime.now(dt.UTC)
    for owner, number in (("123456789012", 1), ("o-abcdef1234/123456789012", 2)):
        for day, which in ((now, number), (now - dt.timedelta(days=30), number + 10)):
            record = json.loads(exchange_event(set_up, which)["CloudTrailEvent"])
            name = f"123456789012_CloudTrail_us-east-1_{day:%Y%m%dT%H%MZ}_{'a' * 16}.json.gz"
            key = f"logs/AWSLogs/{owner}/CloudTrail/us-east-1/{day:%Y/%m/%d}/{number}{name}"
            s3.put_object(Bucket="weights", Key=key, Body=gzip.compress(json.dumps({"Records": [record]}).encode()))


def unsigned_token(set_up: AwsSetUp, **more: Any) -> str:
    """A compact JWT whose signature is not checked."""
    now = int(time.time())
    claims = {"iss": set_up.issuer, "sub": SUBJECT, "aud": AUDIENCE, "iat": now, "exp": now + 600, "canary": "c4n4ry"}
    parts = [{"alg": "RS256", "kid": "1"}, claims | more]
    text = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    signature = base64.urlsafe_b64encode(os.urandom(256)).rstrip(b"=").decode()
    return ".".join([*text, signature])
