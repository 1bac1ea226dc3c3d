"""The ids and names of a set-up: what is none of the vendor's form is refused in one line."""

from __future__ import annotations

from typing import Any

import pytest

from oidc_doctor.setup.wanted import AwsWanted, GcpWanted, WantedError, Workload, compare, types_for

WORKLOAD = Workload("Hq4Lm8Tz", "Rw7Cx2Vb")
NONE = [
    "",
    " ",
    "acme-corp",
    "Platform Team",
    "Ab3*",
    "*",
    "a b",
    "$(id)",
    "`id`",
    "x;y",
    "Ab3Cd4\n",
    "'",
    "<org_id>",
    "ünïcode1",
]


@pytest.mark.parametrize("value", NONE)
@pytest.mark.parametrize("option", ["org", "team", "model"])
def test_a_name_where_an_id_belongs(option: str, value: str) -> None:
    with pytest.raises(WantedError) as refused:
        Workload(**({"org": "Hq4Lm8Tz", "team": "Rw7Cx2Vb"} | {option: value}))
    assert str(refused.value).startswith(f"--{option} ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("value", [*NONE[:2], *NONE[4:7], "a" * 41, "<none>", "a:b", "e...0"])
def test_an_environment_that_is_none(value: str) -> None:
    with pytest.raises(WantedError, match="--environment"):
        Workload("Hq4Lm8Tz", "Rw7Cx2Vb", environment=value)


def test_one_id_twice() -> None:
    with pytest.raises(WantedError, match="two of them are the same id"):
        Workload("Hq4Lm8Tz", "Hq4Lm8Tz")
    with pytest.raises(WantedError, match="two of them are the same id"):
        Workload("Hq4Lm8Tz", "Rw7Cx2Vb", "Rw7Cx2Vb")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("account", "21098765432"),
        ("account", "acme"),
        ("region", "us east"),
        ("region", "us-east-1;id"),
        ("role_name", "a b"),
        ("role_name", "-x"),
        ("role_name", "team/Weights"),
        ("bucket", "s3://weights"),
        ("bucket", "Weights"),
        ("bucket", "weights/*"),
        ("bucket", "192.0.2.1"),
        ("repository", "Ml"),
        ("repository", "ml/*"),
        ("repository", "arn:aws:ecr:us-east-1:1:repository/ml"),
        ("repository", "arn:aws-cn:ecr:cn-north-1:210987654321:repository/ml"),
        ("kms_key", "alias/key"),
        ("kms_key", "arn:aws:kms:us-east-1:210987654321:alias/key"),
        ("max_session_duration", 3599),
        ("max_session_duration", 43201),
    ],
)
def test_names_of_aws_that_are_none(option: str, value: Any) -> None:
    names: dict[str, Any] = {"account": "210987654321", "region": "us-east-1", "bucket": "weights"}
    with pytest.raises(WantedError, match="--"):
        AwsWanted(WORKLOAD, **(names | {option: value}))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("project", "123456789012"),
        ("project", "Acme"),
        ("project_number", "acme-prod"),
        ("bucket", "gs://weights"),
        ("repository", "ml"),
        ("repository", "us-docker.pkg.dev/acme-prod"),
        ("pool", "gcp-pool"),
        ("pool", "a"),
        ("provider", "a/b"),
        ("service_account", "a@b.iam.gserviceaccount.com"),
    ],
)
def test_names_of_google_that_are_none(option: str, value: str) -> None:
    names = {"project": "acme-prod", "project_number": "482910375566"}
    with pytest.raises(WantedError, match="--"):
        GcpWanted(WORKLOAD, **(names | {option: value}))


@pytest.mark.parametrize(
    "text",
    [
        "ml/serve",
        "arn:aws:ecr:us-west-2:210987654321:repository/ml/serve",
        "210987654321.dkr.ecr.us-west-2.amazonaws.com/ml/serve:v1",
        "210987654321.dkr.ecr.us-west-2.amazonaws.com/ml/serve@sha256:00",
    ],
)
def test_a_repository_is_named_in_several_ways(text: str) -> None:
    wanted = AwsWanted(WORKLOAD, "210987654321", repository=text, region="us-west-2")
    assert wanted.repository_arn == "arn:aws:ecr:us-west-2:210987654321:repository/ml/serve"


def test_a_bare_repository_needs_the_region() -> None:
    with pytest.raises(WantedError, match="add --region"):
        AwsWanted(WORKLOAD, "210987654321", repository="ml/serve")


@pytest.mark.parametrize(
    ("region", "partition"), [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_the_partition_is_that_of_the_region(region: str, partition: str) -> None:
    wanted = AwsWanted(WORKLOAD, "210987654321", repository="ml", region=region)
    assert {arn.split(":")[1] for arn in (wanted.role_arn, wanted.provider_arn, wanted.repository_arn or "")} == {
        partition
    }


@pytest.mark.parametrize(
    "text",
    [
        "us-docker.pkg.dev/acme-prod/ml",
        "us-docker.pkg.dev/acme-prod/ml/serve:1",
        "projects/acme-prod/locations/us/repositories/ml",
    ],
)
def test_a_repository_of_artifact_registry(text: str) -> None:
    wanted = GcpWanted(WORKLOAD, "acme-prod", "482910375566", repository=text)
    assert wanted.artifact_repository == ("acme-prod", "us", "ml")


def test_only_images_take_build_tokens_alone() -> None:
    assert types_for(chosen=None, others=(None,), repository="ml") == ("model_build",)
    assert types_for(chosen=None, others=("weights",), repository="ml") == ("model_build", "model_container")
    assert types_for(chosen=None, others=(None,), repository=None) == ("model_build", "model_container")
    assert types_for(chosen="model_container", others=(None,), repository="ml") == ("model_container",)


@pytest.mark.parametrize(
    ("org", "team", "teams", "said"),
    [
        ("Rw7Cx2Vb", "Hq4Lm8Tz", ["Rw7Cx2Vb"], "the two are swapped"),
        ("Rw7Cx2Vb", "Bb1Cc2Dd", ["Rw7Cx2Vb", "Bb1Cc2Dd"], "--org Rw7Cx2Vb: it is the id of a team"),
        ("Hq4Lm8Tz", "Hq4Lm8Tz", ["Rw7Cx2Vb"], "--team Hq4Lm8Tz: it is the id of the org"),
        ("Hq4Lm8Tz", "Nn3Mm2Kk", ["Rw7Cx2Vb", "Bb1Cc2Dd"], "truss whoami names Rw7Cx2Vb and Bb1Cc2Dd"),
        ("Hq4Lm8Tz", "Rw7Cx2Vb", [], "has no Teams"),
    ],
)
def test_ids_that_truss_whoami_does_not_print(org: str, team: str, teams: list[str], said: str) -> None:
    with pytest.raises(WantedError, match=said):
        compare(org, team, "Hq4Lm8Tz", dict.fromkeys(teams, "Vision Lab"))


def test_ids_that_truss_whoami_prints() -> None:
    compare("Hq4Lm8Tz", "Rw7Cx2Vb", "Hq4Lm8Tz", {"Rw7Cx2Vb": "Vision Lab"})
