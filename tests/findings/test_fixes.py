"""Proposed edits: each is proven again here, by putting the edited document into the bundle and asking anew."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.findings.fixes.aws import AWS_EDITS
from oidc_doctor.report.json import to_json

if TYPE_CHECKING:
    from evidence import Answer, Bundle
    from oidc_doctor.model.report import FixRow


OTHER_TEAM = "v=1:org=Org8Kd2P:team=Tq7LmZ2y:*"
OWN_PATTERN = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:deployment=*:environment=production:type=model_container"
OTHER_TENANT = (
    "v=1:org=Zz9Yx8Wv:team=Tq7LmZ2x:model=mWq41ZpK:deployment=4be1c07:environment=production:type=model_container"
)
Change = Callable[[Any], Any]


def apply(made: Bundle, fix: FixRow) -> None:
    """The edited document in the bundle's place of it."""
    document = json.loads(fix.document)
    if "Statement" in document:
        role = made.read("aws/role.json")
        role["Role"]["AssumeRolePolicyDocument"] = document
        made.write("aws/role.json", role)
    elif "Url" in document:
        made.manifest([]).aws_provider(tuple(document["ClientIDList"]), document["Url"].removeprefix("https://"))
        made.aws_providers(f"arn:aws:iam::{made.ACCOUNT}:oidc-provider/{document['Url'].removeprefix('https://')}")
    elif "ClientIDList" in document:
        made.write("aws/oidc-provider.json", made.read("aws/oidc-provider.json") | document)


def fixed(made: Bundle, name: str) -> tuple[FixRow, Answer]:
    """The fix of the cause of this name, and the answer with it."""
    answer = made.ask()
    cause = answer.cause(name)
    (fix,) = answer.report.fixes
    assert fix.for_ == cause.code
    assert [row["for"] for row in to_json(answer.report)["fixes"]] == [cause.code]
    assert fix.commands
    assert fix.diff.strip()
    assert "passes" in fix.proof
    assert any(line.startswith("+") for line in fix.diff.splitlines())
    apply(made, fix)
    after = made.remove("error.txt").ask()
    assert after.state(cause.step) == "passed"
    assert name not in after.names
    return fix, after


def _tags(made: Any) -> Any:
    return made.token(made.claims_of(**{"https://aws.amazon.com/tags": {"principal_tags": {"team": ["x"]}}}))


AWS: dict[str, Change] = {
    "provider-missing": lambda b: b.not_found("aws/oidc-provider.json").aws_providers(),
    "provider-url-differs": lambda b: b.aws_provider(url="oidc.baseten.co/x", arn=f"{b.PROVIDER_ARN}/x").aws_providers(
        f"{b.PROVIDER_ARN}/x"
    ),
    "audience-not-registered": lambda b: b.aws_provider(client_ids=("other",)),
    "client-id-list-empty": lambda b: b.aws_provider(client_ids=()).error(b.COULD_NOT_VALIDATE[1]),
    "azp-decides-audience": lambda b: b.token(b.claims_of(azp="some-client")).condition(
        {"StringEquals": {b.AUD_KEY: "some-client"}, "StringLike": {b.SUB_KEY: b.PATTERN}}
    ),
    "wildcard-under-string-equals": lambda b: b.condition(b.subject(b.PATTERN, operator="StringEquals")),
    "subject-case-differs": lambda b: b.condition(b.subject(b.PATTERN.replace("Org8", "org8"))),
    "subject-segment-differs": lambda b: b.condition(b.subject(OTHER_TEAM)),
    "audience-condition-differs": lambda b: b.condition(
        {"StringEquals": {b.AUD_KEY: "sts.amazonaws.com"}, "StringLike": {b.SUB_KEY: b.PATTERN}}
    ),
    "condition-key-misspelled": lambda b: b.condition(
        {"StringEquals": {b.AUD_KEY: b.AUDIENCE}, "StringLike": {"oidc.baseten.co:subb": b.PATTERN}}
    ),
    "action-differs": lambda b: b.trust(b.statement(Action="sts:AssumeRole")),
    "session-tags-not-allowed": _tags,
    "source-identity-not-allowed": lambda b: b.token(b.claims_of(**{"https://aws.amazon.com/source_identity": "dev"})),
    "condition-key-not-provided": lambda b: b.condition(
        {"StringEquals": {b.AUD_KEY: b.AUDIENCE, "oidc.baseten.co:team": "Tq7LmZ2x"}}
    ),
    "condition-value-differs": lambda b: b.sends(context={"aws:SourceIp": "198.51.100.7"}).condition(
        b.subject(b.PATTERN) | {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    ),
    "condition-operator-misused": lambda b: b.condition(b.subject(b.PATTERN, operator="ForAnyValues:StringLike")),
    "policy-variable-unresolved": lambda b: b.condition(b.subject("v=1:org=${aws:PrincipalTag/org}:*")),
    "invisible-character-in-value": lambda b: b.condition(b.subject(b.PATTERN.replace(":team", "\u200b:team"))),
    "no-allow-statement": lambda b: b.trust(b.statement(Effect="Deny", Action="sts:TagSession")),
    "principal-differs": lambda b: b.trust(
        b.statement(Principal={"Federated": b.PROVIDER_ARN.replace("oidc.baseten.co", "oidc.example.com")})
    ),
    "provider-in-other-account": lambda b: b.trust(
        b.statement(Principal={"Federated": b.PROVIDER_ARN.replace(b.ACCOUNT, b.OTHER_ACCOUNT)})
    ),
}


@pytest.mark.parametrize("name", AWS)
def test_aws(aws: Bundle, name: str) -> None:
    AWS[name](aws)
    _, after = fixed(aws, name)
    assert after.accepted, (after.names, after.steps())


def test_every_maker_is_tried_here() -> None:
    elsewhere = {"subject-format-changed", "subject-form-differs", "placeholder-left-in"}
    elsewhere |= {"role-arn-malformed", "role-missing"}  # the client's own value: see test_fix_proofs
    elsewhere |= {"permission-missing", "kms-decrypt-missing"}  # after the exchange: see test_access_of_session
    assert {str(kind) for kind in AWS_EDITS} == set(AWS) | elsewhere


def test_an_old_format_stays_beside_the_new(github: Bundle) -> None:
    host = github.GITHUB.removeprefix("https://")
    new = "repo:octo-org@123456/weights@654321:ref:refs/heads/main"
    claims = {
        "iss": github.GITHUB, "sub": new, "aud": "sts.amazonaws.com", "iat": github.NOW - 60, "exp": github.NOW + 240,
        "repository": "octo-org/weights",
    }  # fmt: skip
    github.token(claims)
    answer = github.ask()
    assert answer.first.name == "subject-format-changed"
    fix, after = fixed(github, "subject-format-changed")
    assert after.accepted
    condition = json.loads(fix.document)["Statement"][0]["Condition"]
    values = next(value for block in condition.values() for key, value in block.items() if key == f"{host}:sub")
    assert github.GITHUB_SUBJECT in values


# What a fix never does


def test_nothing_is_offered_for_a_healthy_set_up(aws: Bundle) -> None:
    assert aws.ask().report.fixes == []


def test_nothing_is_offered_for_a_suspicion(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=Org8Kd2P:team=<team>:*")).error(aws.NOT_AUTHORIZED[1]).ask()
    assert answer.first.confidence == "suspected"
    assert answer.report.fixes == []


def test_an_accepted_subject_is_not_shut_out(aws: Bundle) -> None:
    old = aws.SUBJECT.replace("Tq7LmZ2x", "Tq7LmZ2y")
    aws.condition(aws.subject(OTHER_TEAM))
    aws.cloudtrail(
        [aws.event(event_id="bad"), aws.accepted_event(event_id="good", subject=old, at="2026-11-22T21:00:00Z")]
    )
    fix, after = fixed(aws, "subject-segment-differs")
    assert after.exchange().prediction == "accepted"
    assert "accepted" in fix.proof
    values = json.loads(fix.document)["Statement"][0]["Condition"]["StringLike"][aws.SUB_KEY]
    assert OTHER_TEAM in values
    assert len(values) == 2


def test_the_proof_says_who_is_still_refused(aws: Bundle) -> None:
    fix, _ = fixed(aws.condition(aws.subject(OTHER_TEAM)), "subject-segment-differs")
    assert re.search(r"\b[2-9][0-9] synthetic tokens of other tenants, teams, issuers and audiences", fix.proof)
    assert fix.tried.strangers >= 20
    assert fix.tried.let_in == fix.tried.lost == 0


def test_an_open_tenant_is_closed_by_the_edit(aws: Bundle) -> None:
    """The old pattern leaves the tenant open: with the team replaced alone, other tenants' teams would be accepted."""
    fix, after = fixed(aws.condition(aws.subject("v=1:org=*:team=Tq7LmZ2y:*")), "subject-segment-differs")
    assert after.accepted
    assert "org=*:team=Tq7LmZ2x" not in fix.document
    assert "are still refused" in fix.proof


def foreign_is_refused(made: Bundle, subject: str = OTHER_TENANT) -> bool:
    made.remove("token.jwt")
    return made.ask(subject=subject).exchange().prediction == "refused"


@pytest.mark.sweep
@pytest.mark.parametrize("name", [*AWS])
def test_another_tenant_stays_out(aws: Bundle, name: str) -> None:
    AWS[name](aws)
    for fix in aws.ask().report.fixes:
        apply(aws, fix)
    assert foreign_is_refused(aws)


def opened(made: Bundle, subject: str) -> bool:
    """Whether a fix is offered with which another tenant's subject gets in."""
    fixes = made.ask().report.fixes
    for fix in fixes:
        apply(made, fix)
    return bool(fixes) and not foreign_is_refused(made, subject)


def test_a_wildcard_that_moves_does_not_replace_what_stands_there(aws: Bundle) -> None:
    aws.condition(
        {
            "StringEquals": {aws.AUD_KEY: aws.AUDIENCE, aws.SUB_KEY: "v=1:*"},
            "StringLike": {aws.SUB_KEY: "v=1:org=Org8Kd2P:*"},
        }
    )
    assert aws.ask().first.name == "wildcard-under-string-equals"
    assert not opened(aws, OTHER_TENANT)


@pytest.mark.parametrize(
    "swapped",
    [
        pytest.param(False),
        True,
    ],
)
def test_a_key_that_is_renamed_does_not_replace_what_stands_there(aws: Bundle, swapped: bool) -> None:
    keys = {aws.SUB_KEY: "v=1:org=Org8Kd2P:*", "oidc.baseten.co:subb": "v=1:*"}
    if swapped:
        keys = dict(reversed(keys.items()))
    aws.condition({"StringEquals": {aws.AUD_KEY: aws.AUDIENCE}, "StringLike": keys})
    assert aws.ask().first.name == "condition-key-misspelled"
    assert not opened(aws, OTHER_TENANT)


@pytest.mark.parametrize(
    "part",
    [pytest.param("*"), pytest.param("Tq7LmZ2?"), "${aws:username}"],
)
def test_a_wildcard_in_the_token_s_own_subject_never_becomes_a_pattern(aws: Bundle, part: str) -> None:
    aws.token(aws.claims_of(sub=aws.SUBJECT.replace("Tq7LmZ2x", part))).condition(aws.subject(OTHER_TEAM))
    assert not opened(aws, aws.SUBJECT)


def test_a_proof_does_not_say_that_the_token_passes_where_another_step_still_refuses(aws: Bundle) -> None:
    aws.not_found("aws/oidc-provider.json").condition(aws.subject(OTHER_TEAM))
    answer = aws.ask()
    assert answer.names[0] == "provider-missing"
    for fix in answer.report.fixes:
        apply(aws, fix)
    accepted = aws.ask().exchange().prediction == "accepted"
    assert all("the token passes" not in fix.proof or accepted for fix in answer.report.fixes)


def test_other_callers_of_a_statement_keep_their_action(aws: Bundle) -> None:
    principal = {"Federated": aws.PROVIDER_ARN, "Service": "ec2.amazonaws.com"}
    aws.trust(aws.statement(Principal=principal, Action="sts:AssumeRole"))
    for fix in aws.ask().report.fixes:
        actions = json.loads(fix.document)["Statement"][0]["Action"]
        assert "sts:AssumeRole" in (actions if isinstance(actions, list) else [actions])


@pytest.mark.parametrize("operator", ["StringNotLike", "StringNotEquals"])
def test_an_exclusion_is_not_edited_away(aws: Bundle, operator: str) -> None:
    condition = aws.subject(aws.PATTERN)
    condition[operator] = {aws.SUB_KEY: aws.SUBJECT}
    aws.condition(condition)
    assert aws.ask().exchange().prediction == "refused"
    assert aws.ask().report.fixes == []


def test_a_client_id_that_is_registered_stays_beside_the_new_one(aws: Bundle) -> None:
    fix, _ = fixed(aws.aws_provider(("other",)), "audience-not-registered")
    assert json.loads(fix.document)["ClientIDList"] == ["other", aws.AUDIENCE]


def test_a_workload_is_added_beside_the_patterns_that_others_may_need(aws: Bundle) -> None:
    fix, _ = fixed(aws.condition(aws.subject(OTHER_TENANT, OTHER_TEAM)), "subject-segment-differs")
    values = json.loads(fix.document)["Statement"][0]["Condition"]["StringLike"][aws.SUB_KEY]
    assert values == [OTHER_TENANT, OTHER_TEAM, OWN_PATTERN]
    assert fix.kind == "add"
    assert fix.opens_to == fix.closes_to == []


def test_an_action_comes_with_a_condition_on_the_subject_where_the_policy_has_none(aws: Bundle) -> None:
    """With the action alone every customer of the issuer would be accepted."""
    aws.trust(aws.statement({"StringEquals": {aws.AUD_KEY: aws.AUDIENCE}}, Action="sts:AssumeRole"))
    fix, after = fixed(aws, "action-differs")
    statement = json.loads(fix.document)["Statement"][0]
    assert "org=Org8Kd2P:team=Tq7LmZ2x" in statement["Condition"]["StringLike"][aws.SUB_KEY]
    assert after.accepted
    assert foreign_is_refused(aws)
