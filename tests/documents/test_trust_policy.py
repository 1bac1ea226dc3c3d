"""Roles and policies in every shape in which they are printed or pasted."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.documents.json_text import Unreadable, decode
from oidc_doctor.documents.trust_policy import parse_policy, parse_roles
from oidc_doctor.model.document import Document, Missing

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringLike": {"oidc.baseten.co:sub": "v=1:org=a+b:*"}},
        }
    ],
}
ARN = "arn:aws:iam::210987654321:role/team/Weights"
SUB = "/Statement/0/Condition/StringLike/oidc.baseten.co:sub"


def role(**members: Any) -> dict[str, Any]:
    return {"RoleName": "Weights", "Arn": ARN, "AssumeRolePolicyDocument": POLICY, **members}


def policy_of(text: str) -> Document:
    (one,) = parse_roles(text, "aws/role.json")
    assert isinstance(one.trust_policy, Document)
    return one.trust_policy


@pytest.mark.parametrize(
    "wrap", [lambda one: {"Role": one}, lambda one: one, lambda one: [{"Role": one}], lambda one: {"Roles": [one]}]
)
def test_a_role_and_what_stands_around_it(wrap: Any) -> None:
    text = json.dumps(wrap(role(MaxSessionDuration=7200, CreateDate="2026-11-22T10:00:00+00:00")), indent=1)
    (one,) = parse_roles(text, "aws/role.json")
    assert (one.arn, one.name, one.max_session_duration) == (ARN, "Weights", 7200)
    assert one.created == "2026-11-22T10:00:00+00:00"
    assert isinstance(one.trust_policy, Document)
    assert one.trust_policy.value == POLICY
    origin = one.trust_policy.at(SUB)
    lines = text.split("\n")
    assert origin.line is not None
    assert "oidc.baseten.co:sub" in lines[origin.line - 1]
    assert one.origin.line is not None


@pytest.mark.parametrize("encode", [str, quote, lambda text: quote(text, safe="")])
def test_a_policy_in_a_string(encode: Any) -> None:
    policy = policy_of(json.dumps({"Role": role(AssumeRolePolicyDocument=encode(json.dumps(POLICY)))}))
    assert policy.value == POLICY
    assert str(policy.at(SUB)) == f"aws/role.json#/Role/AssumeRolePolicyDocument{SUB}"


def test_a_trust_policy_alone() -> None:
    (one,) = parse_roles(json.dumps(POLICY, indent=1), "aws/role.json")
    assert (one.arn, one.name) == (None, None)
    assert isinstance(one.trust_policy, Document)
    assert one.trust_policy.at(SUB).line == 9


def test_a_trust_policy_alone_in_a_string() -> None:
    assert policy_of(json.dumps(json.dumps(POLICY))).value == POLICY


def test_cloudtrails_spelling() -> None:
    text = json.dumps(
        {
            "role": {
                "roleName": "Weights",
                "arn": ARN,
                "assumeRolePolicyDocument": quote(json.dumps(POLICY)),
                "maxSessionDuration": 3600,
            }
        }
    )
    (one,) = parse_roles(text, "aws/role.json")
    assert (one.arn, one.name, one.max_session_duration) == (ARN, "Weights", 3600)
    assert policy_of(text).value == POLICY


def test_absent_members() -> None:
    (one,) = parse_roles(json.dumps({"Arn": ARN}), "aws/role.json")
    assert (one.name, one.max_session_duration, one.created) == ("Weights", None, None)
    assert isinstance(one.trust_policy, Missing)
    assert one.trust_policy.outcome == "not-asked"


def test_a_broken_policy_leaves_the_role() -> None:
    (one,) = parse_roles(json.dumps({"Role": role(AssumeRolePolicyDocument='{"a" 1}')}, indent=1), "aws/role.json")
    assert one.arn == ARN
    assert isinstance(one.trust_policy, Missing)
    assert one.trust_policy.outcome == "unreadable"
    assert (
        one.trust_policy.reason
        == "line 5: the policy text at /Role/AssumeRolePolicyDocument: line 1 column 6: expected ':'"
    )


def test_repeated_members_of_the_policy_count_from_it() -> None:
    policy = policy_of(
        '{"Role": {"Arn": "a", "AssumeRolePolicyDocument": {"Statement": {"Condition": 1, "Condition": 2}}}}'
    )
    assert policy.duplicates == ("/Statement/Condition",)
    assert policy.value == {"Statement": {"Condition": 2}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]x", "text after the end"),
        ("3", "expected a role or a trust policy, found a number"),
        ("{}", "neither a role"),
        ('{"Role": {}}', "/Role: neither a role"),
        ('{"Role": {"Arn": 3}}', "/Role/Arn: expected text, found a number"),
        ('{"Arn": "a", "MaxSessionDuration": "1h"}', "/MaxSessionDuration: expected a number of seconds, found text"),
        ('{"Arn": "a", "MaxSessionDuration": true}', "found true or false"),
        ('[{"Arn": "a"}, 3]', "/1: expected a role"),
        ('"no json"', "the policy text at the top"),
    ],
)
def test_wrong_roles(text: str, words: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse_roles(text, "aws/role.json")
    assert words in str(caught.value)


def test_a_long_list_of_roles_is_read_in_one_walk() -> None:
    text = json.dumps({"Roles": [role(RoleName=f"r{index}") for index in range(3000)]}, indent=1)
    roles = parse_roles(text, "aws/roles.json")
    assert roles[2999].name == "r2999"
    line = roles[2999].origin.line
    assert line is not None
    assert "".join(text.split("\n")[line - 1 : line + 1]).replace(" ", "") == '{"RoleName":"r2999",'


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (POLICY, ""),
        ({"RoleName": "r", "PolicyName": "p", "PolicyDocument": POLICY}, "/PolicyDocument"),
        ({"PolicyVersion": {"Document": POLICY, "VersionId": "v3"}}, "/PolicyVersion/Document"),
        ({"Policy": json.dumps(POLICY)}, "/Policy"),
        ({"policyText": json.dumps(POLICY), "repositoryName": "r"}, "/policyText"),
        ({"Policy": {"PolicySummary": {}, "Content": json.dumps(POLICY)}}, "/Policy/Content"),
        ({"PolicyDocument": quote(json.dumps(POLICY))}, "/PolicyDocument"),
    ],
)
def test_policies_in_the_answers_that_print_them(value: Any, pointer: str) -> None:
    document = parse_policy(json.dumps(value), "f")
    assert document.value == POLICY
    assert document.pointer == pointer


@pytest.mark.parametrize("text", ["{}", '{"Policy": {}}', "[]", "null", '{"Policy": "x"}'])
def test_what_holds_no_policy(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_policy(text, "f")


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just(json.dumps(POLICY)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Role", "Roles", "Arn", "AssumeRolePolicyDocument", "Statement", "Policy", "PolicyVersion", "Document"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=share_of(300), deadline=None)
@given(ANY.map(json.dumps).map(str.encode) | st.binary(max_size=40))
def test_no_file_raises_anything_but_unreadable(data: bytes) -> None:
    for parse in (parse_roles, parse_policy):
        try:
            parse(decode(data, "f"), "f")
        except Unreadable as error:
            assert str(error).isprintable()
