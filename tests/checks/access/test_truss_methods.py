"""ACC032 to ACC034: the installed truss, the token of model code, and the method that the role trusts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle

CONFIG, VERSION, WHOAMI = "truss/config.yaml", "truss/version.txt", "truss/whoami.txt"
ROLE = "arn:aws:iam::210987654321:role/ModelWeights"
OIDC = f"""weights:
  - source: s3://weights/a
    mount_location: /models/a
    auth:
      auth_method: AWS_OIDC
      aws_oidc_role_arn: {ROLE}
      aws_oidc_region: us-east-1
"""
ASSUME = OIDC.replace("AWS_OIDC", "AWS_ASSUME_ROLE").replace("aws_oidc_role_arn", "aws_assume_role_arn")
ASSUME = ASSUME.replace("aws_oidc_region", "aws_assume_role_region")
RUNTIME = "runtime:\n  oidc:\n    enabled: true\n"
TRAINING = "training:\n" + "".join(f"  {line}\n" for line in OIDC.splitlines())


@pytest.mark.parametrize(
    ("config", "since", "line"),
    [(OIDC, "0.13.2", 5), (OIDC + RUNTIME, "0.18.22", 9), (ASSUME, "0.18.27", 5), (TRAINING, "0.18.31", 6)],
)
def test_a_key_is_newer_than_the_installed_truss(aws: Bundle, config: str, since: str, line: int) -> None:
    *most, last = map(int, since.split("."))
    before = ".".join(map(str, (*most, last - 1)))
    cause = aws.write(CONFIG, config).write(VERSION, f"truss, version {before}\n").ask().cause("truss-version-too-old")
    assert (cause.step, cause.confidence) == ("obtain", "predicted")
    assert f"which was added in {since}" in cause.summary
    assert f"({before})" in cause.summary
    assert str(cause.refusal.where) == f"{CONFIG}:{line}"
    assert cause.commands == (f"pip install --upgrade 'truss>={since}'",)
    assert "truss-version-too-old" not in aws.write(VERSION, f"truss, version {since}\n").ask().names


@pytest.mark.parametrize("text", ["truss==0.13.1\n", "Name: truss\nVersion: 0.13.1\n", "0.13.1\n", "Truss 0.13.1"])
def test_what_prints_a_version(aws: Bundle, text: str) -> None:
    assert "truss-version-too-old" in aws.write(CONFIG, OIDC).write(VERSION, text).ask().names


@pytest.mark.parametrize("text", ["", "command not found: truss\n", "Python 3.11.7\n"])
def test_what_prints_none(aws: Bundle, text: str) -> None:
    assert "truss-version-too-old" not in aws.write(CONFIG, OIDC).write(VERSION, text or "\n").ask().names


@pytest.mark.parametrize(("config", "is_older"), [(OIDC, False), (ASSUME, True), (OIDC + RUNTIME, True)])
def test_an_old_form_of_the_subject_dates_the_truss(aws: Bundle, config: str, is_older: bool) -> None:
    subject = f"v=1:org={aws.ORG}:team=<team_id>:model=<model_id>:deployment=<deployment_id>:env=<env>:type=<type>"
    aws.write(WHOAMI, f"Org ID: {aws.ORG}\nTeams: {aws.TEAM} (A)\nSubject Claim Format: {subject}\n")
    assert ("truss-version-too-old" in aws.write(CONFIG, config).ask().names) is is_older


def test_its_own_message_proves_it(aws: Bundle) -> None:
    text = "Value error, Only CUSTOM_SECRET is supported. OIDC (AWS_OIDC, GCP_OIDC) is not supported."
    assert (aws.error(text).ask().first.name, aws.ask().first.confidence) == ("truss-version-too-old", "proven")


DISABLED = RUNTIME.replace("true", "false")


def test_model_code_gets_no_token(aws: Bundle) -> None:
    aws.write(CONFIG, DISABLED).remove("token.jwt")
    cause = aws.ask().suspected("runtime-oidc-disabled")
    assert (cause.step, str(cause.refusal.where)) == ("obtain", f"{CONFIG}:3")


@pytest.mark.parametrize("config", [RUNTIME, "runtime:\n  oidc: {}\n", OIDC + DISABLED])
def test_a_token_is_mounted_or_not_needed(aws: Bundle, config: str) -> None:
    assert "runtime-oidc-disabled" not in aws.write(CONFIG, config).remove("token.jwt").ask().names


def test_a_token_that_is_there_was_mounted(aws: Bundle) -> None:
    assert "runtime-oidc-disabled" not in aws.write(CONFIG, DISABLED).ask().names


def by_principal(aws: Bundle) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::444455556666:role/baseten"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "b10-6c1"}},
    }


def test_a_role_that_trusts_only_the_provider(aws: Bundle) -> None:
    cause = aws.write(CONFIG, ASSUME).ask().cause("auth-method-differs-from-trust")
    assert (cause.step, cause.confidence) == ("obtain", "predicted")
    assert "AWS_ASSUME_ROLE, which calls sts:AssumeRole" in cause.summary
    assert str(cause.refusal.where) == f"{CONFIG}:5"
    assert cause.fix.startswith("Use auth_method: AWS_OIDC")


def test_a_role_that_trusts_only_the_principal(aws: Bundle) -> None:
    answer = aws.trust(by_principal(aws)).write(CONFIG, OIDC).ask()
    assert (answer.first.name, answer.first.step) == ("auth-method-differs-from-trust", "authorise")
    assert answer.exchange().prediction == "refused"


@pytest.mark.parametrize("config", [OIDC, ASSUME])
def test_a_role_that_trusts_both(aws: Bundle, config: str) -> None:
    answer = aws.trust(aws.statement(), by_principal(aws)).write(CONFIG, config).ask()
    assert "auth-method-differs-from-trust" not in answer.names


def test_a_configuration_of_another_role(aws: Bundle) -> None:
    assert (
        "auth-method-differs-from-trust" not in aws.write(CONFIG, ASSUME.replace("ModelWeights", "Other")).ask().names
    )


SYNC = """source:
  type: {type}
  uri: {uri}
  {method}:
    {keys}
destination:
  ref: bdn:weights/llama
"""
AWS_KEYS = f"{{role_arn: {ROLE}, region: us-east-1}}"
GOOGLE_KEYS = (
    "{service_account: baseten-oidc@weights-prod.iam.gserviceaccount.com, workload_identity_provider: "
    "projects/482910375566/locations/global/workloadIdentityPools/baseten-pool/providers/baseten-provider}"
)


def sync(kind: str, uri: str, method: str, keys: str) -> str:
    return SYNC.format(type=kind, uri=uri, method=method, keys=keys)


def test_the_source_of_a_volume_sync_names_role_and_bucket(aws: Bundle) -> None:
    aws.write(CONFIG, sync("S3", "s3://weights/a", "aws_oidc", AWS_KEYS)).remove("oidc-doctor.toml")
    target = aws.evidence().target.aws
    assert target is not None
    assert (target.role_arn, target.region, target.s3_bucket) == (ROLE, "us-east-1", "weights")
    assert aws.ask().accepted


def test_the_source_of_a_volume_sync_names_provider_and_account(gcp: Bundle) -> None:
    gcp.write(CONFIG, sync("GCS", "gs://weights/a", "gcp_oidc", GOOGLE_KEYS)).remove("oidc-doctor.toml")
    target = gcp.evidence().target.gcp
    assert target is not None
    assert target.provider == gcp.GCP_PROVIDER
    assert target.service_account == gcp.SERVICE_ACCOUNT


def test_a_volume_sync_with_the_method_of_the_other_cloud(aws: Bundle) -> None:
    cause = aws.write(CONFIG, sync("GCS", "gs://weights/a", "aws_oidc", AWS_KEYS)).ask().first
    assert cause.name == "auth-method-for-other-cloud"
    assert str(cause.refusal.where) == f"{CONFIG}:4"


@pytest.mark.parametrize(
    ("keys", "key"), [(f"{{role_arn: {ROLE}}}", "aws_oidc.region"), (AWS_KEYS[:-1] + ", zone: a}", "aws_oidc.zone")]
)
def test_a_volume_sync_with_wrong_keys(aws: Bundle, keys: str, key: str) -> None:
    cause = aws.write(CONFIG, sync("S3", "s3://weights/a", "aws_oidc", keys)).ask().cause("truss-key-invalid")
    assert key in cause.summary


DOCKER = f"""image:
  base_image: 210987654321.dkr.ecr.us-west-2.amazonaws.com/ml/serve:1
  docker_auth:
    registry: 210987654321.dkr.ecr.us-west-2.amazonaws.com
    auth_method: AWS_OIDC
    aws_oidc_docker_auth:
      role_arn: {ROLE}
      region: us-west-2
"""


def test_docker_auth_of_a_training_job(aws: Bundle) -> None:
    aws.write(CONFIG, DOCKER).remove("oidc-doctor.toml")
    target = aws.evidence().target.aws
    assert target is not None
    assert (target.role_arn, target.region) == (ROLE, "us-west-2")
    assert aws.ask().accepted
    cause = (
        aws.write(CONFIG, DOCKER.replace("region: us-west-2", "region: us-east-1")).ask().cause("ecr-region-differs")
    )
    assert str(cause.refusal.where) == f"{CONFIG}:8"


def test_config_yaml_has_no_objects_in_docker_auth(aws: Bundle) -> None:
    text = DOCKER.replace("\nimage:", "\nbase_image:").replace("image:\n", "base_image:\n", 1)
    text = text.replace("  base_image: 21", "  image: 21")
    assert "truss-key-invalid" in aws.write(CONFIG, text).ask().names
