"""The permission step on AWS: each call that is asked for, decided on the policies that were read."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.report.parts import sentences

if TYPE_CHECKING:
    from evidence import Answer, Bundle

ACCOUNT = "210987654321"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ModelWeights"
HOST = f"{ACCOUNT}.dkr.ecr.us-west-2.amazonaws.com"
BUCKET = "arn:aws:s3:::llama-weights"
TRUSS = f"""\
base_image:
  image: {HOST}/ml/serve:1.4
  docker_auth:
    auth_method: AWS_OIDC
    aws_oidc_role_arn: {ROLE}
    aws_oidc_region: us-west-2
    registry: {HOST}
weights:
  - source: s3://llama-weights/llama
    mount_location: /models/llama
    auth:
      auth_method: AWS_OIDC
      aws_oidc_role_arn: {ROLE}
      aws_oidc_region: us-west-2
"""
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def allow(actions: Any, resource: Any, /, **members: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **members}


def deny(actions: Any, resource: Any, /, **members: Any) -> dict[str, Any]:
    return allow(actions, resource, **members) | {"Effect": "Deny"}


ECR = allow(["ecr:GetAuthorizationToken", *PULL], "*")
S3 = allow(["s3:GetObject", "s3:ListBucket"], [BUCKET, f"{BUCKET}/*"])


def policy(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def role_with(made: Bundle, *statements: Any, complete: bool = True) -> Bundle:
    """The role with one inline policy; the resources have no policies of their own."""
    made.write("truss/config.yaml", TRUSS)
    if statements:
        answer = {"RoleName": "ModelWeights", "PolicyName": "Access", "PolicyDocument": policy(*statements)}
        made.write("aws/role-policies/Access.json", json.dumps(answer))
    if complete:
        made.write("aws/role-policy-list.json", json.dumps({"PolicyNames": ["Access"] if statements else []}))
        made.write("aws/attached-policies.json", json.dumps({"AttachedPolicies": []}))
    return made


def without_resource_policies(made: Bundle) -> Bundle:
    rows = [
        {"path": path, "call": "get", "outcome": "not_found"}
        for path in ("aws/bucket-policy.json", "aws/repository-policy.json")
    ]
    return made.manifest(rows)


def decisions(answer: Answer) -> dict[str, str]:
    return {row.need.action: row.decision for exchange in answer.report.exchanges for row in exchange.accesses}


def test_everything_is_allowed(aws: Bundle) -> None:
    answer = without_resource_policies(role_with(aws, ECR, S3)).ask()
    assert answer.accepted
    assert set(decisions(answer).values()) == {"allowed"}
    assert len(decisions(answer)) == 5
    assert answer.report.exit_code == 0
    assert any("buckets are in the role's account" in text for text in answer.report.exchanges[0].assumed)


def test_a_resource_policy_that_was_not_read_leaves_the_call_open(aws: Bundle) -> None:
    answer = role_with(aws, ECR, S3).ask()
    assert answer.accepted
    assert decisions(answer)["ecr:GetAuthorizationToken"] == "allowed"
    assert decisions(answer)["s3:GetObject"] == "unknown"


@pytest.mark.parametrize(
    ("statements", "denied", "words"),
    [
        ((ECR,), {"s3:ListBucket", "s3:GetObject"}, "s3:ListBucket and s3:GetObject"),
        ((S3, allow(["ecr:GetAuthorizationToken", PULL[1]], "*")), {PULL[0]}, PULL[0]),
        ((ECR, allow(["s3:GetObject", "s3:ListBucket"], BUCKET)), {"s3:GetObject"}, "names the bucket"),
        ((ECR, allow(["s3:GetObject", "s3:ListBucket"], f"{BUCKET}/*")), {"s3:ListBucket"}, "names the objects"),
        ((ECR, S3 | {"Resource": [BUCKET, f"{BUCKET}/llama"]}), {"s3:GetObject"}, "without `/*`"),
        ((ECR, S3 | {"Resource": [BUCKET, "arn:aws:s3:::s3://llama-weights/*"]}), {"s3:GetObject"}, "s3://"),
        ((ECR, S3 | {"Resource": [BUCKET, "arn:aws:s3:::llama-wieghts/*"]}), {"s3:GetObject"}, "other objects"),
        (
            (S3, allow(["ecr:GetAuthorizationToken", *PULL], f"arn:aws:ecr:us-west-2:{ACCOUNT}:repository/ml/serve")),
            {"ecr:GetAuthorizationToken"},
            "Resource `*`",
        ),
        (
            (S3, allow("ecr:GetAuthorizationToken", "*"), allow(PULL, f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/*")),
            {*PULL},
            "other resources",
        ),
    ],
)
def test_what_no_policy_of_the_role_allows(aws: Bundle, statements: Any, denied: set[str], words: str) -> None:
    answer = without_resource_policies(role_with(aws, *statements)).ask()
    assert {action for action, decision in decisions(answer).items() if decision == "denied"} == denied
    cause = answer.first
    assert (cause.name, cause.confidence) == ("permission-missing", "predicted")
    assert words in cause.summary
    assert answer.report.exchanges[0].prediction == "accepted"
    assert answer.report.exit_code == 1


def test_the_statement_of_the_fix_allows_the_call(aws: Bundle) -> None:
    answer = without_resource_policies(role_with(aws, ECR)).ask()
    (command,) = answer.report.causes[0].named.commands
    words = shlex.split(command)
    assert words[:5] == ["aws", "iam", "put-role-policy", "--role-name", "ModelWeights"]
    added = json.loads(words[words.index("--policy-document") + 1])["Statement"]
    assert {statement["Resource"] for statement in added} == {BUCKET, f"{BUCKET}/llama/*"}
    after = without_resource_policies(role_with(aws, ECR, *added)).ask()
    assert set(decisions(after).values()) == {"allowed"}


def test_the_proven_edit_is_stored_checked_and_undone_by_its_name(aws: Bundle) -> None:
    (fix,) = without_resource_policies(role_with(aws, ECR)).ask().report.fixes
    assert "the token passes after this change" in fix.proof
    verbs = [shlex.split(command)[2] for command in (*fix.commands, *fix.verify, *fix.undo)]
    assert verbs == ["put-role-policy", "get-role-policy", "delete-role-policy"]
    added = json.loads(fix.document)["PolicyDocument"]["Statement"]
    after = without_resource_policies(role_with(aws, ECR, *added)).ask()
    assert set(decisions(after).values()) == {"allowed"}


def test_calls_of_two_services_get_a_policy_each(aws: Bundle) -> None:
    fixes = without_resource_policies(role_with(aws, allow("s3:PutObject", BUCKET))).ask().report.fixes
    assert len({fix.file for fix in fixes}) == len(fixes) == 2
    added = [statement for fix in fixes for statement in json.loads(fix.document)["PolicyDocument"]["Statement"]]
    after = without_resource_policies(role_with(aws, *added)).ask()
    assert set(decisions(after).values()) == {"allowed"}


def test_a_condition_that_fails_is_not_worked_around(aws: Bundle) -> None:
    only_https = {"Bool": {"aws:SecureTransport": "false"}}
    answer = without_resource_policies(role_with(aws, ECR, S3 | {"Condition": only_https})).ask()
    assert answer.first.name == "access-condition-not-met"
    assert answer.report.fixes == []


def test_lists_that_were_not_read_leave_a_missing_permission_open(aws: Bundle) -> None:
    answer = without_resource_policies(role_with(aws, ECR, complete=False)).ask()
    assert answer.accepted
    assert decisions(answer)["s3:GetObject"] == "unknown"
    assert answer.names == []


def test_a_role_without_policies_and_resources_that_were_not_read(aws: Bundle) -> None:
    answer = role_with(aws).ask()
    assert answer.first.name == "permission-missing"
    assert answer.first.confidence == "predicted"  # the registry's login has no resource policy
    assert "suspected" in {cause.confidence for cause in answer.causes}


def test_a_call_that_a_bucket_may_allow_is_never_green(aws: Bundle) -> None:
    answer = role_with(aws, ECR).ask()
    assert answer.first.confidence == "suspected"
    assert answer.report.exit_code == 3
    assert sentences.verdict(answer.report, answer.report.exchanges[0])[0] == "?"


@pytest.mark.parametrize(
    ("path", "document", "name"),
    [
        ("aws/role-policies/Access.json", policy(ECR, S3, deny("s3:*", "*")), "access-denied-by-identity-policy"),
        (
            "aws/bucket-policy.json",
            {"Policy": json.dumps(policy(deny("s3:*", f"{BUCKET}/*", Principal="*")))},
            "access-denied-by-resource-policy",
        ),
        (
            "aws/repository-policy.json",
            {"policyText": json.dumps(policy({"Effect": "Deny", "Principal": {"AWS": ROLE}, "Action": "ecr:*"}))},
            "access-denied-by-resource-policy",
        ),
        ("aws/boundary.json", {"PolicyVersion": {"Document": policy(ECR)}}, "access-denied-by-boundary"),
    ],
)
def test_another_policy_denies(aws: Bundle, path: str, document: dict[str, Any], name: str) -> None:
    made = without_resource_policies(role_with(aws, ECR, S3))
    if "boundary" in path:
        role = json.loads((made.root / "aws/role.json").read_text(encoding="utf-8"))
        role["Role"]["PermissionsBoundary"] = {"PermissionsBoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/Limit"}
        made.write("aws/role.json", json.dumps(role))
    if "role-policies" in path:
        document = {"PolicyName": "Access", "PolicyDocument": document}
    made.write(path, document)
    if "bucket" in path or "repository" in path:
        made.manifest()
    answer = made.ask()
    assert answer.first.name == name
    assert answer.first.confidence == "predicted"
    assert f" {'does not allow' if 'boundary' in path else 'denies'} " in answer.first.summary
    assert "Grant" not in (answer.report.causes[0].named.fix or "")
    assert not answer.report.causes[0].named.commands


def test_a_condition_that_is_not_met_and_one_that_is_not_known(aws: Bundle) -> None:
    plain = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    answer = without_resource_policies(role_with(aws, ECR, S3 | plain)).ask()
    assert answer.first.name == "access-condition-not-met"
    endpoint = {"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}
    answer = without_resource_policies(role_with(aws, ECR, S3 | endpoint)).ask()
    assert answer.names == []
    assert decisions(answer)["s3:GetObject"] == "unknown"


def test_a_sentence_that_names_no_policy_does_not_hide_the_one_that_denies(aws: Bundle) -> None:
    made = role_with(aws, ECR, S3)
    made.write("aws/bucket-policy.json", json.dumps(policy(deny("s3:*", f"{BUCKET}/*", Principal="*"))))
    answer = made.ask(
        error="An error occurred (AccessDenied) when calling the GetObject operation: User: "
        f"arn:aws:sts::{ACCOUNT}:assumed-role/ModelWeights/w is not authorized to perform: s3:GetObject on resource: "
        f'"{BUCKET}/llama/a.bin"'
    )
    assert answer.first.name == "access-denied-by-resource-policy"
    assert "permission-missing" not in answer.names


def test_the_key_of_the_bucket(aws: Bundle) -> None:
    key = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    made = without_resource_policies(role_with(aws, ECR, S3))
    made.write("aws/bucket-encryption.json", json.dumps({"ServerSideEncryptionConfiguration": {"Rules": [rule]}}))
    assert decisions(made.ask())["kms:Decrypt"] == "unknown"
    delegates = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*"}
    made.write("aws/key-policy.json", json.dumps({"Policy": json.dumps(policy(delegates | {"Resource": "*"}))}))
    answer = made.ask()
    assert answer.first.name == "kms-decrypt-missing"
    (fix,) = answer.report.fixes
    assert json.loads(fix.document)["PolicyDocument"]["Statement"] == [allow(["kms:Decrypt"], key)]
    role_with(made, ECR, S3, allow("kms:Decrypt", key))
    assert decisions(made.ask())["kms:Decrypt"] == "allowed"


def test_the_policies_of_another_role_decide_nothing(aws: Bundle) -> None:
    made = without_resource_policies(role_with(aws, ECR, S3))
    answer = {"RoleName": "Another", "PolicyName": "Access", "PolicyDocument": policy(ECR, S3)}
    made.write("aws/role-policies/Access.json", answer)
    assert "allowed" not in decisions(made.ask()).values()
    assert "denied" not in decisions(made.ask()).values()
    made = without_resource_policies(role_with(made, ECR))
    made.remove("aws/role.json")  # the lists may be of another role
    assert "denied" not in decisions(made.ask()).values()


def test_the_policy_of_one_bucket_says_nothing_of_another(aws: Bundle) -> None:
    """A bundle has one bucket policy, and no bucket's name with it."""
    denial = deny("s3:GetObject", f"{BUCKET}/secret/*", Principal="*")
    both = S3 | {"Resource": "*"}
    made = role_with(aws, ECR, both).manifest()
    made.write("aws/bucket-policy.json", {"Policy": json.dumps(policy(denial))})
    assert decisions(made.ask())["s3:GetObject"] == "allowed"
    made.write("truss/config.yaml", TRUSS.replace("s3://llama-weights", "s3://other-weights"))
    assert decisions(made.ask())["s3:GetObject"] == "unknown"


def test_the_policy_of_one_repository_says_nothing_of_another(aws: Bundle) -> None:
    text = json.dumps(policy({"Effect": "Deny", "Principal": "*", "Action": "ecr:*"}))
    made = role_with(aws, ECR, S3).manifest()
    made.write("aws/repository-policy.json", {"repositoryName": "ml/other", "policyText": text})
    assert decisions(made.ask())[PULL[0]] == "unknown"
    made.write("aws/repository-policy.json", {"repositoryName": "ml/serve", "policyText": text})
    assert decisions(made.ask())[PULL[0]] == "denied"


def test_no_command_replaces_a_policy_of_the_role_or_of_another_command(aws: Bundle) -> None:
    made = without_resource_policies(role_with(aws, allow("s3:PutObject", "*")))
    made.write(
        "aws/role-policies/OIDCWorkloadAccess.json",
        {"RoleName": "ModelWeights", "PolicyName": "OIDCWorkloadAccess", "PolicyDocument": policy(deny("sqs:*", "*"))},
    )
    made.write("aws/role-policy-list.json", {"PolicyNames": ["Access", "OIDCWorkloadAccess"]})
    commands = [shlex.split(cause.named.commands[0]) for cause in made.ask().report.causes]
    names = [words[words.index("--policy-name") + 1] for words in commands]
    assert sorted(names) == ["OIDCWorkloadAccess-2", "OIDCWorkloadAccess-3"]


def test_a_boundary_without_the_key_is_the_boundary(aws: Bundle) -> None:
    key = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    made = without_resource_policies(role_with(aws, ECR, S3, allow("kms:Decrypt", key)))
    made.write("aws/bucket-encryption.json", {"ServerSideEncryptionConfiguration": {"Rules": [rule]}})
    delegates = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}
    made.write("aws/key-policy.json", {"Policy": json.dumps(policy(delegates))})
    role = json.loads((made.root / "aws/role.json").read_text(encoding="utf-8"))
    role["Role"]["PermissionsBoundary"] = {"PermissionsBoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/Limit"}
    made.write("aws/role.json", role).write("aws/boundary.json", {"PolicyVersion": {"Document": policy(ECR, S3)}})
    assert made.ask().first.name == "access-denied-by-boundary"


FULL = policy(allow("*", "*"))
SAID = {
    "aws/scps": "whether the service control policy is attached to this account (aws/scps/one.json)",
    "aws/endpoint-policies": "whether the call goes through the VPC endpoint of this policy "
    "(aws/endpoint-policies/one.json)",
}


@pytest.mark.parametrize(
    ("folder", "document", "decision"),
    [
        ("aws/scps", FULL, "allowed"),
        ("aws/scps", policy(deny("s3:*", "*")), "unknown"),
        (
            "aws/scps",
            policy(deny("s3:*", "*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}})),
            "unknown",
        ),
        ("aws/scps", policy(deny("ec2:*", "*")), "allowed"),
        ("aws/scps", policy(allow("ec2:*", "*")), "unknown"),
        ("aws/endpoint-policies", policy(allow("*", "*", Principal="*")), "allowed"),
        ("aws/endpoint-policies", policy(allow("s3:*", "arn:aws:s3:::another/*", Principal="*")), "unknown"),
        ("aws/endpoint-policies", policy(deny("s3:GetObject", "*", Principal="*")), "unknown"),
    ],
)
def test_controls_that_may_not_be_attached(aws: Bundle, folder: str, document: Any, decision: str) -> None:
    made = without_resource_policies(role_with(aws, ECR, S3)).write(f"{folder}/one.json", document)
    answer = made.ask()
    (row,) = [row for row in answer.report.exchanges[0].accesses if row.need.action == "s3:GetObject"]
    assert (row.decision, row.note) == (decision, SAID[folder] if decision == "unknown" else "")
    assert answer.names == []


def test_a_second_control_that_allows(aws: Bundle) -> None:
    made = without_resource_policies(role_with(aws, ECR, S3)).write("aws/scps/one.json", policy(allow("ec2:*", "*")))
    made.write("aws/scps/two.json", FULL)
    assert decisions(made.ask())["s3:GetObject"] == "allowed"


@pytest.mark.parametrize("folder", ["aws/scps", "aws/endpoint-policies", "aws/rcps"])
def test_a_control_that_cannot_be_read(aws: Bundle, folder: str) -> None:
    made = without_resource_policies(role_with(aws, ECR, S3)).write(f"{folder}/one.json", "{")
    assert decisions(made.ask())["s3:GetObject"] == "unknown"


def test_a_condition_on_the_region_is_of_the_service_that_is_called(aws: Bundle) -> None:
    west = {"Condition": {"StringEquals": {"aws:RequestedRegion": "us-west-2"}}}
    answer = without_resource_policies(role_with(aws, ECR | west, S3 | west)).ask()
    assert decisions(answer)["ecr:BatchGetImage"] == decisions(answer)["ecr:GetAuthorizationToken"] == "allowed"
    assert decisions(answer)["s3:GetObject"] == "unknown", "the Region of a bucket is not in its name"


def test_the_owner_of_a_bucket_is_not_known(aws: Bundle) -> None:
    other = deny("s3:*", "*", Condition={"StringNotEquals": {"aws:ResourceAccount": "999900001111"}})
    answer = without_resource_policies(role_with(aws, ECR, S3, other)).ask()
    assert decisions(answer)["s3:GetObject"] == "unknown"
    assert answer.names == []


def test_an_inline_and_a_managed_policy_of_one_name_are_two(aws: Bundle) -> None:
    made = without_resource_policies(role_with(aws, ECR))
    managed = {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/Access", "PolicyName": "Access"}
    made.write("aws/attached-policies.json", {"AttachedPolicies": [managed]})
    assert decisions(made.ask())["s3:GetObject"] == "unknown"
    made.write("aws/role-policies/attached-Access.json", {"PolicyVersion": {"Document": policy(S3), "VersionId": "v1"}})
    assert decisions(made.ask())["s3:GetObject"] == "allowed"


def test_a_version_that_is_not_in_force_and_a_policy_that_is_gone(aws: Bundle) -> None:
    made = without_resource_policies(role_with(aws, ECR))
    managed = {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/Weights", "PolicyName": "Weights"}
    made.write("aws/attached-policies.json", {"AttachedPolicies": [managed]})
    version = {"Document": policy(S3), "VersionId": "v1", "IsDefaultVersion": False}
    made.write("aws/role-policies/attached-Weights.json", {"PolicyVersion": version})
    assert decisions(made.ask())["s3:GetObject"] == "unknown"
    made.write("aws/attached-policies.json", {"AttachedPolicies": []})
    assert decisions(made.ask())["s3:GetObject"] == "denied", "no list names it"


@pytest.mark.parametrize(
    "bucket",
    ["arn:aws:s3:us-east-1:210987654321:accesspoint/weights", "S3://Weights", "https://weights.s3.amazonaws.com/a"],
)
def test_a_text_that_names_no_bucket_asks_for_nothing(aws: Bundle, bucket: str) -> None:
    made = without_resource_policies(role_with(aws, ECR)).target(aws={"role_arn": ROLE, "s3_bucket": bucket})
    (made.root / "truss/config.yaml").unlink()
    assert decisions(made.ask()) == {}


@pytest.mark.parametrize(("key", "listed"), [("models/v1.final", True), ("models/llama.safetensors", False)])
def test_a_folder_with_a_dot_is_no_object(aws: Bundle, key: str, listed: bool) -> None:
    made = without_resource_policies(role_with(aws, S3)).target(
        aws={"role_arn": ROLE, "s3_bucket": f"s3://llama-weights/{key}"}
    )
    (made.root / "truss/config.yaml").unlink()
    assert ("s3:ListBucket" in decisions(made.ask())) == listed


def test_a_repository_policy_of_another_registry(aws: Bundle) -> None:
    made = without_resource_policies(role_with(aws, ECR, S3))
    denies = json.dumps(policy({"Effect": "Deny", "Principal": "*", "Action": "ecr:*"}))
    answer = {"registryId": "999900001111", "repositoryName": "ml/serve", "policyText": denies}
    assert decisions(made.write("aws/repository-policy.json", answer).ask())["ecr:BatchGetImage"] == "unknown"


def test_a_failed_edit_of_a_role_is_no_set_up_that_stopped(aws: Bundle) -> None:
    made = without_resource_policies(role_with(aws, ECR))
    failed = {
        "eventVersion": "1.09",
        "eventName": "PutRolePolicy",
        "eventSource": "iam.amazonaws.com",
        "eventTime": "2026-11-22T20:00:00Z",
        "eventID": "failed",
        "errorCode": "AccessDenied",
        "errorMessage": "is not authorized to perform: iam:PutRolePolicy on resource: role ModelWeights because no "
        "identity-based policy allows the iam:PutRolePolicy action",
        "recipientAccountId": ACCOUNT,
    }
    answer = made.cloudtrail([made.accepted_event(), failed]).ask()
    assert answer.first.name == "permission-missing"
    assert not any("oidc-doctor setup" in command for cause in answer.causes for command in cause.named.commands)


def test_two_inline_policies_of_one_name_that_differ_decide_nothing(aws: Bundle) -> None:
    made = without_resource_policies(role_with(aws, ECR, S3))
    other = {"RoleName": "ModelWeights", "PolicyName": "Access", "PolicyDocument": policy(deny("*", "*"))}
    answer = made.write("aws/role-policies/copy.json", json.dumps(other)).ask()
    assert not {"allowed", "denied"} & {*decisions(answer).values()}


def test_a_boundary_in_the_spelling_of_an_event_is_one(aws: Bundle) -> None:
    made = without_resource_policies(role_with(aws, ECR, S3))
    role = made.read("aws/role.json")
    role["Role"]["permissionsBoundary"] = {"permissionsBoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/Bound"}
    assert set(decisions(made.write("aws/role.json", role).ask()).values()) == {"unknown"}
