"""The documents of a set-up on AWS: the OIDC provider, the role's trust policy, and the role's own policy.

Baseten, OIDC: subject patterns, and the calls for ECR and S3. Its script registers no client ID, grants every
repository of the account, and leaves the trust policy of a role that exists as it was; this set-up does not.
Service Authorization Reference: `ecr:GetAuthorizationToken` has no resource. IAM User Guide: no thumbprint is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.setup.wanted import AUDIENCE, TYPES

if TYPE_CHECKING:
    from oidc_doctor.setup.wanted import AwsWanted, Workload

POLICY_NAME = "BasetenAccess"
PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def subject_patterns(workload: Workload) -> list[str]:
    """Return the subject patterns, in Baseten's own forms: `*` in IAM crosses colons."""
    start = f"v=1:org={workload.org}:team={workload.team}:"
    start += f"model={workload.model}:" if workload.model else ""
    if workload.environment:
        start += f"*:environment={workload.environment}:"
    if workload.types == TYPES:
        return [start + "*"]
    between = "" if workload.environment else "*:"
    return [f"{start}{between}type={name}" for name in workload.types]


def trust_policy(wanted: AwsWanted) -> dict[str, Any]:
    """Return the trust policy of the role."""
    patterns = subject_patterns(wanted.workload)
    statement = {
        "Sid": "BasetenWorkload",
        "Effect": "Allow",
        "Principal": {"Federated": wanted.provider_arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {f"{AUDIENCE}:aud": AUDIENCE},
            "StringLike": {f"{AUDIENCE}:sub": patterns[0] if len(patterns) == 1 else patterns},
        },
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def role_policy(wanted: AwsWanted) -> dict[str, Any] | None:
    """Return the role's permissions; None without a bucket or repository."""
    statements: list[dict[str, Any]] = []
    if wanted.repository_arn:
        statements += [
            _allow("EcrLogin", ["ecr:GetAuthorizationToken"], "*"),
            _allow("EcrPull", list(PULL), wanted.repository_arn),
        ]
    if wanted.bucket:
        bucket = f"arn:{wanted.partition}:s3:::{wanted.bucket}"
        statements += [_allow("S3List", ["s3:ListBucket"], bucket), _allow("S3Read", ["s3:GetObject"], f"{bucket}/*")]
    if wanted.kms_key:
        statements.append(_allow("KmsRead", ["kms:Decrypt"], wanted.kms_key))
    return {"Version": "2012-10-17", "Statement": statements} if statements else None


def repository_policy(wanted: AwsWanted) -> dict[str, Any] | None:
    """Return the statement that the owner of a repository in another account has to add; None for the same account."""
    arn = wanted.repository_arn
    if arn is None or arn.split(":")[4] == wanted.account:
        return None
    statement = {"Sid": "BasetenPull", "Effect": "Allow", "Principal": {"AWS": wanted.role_arn}, "Action": list(PULL)}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _allow(sid: str, actions: list[str], resource: str) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": actions[0] if len(actions) == 1 else actions,
        "Resource": resource,
    }


def files(wanted: AwsWanted) -> dict[str, Any]:
    """Return the set-up as bundle files: the AWS CLI's output after the set-up."""
    policy = role_policy(wanted)
    role: dict[str, Any] = {
        "Path": "/",
        "RoleName": wanted.role_name,
        "RoleId": "AROAEXAMPLEEXAMPLE000",
        "Arn": wanted.role_arn,
        "CreateDate": "2026-01-01T00:00:00+00:00",
        "AssumeRolePolicyDocument": trust_policy(wanted),
        "MaxSessionDuration": wanted.max_session_duration or 3600,
    }
    documents: dict[str, Any] = {
        "aws/role.json": {"Role": role},
        "aws/oidc-provider.json": {
            "Arn": wanted.provider_arn,
            "Url": AUDIENCE,
            "ClientIDList": [AUDIENCE],
            "ThumbprintList": [],
        },
        "aws/role-policy-list.json": {"PolicyNames": [POLICY_NAME] if policy else []},
        "aws/attached-policies.json": {"AttachedPolicies": []},
    }
    if policy:
        documents[f"aws/role-policies/{POLICY_NAME}.json"] = {
            "RoleName": wanted.role_name,
            "PolicyName": POLICY_NAME,
            "PolicyDocument": policy,
        }
    of_repository = repository_policy(wanted)
    if of_repository:
        name = str(wanted.repository_arn).partition(":repository/")[2]
        documents["aws/repository-policy.json"] = {"repositoryName": name, "policyText": of_repository}
    if wanted.kms_key:
        documents |= _key_files(wanted)
    return documents


def _key_files(wanted: AwsWanted) -> dict[str, Any]:
    """Return the bucket's encryption, and a key policy that allows the role."""
    owner = str(wanted.kms_key).split(":")[4]
    allow: dict[str, Any] = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
    own = f"arn:{wanted.partition}:iam::{owner}:root" if owner == wanted.account else wanted.role_arn
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": wanted.kms_key}}
    return {
        "aws/bucket-encryption.json": {"ServerSideEncryptionConfiguration": {"Rules": [default]}},
        "aws/key-policy.json": {"Version": "2012-10-17", "Statement": [allow | {"Principal": {"AWS": own}}]},
    }


def target(wanted: AwsWanted) -> dict[str, str]:
    """Return the workload's request and needs, as in oidc-doctor.toml."""
    values = {"role_arn": wanted.role_arn, "role_session_name": "baseten", "region": wanted.region}
    values |= {"s3_bucket": wanted.bucket, "ecr_repository": wanted.repository_arn}
    return {name: value for name, value in values.items() if value}


def other_calls(wanted: AwsWanted) -> list[tuple[str, str]]:
    """Return calls that the role must not be allowed: other resources, wider ones and other actions than its own."""
    partition = wanted.partition
    calls = [("s3:ListAllMyBuckets", "*"), ("iam:PassRole", "*"), ("sts:AssumeRole", wanted.role_arn)]
    if wanted.bucket:
        bucket = f"arn:{partition}:s3:::{wanted.bucket}"
        calls += [("s3:PutObject", f"{bucket}/a"), ("s3:DeleteObject", f"{bucket}/a"), ("s3:PutBucketPolicy", bucket)]
        calls += [("s3:GetObject", f"{bucket}-2/a"), ("s3:ListBucket", f"{bucket}-2"), ("s3:ListBucket", bucket[:-1])]
    else:
        calls += [("s3:GetObject", f"arn:{partition}:s3:::any/a"), ("s3:ListBucket", f"arn:{partition}:s3:::any")]
    arn = wanted.repository_arn
    other = f"{arn}-2" if arn else f"arn:{partition}:ecr:us-east-1:{wanted.account}:repository/any"
    calls += [("ecr:BatchGetImage", other), ("ecr:PutImage", arn or other), ("ecr:DeleteRepository", arn or other)]
    if not arn:
        calls.append(("ecr:GetAuthorizationToken", "*"))
    key = wanted.kms_key
    calls.append(("kms:Decrypt", f"{key}0" if key else f"arn:{partition}:kms:us-east-1:{wanted.account}:key/any"))
    return [*calls, ("kms:Encrypt", key or f"arn:{partition}:kms:us-east-1:{wanted.account}:key/any")]
