"""Statements, principals, actions, the decision and its trace."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oidc_doctor.iam import UNKNOWN, Decision, Node, compile_policy
from oidc_doctor.model.placeholder import Pasted

PROVIDER = "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/tenant"
ACTION = "sts:AssumeRoleWithWebIdentity"
CONTEXT: dict[str, Any] = {"oidc.example.com/tenant:aud": "aud", "oidc.example.com/tenant:sub": "org=A:team=B:x"}


def statement(**changes: Any) -> dict[str, Any]:
    """An Allow for the provider; None takes an element away."""
    base = {"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": ACTION}
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def policy(*statements: Any, version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": [*statements]}


def decide(*statements: Any, principal: str = PROVIDER, action: str = ACTION, context: Any = None) -> Decision:
    return compile_policy(policy(*statements)).decide(principal, action, CONTEXT if context is None else context)


def nodes(root: Node) -> list[Node]:
    return [root, *(found for child in root.children for found in nodes(child))]


class TestDecision:
    def test_allow(self) -> None:
        decision = decide(statement())
        assert (decision.effect, decision.granted, decision.trace.result) == ("allow", True, True)

    def test_nothing_matches(self) -> None:
        assert decide().effect == "unknown"  # IAM stores no policy without a statement
        assert decide(statement(Action="sts:AssumeRole")).effect == "implicit-deny"

    def test_deny_wins_wherever_it_stands(self) -> None:
        allow, deny = statement(), statement(Effect="Deny")
        assert decide(allow, deny).effect == decide(deny, allow).effect == "explicit-deny"

    def test_a_deny_that_does_not_match(self) -> None:
        deny = statement(Effect="Deny", Condition={"StringEquals": {"oidc.example.com/tenant:aud": "other"}})
        assert decide(statement(), deny).effect == "allow"

    def test_an_unreadable_value_grants_nothing_and_denies(self) -> None:
        unreadable = {"ArnLike": {"aws:FederatedProvider": "oidc-provider/*"}}
        allow, deny = statement(Condition=unreadable), statement(Effect="Deny", Condition=unreadable)
        decision = decide(allow, context={"aws:FederatedProvider": PROVIDER})
        assert decision.effect == "implicit-deny"
        assert decision.statements[0].condition is None
        assert decision.statements[0].undecidable
        assert decision.statements[0].applies is False
        assert decide(allow, statement(), context={"aws:FederatedProvider": PROVIDER}).effect == "allow"
        assert decide(statement(), deny, context={"aws:FederatedProvider": PROVIDER}).effect == "explicit-deny"

    def test_unread_evidence_is_unknown(self) -> None:
        condition = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}
        context = {**CONTEXT, "aws:sourcevpc": UNKNOWN}
        allow, deny = statement(Condition=condition), statement(Effect="Deny", Condition=condition)
        assert decide(allow, context=context).effect == "unknown"
        assert decide(allow, statement(), context=context).effect == "allow"
        decision = decide(statement(), deny, context=context)
        assert (decision.effect, decision.granted) == ("unknown", None)
        assert (decision.statements[1].applies, decision.statements[1].undecidable) == (None, False)
        assert decide(statement(Effect="Deny"), allow, context=context).effect == "explicit-deny"

    def test_a_deny_of_which_nothing_is_known_changes_no_refusal(self) -> None:
        deny = statement(Effect="Deny", Condition={"StringEquals": {"x": "1"}})
        decision = decide(statement(Action="sts:AssumeRole"), deny, context={"x": UNKNOWN})
        assert (decision.effect, decision.granted) == ("implicit-deny", False)

    def test_unread_beside_false_is_false(self) -> None:
        condition = {"StringEquals": {"x": "1", "oidc.example.com/tenant:aud": "other"}}
        assert decide(statement(Condition=condition), context={**CONTEXT, "x": UNKNOWN}).effect == "implicit-deny"

    def test_unread_beside_undecidable_cannot_grant(self) -> None:
        condition = {"StringEquals": {"x": "1"}, "ArnLike": {"aws:FederatedProvider": "oidc-provider/*"}}
        context = {**CONTEXT, "x": UNKNOWN, "aws:FederatedProvider": PROVIDER}
        assert decide(statement(Condition=condition), context=context).effect == "implicit-deny"
        assert decide(statement(), statement(Effect="Deny", Condition=condition), context=context).effect == "unknown"

    @pytest.mark.parametrize("effect", ["allow", "DENY", "", "***", None, 5, ["Allow"]])
    def test_another_effect_may_be_either(self, effect: object) -> None:
        unreadable = statement(Effect=effect)
        decision = decide(unreadable)
        assert (decision.effect, decision.trace.children[0].reason) == ("unknown", "unreadable")
        assert decide(statement(), unreadable).effect == "unknown"
        assert decide(statement(), {**unreadable, "Principal": {"Service": "ec2.amazonaws.com"}}).effect == "allow"
        assert decide(statement(), {**unreadable, "Action": "s3:GetObject"}).effect == "allow"
        assert decide(statement(), statement(Effect="Deny"), unreadable).effect == "explicit-deny"

    def test_a_single_statement_needs_no_list(self) -> None:
        decision = compile_policy({"Statement": statement()}).decide(PROVIDER, ACTION, {})
        assert decision.effect == "allow"
        assert decision.trace.children[0].pointer == "/Statement"

    def test_variables_depend_on_the_version(self) -> None:
        condition = {"StringEquals": {"oidc.example.com/tenant:aud": "${oidc.example.com/tenant:aud}"}}
        assert decide(statement(Condition=condition)).effect == "allow"
        old = compile_policy({"Statement": [statement(Condition=condition)]}).decide(PROVIDER, ACTION, CONTEXT)
        assert old.effect == "implicit-deny"
        assert nodes(old.trace)[-1].reason == "variable-literal-in-old-version"


class TestPrincipal:
    @pytest.mark.parametrize(
        ("principal", "result", "reason"),
        [
            ({"Federated": PROVIDER}, True, "match"),
            ({"Federated": ["other", PROVIDER]}, True, "match"),
            ({"AWS": "arn:aws:iam::123456789012:root", "Federated": PROVIDER}, True, "match"),
            ({"Federated": PROVIDER + "/"}, False, "no-match"),
            ({"Federated": PROVIDER.upper()}, False, "no-match"),
            ({"Federated": "oidc.example.com/tenant"}, False, "no-match"),
            ({"Federated": "arn:aws:iam::123456789012:oidc-provider/*"}, False, "no-match"),
            ({"AWS": "*"}, False, "other-principal-type"),
            ({"AWS": PROVIDER}, False, "other-principal-type"),
            ({"Service": "ec2.amazonaws.com"}, False, "other-principal-type"),
            ({"CanonicalUser": "79a59d"}, False, "other-principal-type"),
            ("*", None, "wildcard-principal-unverified"),
            ({"Federated": "*"}, None, "wildcard-principal-unverified"),
            (PROVIDER, None, "unreadable"),
            ("REDACTED", None, "unreadable"),
            ({"federated": PROVIDER}, None, "unreadable"),
            ({"Federated": "x"}, None, "unreadable"),
            ({"Federated": ["x"]}, None, "unreadable"),
            ({"AWS": "x"}, None, "unreadable"),
            ({"AWS": "123456789012"}, False, "other-principal-type"),
            ({"AWS": "AROAIOSFODNN7EXAMPLE"}, False, "other-principal-type"),
            ({"AWS": "<account>"}, False, "other-principal-type"),
            ({"Federated": 5}, None, "unreadable"),
            ({"Federated": "REDACTED"}, None, "unreadable"),
            ({"Federated": "..."}, None, "unreadable"),
            ({"Federated": ""}, None, "unreadable"),
            ({"Federated": [[PROVIDER]]}, None, "unreadable"),
            ({"Federated": [5, PROVIDER]}, True, "match"),
            ([PROVIDER], None, "unreadable"),
            ({"Federated": []}, None, "unreadable"),
            ({}, None, "unreadable"),
        ],
    )
    def test_forms(self, principal: object, result: bool | None, reason: str) -> None:
        decision = decide(statement(Principal=principal))
        node = decision.trace.children[0].children[0]
        assert (node.level, node.result, node.reason) == ("principal", result, reason)
        assert decision.effect == {True: "allow", False: "implicit-deny", None: "unknown"}[result]

    @pytest.mark.parametrize("name", ["accounts.google.com", "cognito-identity.amazonaws.com"])
    def test_built_in_providers_go_by_their_names(self, name: str) -> None:
        assert decide(statement(Principal={"Federated": name}), principal=name).effect == "allow"

    @pytest.mark.parametrize("effect", ["Allow", "Deny"])
    @pytest.mark.parametrize(
        "changes",
        [
            {"Principal": None},
            {"Principal": None, "NotPrincipal": {"Federated": "other"}},
            {"Resource": "*"},
            {"NotResource": "*"},
            {"principal": "*"},
            {"condition": {}},
            {"Comment": "x"},
        ],
    )
    def test_what_no_trust_policy_holds_is_unknown(self, effect: str, changes: dict[str, Any]) -> None:
        unreadable = statement(Effect=effect, **changes)
        decision = decide(statement(), unreadable)
        assert decision.effect == ("allow" if effect == "Allow" else "unknown")
        assert decision.trace.children[1].reason == "unreadable"
        assert decide(unreadable).effect == ("unknown" if effect == "Allow" else "implicit-deny")

    @pytest.mark.parametrize("principal", [{"AWS": "*"}, {"AWS": "REDACTED"}, {"AWS": ["arn:aws:iam::1:root", "*"]}])
    def test_a_deny_of_everybody_in_the_aws_form_was_not_measured(self, principal: Any) -> None:
        assert decide(statement(), statement(Effect="Deny", Principal=principal)).effect == "unknown"
        role = {"AWS": "arn:aws:iam::123456789012:role/x"}
        assert decide(statement(), statement(Effect="Deny", Principal=role)).effect == "allow"


class TestAction:
    @pytest.mark.parametrize(
        ("action", "result"),
        [
            (ACTION, True),
            ("STS:assumerolewithwebidentity", True),
            ("sts:*", True),
            ("*", True),
            ("sts:AssumeRole*", True),
            ("sts:AssumeRoleWith???Identity", True),
            (["sts:TagSession", ACTION], True),
            ("sts:AssumeRole", False),
            ("sts:TagSession", False),
            ("sts:SetContext", False),
            ("s3:*", False),
            ("AssumeRoleWithWebIdentity", None),
            ("sts:AssumeRoleWithWebIdendity", None),
            ("s3:GetObject", None),
            ("x", None),
            ("", None),
            ("REDACTED", None),
            ("sts:...", None),
            ("sts:<action>", None),
            ([], None),
            (5, None),
            ([None, 5], None),
            ([None, ACTION], True),
            ({"a": ACTION}, None),
        ],
    )
    def test_action(self, action: object, result: bool | None) -> None:
        assert decide(statement(Action=action)).statements[0].action is result

    def test_not_action(self) -> None:
        assert decide(statement(Action=None, NotAction="sts:TagSession")).effect == "allow"
        assert decide(statement(Action=None, NotAction=["sts:TagSession", "sts:Assume*"])).effect == "implicit-deny"
        assert decide(statement(NotAction="sts:TagSession")).effect == "unknown"  # beside Action

    def test_missing(self) -> None:
        assert decide(statement(Action=None)).trace.children[0].children[1].reason == "unreadable"


class TestTrace:
    def test_mirrors_the_policy_without_short_cuts(self) -> None:
        condition = {
            "StringEquals": {"oidc.example.com/tenant:aud": ["x", "aud"], "other/~key": "y"},
            "StringNotLike": {"oidc.example.com/tenant:sub": ["org=B:*", "org=A:*"]},
        }
        trace = decide(statement(Action="sts:AssumeRole", Condition=condition)).trace
        answers = {node.pointer: (node.level, node.result, node.reason) for node in nodes(trace)}
        base = "/Statement/0/Condition"
        aud = f"{base}/StringEquals/oidc.example.com~1tenant:aud"
        sub = f"{base}/StringNotLike/oidc.example.com~1tenant:sub"
        assert answers["/Statement/0/Action"] == ("value", False, "no-match")
        assert answers[aud] == ("key", True, "match")
        assert answers[aud + "/0"] == ("value", False, "no-match")
        assert answers[aud + "/1"] == ("value", True, "match")
        assert answers[f"{base}/StringEquals/other~1~0key"] == ("value", False, "key-absent")
        assert answers[f"{base}/StringEquals"] == ("operator", False, "key-absent")
        assert answers[sub] == ("key", False, "no-match")
        assert answers[sub + "/0"] == ("value", True, "match")
        assert answers[sub + "/1"] == ("value", False, "no-match")

    def test_both_sides_are_shown(self) -> None:
        condition = {"StringLike": {"oidc.example.com/tenant:sub": "${aws:Team, 'org=A'}:*"}}
        value = nodes(decide(statement(Condition=condition)).trace)[-1]
        assert (value.expected, value.actual) == ("${aws:Team, 'org=A'}:*", "org=A:team=B:x")
        assert value.resolved == "org=A:*"

    def test_members_of_a_multivalued_key(self) -> None:
        condition = {"ForAllValues:StringEquals": {"amr": ["pwd", "mfa"]}}
        key = decide(statement(Condition=condition), context={"amr": ["mfa", "sms"]}).trace.children[0].children[2]
        first, second = key.children[0].children
        assert [child.result for child in first.children] == [False, True]
        assert (first.result, first.actual, second.result, second.actual) == (True, "mfa", False, "sms")

    def test_json(self) -> None:
        condition = {"StringEquals": {"x": "1", "y": ["2", None]}, "Nonsense": {"a": 1}}
        decision = decide(statement(Condition=condition), context={"x": UNKNOWN, "y": Pasted("<y>")})
        data = json.loads(json.dumps(decision.trace.to_json()))
        assert data["level"] == "policy"
        assert data["children"][0]["children"][2]["children"][0]["actual"] is None
        assert data["children"][0]["children"][2]["children"][0]["reason"] == "key-unknown"

    @pytest.mark.parametrize(
        ("operator", "context", "result", "reason"),
        [
            ("StringEquals", {}, False, "key-absent"),
            ("StringNotEquals", {}, True, "vacuous"),
            ("StringEqualsIfExists", {}, True, "vacuous"),
            ("ForAllValues:StringEquals", {}, True, "vacuous"),
            ("ForAnyValue:StringNotEquals", {}, False, "key-absent"),
            ("StringEquals", {"k": ["true"]}, False, "multivalued-without-set-operator"),
            ("StringEquals", {"k": UNKNOWN}, None, "key-unknown"),
            ("NumericEquals", {"k": "1"}, False, "unreadable-policy-value"),
            ("ArnLike", {"k": PROVIDER}, None, "unreadable-policy-value"),
            ("ArnNotLike", {"k": "1"}, False, "unreadable-request-value"),
            ("Bool", {"k": "1"}, False, "unreadable-request-value"),
            ("Null", {"k": "1"}, False, "key-present"),
            ("Null", {}, True, "key-absent"),
            ("StringEquals", {"k": "false"}, False, "no-match"),
            ("StringEquals", {"k": "true"}, True, "match"),
            ("Sounds", {"k": "true"}, None, "unknown-operator"),
        ],
    )
    def test_reasons(self, operator: str, context: Any, result: bool | None, reason: str) -> None:
        node = (
            decide(
                statement(Condition={operator: {"issuer.example:k": "true"}}),
                context={f"issuer.example:{name}": value for name, value in context.items()},
            )
            .trace.children[0]
            .children[2]
        )
        assert (node.result, node.reason) == (result, reason)
        assert all(found.reason for found in nodes(node))


class TestPasted:
    """A policy and claims that a person copied by hand."""

    @staticmethod
    def effect(pasted: dict[str, Any], principal: str = PROVIDER, context: Any = None) -> str:
        compiled = compile_policy(policy(statement(**pasted)), pasted=True)
        return compiled.decide(principal, ACTION, CONTEXT if context is None else context).effect

    def test_without_a_gap_it_is_as_usual(self) -> None:
        assert self.effect({}) == "allow"
        assert self.effect({}, principal=PROVIDER + "x") == "implicit-deny"

    @pytest.mark.parametrize("account", ["<account>", "XXXXXXXXXXXX", "********", "1234", "", "${ACCOUNT}", "123..."])
    def test_a_redacted_account_is_unknown(self, account: str) -> None:
        arn = f"arn:aws:iam::{account}:oidc-provider/oidc.example.com/"
        assert self.effect({"Principal": {"Federated": arn + "tenant"}}) == "unknown"
        assert self.effect({"Principal": {"Federated": arn + "other"}}) == "implicit-deny"
        assert self.effect({"Principal": {"Federated": arn + "tenant"}}, principal=arn + "tenant") == "allow"
        assert self.effect({}, principal=Pasted(arn + "tenant")) == "unknown"

    def test_another_account_is_another(self) -> None:
        assert self.effect({"Principal": {"Federated": PROVIDER.replace("1234", "9234")}}) == "implicit-deny"

    def test_unmarked_text_is_read_as_it_stands(self) -> None:
        condition = {"StringEquals": {"oidc.example.com/tenant:sub": "<subject>"}}
        assert decide(statement(Condition=condition)).effect == "implicit-deny"

    def test_a_redacted_value_is_a_gap_whoever_read_it(self) -> None:
        for block in ({"StringLike": {"oidc.example.com/tenant:sub": "[REDACTED]"}}, {"Null": {"redacted": "true"}}):
            assert decide(statement(Condition=block)).effect == "unknown"
            assert decide(statement(), statement(Effect="Deny", Condition=block)).effect == "unknown"
        assert decide(statement(Condition={"StringLike": {"k": "redacted-*"}}), context={"k": "redacted-1"}).granted

    @pytest.mark.parametrize(
        ("pattern", "effect"),
        [
            ("org=<org>:*", "unknown"),
            ("org=***", "unknown"),
            ("org=A:*", "allow"),
            ("team=<team>:*", "implicit-deny"),
            ("org=$ORG:team=C:*", "implicit-deny"),
        ],
    )
    def test_a_gap_in_a_pattern(self, pattern: str, effect: str) -> None:
        assert self.effect({"Condition": {"StringLike": {"oidc.example.com/tenant:sub": pattern}}}) == effect

    def test_a_gap_in_a_claim(self) -> None:
        condition = {"StringLike": {"sub": "repo:o/r:ref:*"}}
        assert self.effect({"Condition": condition}, context={"sub": Pasted("repo:o/r:ref:refs/heads/<b>")}) == "allow"
        assert self.effect({"Condition": condition}, context={"sub": Pasted("repo:o/<r>:ref:x")}) == "unknown"
        assert self.effect({"Condition": condition}, context={"sub": Pasted("repo:o/<r>:env:x")}) == "unknown"
        assert self.effect({"Condition": condition}, context={"sub": Pasted("repo:p/<r>:ref:x")}) == "implicit-deny"
        assert self.effect({"Condition": condition}, context={"sub": "repo:o/<r>:ref:x"}) == "implicit-deny"

    def test_a_gap_in_a_negated_or_typed_value(self) -> None:
        assert self.effect({"Condition": {"StringNotEquals": {"k": "<x>"}}}, context={"k": "y"}) == "unknown"
        assert self.effect({"Condition": {"StringNotEquals": {"k": "a<x>"}}}, context={"k": "y"}) == "allow"
        assert self.effect({"Condition": {"IpAddress": {"k": "10.0.<x>.0/24"}}}, context={"k": "10.0.0.1"}) == "unknown"
        assert self.effect({"Condition": {"Bool": {"k": "<flag>"}}}, context={"k": "true"}) == "unknown"

    def test_a_gap_in_a_key_name(self) -> None:
        condition = {"StringEquals": {"<provider>:sub": "s"}}
        assert self.effect({"Condition": condition}, context={"oidc.example.com:sub": "s"}) == "unknown"
        assert self.effect({"Condition": condition}, context={"oidc.example.com:aud": "s"}) == "implicit-deny"
        assert self.effect({"Condition": condition}, context={Pasted("<provider>:sub"): "s"}) == "allow"
        plain = {"StringEquals": {"oidc.example.com:sub": "s"}}
        assert self.effect({"Condition": plain}, context={Pasted("<provider>:sub"): "s"}) == "unknown"
        assert self.effect({"Condition": {"Null": {"<p>:sub": "true"}}}, context={"x:sub": "s"}) == "unknown"

    def test_a_condition_key_in_braces_is_a_variable(self) -> None:
        condition = {"StringEquals": {"k": "${aws:Name}"}}
        assert self.effect({"Condition": condition}, context={"k": "x", "aws:name": "x"}) == "allow"
        assert self.effect({"Condition": {"StringEquals": {"k": "${NAME}"}}}, context={"k": "x"}) == "unknown"

    def test_a_redacted_account_in_a_condition(self) -> None:
        condition = {"ArnLike": {"k": "arn:aws:iam::1234:role/x"}}
        assert self.effect({"Condition": condition}, context={"k": "arn:aws:iam::123456789012:role/x"}) == "unknown"
        assert (
            self.effect({"Condition": condition}, context={"k": "arn:aws:iam::123456789012:role/y"}) == "implicit-deny"
        )
        any_account = {"ArnLike": {"k": "arn:aws:iam::*:role/x"}}
        assert self.effect({"Condition": any_account}, context={"k": "arn:aws:iam::123456789012:role/x"}) == "allow"

    @pytest.mark.parametrize("operator", ["StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnLike"])
    def test_the_same_gap_on_both_sides_is_the_same(self, operator: str) -> None:
        condition = {operator: {"k": "arn:aws:iam::<account>:role/x"}}
        context = {"k": Pasted("arn:aws:iam::<account>:role/x")}
        assert self.effect({"Condition": condition}, context=context) == "allow"
        assert self.effect({"Condition": condition}, context={"k": "role/y"}) == "implicit-deny"

    def test_a_gap_in_an_action_or_principal(self) -> None:
        assert self.effect({"Action": "sts:<action>"}) == "unknown"
        assert self.effect({"Action": "iam:<action>"}) == "implicit-deny"
        assert self.effect({"Principal": "<principal>"}) == "unknown"


@pytest.mark.parametrize("document", [None, 5, "x", [], {}, {"Statement": None}, {"Statement": "x"}])
def test_a_document_without_statements_is_unknown(document: Any) -> None:
    decision = compile_policy(document).decide(PROVIDER, ACTION, {})
    assert (decision.effect, decision.trace.children[0].reason) == ("unknown", "unreadable")


@pytest.mark.parametrize(
    "member", [{"Version": "2099-01-01"}, {"Version": None}, {"version": "2012-10-17"}, {"statement": []}]
)
def test_a_document_with_what_iam_does_not_know_is_unknown(member: dict[str, Any]) -> None:
    decision = compile_policy({"Statement": [statement()], **member}).decide(PROVIDER, ACTION, {})
    assert decision.effect == "unknown"
    assert decision.trace.children[0].pointer == "/" + next(iter(member))
    denied = compile_policy({"Statement": [statement(), statement(Effect="Deny")], **member})
    assert denied.decide(PROVIDER, ACTION, {}).effect == "explicit-deny"


@pytest.mark.parametrize("item", [None, 5, "x", "...", [], [statement()]])
def test_a_statement_that_is_no_object_may_allow_and_deny(item: Any) -> None:
    decision = decide(item)
    assert (decision.effect, decision.trace.children[0].reason) == ("unknown", "unreadable")
    assert decide(item, statement()).effect == "unknown"
    assert decide(item, statement(), statement(Effect="Deny")).effect == "explicit-deny"


@pytest.mark.parametrize(
    "condition",
    [
        5,
        "x",
        [],
        None,
        {"StringEquals": 5},
        {"StringEquals": ["x"]},
        {"REDACTED": {"k": "v"}},
        {"StringEquals": {"k": {}}},
    ],
)
def test_a_condition_that_cannot_be_read_is_unknown(condition: Any) -> None:
    changes = {**statement(), "Condition": condition}
    assert decide(changes, context={"k": "v"}).effect == "unknown"
    assert decide(statement(), {**changes, "Effect": "Deny"}, context={"k": "v"}).effect == "unknown"


def test_an_operator_that_iam_does_not_have_grants_nothing_and_denies() -> None:
    condition = {"StringMatches": {"k": "v"}}
    assert decide(statement(Condition=condition)).effect == "implicit-deny"
    assert decide(statement(), statement(Effect="Deny", Condition=condition)).effect == "explicit-deny"


def test_an_empty_condition_restricts_nothing() -> None:
    assert decide(statement(Condition={})).effect == "allow"
