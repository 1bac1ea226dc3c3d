"""The policies of a planned role decide the permission step, where the plan shows all of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oidc_doctor.documents.token import hypothetical
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Target, TargetAws
from plan_text import (
    AT,
    SUBJECT,
    UNKNOWN,
    PlanText,
    document,
    kept_provider,
    kept_role,
    new_role_and_provider,
    references,
    statement,
    trust_policy,
)

ROLE = "aws_iam_role.weights"
READ = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["*"]}
INLINE = "aws_iam_role_policy.read"


def policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def existing(**role: Any) -> PlanText:
    """Return a plan of a role in an account that is known, with these attributes."""
    kept = kept_role(trust_policy(), **role)
    plan = PlanText().add("aws_iam_openid_connect_provider.b", kept_provider(), before=kept_provider())
    named = {"Effect": "Allow", "Principal": {"AWS": kept["arn"]}, "Action": "s3:GetBucketLocation"}
    bucket = policy(named | {"Resource": ["arn:aws:s3:::acme-weights", "arn:aws:s3:::acme-weights/*"]})
    plan.add("aws_s3_bucket_policy.weights", {"bucket": "acme-weights", "policy": bucket})
    return plan.add(ROLE, kept, before=kept)


def decisions(plan: PlanText) -> set[str]:
    """Return the decisions on the calls for a bucket's objects."""
    token = hypothetical(SUBJECT, origin=Origin("--subject"))
    asked = Target("", aws=TargetAws(s3_bucket="acme-weights"), origins={"aws.s3_bucket": Origin("the test")})
    with plan.bundle() as bundle:
        report = run(bundle, Question(overrides=asked, tokens=(token,), at=AT))
    return {access.decision for exchange in report.exchanges for access in exchange.accesses}


def test_inline_policies_of_the_role() -> None:
    inline = {"name": "read", "policy": policy(READ)}
    assert decisions(existing(inline_policy=[inline])) == {"allowed"}
    assert decisions(existing(inline_policy=[])) == {"denied"}
    assert decisions(existing(inline_policy=[inline | {"policy": ""}])) <= {"unknown"}
    deny = {"name": "deny", "policy": policy(READ | {"Effect": "Deny"})}
    assert decisions(existing(inline_policy=[inline, deny])) == {"denied"}


def test_a_policy_of_its_own() -> None:
    plan = existing().add(INLINE, {"name": "read", "role": "weights", "policy": policy(READ)})
    assert decisions(plan) == {"allowed"}
    plan = existing().add(INLINE, {"name": "read", "role": "another", "policy": policy(READ)})
    assert decisions(plan) == {"denied"}


def test_a_policy_that_is_rebuilt() -> None:
    read = statement(conditions=[], principals=[], actions=["s3:GetObject", "s3:ListBucket"], resources=["*"])
    plan = existing().add("data.aws_iam_policy_document.read", document(read))
    expressions = {
        "policy": references("data.aws_iam_policy_document.read.json"),
        "role": references(f"{ROLE}.id"),
    }
    plan.add(INLINE, {"name": "read", "role": UNKNOWN, "policy": UNKNOWN}, expressions=expressions)
    assert decisions(plan) == {"allowed"}


@pytest.mark.parametrize("role", [{"references": ["local.role"]}, {}])
def test_a_policy_that_may_be_the_roles_leaves_the_decision_open(role: Any) -> None:
    plan = existing(inline_policy=[{"name": "read", "policy": policy(READ)}])
    plan.add(INLINE, {"name": "x", "role": UNKNOWN, "policy": policy(READ)}, expressions={"role": role})
    assert decisions(plan) <= {"unknown"}


def test_attached_policies() -> None:
    attached = {"role": "weights", "policy_arn": UNKNOWN}
    plan = existing().add("aws_iam_policy.read", {"name": "read", "policy": policy(READ), "arn": UNKNOWN})
    expressions = {"policy_arn": references("aws_iam_policy.read.arn")}
    plan.add("aws_iam_role_policy_attachment.read", attached, expressions=expressions)
    assert decisions(plan) == {"allowed"}


def test_a_policy_of_aws_is_not_in_the_plan() -> None:
    plan = existing(inline_policy=[{"name": "read", "policy": policy(READ)}])
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    plan.add("aws_iam_role_policy_attachment.all", {"role": "weights", "policy_arn": arn})
    assert decisions(plan) == {"unknown"}


def test_a_permissions_boundary() -> None:
    arn = "arn:aws:iam::123456789012:policy/boundary"
    plan = existing(inline_policy=[{"name": "read", "policy": policy(READ)}], permissions_boundary=arn)
    assert decisions(plan) == {"unknown"}
    boundary = {
        "name": "boundary",
        "arn": arn,
        "policy": policy({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}),
    }
    plan.add("aws_iam_policy.boundary", boundary, before=boundary)
    assert decisions(plan) == {"denied"}


def test_a_role_in_an_unknown_account_has_no_decision() -> None:
    plan = new_role_and_provider().add(INLINE, {"name": "read", "role": "weights", "policy": policy(READ)})
    assert decisions(plan) == set()
