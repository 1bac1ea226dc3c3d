"""A change is matched to the targets by names; what is about another role, or says not about which, is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evidence import Bundle
from evidence.changes import proposed_of, saved
from oidc_doctor.examine.proposed.lay import ChangeError, Laid
from oidc_doctor.model.proposed import Proposed
from plan_text import PlanText, document, document_block, kept_role, oidc_provider, references, statement
from plan_text import role as planned_role

OTHER_ARN = "arn:aws:iam::210987654321:role/Images"


@pytest.fixture
def two_roles(aws: Bundle) -> Bundle:
    """A bundle with two roles, each a target."""
    role = json.dumps(aws.read("aws/role.json"))
    aws.write("targets/weights/aws/role.json", role)
    aws.write("targets/images/aws/role.json", role.replace("ModelWeights", "Images"))
    for name in ("weights", "images"):
        aws.write(f"targets/{name}/aws/oidc-provider.json", aws.read("aws/oidc-provider.json"))
        aws.write(f"targets/{name}/claims.json", {"sub": Bundle.SUBJECT})
    return aws.remove("aws/role.json", "aws/oidc-provider.json", "oidc-doctor.toml", "token.jwt")


def role(arn: str = Bundle.ROLE_ARN, pattern: str = Bundle.PATTERN) -> dict[str, Any]:
    """A role as aws iam get-role prints it."""
    condition = {"StringEquals": {Bundle.AUD_KEY: Bundle.AUDIENCE}, "StringLike": {Bundle.SUB_KEY: pattern}}
    trust = {"Effect": "Allow", "Principal": {"Federated": Bundle.PROVIDER_ARN}, "Condition": condition}
    policy = {"Version": "2012-10-17", "Statement": [trust | {"Action": "sts:AssumeRoleWithWebIdentity"}]}
    return {"Role": {"RoleName": arn.rpartition("/")[2], "Arn": arn, "AssumeRolePolicyDocument": policy}}


def test_another_role(aws: Bundle, tmp_path: Path) -> None:
    with pytest.raises(ChangeError, match=rf"is about {OTHER_ARN}; the evidence is about {Bundle.ROLE_ARN}$"):
        proposed_of(aws, saved(tmp_path, "role.json", role(OTHER_ARN)))


def test_another_provider_of_google(gcp: Bundle, tmp_path: Path) -> None:
    provider = gcp.read("gcp/provider.json") | {"name": f"{Bundle.POOL}/providers/another"}
    with pytest.raises(ChangeError, match="is about projects/.*/providers/another; the evidence is about projects/"):
        proposed_of(gcp, saved(tmp_path, "provider.json", provider))


def test_the_oidc_provider_of_another_issuer(aws: Bundle, tmp_path: Path) -> None:
    provider = {"Url": "gitlab.com", "ClientIDList": ["gitlab"]}
    with pytest.raises(ChangeError, match="is about the OIDC provider gitlab.com; the evidence is about"):
        proposed_of(aws, saved(tmp_path, "oidc-provider.json", provider))


def test_a_change_of_aws_for_google(gcp: Bundle, tmp_path: Path) -> None:
    with pytest.raises(ChangeError, match="the evidence is about projects/"):
        proposed_of(gcp, saved(tmp_path, "role.json", role()))


def test_a_trust_policy_alone_with_several_roles(two_roles: Bundle, tmp_path: Path) -> None:
    policy = role()["Role"]["AssumeRolePolicyDocument"]
    message = f"names no role, and the evidence is about 2: {OTHER_ARN}, {Bundle.ROLE_ARN};"
    with pytest.raises(ChangeError, match=message):
        proposed_of(two_roles, saved(tmp_path, "trust.json", policy))


def test_a_role_among_several_targets(two_roles: Bundle, tmp_path: Path) -> None:
    answer = proposed_of(two_roles, saved(tmp_path, "role.json", role(OTHER_ARN, "v=1:org=another:*")))
    assert [(row.target, row.effect) for row in answer.workloads] == [("images", "loses")]


def test_a_list_of_roles(two_roles: Bundle, tmp_path: Path) -> None:
    roles = {"Roles": [role()["Role"], role(OTHER_ARN, "v=1:org=another:*")["Role"]]}
    answer = proposed_of(two_roles, saved(tmp_path, "roles.json", roles))
    assert sorted((row.target, row.effect) for row in answer.workloads) == [("images", "loses")]
    assert {(row.target, row.state) for row in answer.documents} >= {("images", "changed"), ("weights", "equal")}


def test_a_provider_concerns_each_role_of_its_account(two_roles: Bundle, tmp_path: Path) -> None:
    provider = two_roles.read("targets/images/aws/oidc-provider.json") | {"ClientIDList": ["another"]}
    answer = proposed_of(two_roles, saved(tmp_path, "oidc-provider.json", provider))
    assert sorted((row.target, row.effect) for row in answer.workloads) == [("images", "loses"), ("weights", "loses")]


def test_a_folder_of_changes(aws: Bundle, tmp_path: Path) -> None:
    folder = tmp_path / "change" / "aws"
    folder.mkdir(parents=True)
    saved(folder, "role.json", role(pattern="v=1:org=another:*"))
    answer = proposed_of(aws, folder.parent)
    assert [row.effect for row in answer.workloads] == ["loses"]
    assert answer.documents[0].at == f"{folder.parent}: aws/role.json:18"


# Plans


def planned(bundle: Bundle, tmp_path: Path, plan: PlanText, **question: Any) -> Proposed:
    """The answer to a plan."""
    path = tmp_path / "plan.json"
    path.write_text(plan.text())
    return proposed_of(bundle, path, **question)


def policy_text(pattern: str = Bundle.PATTERN) -> str:
    """A trust policy as the text of a plan."""
    return json.dumps(role(pattern=pattern)["Role"]["AssumeRolePolicyDocument"])


def existing(pattern: str = Bundle.PATTERN) -> dict[str, Any]:
    """The role of the evidence, as a plan shows it."""
    return kept_role(policy_text(pattern), name="ModelWeights") | {"arn": Bundle.ROLE_ARN}


def test_a_plan_that_updates_the_role(aws: Bundle, tmp_path: Path) -> None:
    aws.cloudtrail([aws.accepted_event()])
    plan = PlanText().add("aws_iam_role.weights", existing("v=1:org=another:*"), before=existing())
    answer = planned(aws, tmp_path, plan)
    assert [row.effect for row in answer.workloads] == ["loses"]
    assert "aws_iam_role.weights" in answer.documents[0].at


def test_a_plan_that_deletes_the_role(aws: Bundle, tmp_path: Path) -> None:
    aws.cloudtrail([aws.accepted_event()])
    answer = planned(aws, tmp_path, PlanText().add("aws_iam_role.weights", None, before=existing()))
    assert [row.effect for row in answer.workloads] == ["loses"]
    assert answer.documents[0].state == "deleted"


def test_a_plan_that_leaves_the_policy_open(aws: Bundle, tmp_path: Path) -> None:
    from plan_text import UNKNOWN

    aws.cloudtrail([aws.accepted_event()])
    after = existing() | {"assume_role_policy": UNKNOWN}
    answer = planned(aws, tmp_path, PlanText().add("aws_iam_role.weights", after, before=existing()))
    assert [row.effect for row in answer.workloads] == ["unknown"]
    assert answer.workloads[0].settle == "aws_iam_role.weights.assume_role_policy"
    assert any(text.startswith("aws_iam_role.weights.assume_role_policy: ") for text in answer.unknown_values)
    assert answer.documents[0].state == "open"
    assert answer.exit_code == 3


@pytest.mark.parametrize(("subject", "effect"), [(Bundle.PATTERN, "keeps"), ("v=1:org=another:*", "loses")])
def test_the_account_of_a_plan_is_that_of_the_role(aws: Bundle, tmp_path: Path, subject: str, effect: str) -> None:
    provider = "aws_iam_openid_connect_provider.baseten"
    condition = [{"test": "StringLike", "variable": Bundle.SUB_KEY, "values": [subject]}]
    plan = PlanText()
    plan.add(
        "data.aws_iam_policy_document.trust",
        document(statement(conditions=condition)),
        expressions=document_block(f"{provider}.arn"),
    )
    plan.add(provider, oidc_provider())
    trust = {"assume_role_policy": references("data.aws_iam_policy_document.trust.json")}
    plan.add("aws_iam_role.weights", planned_role(name="ModelWeights"), expressions=trust)
    answer = planned(aws, tmp_path, plan)
    assert [row.effect for row in answer.workloads] == [effect]


def test_a_plan_about_another_role(aws: Bundle, tmp_path: Path) -> None:
    plan = PlanText().add("aws_iam_role.images", kept_role(policy_text(), name="Images") | {"arn": OTHER_ARN})
    with pytest.raises(ChangeError, match="is about .*role/Images; the evidence is about .*role/ModelWeights"):
        planned(aws, tmp_path, plan)


def test_an_open_document_differs_from_one_that_was_not_read() -> None:
    assert Laid("the trust policy", "trust", None, None, is_open=True).differs
    assert not Laid("the trust policy", "trust", None, None).differs
