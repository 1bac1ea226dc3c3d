"""Every role and provider that a Truss file names is a target of its own, where no target is stated."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle

HOST = "210987654321.dkr.ecr.us-west-2.amazonaws.com"


def truss(*roles: str) -> str:
    lines = [
        *("base_image:", f"  image: {HOST}/ml/serve:1", "  docker_auth:", "    auth_method: AWS_OIDC"),
        *(f"    aws_oidc_role_arn: {roles[0]}", "    aws_oidc_region: us-west-2", "weights:"),
    ]
    for index, role in enumerate(roles[1:]):
        lines += [f"  - source: s3://weights-{index}/a", f"    mount_location: /m/{index}", "    auth:"]
        lines += ["      auth_method: AWS_OIDC", f"      aws_oidc_role_arn: {role}", "      aws_oidc_region: us-west-2"]
    return "\n".join(lines) + "\n"


def roles_of(made: Bundle) -> dict[str, str]:
    report = made.ask().report
    return {str(exchange.resource): exchange.prediction for exchange in report.exchanges}


def test_one_role_is_one_target(aws: Bundle) -> None:
    made = aws.remove("oidc-doctor.toml").write("truss/config.yaml", truss(aws.ROLE_ARN, aws.ROLE_ARN))
    assert roles_of(made) == {aws.ROLE_ARN: "accepted"}


def test_the_role_that_was_not_read_is_unknown(aws: Bundle) -> None:
    other = aws.ROLE_ARN.replace("ModelWeights", "ImagePull")
    made = aws.remove("oidc-doctor.toml").write("truss/config.yaml", truss(other, aws.ROLE_ARN))
    assert roles_of(made) == {aws.ROLE_ARN: "accepted", other: "unknown"}
    needs = {
        str(exchange.resource): {row.need.service for row in exchange.accesses}
        for exchange in made.ask().report.exchanges
    }
    assert needs[other] == set()  # nothing of this role's policies was read


def test_a_stated_target_is_the_only_one(aws: Bundle) -> None:
    other = aws.ROLE_ARN.replace("ModelWeights", "ImagePull")
    made = aws.write("truss/config.yaml", truss(other, aws.ROLE_ARN))
    assert set(roles_of(made)) == {aws.ROLE_ARN}


def test_accounts_of_google(gcp: Bundle) -> None:
    accounts = (gcp.SERVICE_ACCOUNT, gcp.SERVICE_ACCOUNT.replace("baseten-oidc", "images"))
    lines = ["weights:"]
    for index, account in enumerate(accounts):
        lines += [f"  - source: gs://weights-{index}/a", f"    mount_location: /m/{index}", "    auth:"]
        lines += ["      auth_method: GCP_OIDC", f"      gcp_oidc_service_account: {account}"]
        lines += [f"      gcp_oidc_workload_id_provider: {gcp.GCP_PROVIDER}"]
    made = gcp.remove("oidc-doctor.toml").write("truss/config.yaml", "\n".join(lines) + "\n")
    predictions = [exchange.prediction for exchange in made.ask().report.exchanges]
    assert sorted(predictions) == ["accepted", "unknown"]  # the policy that was read is that of the first account
