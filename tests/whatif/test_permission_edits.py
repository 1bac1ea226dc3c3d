"""Edits of what a session may do: role, boundary, bucket, repository and key policies of both clouds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.tui.trial_page import outcome

if TYPE_CHECKING:
    from oidc_doctor.whatif.ask import Answer, WhatIf
    from tests.conftest import Bundle

BUCKET = "arn:aws:s3:::llama-weights"
# Each bucket of Google begins with such bindings, which name its project.
LEGACY = {"role": "roles/storage.legacyBucketOwner", "members": ["projectOwner:weights-prod"]}
VIEWER = "roles/storage.objectViewer"


def policy(*actions: str, effect: str = "Allow", **members: Any) -> dict[str, Any]:
    statement = {"Effect": effect, "Action": [*actions], "Resource": [BUCKET, f"{BUCKET}/*"], **members}
    return {"Version": "2012-10-17", "Statement": [statement]}


def reads(made: Bundle, actions: tuple[str, ...] = ("s3:GetObject", "s3:ListBucket"), *, bucket: Any = None) -> Bundle:
    """The role has two inline policies, of which the second is about the bucket."""
    made.target(aws={"role_arn": made.ROLE_ARN, "s3_bucket": "llama-weights", "region": "us-east-1"})
    for name, document in (("Logs", policy("logs:PutLogEvents")), ("Weights", policy(*actions))):
        answer = {"RoleName": "ModelWeights", "PolicyName": name, "PolicyDocument": document}
        made.write(f"aws/role-policies/{name}.json", answer)
    made.write("aws/role-policy-list.json", {"PolicyNames": ["Logs", "Weights"]})
    made.write("aws/attached-policies.json", {"AttachedPolicies": []})
    if bucket is not None:
        return made.write("aws/bucket-policy.json", bucket)
    return made.manifest([{"path": "aws/bucket-policy.json", "call": "get", "outcome": "not_found"}])


def permission(what_if: WhatIf, answer: Answer) -> tuple[str, str]:
    (row,) = [row for row in what_if.steps(answer) if row.id == "permission"]
    return row.before.state, row.after.state if row.after is not None else ""


def test_a_role_policy_that_lacks_a_call(aws: Bundle, what_if_of: Callable[..., WhatIf]) -> None:
    what_if = what_if_of(reads(aws, ("s3:ListBucket",)))
    assert [(part.id, part.title) for part in what_if.parts if part.kind == "role-policy"] == [
        ("role-policy-1", "Logs"),
        ("role-policy-2", "Weights"),
    ]
    assert what_if.part("role-policy-2").read_at.startswith("aws/role-policies/Weights.json")
    assert outcome(what_if.present) == ("✗", "denied at permission")
    answer = what_if.ask({"role-policy-2": json.dumps(policy("s3:GetObject", "s3:ListBucket"))})
    assert permission(what_if, answer) == ("refused", "passed")
    assert outcome(answer) == ("✓", "accepted")
    assert answer.causes == ()
    assert what_if.reach(answer) is None, "no subject is accepted by it"
    same = what_if.ask({"role-policy-1": json.dumps(policy("s3:GetObject"))})
    assert permission(what_if, same) == ("refused", "passed")


def test_a_role_policy_without_its_call(aws: Bundle, what_if_of: Callable[..., WhatIf]) -> None:
    what_if = what_if_of(reads(aws))
    text = json.dumps(policy("s3:ListBucket"), indent=2)
    answer = what_if.ask({"role-policy-2": text})
    assert permission(what_if, answer) == ("passed", "refused")
    assert answer.causes[0].name == "permission-missing"
    broken = what_if.ask({"role-policy-2": '{"Version": "2012-10-17"}'})
    assert broken.diagnosis is None
    assert broken.problems[0].kind == "unreadable"


def test_a_bucket_policy_that_denies(aws: Bundle, what_if_of: Callable[..., WhatIf]) -> None:
    what_if = what_if_of(reads(aws, bucket=policy("s3:GetObject", Principal="*", effect="Deny")))
    (mark,) = what_if.deciding(what_if.present, "bucket-policy")
    assert mark.line == 4, "the statement"
    answer = what_if.ask({"bucket-policy": json.dumps(policy("s3:GetObject", Principal="*"))})
    assert permission(what_if, answer) == ("refused", "passed")
    assert what_if.deciding(answer, "bucket-policy") == ()


@pytest.mark.parametrize(
    ("members", "after"), [(["me"], "passed"), (["group:ml@example.com"], "unknown"), ([], "refused")]
)
def test_an_allow_policy_of_a_bucket(
    gcp: Bundle, what_if_of: Callable[..., WhatIf], members: list[str], after: str
) -> None:
    gcp.target(
        gcp={"provider": gcp.GCP_PROVIDER, "service_account": gcp.SERVICE_ACCOUNT, "gcs_bucket": "llama-weights"}
    )
    for name in ("bucket", "project", "folder", "organization"):
        gcp.write(f"gcp/{name}-policy.json", {"bindings": [LEGACY] if name == "bucket" else [], "etag": "x"})
    what_if = what_if_of(gcp)
    listed = [member.replace("me", f"serviceAccount:{gcp.SERVICE_ACCOUNT}") for member in members]
    answer = what_if.ask({"bucket-policy": json.dumps({"bindings": [LEGACY, {"role": VIEWER, "members": listed}]})})
    assert permission(what_if, answer) == ("refused", after)
