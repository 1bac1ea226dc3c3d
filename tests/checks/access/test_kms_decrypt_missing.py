"""kms-decrypt-missing: the role on AWS, the service agent on Google Cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle

KEY = "arn:aws:kms:us-east-1:210987654321:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BUCKET = "arn:aws:s3:::llama-weights"


def encrypted(aws: Bundle, *actions: str) -> Bundle:
    """The role reads a bucket, and has these permissions on its key, whose policy delegates to the account."""
    aws.target(aws={"role_arn": aws.ROLE_ARN, "s3_bucket": "llama-weights", "region": "us-east-1"})
    reads = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": [BUCKET, f"{BUCKET}/*"]}
    keys = [{"Effect": "Allow", "Action": list(actions), "Resource": KEY}] if actions else []
    policy = {"Version": "2012-10-17", "Statement": [reads, *keys]}
    answer = {"RoleName": "ModelWeights", "PolicyName": "Weights", "PolicyDocument": policy}
    aws.write("aws/role-policies/Weights.json", answer)
    aws.write("aws/role-policy-list.json", {"PolicyNames": ["Weights"]})
    aws.write("aws/attached-policies.json", {"AttachedPolicies": []})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}}
    aws.write("aws/bucket-encryption.json", {"ServerSideEncryptionConfiguration": {"Rules": [rule]}})
    root = {"AWS": "arn:aws:iam::210987654321:root"}
    delegates = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    aws.write("aws/key-policy.json", {"Version": "2012-10-17", "Statement": [delegates]})
    return aws.manifest([{"path": "aws/bucket-policy.json", "call": "get", "outcome": "not_found"}])


def test_a_role_without_decrypt(aws: Bundle) -> None:
    cause = encrypted(aws).ask().first
    assert (cause.name, cause.confidence) == ("kms-decrypt-missing", "predicted")
    assert "the role ModelWeights is not allowed kms:Decrypt" in cause.summary
    assert any("no grant of the key" in text for text in aws.ask().report.exchanges[0].assumed)


def test_a_role_with_it(aws: Bundle) -> None:
    assert encrypted(aws, "kms:Decrypt").ask().names == []


def test_the_service_agent_on_google(gcp: Bundle) -> None:
    words = (
        "Permission denied on Cloud KMS key. Please ensure that your Cloud Storage service account has been authorized"
    )
    cause = gcp.error(f"googleapi: Error 403: {words} authorized to use this key., forbidden").ask().first
    assert (cause.name, cause.step, cause.confidence) == ("kms-decrypt-missing", "permission", "proven")
    assert "service agent" in cause.fix
