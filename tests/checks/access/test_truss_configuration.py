"""TOK015, ACC003, ACC025 to ACC028: what a Truss configuration asks for that cannot work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Answer, Bundle

HOST = "210987654321.dkr.ecr.us-west-2.amazonaws.com"
AWS = {
    "auth_method": "AWS_OIDC",
    "aws_oidc_role_arn": "arn:aws:iam::210987654321:role/ModelWeights",
    "aws_oidc_region": "us-west-2",
}
GCP = {
    "auth_method": "GCP_OIDC",
    "gcp_oidc_service_account": "baseten-oidc@weights-prod.iam.gserviceaccount.com",
    "gcp_oidc_workload_id_provider": (
        "projects/482910375566/locations/global/workloadIdentityPools/baseten-pool/providers/baseten-provider"
    ),
}


def auth_of(keys: dict[str, Any], indent: str) -> list[str]:
    return [f"{indent}{name}: {value}" for name, value in keys.items() if value is not ...]


def weights(source: str, auth: dict[str, Any] | None, *lines: str) -> str:
    entry = ["weights:", f"  - source: {source}", "    mount_location: /models/a", *(f"    {line}" for line in lines)]
    return "\n".join(entry + (["    auth:", *auth_of(auth, "      ")] if auth is not None else [])) + "\n"


def image(name: str, auth: dict[str, Any]) -> str:
    return "\n".join(["base_image:", f"  image: {name}", "  docker_auth:", *auth_of(auth, "    ")]) + "\n"


def ask(made: Bundle, text: str) -> Answer:
    return made.write("truss/config.yaml", text).ask()


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_a_configuration_that_is_right(request: pytest.FixtureRequest, cloud: str) -> None:
    made, keys = request.getfixturevalue(cloud), AWS if cloud == "aws" else GCP
    source, host = ("s3://weights/a", HOST) if cloud == "aws" else ("gs://weights/a", "us-docker.pkg.dev")
    text = weights(source, keys) + image(f"{host}/ml/serve:1", {**keys, "registry": host})
    assert ask(made, text).accepted
    assert ask(made, weights(source, {**keys, "auth_method": keys["auth_method"].lower()})).accepted


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"auth_method": "AWS_OICD"}, "no such method"),
        ({"auth_method": ...}, "no auth_method"),
        ({"aws_oidc_region": ...}, "aws_oidc_region"),
        ({"aws_oidc_role_arn": ...}, "aws_oidc_role_arn"),
        ({"aws_oidc_region": ..., "aws_region": "us-west-2"}, "aws_region"),
        ({"gcp_oidc_service_account": "a@b"}, "cannot be specified"),
    ],
)
def test_keys_that_truss_refuses(aws: Bundle, change: dict[str, Any], words: str) -> None:
    keys = {**AWS, **change}
    answer = ask(aws, weights("s3://weights/a", keys))
    cause = answer.cause("truss-key-invalid")
    assert (cause.step, cause.confidence) == ("obtain", "predicted")
    assert words in cause.summary + cause.fix
    assert "weights[0]" in cause.summary
    assert answer.report.exit_code == 1
    assert answer.check("truss-key-invalid").status == "failed"


def test_the_nearest_method_and_key_are_proposed(aws: Bundle) -> None:
    assert "AWS_OIDC" in ask(aws, weights("s3://weights/a", {**AWS, "auth_method": "AWS_OICD"})).first.fix
    keys = {**AWS, "aws_oidc_region": ..., "aws_oidc_regoin": "us-west-2"}
    answer = ask(aws, weights("s3://weights/a", keys))
    assert "Write aws_oidc_region" in answer.first.fix
    assert len([name for name in answer.names if name == "truss-key-invalid"]) == 1


def test_a_secret_beside_oidc_is_suspected(aws: Bundle) -> None:
    answer = ask(aws, weights("s3://weights/a", AWS, "auth_secret_name: my_secret"))
    assert answer.suspected("truss-key-invalid").step == "obtain"


def test_an_account_that_is_no_address_is_suspected(gcp: Bundle) -> None:
    answer = ask(gcp, weights("gs://weights/a", {**GCP, "gcp_oidc_service_account": "baseten-oidc"}))
    assert "e-mail" in answer.cause("truss-key-invalid").summary


@pytest.mark.parametrize(("cloud", "source"), [("aws", "gs://weights/a"), ("gcp", "s3://weights/a")])
def test_a_method_for_the_other_cloud(request: pytest.FixtureRequest, cloud: str, source: str) -> None:
    answer = ask(request.getfixturevalue(cloud), weights(source, AWS if cloud == "aws" else GCP))
    cause = answer.cause("auth-method-for-other-cloud")
    assert (cause.step, cause.confidence) == ("permission", "predicted")
    assert source in cause.summary
    assert ("GCP_OIDC" if cloud == "aws" else "AWS_OIDC") in cause.fix


def test_a_registry_of_another_host(aws: Bundle) -> None:
    other = HOST.replace("us-west-2", "us-east-1")
    cause = ask(aws, image(f"{HOST}/ml/serve:1", {**AWS, "registry": other})).first
    assert (cause.name, cause.confidence) == ("registry-differs-from-image", "predicted")
    assert f"registry: {HOST}" in cause.fix
    assert ask(aws, image(f"{HOST}/ml/serve:1", AWS)).accepted


@pytest.mark.parametrize("host", [HOST, HOST.replace(".dkr.ecr.", ".dkr-ecr.").replace("amazonaws.com", "on.aws")])
def test_a_region_that_the_image_is_not_in(aws: Bundle, host: str) -> None:
    answer = ask(aws, image(f"{host}/ml/serve:1", {**AWS, "aws_oidc_region": "eu-west-1"}))
    cause = answer.suspected("ecr-region-differs")
    assert "aws_oidc_region: us-west-2" in cause.fix
    assert ask(aws, image(f"{host}/ml/serve:1", AWS)).accepted


def test_weights_without_credentials(aws: Bundle) -> None:
    answer = ask(aws, weights("s3://weights/a", None))
    cause = answer.cause("no-token-sent")
    assert (cause.step, cause.confidence) == ("obtain", "predicted")
    assert "`auth:`" in cause.summary
    assert "AWS_OIDC" in cause.fix
    assert ask(aws, weights("s3://weights/a", None, "auth_secret_name: aws_credentials")).accepted
    assert ask(aws, weights("hf://org/model", None)).accepted


def test_a_configuration_alone_names_its_cloud(aws: Bundle) -> None:
    aws.only("truss/config.yaml")
    answer = ask(aws, weights("gs://weights/a", None))
    assert answer.first.name == "no-token-sent"
    assert answer.exchange().cloud == "gcp"


def test_cached_models_have_no_oidc(aws: Bundle) -> None:
    text = "model_cache:\n  - repo_id: s3://weights/a\n"
    cause = ask(aws, text).suspected("no-token-sent")
    assert "model_cache has no keys for OIDC" in cause.summary
    assert "weights" in cause.fix


def test_training_is_read_too(aws: Bundle) -> None:
    inner = "".join(f"  {line}\n" for line in weights("s3://weights/a", None).splitlines())
    assert "training.weights[0]" in ask(aws, f"training:\n{inner}").cause("no-token-sent").summary


@pytest.mark.parametrize(
    "text", ["weights: 5\n", "weights:\n  - 5\n", "base_image: x\n", "weights:\n  - source: 5\n    auth: x\n", "- a\n"]
)
def test_shapes_that_are_none(aws: Bundle, text: str) -> None:
    assert ask(aws, text).accepted
