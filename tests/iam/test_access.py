"""Access of a session: the table of the IAM User Guide, Policy evaluation logic, cell by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor import iam
from oidc_doctor.iam.access import Access, AppliedPolicy, PolicySet, decide_access
from oidc_doctor.model.placeholder import Pasted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oidc_doctor.iam.access import PolicyKind

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/Weights"
SESSION_NAME = "pod"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Weights/{SESSION_NAME}"
OBJECT = "arn:aws:s3:::bucket/llama/model.bin"
CONTEXT = {"aws:PrincipalArn": ROLE}


def statement(effect: str = "Allow", /, **members: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*", **members}


def policy(kind: PolicyKind, *statements: Mapping[str, Any]) -> AppliedPolicy:
    grammar = iam.RESOURCE if kind == "RESOURCE" else iam.IDENTITY
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return AppliedPolicy(kind, kind, iam.compile_policy(document, grammar=grammar))


def decide(*policies: AppliedPolicy, resource: str = OBJECT, **options: Any) -> Access:
    options.setdefault("same_account", True)
    unread = frozenset(options.pop("unread", ()))
    caller = iam.Caller(ROLE, options.pop("session", SESSION_NAME))
    return decide_access(PolicySet(policies, unread, **options), caller, "s3:GetObject", resource, CONTEXT)


ALLOWS = statement()
OTHER = statement(Action="s3:PutObject")
TO_ROLE = statement(Principal={"AWS": ROLE})
TO_SESSION = statement(Principal={"AWS": SESSION})
TO_ACCOUNT = statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
TO_ALL = statement(Principal="*", Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}})


@pytest.mark.parametrize(
    ("grant", "identity", "boundary", "session", "allowed"),
    [
        (None, ALLOWS, None, None, True),
        (None, OTHER, None, None, False),
        (None, ALLOWS, OTHER, None, False),
        (None, ALLOWS, ALLOWS, OTHER, False),
        (None, ALLOWS, ALLOWS, ALLOWS, True),
        (TO_ROLE, OTHER, None, None, True),
        (TO_ROLE, OTHER, OTHER, None, False),
        (TO_ROLE, OTHER, None, OTHER, False),
        (TO_SESSION, OTHER, OTHER, OTHER, True),
        (TO_ACCOUNT, OTHER, None, None, False),
        (TO_ACCOUNT, ALLOWS, None, None, True),
        (TO_ACCOUNT, ALLOWS, OTHER, None, False),
        (TO_ALL, OTHER, None, None, True),
        (TO_ALL, OTHER, OTHER, None, None),
    ],
)
def test_grants_of_a_resource_policy_within_one_account(
    grant: Any, identity: Any, boundary: Any, session: Any, allowed: bool | None
) -> None:
    policies = [policy("PRINCIPAL", identity)]
    if grant:
        policies.append(policy("RESOURCE", grant))
    if boundary:
        policies.append(policy("PERMISSIONS_BOUNDARY", boundary))
    if session:
        policies.append(policy("SESSION", session))
    assert decide(*policies).allowed is allowed


@pytest.mark.parametrize("kind", ["SCP", "RCP", "VPC_ENDPOINT", "RESOURCE", "PRINCIPAL", "SESSION"])
def test_a_deny_of_any_policy_ends_it(kind: PolicyKind) -> None:
    principal = {"Principal": "*"} if kind == "RESOURCE" else {}
    denial = policy(kind, {**statement("Deny"), **principal}, {**statement(), **principal})
    access = decide(policy("PRINCIPAL", ALLOWS), policy("RESOURCE", TO_SESSION), denial)
    assert access.allowed is False
    assert access.denied_by is not None
    assert access.denied_by.applied.kind == kind


@pytest.mark.parametrize(
    ("grant", "identity", "allowed", "lacking"),
    [
        (None, ALLOWS, False, "RESOURCE"),
        (TO_ROLE, ALLOWS, True, None),
        (TO_ACCOUNT, ALLOWS, True, None),
        (TO_ROLE, OTHER, False, "PRINCIPAL"),
        (TO_SESSION, OTHER, False, "PRINCIPAL"),
    ],
)
def test_across_accounts_both_have_to_allow(grant: Any, identity: Any, allowed: bool, lacking: str | None) -> None:
    policies = [policy("PRINCIPAL", identity), *([policy("RESOURCE", grant)] if grant else [])]
    access = decide(*policies, same_account=False)
    assert (access.allowed, access.lacking) == (allowed, lacking)
    if grant is None:
        assert decide(*policies, same_account=None).allowed is None


def test_a_key_policy_has_to_allow_by_itself_or_delegate() -> None:
    identity = policy("PRINCIPAL", ALLOWS)
    assert decide(identity, resource_must_allow=True).lacking == "RESOURCE"
    assert decide(identity, policy("RESOURCE", TO_ACCOUNT), resource_must_allow=True).allowed
    assert decide(policy("PRINCIPAL", OTHER), policy("RESOURCE", TO_ROLE), resource_must_allow=True).allowed
    access = decide(policy("PRINCIPAL", OTHER), policy("RESOURCE", TO_ACCOUNT), resource_must_allow=True)
    assert (access.allowed, access.lacking) == (False, "PRINCIPAL")


@pytest.mark.parametrize("kind", ["PRINCIPAL", "RESOURCE", "PERMISSIONS_BOUNDARY", "SESSION"])
def test_what_was_not_read_is_never_an_answer(kind: PolicyKind) -> None:
    access = decide(policy("PRINCIPAL", ALLOWS), unread=[kind])
    assert access.allowed is None
    assert kind in access.open
    assert decide(policy("PRINCIPAL", OTHER), unread=["PRINCIPAL"]).allowed is None


@pytest.mark.parametrize(
    ("pattern", "resource", "applies"),
    [
        ("arn:aws:s3:::bucket/*", OBJECT, True),
        ("arn:aws:s3:::bucket", OBJECT, False),
        ("arn:aws:s3:::Bucket/*", OBJECT, False),
        ("arn:aws:s3:::bucket/llama", OBJECT, False),
        ("arn:aws:s3:::bucket/llama/?odel.bin", OBJECT, True),
        ("arn:aws:*", OBJECT, True),
        ("*", OBJECT, True),
        ("arn:aws:s3:::bucket/*", Pasted("arn:aws:s3:::bucket/llama/<key>"), True),
        ("arn:aws:s3:::bucket/llama/a*", Pasted("arn:aws:s3:::bucket/llama/<key>"), None),
        ("arn:aws:s3:::bucket/other/*", Pasted("arn:aws:s3:::bucket/llama/<key>"), False),
        ("s3://bucket/*", OBJECT, None),
        ("arn:aws:s3:::${aws:PrincipalTag/bucket}/*", OBJECT, False),
        ("arn:aws:ecr:us*repository/a", "arn:aws:ecr:us-east-1:123456789012:repository/a", None),
    ],
)
def test_a_resource_pattern(pattern: str, resource: str, applies: bool | None) -> None:
    decision = iam.compile_policy(
        {"Version": "2012-10-17", "Statement": statement(Resource=pattern)}, grammar=iam.IDENTITY
    ).decide("", "s3:GetObject", {}, resource)
    assert decision.granted is applies


@pytest.mark.parametrize(
    ("principal", "applies"),
    [
        ({"AWS": ROLE}, True),
        ({"AWS": ROLE.replace("team/", "")}, False),  # the path is part of the role's ARN
        ({"AWS": ACCOUNT}, True),
        ({"AWS": "210987654321"}, False),
        ({"AWS": SESSION}, True),
        ({"AWS": SESSION.replace("pod", "other")}, False),
        ({"AWS": "AROAEXAMPLEEXAMPLE01"}, False),
        ({"Service": "ecr.amazonaws.com"}, False),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}, None),
        ({"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.com"}, None),
        ("*", True),
        ("everyone", None),
        (None, None),
    ],
)
def test_whom_a_resource_policy_means(principal: Any, applies: bool | None) -> None:
    document = {"Version": "2012-10-17", "Statement": statement(Principal=principal)}
    decided = iam.compile_policy(document, grammar=iam.RESOURCE).decide(
        iam.Caller(ROLE, SESSION_NAME), "s3:GetObject", CONTEXT, OBJECT
    )
    assert decided.granted is applies


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": [f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:role/*"]},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"},
        "REDACTED",
    ],
)
def test_a_grant_to_somebody_who_cannot_be_read_may_be_to_the_role(principal: Any) -> None:
    """Another grant of the policy, which needs the identity policies as well, does not settle it."""
    unread = policy("RESOURCE", statement(Principal=principal), TO_ACCOUNT)
    assert decide(policy("PRINCIPAL", OTHER), unread).allowed is None
    assert decide(policy("PRINCIPAL", OTHER), unread, resource_must_allow=True).allowed is None


def test_a_session_of_unknown_name_may_be_the_one_that_is_named() -> None:
    assert decide(policy("PRINCIPAL", OTHER), policy("RESOURCE", TO_SESSION), session=None).allowed is None


_STATEMENTS = st.lists(
    st.sampled_from(
        [
            ALLOWS,
            OTHER,
            statement("Deny"),
            statement(Resource="s3://bucket"),
            statement("Deny", Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
        ]
    ),
    min_size=1,
    max_size=3,
)


@given(_STATEMENTS, st.sets(st.sampled_from(["PRINCIPAL", "RESOURCE", "SESSION", "RCP"])))
def test_reading_more_never_turns_an_answer(statements: list[dict[str, Any]], unread: set[str]) -> None:
    """An answer that was given with kinds unread holds when these turn out to have no policy."""
    policies = [policy("PRINCIPAL", *statements), policy("PERMISSIONS_BOUNDARY", ALLOWS)]
    context = {**CONTEXT, "aws:SourceVpce": iam.UNKNOWN}
    caller = iam.Caller(ROLE, SESSION_NAME)
    kinds: Any = frozenset(unread)
    before = decide_access(PolicySet(policies, kinds, same_account=True), caller, "s3:GetObject", OBJECT, context)
    after = decide_access(PolicySet(policies, same_account=True), caller, "s3:GetObject", OBJECT, context)
    assert before.allowed is None or before.allowed is after.allowed
