"""A set-up is judged before it is printed: the right one passes, and every planted mistake is found."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oidc_doctor.setup import aws, gcp
from oidc_doctor.setup.proof import faults_of, subject_of
from oidc_doctor.setup.wanted import TYPES, AwsWanted, GcpWanted, Workload

ORG, TEAM, MODEL = "Hq4Lm8Tz", "Rw7Cx2Vb", "Kd3Fg6Jn"
ACCOUNT, NUMBER = "210987654321", "482910375566"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/6b2f0c1e-0d3a-4c7e-9a51-2f8e4b7d9c10"
NARROW = Workload(ORG, TEAM, MODEL, "production", ("model_build",))
AWS = AwsWanted(NARROW, ACCOUNT, "acme-weights", "ml/serve", "us-east-1", kms_key=KEY)
GOOGLE = GcpWanted(NARROW, "acme-prod", NUMBER, "acme-weights", "us-docker.pkg.dev/acme-prod/ml")

ids = st.text(st.sampled_from("abcXYZ0189"), min_size=5, max_size=9)


@settings(max_examples=25)
@given(
    st.lists(ids, min_size=3, max_size=3, unique=True),
    st.booleans(),
    st.one_of(
        st.none(),
        st.text(st.sampled_from("aZ09-_."), min_size=1, max_size=39).map(
            lambda text: "e" + re.sub(r"\.{3,}", ".", text)
        ),
    ),
    st.sampled_from([TYPES, ("model_build",), ("model_container",)]),
    st.booleans(),
    st.booleans(),
)
def test_every_set_up_is_what_was_meant(
    names: list[str], of_model: bool, environment: str | None, types: tuple[str, ...], bucket: bool, image: bool
) -> None:
    workload = Workload(names[0], names[1], names[2] if of_model else None, environment, types)
    store = "acme-weights" if bucket else None
    assert faults_of(AwsWanted(workload, ACCOUNT, store, "ml/serve" if image else None, "us-east-1")) == []
    repository = "us-docker.pkg.dev/acme-prod/ml" if image else None
    assert faults_of(GcpWanted(workload, "acme-prod", NUMBER, store, repository)) == []


def in_trust(old: str, new: str) -> Callable[[dict[str, Any]], None]:
    def change(files: dict[str, Any]) -> None:
        role = files["aws/role.json"]["Role"]
        text = json.dumps(role["AssumeRolePolicyDocument"])
        assert old in text
        role["AssumeRolePolicyDocument"] = json.loads(text.replace(old, new))

    return change


def in_policy(old: str, new: str) -> Callable[[dict[str, Any]], None]:
    def change(files: dict[str, Any]) -> None:
        policy = files[f"aws/role-policies/{aws.POLICY_NAME}.json"]
        text = json.dumps(policy["PolicyDocument"])
        assert old in text
        policy["PolicyDocument"] = json.loads(text.replace(old, new))

    return change


def client_ids(*listed: str) -> Callable[[dict[str, Any]], None]:
    def change(files: dict[str, Any]) -> None:
        files["aws/oidc-provider.json"]["ClientIDList"] = list(listed)

    return change


def without_audience(files: dict[str, Any]) -> None:
    del files["aws/role.json"]["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringLike"]


PLANTED_IN_AWS = {
    "another org": in_trust(f"org={ORG}", "org=Aa1Bb2Cc"),
    "any org": in_trust(f"org={ORG}", "org=*"),
    "a longer team": in_trust(f"team={TEAM}:", f"team={TEAM}*:"),
    "any team": in_trust(f"team={TEAM}", "team=*"),
    "swapped ids": in_trust(f"org={ORG}:team={TEAM}", f"org={TEAM}:team={ORG}"),
    "any model": in_trust(f"model={MODEL}", "model=*"),
    "any environment": in_trust("environment=production", "environment=*"),
    "a longer environment": in_trust("environment=production:", "environment=production*:"),
    "any type": in_trust("type=model_build", "type=*"),
    "the other type": in_trust("model_build", "model_container"),
    "no wildcard": in_trust("StringLike", "StringEquals"),
    "another action": in_trust("AssumeRoleWithWebIdentity", "AssumeRole"),
    "another audience": in_trust(
        '"oidc.baseten.co:aud": "oidc.baseten.co"', '"oidc.baseten.co:aud": "sts.amazonaws.com"'
    ),
    "another provider": in_trust("oidc-provider/oidc.baseten.co", "oidc-provider/oidc.example"),
    "no subject": without_audience,
    "no client ID": client_ids(),
    "another client ID": client_ids("sts.amazonaws.com"),
    "a login for one repository": in_policy('"Resource": "*"', '"Resource": "arn:aws:ecr:us-east-1:1:repository/a"'),
    "every repository": in_policy("repository/ml/serve", "repository/*"),
    "every object": in_policy("acme-weights/*", "*"),
    "a list of objects": in_policy('"arn:aws:s3:::acme-weights"', '"arn:aws:s3:::acme-weights/*"'),
    "all of S3": in_policy("s3:GetObject", "s3:*"),
    "every key": in_policy(KEY, "*"),
    "no decryption": in_policy("kms:Decrypt", "kms:DescribeKey"),
}


@pytest.mark.parametrize("planted", PLANTED_IN_AWS, ids=str)
def test_a_planted_mistake_of_aws_is_found(planted: str) -> None:
    files = copy.deepcopy(aws.files(AWS))
    PLANTED_IN_AWS[planted](files)
    assert faults_of(AWS, files)


def in_provider(**changed: Any) -> Callable[[dict[str, Any]], None]:
    return lambda files: files["gcp/provider.json"].update(changed)


def of_file(name: str, old: str, new: str) -> Callable[[dict[str, Any]], None]:
    def change(files: dict[str, Any]) -> None:
        text = json.dumps(files[name])
        assert old in text
        files[name] = json.loads(text.replace(old, new))

    return change


RULE, ACCOUNT_POLICY = "gcp/provider.json", "gcp/service-account-policy.json"
PLANTED_IN_GOOGLE = {
    "no condition": in_provider(attributeCondition=""),
    "another org": of_file(RULE, f"org={ORG}", "org=Aa1Bb2Cc"),
    "any org": of_file(RULE, f"v=1:org={ORG}:team={TEAM}:model={MODEL}:", "v=1:org="),
    "a longer team": of_file(RULE, f"team={TEAM}:model={MODEL}:", f"team={TEAM}"),
    "a longer model": of_file(RULE, f"model={MODEL}:", f"model={MODEL}"),
    "any environment": of_file(RULE, "assertion.environment == 'production'", "true"),
    "a loose environment": of_file(
        RULE, "assertion.environment == 'production'", "assertion.sub.contains('production')"
    ),
    "any type": of_file(RULE, "assertion.type == 'model_build'", "true"),
    "no audience": in_provider(oidc={"issuerUri": "https://oidc.baseten.co", "allowedAudiences": []}),
    "another issuer": in_provider(oidc={"issuerUri": "https://oidc.example", "allowedAudiences": ["oidc.baseten.co"]}),
    "a disabled provider": in_provider(disabled=True),
    "no such attribute": of_file(RULE, '"attribute.model"', '"attribute.name"'),
    "another model's binding": of_file(ACCOUNT_POLICY, MODEL, "Aa1Bb2Cc"),
    "the project's id": of_file(ACCOUNT_POLICY, NUMBER, "acme-prod"),
    "a role without objects": of_file("gcp/bucket-policy.json", "objectViewer", "objectCreator"),
    "another reader": of_file("gcp/repository-policy.json", "baseten-oidc@", "other@"),
}


@pytest.mark.parametrize("planted", PLANTED_IN_GOOGLE, ids=str)
def test_a_planted_mistake_of_google_is_found(planted: str) -> None:
    files = copy.deepcopy(gcp.files(GOOGLE))
    PLANTED_IN_GOOGLE[planted](files)
    assert faults_of(GOOGLE, files)


def test_a_whole_subject_would_pass_google_s_limit() -> None:
    wanted = GcpWanted(Workload(ORG, TEAM), "acme-prod", NUMBER)
    files = copy.deepcopy(gcp.files(wanted))
    files[RULE]["attributeMapping"]["google.subject"] = "assertion.sub"
    assert any("subject-over-limit" in fault for fault in faults_of(wanted, files))


def test_a_repository_of_another_account_needs_its_owner() -> None:
    wanted = AwsWanted(NARROW, ACCOUNT, repository=f"arn:aws:ecr:eu-west-1:{ACCOUNT[::-1]}:repository/ml")
    files = copy.deepcopy(aws.files(wanted))
    assert faults_of(wanted) == []
    del files["aws/repository-policy.json"]
    assert any("ecr:BatchGetImage" in fault for fault in faults_of(wanted, files))


def test_the_subject_is_of_the_issuer_s_grammar() -> None:
    expected = (
        "v=1:org=Hq4Lm8Tz:team=Rw7Cx2Vb:model=Kd3Fg6Jn:deployment=Jk5mNp9q:environment=production:type=model_build"
    )
    assert subject_of(NARROW, "model_build") == expected
