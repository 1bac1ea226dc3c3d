"""Providers, pools, accounts and allow policies; what is absent, empty or of a wrong type."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.documents.json_text import Unreadable, decode, load
from oidc_doctor.documents.provider import (
    parse_allow_policy,
    parse_aws_provider_list,
    parse_aws_providers,
    parse_caller_identity,
    parse_gcp_pools,
    parse_gcp_providers,
    parse_project,
    parse_service_account,
    parse_services,
    service_states,
    split_name,
)
from oidc_doctor.model.document import UNKNOWN

ARN = "arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co"
NAME = "projects/123/locations/global/workloadIdentityPools/pool/providers/baseten"
AWS = {
    "Url": "oidc.baseten.co",
    "ClientIDList": ["oidc.baseten.co"],
    "ThumbprintList": ["ab"],
    "CreateDate": "2026-01-01",
}


def one_aws(value: Any) -> Any:
    (one,) = parse_aws_providers(json.dumps(value, indent=1), "aws/oidc-provider.json")
    return one


def test_an_aws_provider() -> None:
    one = one_aws({**AWS, "Arn": ARN})
    assert (one.url, one.arn, one.client_ids, one.thumbprints) == (
        "oidc.baseten.co",
        ARN,
        ("oidc.baseten.co",),
        ("ab",),
    )
    assert str(one.document.at("/ClientIDList/0")) == "aws/oidc-provider.json:4"


def test_the_url_as_iam_prints_it() -> None:
    assert one_aws({**AWS, "Url": "https://Host.example/Path/"}).url == "Host.example/Path/"
    assert one_aws({"Arn": ARN}).url == "oidc.baseten.co"
    assert one_aws({"url": "https://a", "clientIDList": ["x"]}).client_ids == ("x",)


def test_a_client_id_list_that_is_absent_is_not_empty() -> None:
    assert one_aws({"Url": "a"}).client_ids is UNKNOWN
    assert one_aws({"Url": "a", "ClientIDList": None}).client_ids is UNKNOWN
    assert one_aws({"Url": "a", "ClientIDList": []}).client_ids == ()
    assert one_aws({"Url": "a"}).arn is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, "not an OIDC provider: no Url"),
        ([3], "/0: expected an OIDC provider, found a number"),
        ({"Url": ["a"]}, "line 2: /Url: expected text, found a list"),
        ({"Url": "a", "ClientIDList": "x"}, "line 3: /ClientIDList: expected a list, found text"),
        ({"Url": "a", "ClientIDList": ["x", 3]}, "line 5: /ClientIDList/1: expected text, found a number"),
        ({"Url": "a", "ThumbprintList": {}}, "/ThumbprintList: expected a list, found an object"),
    ],
)
def test_wrong_aws_providers(value: Any, words: str) -> None:
    with pytest.raises(Unreadable) as caught:
        one_aws(value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [{"OpenIDConnectProviderList": [{"Arn": ARN}]}, [{"Arn": ARN}], [ARN]],
)
def test_the_list_of_aws_providers(value: Any) -> None:
    document, arns, full = parse_aws_provider_list(json.dumps(value), "f")
    assert (document.value, arns, full) == (value, (ARN,), ())


def test_a_list_completed_by_hand() -> None:
    _, arns, full = parse_aws_provider_list(json.dumps([{"Arn": ARN, **AWS}, {"Url": "b"}]), "f")
    assert arns == (ARN,)
    assert [one.url for one in full] == ["oidc.baseten.co", "b"]
    assert full[1].document.pointer == "/1"


@pytest.mark.parametrize("value", [{}, {"OpenIDConnectProviderList": {}}, [3], "x"])
def test_wrong_lists_of_aws_providers(value: Any) -> None:
    with pytest.raises(Unreadable):
        parse_aws_provider_list(json.dumps(value), "f")


def gcp(**members: Any) -> dict[str, Any]:
    return {"name": NAME, "state": "ACTIVE", "oidc": {"issuerUri": "https://oidc.baseten.co"}, **members}


def one_gcp(value: Any) -> Any:
    (one,) = parse_gcp_providers(json.dumps(value), "gcp/provider.json")
    return one


def test_a_gcp_provider() -> None:
    one = one_gcp(
        gcp(
            oidc={"issuerUri": "https://i", "allowedAudiences": ["a", "b"], "jwksJson": "{}"},
            attributeMapping={"google.subject": "assertion.sub"},
            attributeCondition="true",
            disabled=True,
        )
    )
    assert (one.name, one.kind, one.state, one.disabled) == (NAME, "oidc", "ACTIVE", True)
    assert (one.issuer_uri, one.allowed_audiences, one.jwks_json) == ("https://i", ("a", "b"), "{}")
    assert (one.mapping, one.condition) == ({"google.subject": "assertion.sub"}, "true")


def test_what_is_absent_from_a_gcp_provider() -> None:
    one = one_gcp(gcp())
    assert (one.disabled, one.allowed_audiences, one.jwks_json, one.condition) == (False, (), None, None)
    assert one.mapping is UNKNOWN
    assert one_gcp(gcp(attributeMapping={})).mapping == {}
    assert one_gcp({"name": None, "oidc": {"issuerUri": None}}).issuer_uri is None


@pytest.mark.parametrize(
    ("value", "disabled"),
    [(True, True), ("true", True), ("True", True), (False, False), ("false", False), (None, False)],
)
def test_disabled(value: Any, disabled: bool) -> None:
    assert one_gcp(gcp(disabled=value)).disabled is disabled


@pytest.mark.parametrize("kind", ["aws", "saml", "x509"])
def test_other_kinds_of_gcp_provider(kind: str) -> None:
    assert one_gcp({"name": NAME, kind: {}}).kind == kind
    assert one_gcp({"name": NAME}).kind == "unknown"


@pytest.mark.parametrize("wrap", [lambda one: [one, one], lambda one: {"workloadIdentityPoolProviders": [one, one]}])
def test_lists_of_gcp_providers(wrap: Any) -> None:
    found = parse_gcp_providers(json.dumps(wrap(gcp())), "gcp/providers.json")
    assert [one.name for one in found] == [NAME, NAME]
    assert found[1].document.at("/name").line == 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, "not a provider"),
        ({"email": "x"}, "not a provider"),
        ({"name": 3, "oidc": {}}, "/name: expected text"),
        (gcp(oidc="x"), "/oidc: expected an object, found text"),
        (gcp(oidc={"allowedAudiences": "x"}), "/oidc/allowedAudiences: expected a list"),
        (gcp(attributeMapping=["x"]), "/attributeMapping: expected an object"),
        (
            gcp(attributeMapping={"google.subject": 1}),
            "/attributeMapping/google.subject: expected text, found a number",
        ),
        (gcp(attributeMapping={"google.subject": None}), "expected text, found null"),
        (gcp(disabled="yes"), "/disabled: expected true or false, found text"),
    ],
)
def test_wrong_gcp_providers(value: Any, words: str) -> None:
    with pytest.raises(Unreadable) as caught:
        one_gcp(value)
    assert words in str(caught.value)


def test_pools() -> None:
    name = NAME.partition("/providers/")[0]
    (one,) = parse_gcp_pools(json.dumps({"name": name, "state": "DELETED"}), "f")
    assert (one.name, one.state, one.disabled) == (name, "DELETED", False)
    assert len(parse_gcp_pools(json.dumps([{"name": name}, {"name": name, "disabled": True}]), "f")) == 2


def test_a_service_account() -> None:
    one = parse_service_account('{"email": "a@p.iam.gserviceaccount.com", "uniqueId": "1", "disabled": true}', "f")
    assert (one.email, one.unique_id, one.disabled) == ("a@p.iam.gserviceaccount.com", "1", True)
    one = parse_service_account('{"name": "projects/p/serviceAccounts/a@p.iam.gserviceaccount.com"}', "f")
    assert (one.email, one.disabled) == ("a@p.iam.gserviceaccount.com", False)


def test_an_allow_policy() -> None:
    text = json.dumps(
        {
            "bindings": [
                {"role": "roles/a", "members": ["user:x"]},
                {"role": "roles/b", "members": ["user:y"], "condition": {"title": "t", "expression": "true"}},
            ],
            "etag": "x",
            "version": 3,
        }
    )
    policy = parse_allow_policy(text, "f", "project")
    first, second = policy.bindings
    assert (first.role, first.members, first.condition, first.pointer) == ("roles/a", ("user:x",), None, "/bindings/0")
    assert second.condition == "true"
    assert policy.resource == "project"
    assert policy.document.at(second.pointer).line == 1


@pytest.mark.parametrize("text", ['{"etag": "ACAB"}', '{"bindings": []}', '{"bindings": null}'])
def test_an_allow_policy_without_bindings(text: str) -> None:
    assert parse_allow_policy(text, "f", "service-account").bindings == ()


@pytest.mark.parametrize(
    "value",
    [
        [],
        {"bindings": {}},
        {"bindings": [3]},
        {"bindings": [{"members": []}]},
        {"bindings": [{"role": "r", "members": "x"}]},
        {"bindings": [{"role": "r", "condition": {}}]},
        {"bindings": [{"role": "r", "condition": "x"}]},
    ],
)
def test_wrong_allow_policies(value: Any) -> None:
    with pytest.raises(Unreadable):
        parse_allow_policy(json.dumps(value), "f", "project")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"projectNumber": "123", "projectId": "p"}, ("123", "p", None)),
        ({"projectNumber": 123}, ("123", None, None)),
        ({"name": "projects/123", "projectId": "p", "state": "ACTIVE"}, ("123", "p", "ACTIVE")),
        ({"name": "My project", "projectId": "p"}, (None, "p", None)),
        ({"projectId": "p", "lifecycleState": "DELETE_REQUESTED"}, (None, "p", "DELETE_REQUESTED")),
    ],
)
def test_a_project(value: Any, expected: tuple[str | None, str | None, str | None]) -> None:
    assert parse_project(json.dumps(value), "f") == expected


@pytest.mark.parametrize(
    "value",
    [
        [
            {
                "config": {"name": "sts.googleapis.com"},
                "name": "projects/1/services/sts.googleapis.com",
                "state": "ENABLED",
            }
        ],
        {"services": [{"name": "projects/1/services/sts.googleapis.com", "state": "ENABLED"}, 3, {}]},
        {"sts.googleapis.com": "ENABLED", "other": 3},
    ],
)
def test_service_states(value: Any) -> None:
    assert service_states(load(json.dumps(value), "f")) == {"sts.googleapis.com": "ENABLED"}


@pytest.mark.parametrize("value", [None, 3, "x", [[]], {"services": {}}])
def test_service_states_of_something_else(value: Any) -> None:
    assert service_states(load(json.dumps(value), "f")) == {}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (NAME, ("123", "global", "pool", "baseten")),
        (f"//iam.googleapis.com/{NAME}", ("123", "global", "pool", "baseten")),
        (f"https://iam.googleapis.com/{NAME}", ("123", "global", "pool", "baseten")),
        (NAME.partition("/providers/")[0], ("123", "global", "pool", None)),
        ("//iam.googleapis.com/...", None),
        ("", None),
        (NAME + "/x/y", None),
    ],
)
def test_split_name(name: str, parts: Any) -> None:
    assert split_name(name) == parts


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Url",
                    "Arn",
                    "ClientIDList",
                    "OpenIDConnectProviderList",
                    "name",
                    "oidc",
                    "attributeMapping",
                    "bindings",
                    "role",
                    "members",
                    "condition",
                    "projectNumber",
                    "services",
                    "config",
                    "state",
                    "email",
                    "disabled",
                    "issuerUri",
                    "allowedAudiences",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
PARSERS: list[Callable[[str, str], object]] = [
    parse_aws_providers,
    parse_aws_provider_list,
    parse_gcp_providers,
    parse_gcp_pools,
    parse_project,
    parse_service_account,
    lambda text, file: parse_allow_policy(text, file, "project"),
    lambda text, file: service_states(load(text, file)),
]


@settings(max_examples=share_of(300), deadline=None)
@given(VALUES.map(json.dumps).map(str.encode) | st.binary(max_size=30))
def test_no_file_raises_anything_but_unreadable(data: bytes) -> None:
    for parse in PARSERS:
        try:
            parse(decode(data, "f"), "f")
        except Unreadable as error:
            assert str(error).isprintable()


@pytest.mark.parametrize("text", ["{}", '{"keys": 5}', "[]", "null", '""'])
def test_an_object_of_something_else_is_unread(text: str) -> None:
    """Nothing of the kind is in it: what it would show by being absent is not known."""
    for parse in (partial(parse_allow_policy, resource="project"), parse_project, parse_caller_identity):
        with pytest.raises(Unreadable):
            parse(text, "f")


@pytest.mark.parametrize("text", ["{}", "[]", '{"services": []}', "null", '""'])
def test_a_list_without_a_service_is_unread(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_services(text, "f")


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (parse_gcp_providers, {"name": "x", "oidc": {}, "Disabled": True}),
        (parse_gcp_providers, {"name": "x", "oidc": {}, "attribute_condition": "false"}),
        (parse_gcp_providers, {"name": "x", "oidc": {"JwksJson": "{}"}}),
        (parse_gcp_providers, {"name": "x", "oidc": {"jwksJson": "{}", "jwks_json": "{}"}}),
        (parse_gcp_pools, {"name": "x", "Disabled": True}),
        (parse_service_account, {"email": "x@y", "Disabled": True}),
        (lambda text, file: parse_allow_policy(text, file, "project"), {"etag": "x", "Bindings": []}),
    ],
)
def test_a_member_in_other_letters_is_not_read_as_absent(read: Any, value: Any) -> None:
    with pytest.raises(Unreadable, match="in these letters"):
        read(json.dumps(value), "x.json")


def test_a_caller_of_two_accounts_is_not_read() -> None:
    arn = "arn:aws:sts::111122223333:assumed-role/Support/x"
    assert parse_caller_identity(json.dumps({"Account": "111122223333", "Arn": arn}), "x.json") == "111122223333"
    with pytest.raises(Unreadable, match="111122223333"):
        parse_caller_identity(json.dumps({"Account": "554433221100", "Arn": arn}), "x.json")
