"""No proposed edit of AWS opens the role to strangers, refuses who passes now, or claims what it cannot show."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from evidence import Bundle
from evidence.timed import policy_edit
from oidc_doctor import api

if TYPE_CHECKING:
    from oidc_doctor.model.report import FixRow, Report

OWN = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:deployment=*:environment=production:type=model_container"
OTHER_TEAM = "v=1:org=Org8Kd2P:team=Tq7LmZ2y:*"


def policy_of(fixes: list[FixRow]) -> Any:
    """The trust policy after the edit."""
    return next(json.loads(fix.document) for fix in fixes if "Statement" in fix.document)


def only_fix(made: Bundle) -> FixRow:
    (fix,) = made.ask().report.fixes
    return fix


# --- the narrowest edit ----------------------------------------------------------------------------------------------


def test_a_new_pattern_names_model_environment_and_type_and_no_deployment(aws: Bundle) -> None:
    fix = only_fix(aws.condition(aws.subject(OTHER_TEAM)))
    values = json.loads(fix.document)["Statement"][0]["Condition"]["StringLike"][aws.SUB_KEY]
    assert values == [OTHER_TEAM, OWN]
    assert fix.kind == "add"
    assert fix.opens_to == fix.closes_to == []


def test_a_pattern_under_string_equals_gets_a_statement_of_its_own(aws: Bundle) -> None:
    """A pattern with a wildcard cannot join a list of exact subjects."""
    exact = aws.SUBJECT.replace("mWq41ZpK", "mWq41ZpZ")
    fix = only_fix(aws.condition(aws.subject(exact, operator="StringEquals")))
    first, second = json.loads(fix.document)["Statement"]
    assert first["Condition"] == aws.subject(exact, operator="StringEquals")
    assert second["Condition"]["StringLike"] == {aws.SUB_KEY: OWN}
    assert second["Condition"]["StringEquals"] == {aws.AUD_KEY: aws.AUDIENCE}


@pytest.mark.parametrize(
    "pattern",
    ["v=1:org=*:team=*:*", "v=1:org=Org8Kd2?:team=*:*", "v=1:org=*:team=Tq7LmZ2x:*", "v=1:org=Org8Kd2P:*", "*"],
)
def test_tenant_and_team_are_written_into_a_wildcard_that_comes_to_life(aws: Bundle, pattern: str) -> None:
    fix = only_fix(aws.condition(aws.subject(pattern, operator="StringEquals")))
    (value,) = json.loads(fix.document)["Statement"][0]["Condition"]["StringLike"].values()
    assert value == "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*"
    assert {other.partition(":")[0] for other in fix.opens_to} == {
        "another model",
        "another environment",
        "another type",
    }


def test_a_client_id_that_would_open_an_open_trust_comes_with_a_condition(aws: Bundle) -> None:
    """With the client id alone, every customer of the issuer would be accepted."""
    aws.condition({"StringEquals": {aws.AUD_KEY: aws.AUDIENCE}}).aws_provider(client_ids=("other",))
    fixes = aws.ask().report.fixes
    assert {fix.file for fix in fixes} == {"aws/oidc-provider.json", "aws/role.json"}
    assert all(fix.with_files for fix in fixes)
    assert policy_of(fixes)["Statement"][0]["Condition"]["StringLike"] == {aws.SUB_KEY: OWN}


def test_a_renamed_key_that_leaves_the_audience_open_comes_with_the_audience(aws: Bundle) -> None:
    aws.remove("aws/oidc-provider.json")  # its client ids would refuse other audiences
    fix = only_fix(aws.condition({"StringLike": {"oidc.baseten.co": aws.PATTERN}}))
    condition = json.loads(fix.document)["Statement"][0]["Condition"]
    assert condition == {"StringLike": {aws.SUB_KEY: aws.PATTERN}, "StringEquals": {aws.AUD_KEY: aws.AUDIENCE}}


def test_a_subject_under_the_key_of_the_audience_moves_to_its_own_key(aws: Bundle) -> None:
    aws.remove("aws/oidc-provider.json")
    fix = only_fix(aws.condition({"StringLike": {aws.AUD_KEY: aws.PATTERN}}))
    condition = json.loads(fix.document)["Statement"][0]["Condition"]
    assert condition == {"StringLike": {aws.SUB_KEY: aws.PATTERN}, "StringEquals": {aws.AUD_KEY: aws.AUDIENCE}}


def test_a_key_without_a_value_gives_way_to_the_subject(aws: Bundle) -> None:
    keys = {aws.AUD_KEY: aws.AUDIENCE, "oidc.baseten.co:org": aws.ORG, "oidc.baseten.co:team": aws.TEAM}
    fix = only_fix(aws.condition({"StringEquals": keys}))
    condition = json.loads(fix.document)["Statement"][0]["Condition"]
    assert condition == {"StringEquals": {aws.AUD_KEY: aws.AUDIENCE}, "StringLike": {aws.SUB_KEY: OWN}}


def test_a_client_id_does_not_rest_on_an_id_that_is_inferred_to_be_unique(github: Bundle) -> None:
    """`*acme@123/shop@456` is met by xacme@123 too: that GitHub issues no such subject is inferred."""
    host = github.GITHUB.removeprefix("https://")
    subject = "repo:acme@123/shop@456:environment:production"
    github.token({"iss": github.GITHUB, "sub": subject, "aud": "sts.amazonaws.com", "exp": github.NOW + 240})
    policy = github.read("aws/role.json")["Role"]["AssumeRolePolicyDocument"]
    policy["Statement"][0]["Condition"] = {
        "StringEquals": {f"{host}:aud": "sts.amazonaws.com"},
        "StringLike": {f"{host}:sub": "*acme@123/shop@456:environment:production"},
    }
    provider = github.read("aws/oidc-provider.json") | {"ClientIDList": ["other"]}
    github.aws_role(policy).write("aws/oidc-provider.json", provider)
    fixes = github.ask().report.fixes
    assert fixes
    assert policy_of(fixes)["Statement"][0]["Condition"]["StringEquals"][f"{host}:sub"] == subject


# --- several faults --------------------------------------------------------------------------------------------------


def test_three_faults_of_one_policy_get_one_edit(aws: Bundle) -> None:
    condition = {"StringEquals": {aws.AUD_KEY: "sts.amazonaws.com", aws.SUB_KEY: aws.PATTERN}}
    aws.trust(aws.statement(condition, Action="sts:AssumeRole"))
    fix = only_fix(aws)
    assert len(fix.also_for) >= 1
    aws.trust(*json.loads(fix.document)["Statement"])
    assert aws.ask().accepted


def test_faults_of_two_documents_get_a_row_each(aws: Bundle) -> None:
    fixes = aws.aws_provider(client_ids=("other",)).condition(aws.subject(OTHER_TEAM)).ask().report.fixes
    assert [fix.file for fix in fixes] == ["aws/oidc-provider.json", "aws/role.json"]
    assert [fix.with_files for fix in fixes] == [["aws/role.json"], ["aws/oidc-provider.json"]]
    assert {fix.for_ for fix in fixes} == {aws.ask().first.code}


def test_the_proof_of_a_token_that_goes_on_being_refused_still_tries_strangers(aws: Bundle) -> None:
    """The token's header is refused in any case; with another one, an open edit would accept strangers."""
    aws.token(header={"crit": ["b64"]})
    aws.condition(aws.subject("v=1:org=*:team=*:*", operator="StringEquals"))
    for fix in aws.ask().report.fixes:
        assert "org=*" not in fix.document.replace("StringEquals", "")
        assert "another one still refuses" in fix.proof


# --- who passes now --------------------------------------------------------------------------------------------------


def test_a_provider_that_may_be_in_use_keeps_its_statement(aws: Bundle) -> None:
    other = aws.PROVIDER_ARN.replace("oidc.baseten.co", "oidc.example.com")
    aws.aws_providers(aws.PROVIDER_ARN, other).trust(aws.statement(Principal={"Federated": other}))
    fix = only_fix(aws)
    first, second = json.loads(fix.document)["Statement"]
    assert first["Principal"] == {"Federated": other}
    assert second["Principal"] == {"Federated": aws.PROVIDER_ARN}


def test_an_audience_that_may_be_in_use_stays(aws: Bundle) -> None:
    condition = {"StringEquals": {aws.AUD_KEY: "sts.amazonaws.com"}, "StringLike": {aws.SUB_KEY: aws.PATTERN}}
    aws.condition(condition).aws_provider(client_ids=("sts.amazonaws.com", aws.AUDIENCE))
    values = json.loads(only_fix(aws).document)["Statement"][0]["Condition"]["StringEquals"][aws.AUD_KEY]
    assert values == ["sts.amazonaws.com", aws.AUDIENCE]


@pytest.mark.parametrize(("days", "kept"), [(3, True), (12, False)])
def test_a_value_that_long_logs_show_as_unused_is_replaced(aws: Bundle, days: int, kept: bool) -> None:
    events = [aws.event(event_id=f"bad-{day}", at=f"2026-11-{22 - day:02}T20:30:00Z") for day in range(days)]
    fix = only_fix(aws.condition(aws.subject(OTHER_TEAM)).cloudtrail(events))
    assert ("Tq7LmZ2y" in fix.document) is kept
    assert fix.kind == ("add" if kept else "correct")
    assert bool(fix.closes_to) is not kept


def test_a_statement_of_its_own_keeps_the_address_that_the_policy_asks_for(aws: Bundle) -> None:
    condition = aws.subject("v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=another1:*", operator="StringEquals")
    condition["IpAddress"] = {"aws:SourceIp": "198.51.100.0/24"}
    aws.sends(context={"aws:SourceIp": "198.51.100.7"}).condition(condition)
    policy = json.loads(only_fix(aws).document)
    assert all(part["Condition"]["IpAddress"] == condition["IpAddress"] for part in policy["Statement"])


def test_an_address_that_is_not_known_is_said_to_be_open(aws: Bundle) -> None:
    condition = aws.subject(OTHER_TEAM) | {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}
    for fix in aws.condition(condition).ask().report.fixes:
        assert "the token passes" not in fix.proof
        assert "depends on evidence that was not read" in fix.proof


def test_a_refusal_by_an_address_is_not_walked_around(aws: Bundle) -> None:
    condition = aws.subject(aws.PATTERN) | {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    aws.sends(context={"aws:SourceIp": "198.51.100.7"}).condition(condition)
    for fix in aws.ask().report.fixes:
        (statement,) = json.loads(fix.document)["Statement"]
        assert statement["Condition"]["IpAddress"]["aws:SourceIp"] == ["203.0.113.0/24", "198.51.100.7"]


@pytest.mark.parametrize("sent", ["role/Modelweights", "role/ModelWeights/", "arn:aws:iam::210987654321:ModelWeights"])
def test_the_arn_that_the_client_sends_is_corrected(aws: Bundle, sent: str) -> None:
    aws.sends(role_arn=sent if sent.startswith("arn") else f"arn:aws:iam::210987654321:{sent}")
    for fix in aws.ask().report.fixes:
        assert fix.file == "oidc-doctor.toml"
        assert fix.kind == "correct"
        assert f'+ role_arn = "{aws.ROLE_ARN}"' in fix.diff
        assert fix.closes_to == []


def test_a_role_under_another_path_is_named_as_it_is(aws: Bundle) -> None:
    arn = "arn:aws:iam::210987654321:role/ml/ModelWeights"
    fix = only_fix(aws.aws_role(Arn=arn))
    assert f'+ role_arn = "{arn}"' in fix.diff


# --- what was there before -------------------------------------------------------------------------------------------


def changed(aws: Bundle, before: str, after: str) -> Bundle:
    """A bundle whose log has two writes: a policy with the one pattern, then with the other."""
    policies = [aws.policy(aws.statement(aws.subject(pattern))) for pattern in (before, after)]
    aws.aws_role(policies[1])
    return aws.cloudtrail(
        [
            policy_edit(aws, "2026-11-22T01:00:00Z", policies[0]),
            aws.accepted_event(event_id="good", at="2026-11-22T08:00:00Z"),
            policy_edit(aws, "2026-11-22T12:00:00Z", policies[1]),
            aws.event(event_id="bad"),
        ]
    )


def test_the_policy_that_worked_is_put_back_first(aws: Bundle) -> None:
    fix = only_fix(changed(aws, aws.PATTERN, OTHER_TEAM))
    assert fix.kind == "restore"
    assert json.loads(fix.document)["Statement"][0]["Condition"] == aws.subject(aws.PATTERN)
    assert any("team=Tq7LmZ2y" in subject for subject in fix.closes_to), "who loses access is said"


def test_a_policy_that_was_made_narrower_is_not_made_wide_again(aws: Bundle) -> None:
    narrow = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*:environment=staging:*"
    fix = only_fix(changed(aws, "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*", narrow))
    assert fix.kind == "add"
    values = json.loads(fix.document)["Statement"][0]["Condition"]["StringLike"][aws.SUB_KEY]
    assert values == [narrow, OWN]


def test_an_open_policy_is_never_put_back(aws: Bundle) -> None:
    fix = only_fix(changed(aws, "v=1:org=*", OTHER_TEAM))
    assert fix.kind == "add"
    assert "org=*" not in fix.document


# --- any policy ------------------------------------------------------------------------------------------------------

ISSUERS = [
    ("oidc.baseten.co", Bundle.SUBJECT, "oidc.baseten.co", "Org8Kd2P"),
    ("token.actions.githubusercontent.com", "repo:acme/shop:ref:refs/heads/main", "sts.amazonaws.com", "acme"),
    ("gitlab.com", "project_path:orchard/shop:ref_type:branch:ref:main", "https://gitlab.com", "orchard"),
    ("idp.example.org", "agent/team-blue/runner-7", "runners", "team-blue"),
]
ACCOUNT = "210987654321"


@st.composite
def refusing(draw: st.DrawFn) -> tuple[str, str, str, str, Any, list[str]]:
    """An issuer, subject, audience, tenant, and a trust policy and client ids that may refuse the token."""
    host, subject, audience, tenant = draw(st.sampled_from(ISSUERS))
    place = draw(st.sampled_from([found.end() for found in re.finditer(r"[:/=]", subject)]))
    pattern = st.sampled_from(
        [
            subject,
            subject[:place] + "*",
            "*" + subject[place:],
            subject[:place],
            subject.replace(tenant, "*"),
            subject.replace(tenant, "other"),
            subject.replace(tenant, tenant + "*"),
            subject.replace(tenant, tenant[:-1] + "?"),
            subject.swapcase(),
            subject + ":more",
            "*",
        ]
    )
    name = st.sampled_from([f"{host}:sub"] * 4 + [f"{host}:subb", host, f"https://{host}:sub", f"{host}:org"])
    operator = st.sampled_from(["StringLike", "StringEquals", "StringLikeIfExists", "ForAllValues:StringLike"])
    statements = []
    for _ in range(draw(st.integers(1, 2))):
        condition: dict[str, dict[str, Any]] = {}
        if draw(st.booleans()):
            key = draw(st.sampled_from([f"{host}:aud", f"{host}:aud", f"{host}:audience"]))
            condition["StringEquals"] = {key: draw(st.sampled_from([audience, "other", [audience, "other"]]))}
        if draw(st.integers(0, 4)):
            condition.setdefault(draw(operator), {})[draw(name)] = draw(pattern)
        account = draw(st.sampled_from([ACCOUNT, ACCOUNT, "444455556666"]))
        action = draw(
            st.sampled_from(["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRole"])
        )
        principal = {"Federated": f"arn:aws:iam::{account}:oidc-provider/{host}"}
        statements.append({"Effect": "Allow", "Principal": principal, "Action": action, "Condition": condition})
    ids = draw(st.sampled_from([[audience], [audience], [], ["other"]]))
    return host, subject, audience, tenant, {"Version": "2012-10-17", "Statement": statements}, ids


def examined(host: str, claims: dict[str, Any], policy: Any, ids: list[str]) -> Report:
    role_arn = f"arn:aws:iam::{ACCOUNT}:role/Weights"
    provider_arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"
    files = {
        "role.json": {"Role": {"RoleName": "Weights", "Arn": role_arn, "AssumeRolePolicyDocument": policy}},
        "oidc-provider.json": {"Url": host, "Arn": provider_arn, "ClientIDList": ids},
    }
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "aws").mkdir()
        for name, value in files.items():
            (Path(folder) / "aws" / name).write_text(json.dumps(value))
        (Path(folder) / "claims.json").write_text(json.dumps({"claims": claims, "complete": True}))
        return api.examine(folder)


@settings(max_examples=6, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(refusing())
def test_no_edit_opens_the_role_to_strangers(case: tuple[str, str, str, str, Any, list[str]]) -> None:
    """The strangers here are made without any grammar: the tenant's name is replaced in the text of the subject."""
    host, subject, audience, tenant, policy, ids = case
    claims = {"iss": f"https://{host}", "sub": subject, "aud": audience}
    fixes = examined(host, claims, policy, ids).fixes
    if not fixes:
        return
    edited, client_ids = policy, ids
    for fix in fixes:
        document = json.loads(fix.document)
        edited = document if "Statement" in document else edited
        client_ids = document.get("ClientIDList", client_ids)
    assert examined(host, claims, edited, client_ids).exchanges[0].prediction != "refused"
    assert edited == policy or api.save_refusal(edited) is None
    for other in ("zzzz", f"{tenant}X", f"evil{tenant}", tenant.swapcase(), tenant[:-1]):
        stranger = claims | {"sub": subject.replace(tenant, other)}
        if examined(host, stranger, policy, ids).exchanges[0].prediction == "refused":
            assert examined(host, stranger, edited, client_ids).exchanges[0].prediction == "refused", (other, edited)
