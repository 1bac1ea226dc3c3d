"""Edits that narrow an open trust: each is put into the bundle, and strangers, teams and logged subjects are asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.findings.fixes.narrow import Used, narrow
from oidc_doctor.judge.profiles import profile_of
from oidc_doctor.model.case import Case
from oidc_doctor.report.formats import render
from oidc_doctor.report.json import to_json

if TYPE_CHECKING:
    from evidence import Answer, Bundle
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.report import FixRow

OWN = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:"
OTHER_TEAM = "v=1:org=Org8Kd2P:team=Uv5NpR8c:model=nXr2:deployment=9ab:environment=staging:type=model_build"
OTHER_ORG = "v=1:org=Gh4Jk6Lm:team=Wd3Fs5Aq:model=kPz8:deployment=7cd:environment=production:type=model_build"
EITHER = "assertion.type == 'model_container' || assertion.environment == 'staging'"
SAME_TEAM = f"{OWN}model=bRt6:deployment=3ef:environment=staging:type=model_build"


def narrowed(made: Bundle, code: str) -> FixRow:
    """The only edit of the report, for a weakness of this code."""
    report = made.ask().report
    (row,) = report.fixes
    assert (row.for_, row.kind) == (code, "correct")
    assert row.closes_to
    assert row.commands
    assert (row.tried.let_in, row.tried.lost) == (0, 0)
    assert row.exchange == report.exchanges[0].id
    return row


def after(made: Bundle, row: FixRow) -> Bundle:
    """The bundle with the edit."""
    document = json.loads(row.document)
    if "Statement" in document:
        return made.aws_role(document)
    return made.write("gcp/provider.json", made.read("gcp/provider.json") | document)


def accepts(made: Bundle, subject: str) -> bool:
    answer: Answer = made.ask(subject=subject)
    exchange = next(one for one in answer.report.exchanges if one.subject == subject)
    states = {step.id: step.state for step in exchange.steps}
    return "refused" not in [states.get(step, "passed") for step in ("authorise", "condition", "mapping")]


def patterns(row: FixRow) -> Any:
    condition = json.loads(row.document)["Statement"][0]["Condition"]
    return next(keys["oidc.baseten.co:sub"] for keys in condition.values() if "oidc.baseten.co:sub" in keys)


@pytest.mark.parametrize(
    ("pattern", "code", "narrow"),
    [
        ("*", "AWS070", f"{OWN}*"),
        ("v=1:org=*:team=*:*", "AWS070", f"{OWN}*"),
        ("v=1:org=*:*:environment=production:*", "AWS070", f"{OWN}*:environment=production:*"),
        ("v=1:org=Org8Kd2P:*", "AWS071", f"{OWN}*"),
        ("v=1:org=Org8Kd2P:team=Tq7LmZ2x*", "AWS073", f"{OWN}*"),
        (f"{OWN}model=mWq41*:type=model_container", "AWS073", f"{OWN}model=mWq41ZpK:*:type=model_container"),
    ],
)
def test_the_owner_is_written_into_the_pattern(aws: Bundle, pattern: str, code: str, narrow: str) -> None:
    row = narrowed(aws.condition(aws.subject(pattern)), code)
    assert patterns(row) == narrow
    made = after(aws, row)
    assert made.ask().report.fixes == []
    assert accepts(made, aws.SUBJECT)
    assert not accepts(made, OTHER_TEAM)
    assert not accepts(made, OTHER_ORG)
    assert "no log shows" in row.proof


def test_nobody_of_the_own_team_loses_access(aws: Bundle) -> None:
    row = narrowed(aws.condition(aws.subject("v=1:*")), "AWS070")
    made = after(aws, row)
    assert accepts(made, SAME_TEAM)
    assert accepts(made, f"{OWN}model=zzz:deployment=1:environment=<none>:type=model_container")


def test_what_the_logs_show_stays(aws: Bundle) -> None:
    aws.condition(aws.subject("v=1:org=Org8Kd2P:*"))
    events = [aws.accepted_event(event_id="own"), aws.accepted_event(event_id="other", subject=OTHER_TEAM)]
    row = narrowed(aws.cloudtrail(events), "AWS071")
    assert sorted(patterns(row)) == [f"{OWN}*", "v=1:org=Org8Kd2P:team=Uv5NpR8c:*"]
    assert row.tried.seen == 2
    assert "the 2 subjects that the logs show as accepted still pass" in row.proof
    assert "v=1:org=Org8Kd2P:team=Uv5NpR8c: accepted too" in row.proof
    assert accepts(after(aws, row), OTHER_TEAM)


def test_a_subject_that_was_refused_is_not_kept(aws: Bundle) -> None:
    aws.condition(aws.subject("v=1:org=Org8Kd2P:*")).cloudtrail([aws.event(subject=OTHER_ORG)])
    row = narrowed(aws, "AWS071")
    assert patterns(row) == f"{OWN}*"
    assert row.tried.seen == 0


def test_a_subject_condition_is_added(aws: Bundle) -> None:
    row = narrowed(aws.condition({"StringEquals": {aws.AUD_KEY: aws.AUDIENCE}}), "AWS072")
    assert patterns(row) == f"{OWN}*"
    made = after(aws, row)
    assert accepts(made, SAME_TEAM)
    assert not accepts(made, OTHER_ORG)


def test_a_statement_with_two_issuers_is_left_alone(aws: Bundle) -> None:
    other = aws.PROVIDER_ARN.replace("oidc.baseten.co", "oidc.modal.com")
    aws.trust(aws.statement(aws.subject("*"), Principal={"Federated": [aws.PROVIDER_ARN, other]}))
    assert aws.ask().found("trust-any-tenant")
    assert aws.ask().report.fixes == []


def test_only_the_open_statement_changes(aws: Bundle) -> None:
    whole = aws.statement(aws.subject(aws.SUBJECT, operator="StringEquals"))
    row = narrowed(aws.trust(whole, aws.statement(aws.subject("v=1:org=*"))), "AWS070")
    first, second = json.loads(row.document)["Statement"]
    assert first == whole
    assert second["Condition"]["StringLike"] == {aws.SUB_KEY: f"{OWN}*"}


def test_a_pattern_beside_the_open_one_stays(aws: Bundle) -> None:
    row = narrowed(aws.condition(aws.subject(f"{OWN}*:type=model_build", f"{OWN}model=mWq41*")), "AWS073")
    assert patterns(row) == [f"{OWN}*:type=model_build", f"{OWN}model=mWq41ZpK:*"]
    assert accepts(after(aws, row), SAME_TEAM)


def test_each_of_many_owners_is_kept(aws: Bundle) -> None:
    teams = [OTHER_TEAM.replace("Uv5NpR8c", f"Team{number}") for number in range(4)]
    own = [aws.SUBJECT.replace("production", f"stage{number}") for number in range(12)]
    subjects = [*own, *teams]
    events = [aws.accepted_event(event_id=f"e-{number}", subject=one) for number, one in enumerate(subjects)]
    row = narrowed(aws.condition(aws.subject("v=1:org=Org8Kd2P:*")).cloudtrail(events), "AWS071")
    assert len(patterns(row)) == 5


def test_too_many_owners_for_one_edit(aws: Bundle) -> None:
    teams = [OTHER_TEAM.replace("Uv5NpR8c", f"Team{number}") for number in range(12)]
    events = [aws.accepted_event(event_id=f"e-{number}", subject=one) for number, one in enumerate(teams)]
    aws.condition(aws.subject("v=1:org=Org8Kd2P:*")).cloudtrail(events)
    assert aws.ask().report.fixes == []


@pytest.mark.parametrize("value", [["*", 5], [{"a": 1}, "*"], None, {"a": "*"}, "v=1:org=${aws:PrincipalTag/org}*"])
def test_a_value_that_is_no_pattern_is_left_alone(aws: Bundle, value: Any) -> None:
    aws.condition({"StringEquals": {aws.AUD_KEY: aws.AUDIENCE}, "StringLike": {aws.SUB_KEY: value}})
    assert all(row.for_ != "AWS070" for row in aws.ask().report.fixes)


def test_characters_of_a_subject_never_become_wildcards(aws: Bundle) -> None:
    aws.token(aws.claims_of(sub=aws.SUBJECT.replace("Org8Kd2P", "Org*"))).condition(aws.subject("*"))
    assert aws.ask().found("trust-any-tenant")
    assert aws.ask().report.fixes == []


def test_without_a_token_nothing_is_made_up(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=*")).remove("token.jwt").ask()
    assert answer.found("trust-any-tenant")
    assert answer.report.fixes == []


def test_a_trust_that_is_closed_needs_none(aws: Bundle, gcp: Bundle) -> None:
    assert aws.ask().report.fixes == []
    assert gcp.ask().report.fixes == []


def test_a_refusal_of_another_step_does_not_matter(aws: Bundle) -> None:
    aws.token(aws.claims_of(iat=aws.NOW - 9000, exp=aws.NOW - 5400)).condition(aws.subject("v=1:org=*"))
    answer = aws.ask()
    assert answer.exchange().prediction == "refused"
    assert [row.for_ for row in answer.report.fixes] == ["AWS070"]


def test_the_edit_of_a_cause_comes_first(aws: Bundle) -> None:
    aws.condition(aws.subject("v=1:org=*")).aws_provider(client_ids=("other",))
    answer = aws.ask()
    assert answer.report.fixes
    assert {row.for_ for row in answer.report.fixes} <= {cause.code for cause in answer.report.causes}


def test_a_refusal_by_the_configuration_is_not_apart(aws: Bundle) -> None:
    aws.condition(aws.subject("v=1:org=*")).remove("aws/oidc-provider.json").aws_providers()
    assert all(row.for_ != "AWS070" for row in aws.ask().report.fixes)


def test_a_token_that_the_policy_refuses_is_no_evidence(aws: Bundle) -> None:
    aws.token(aws.claims_of(sub=OTHER_ORG)).condition(aws.subject("v=1:org=Org8Kd2P:*"))
    assert all(row.for_ != "AWS071" for row in aws.ask().report.fixes)


@pytest.mark.parametrize(
    ("condition", "code", "narrow"),
    [
        ("assertion.aud == 'oidc.baseten.co'", "GCP065", f" && google.subject.startsWith('{OWN}')"),
        (..., "GCP070", f"google.subject.startsWith('{OWN}')"),
        (f"google.subject.startsWith('{OWN[:-1]}')", "GCP067", f"google.subject.startsWith('{OWN}')"),
        ("assertion.org == 'Org8Kd2P'", "GCP066", f" && google.subject.startsWith('{OWN}')"),
        (
            EITHER,
            "GCP065",
            f"({EITHER}) && google.subject.startsWith('{OWN}')",
        ),
        (
            f"google.subject.startsWith('{OWN}') && google.subject.contains('environment=production')",
            "GCP071",
            f"google.subject.startsWith('{OWN}') && google.subject.contains(':environment=production:')",
        ),
    ],
)
def test_an_attribute_condition(gcp: Bundle, condition: Any, code: str, narrow: str) -> None:
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    row = narrowed(gcp.gcp_provider(condition=condition), code)
    written = json.loads(row.document)["attributeCondition"]
    assert written == (f"{condition}{narrow}" if narrow.startswith(" &&") else narrow)
    made = after(gcp, row)
    assert made.ask().report.fixes == []
    assert accepts(made, gcp.SUBJECT)
    assert not accepts(made, OTHER_TEAM)


def test_a_beginning_inside_a_name(gcp: Bundle) -> None:
    beside = f"google.subject.startsWith('{OWN}') && assertion.type == 'model_build'"
    row = narrowed(gcp.gcp_provider(condition=f"google.subject.startsWith('{OWN}model=mWq41') || {beside}"), "GCP067")
    written = json.loads(row.document)["attributeCondition"]
    assert written == f"google.subject.startsWith('{OWN}model=mWq41ZpK:') || {beside}"
    assert accepts(after(gcp, row), SAME_TEAM)


def asked(made: Bundle, closes: str) -> list[FixRow]:
    """The edit where a weakness is closed by any edit whose policy has this text."""
    evidence = made.evidence()
    token = evidence.tokens[0]
    case = Case("aws", evidence, token, made.NOW, profile_of(evidence, token))

    def weaknesses(edited: TargetEvidence) -> dict[str, int]:
        text = str(edited.aws.role.trust_policy.value)  # type: ignore[union-attr]
        return {} if edited is not evidence and closes in text else {"ANY001": 1}

    return narrow(case, Used(), weaknesses)


def test_an_edit_that_shuts_out_the_own_team_is_dropped(aws: Bundle) -> None:
    aws.condition(aws.subject("v=1:*"))
    assert asked(aws, OWN)
    assert asked(aws, "model=mWq41ZpK:") == []


def test_an_edit_that_hits_another_issuer_is_not_made(aws: Bundle) -> None:
    other = aws.PROVIDER_ARN.replace("oidc.baseten.co", "oidc.modal.com")
    aws.trust(aws.statement(aws.subject("*"), Principal={"Federated": [aws.PROVIDER_ARN, other]}))
    assert asked(aws, OWN) == []


def test_a_value_in_use_that_only_the_opening_admits_stays(gcp: Bundle) -> None:
    gcp.gcp_provider(
        condition=f"google.subject.startsWith('{OWN}') && google.subject.contains('environment=production')"
    )
    used = gcp.SUBJECT.replace("production", "production-eu")
    row = narrowed(gcp.gcp_logs([gcp.log_entry(subject=used)]), "GCP071")
    assert (
        "contains(':environment=production:') || google.subject.contains(':environment=production-eu:')"
        in (json.loads(row.document)["attributeCondition"])
    )
    assert row.proof.startswith(f"{used} passes only by this opening")
    made = after(gcp, row)
    assert accepts(made, used)
    assert not accepts(made, gcp.SUBJECT.replace("production", "production-us"))


def test_the_report_shows_it_below_the_finding(aws: Bundle) -> None:
    report = aws.condition(aws.subject("v=1:org=*")).ask().report
    text = render(report, "text", width=100, color=False)
    assert "+ " in text
    assert f"{OWN}*" in text
    assert "checked" in text
    assert "aws iam update-assume-role-policy" in render(report, "markdown", width=100, color=False)
    assert [row["for"] for row in to_json(report)["fixes"]] == ["AWS070"]


def test_an_earlier_cause_keeps_the_report_short(aws: Bundle) -> None:
    aws.token(aws.claims_of(iat=aws.NOW - 9000, exp=aws.NOW - 5400)).condition(aws.subject("v=1:org=*"))
    text = render(aws.ask().report, "text", width=100, color=False)
    assert "a proven one narrows it" in text
    assert f"{OWN}*" not in text
