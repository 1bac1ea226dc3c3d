"""From evidence to report: the exchanges, what logs say, exit codes, broken checks."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.cli.main import main
from oidc_doctor.findings import packs
from oidc_doctor.judge import error_texts
from oidc_doctor.report.json import to_json

if TYPE_CHECKING:
    from evidence import Bundle


OTHER_TEAM = "v=1:org=Org8Kd2P:team=Tq7LmZ2y:*"
OTHER_SUBJECT = "v=1:org=Org8Kd2P:team=Other123:model=m:deployment=d:environment=production:type=model_container"


# Exchanges


def test_one_exchange_for_each_target_token_and_cloud(aws: Bundle, gcp: Bundle) -> None:
    gcp.write(
        "oidc-doctor.toml",
        f'[[target]]\nname = "a"\n[target.aws]\nrole_arn = "{gcp.ROLE_ARN}"\n[target.gcp]\n'
        f'provider = "{gcp.GCP_PROVIDER}"\n[[target]]\nname = "b"\n[target.aws]\nrole_arn = "{gcp.ROLE_ARN}"\n'
        f'[target.gcp]\nprovider = "{gcp.GCP_PROVIDER}"\n',
    )
    gcp.token(name="second", claims=gcp.claims_of(sub=OTHER_SUBJECT))
    exchanges = gcp.ask().report.exchanges
    seen = [(one.target_name, one.cloud, one.subject) for one in exchanges]
    assert sorted(seen) == sorted(
        (name, cloud, subject)
        for name in ("a", "b")
        for cloud in ("aws", "gcp")
        for subject in (gcp.SUBJECT, OTHER_SUBJECT)
    )
    assert len({one.id for one in exchanges}) == 8


def test_a_file_alone_names_its_cloud(aws: Bundle) -> None:
    aws.remove("oidc-doctor.toml")
    assert [one.cloud for one in aws.ask().report.exchanges] == ["aws"]


def test_a_flag_alone_names_its_cloud(gcp: Bundle) -> None:
    from oidc_doctor.model.evidence import Target, TargetAws

    overrides = Target("", None, TargetAws(role_arn=gcp.ROLE_ARN))
    assert sorted(one.cloud for one in gcp.ask(overrides=overrides).report.exchanges) == ["aws", "gcp"]


def test_nothing_named_is_no_exchange_and_unknown(bundle: Bundle) -> None:
    report = bundle.token().report()
    assert report.exchanges == []
    assert (report.verdict, report.exit_code) == ("unknown", 3)


def test_the_error_names_the_cloud_where_nothing_else_does(bundle: Bundle) -> None:
    for text, cloud in ((error_texts.CONDITION_REJECTED, "gcp"), (error_texts.NOT_AUTHORIZED, "aws")):
        answer = bundle.ask(error=text)
        assert [one.cloud for one in answer.report.exchanges] == [cloud]
        assert answer.causes


# What is not there


def test_a_role_without_its_provider_is_unknown(aws: Bundle) -> None:
    answer = aws.remove("aws/oidc-provider.json").ask()
    assert (answer.exchange().prediction, answer.report.verdict, answer.report.exit_code) == ("unknown", "unknown", 3)


def test_a_named_service_account_without_its_policy_is_unknown(gcp: Bundle) -> None:
    answer = gcp.remove("gcp/service-account-policy.json").ask()
    assert (answer.exchange().prediction, answer.state("impersonate")) == ("unknown", "unknown")
    assert (answer.report.verdict, answer.report.exit_code) == ("unknown", 3)


def test_no_service_account_is_nothing_to_impersonate(gcp: Bundle) -> None:
    gcp.remove("gcp/service-account-policy.json", "gcp/service-account.json")
    gcp.target(gcp={"provider": gcp.GCP_PROVIDER})
    assert gcp.ask().exchange().prediction == "accepted"


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_what_is_assumed_is_not_in_the_way(request: pytest.FixtureRequest, cloud: str) -> None:
    made: Bundle = request.getfixturevalue(cloud)
    made.claims().remove("issuer", "gcp/pool.json")
    answer = made.ask()
    assert answer.accepted
    assert answer.exchange().assumed
    assert answer.report.exit_code == 0


def test_a_step_known_to_refuse_outweighs_what_is_unknown_before_it(aws: Bundle) -> None:
    answer = aws.remove("aws/oidc-provider.json").condition(aws.subject(OTHER_TEAM)).ask()
    assert (answer.exchange().prediction, answer.exchange().step) == ("refused", "authorise")
    assert not answer.error_is_certain()
    assert answer.error() == aws.NOT_AUTHORIZED


def test_with_everything_known_the_error_is_certain(aws: Bundle) -> None:
    answer = aws.condition(aws.subject(OTHER_TEAM)).ask()
    assert answer.error_is_certain()
    assert answer.error() == aws.NOT_AUTHORIZED


def test_the_permission_step_does_not_decide_the_prediction(aws: Bundle) -> None:
    text = (
        "An error occurred (AccessDenied) when calling the GetObject operation: User: arn:aws:sts::210987654321:"
        "assumed-role/ModelWeights/weights is not authorized to perform: s3:GetObject on resource: x"
    )
    answer = aws.error(text).ask()
    assert answer.exchange().prediction == "accepted"
    assert (answer.exchange().step, answer.exchange().error) == (None, None)
    assert answer.first.step == "permission"
    assert (answer.report.verdict, answer.report.exit_code) == ("refused", 1)


# Without a token


def test_the_newest_failing_attempt_is_the_token(aws: Bundle) -> None:
    aws.remove("token.jwt").condition(aws.subject(OTHER_TEAM)).cloudtrail(
        [
            aws.event(at="2026-11-22T22:20:00Z", event_id="old", subject=OTHER_SUBJECT),
            aws.event(at="2026-11-22T22:30:00Z", event_id="new"),
            aws.accepted_event(at="2026-11-22T22:35:00Z", event_id="good", subject="v=1:org=Org8Kd2P:team=x:y"),
        ]
    )
    exchange = aws.ask().exchange()
    assert (exchange.claims_from, exchange.subject) == ("new", aws.SUBJECT)


def test_else_its_newest_success(aws: Bundle) -> None:
    aws.remove("token.jwt").cloudtrail(
        [aws.accepted_event(event_id="good"), aws.accepted_event(at="2026-11-22T22:00:00Z", event_id="older")]
    )
    exchange = aws.ask().exchange()
    assert (exchange.claims_from, exchange.prediction) == ("good", "accepted")


def test_an_attempt_of_another_role_is_not_the_token(aws: Bundle) -> None:
    aws.remove("token.jwt").cloudtrail([aws.event(role="arn:aws:iam::210987654321:role/Other")])
    assert aws.ask().exchange().subject is None


def test_google_without_a_token(gcp: Bundle) -> None:
    gcp.remove("token.jwt").gcp_logs(
        [
            gcp.log_entry(insert_id="bad", message=error_texts.CONDITION_REJECTED),
            gcp.log_entry(insert_id="good", at="2026-11-22T22:35:00Z", subject=OTHER_SUBJECT),
        ]
    )
    exchange = gcp.ask().exchange()
    assert exchange.claims_from == "bad"
    assert exchange.step in (None, "condition")


# What logs say


def test_an_accepted_attempt_against_the_prediction_is_contradicted(aws: Bundle) -> None:
    aws.condition(aws.subject(OTHER_TEAM)).cloudtrail([aws.accepted_event(event_id="e-1")])
    answer = aws.ask()
    assert "e-1" in answer.found("prediction-contradicted")[0]
    assert (answer.report.verdict, answer.report.exit_code) == ("refused", 1)


def test_an_event_with_neither_code_nor_credentials_is_unknown(aws: Bundle) -> None:
    aws.condition(aws.subject(OTHER_TEAM)).cloudtrail([aws.event(event_id="e-1", errorCode=..., errorMessage=...)])
    answer = aws.ask()
    assert answer.attempt("e-1").outcome == "unknown"
    assert answer.first.confirmed_by == []
    answer.passed("prediction-contradicted")


def test_causes_are_confirmed_by_events(aws: Bundle) -> None:
    records = [
        aws.event(at="2026-11-22T22:30:00Z", event_id="e-2"),
        aws.event(at="2026-11-22T22:10:00Z", event_id="e-1"),
        aws.event(at="2026-11-22T22:20:00Z", event_id="foreign", subject=OTHER_SUBJECT),
        aws.accepted_event(at="2026-11-22T22:00:00Z", event_id="good"),
    ]
    answer = aws.condition(aws.subject(OTHER_TEAM)).cloudtrail(records).ask()
    assert sorted(answer.first.confirmed_by) == ["e-1", "e-2"]
    assert answer.first.since == "2026-11-22T22:10:00Z"


def test_each_of_two_tokens_is_confirmed_by_its_own_events(aws: Bundle) -> None:
    aws.condition(aws.subject("v=1:org=nobody:*")).token(name="second", claims=aws.claims_of(sub=OTHER_SUBJECT))
    aws.cloudtrail([aws.event(event_id="one"), aws.event(event_id="two", subject=OTHER_SUBJECT)])
    answer = aws.ask()
    confirmed: dict[str | None, list[str]] = {}
    for one in answer.report.exchanges:
        causes = [cause for cause in answer.causes if cause.exchange == one.id]
        confirmed[one.subject] = [event for cause in causes for event in cause.confirmed_by]
    assert confirmed == {aws.SUBJECT: ["one"], OTHER_SUBJECT: ["two"]}


def test_attempts_one_row_for_each_signature(aws: Bundle) -> None:
    records = [aws.event(at=f"2026-11-22T22:0{n}:00Z", event_id=f"e-{n}") for n in range(5)]
    records.append(aws.accepted_event(event_id="good", at="2026-11-22T22:30:00Z"))
    rows = aws.condition(aws.subject(OTHER_TEAM)).cloudtrail(records).ask().report.attempts
    refused = next(row for row in rows if row.outcome == "refused")
    assert (refused.count, refused.first_seen, refused.last_seen) == (
        5,
        "2026-11-22T22:00:00Z",
        "2026-11-22T22:04:00Z",
    )
    assert (refused.cloud, refused.target, refused.provider) == ("aws", aws.ROLE_ARN, aws.PROVIDER_ARN)
    assert (refused.subject, refused.error) == (aws.SUBJECT, "AccessDenied: An unknown error occurred")
    assert (refused.cause, refused.replay) == (
        "subject-segment-differs",
        {"decision": "refused", "revision": "as read"},
    )
    accepted = next(row for row in rows if row.outcome == "accepted")
    assert (accepted.count, accepted.error, accepted.cause) == (1, None, None)


def test_google_attempts_have_the_providers_full_name(gcp: Bundle) -> None:
    gcp.gcp_logs([gcp.log_entry(insert_id="e-1")])
    (row,) = gcp.ask().report.attempts
    assert row.outcome == "accepted"
    assert gcp.GCP_PROVIDER in (row.provider or "")


def test_a_logged_refusal_alone_gives_causes_and_is_refused(aws: Bundle) -> None:
    answer = aws.cloudtrail([aws.event(event_id="e-1")]).ask()
    assert answer.causes
    assert (answer.report.verdict, answer.report.exit_code) == ("refused", 1)


def test_a_later_success_of_the_same_token_ends_it(aws: Bundle) -> None:
    answer = aws.cloudtrail([aws.event(at="2026-11-22T22:00:00Z"), aws.accepted_event(event_id="good")]).ask()
    assert (answer.report.verdict, answer.report.exit_code) == ("healthy", 0)
    assert [(cause.name, cause.status) for cause in answer.causes] == [("outside-the-trust-policy", "past")]
    assert answer.report.exit_code == 0


def test_another_subjects_refusal_is_not_this_tokens(aws: Bundle) -> None:
    answer = aws.cloudtrail([aws.event(subject=OTHER_SUBJECT)]).ask()
    assert answer.accepted


def test_a_logged_code_that_is_not_known_is_still_a_refusal(aws: Bundle) -> None:
    answer = aws.cloudtrail([aws.event(errorCode="BrandNewFault", errorMessage="nobody has seen this")]).ask()
    assert answer.report.verdict == "refused"
    assert answer.causes


def test_google_a_logged_sentence_that_is_not_known_is_still_a_refusal(gcp: Bundle) -> None:
    answer = gcp.gcp_logs([gcp.log_entry(message="nobody has seen this")]).ask()
    assert answer.report.verdict == "refused"
    assert answer.causes


# Exit codes


def test_healthy_is_0(aws: Bundle) -> None:
    report = aws.ask().report
    assert (report.verdict, report.exit_code) == ("healthy", 0)


def test_a_finding_is_1_and_never_makes_it_0_or_3(aws: Bundle) -> None:
    aws.condition(aws.subject(OTHER_TEAM))
    assert aws.ask().report.exit_code == 1
    report = aws.ask(fail_on="never").report
    assert (report.verdict, report.exit_code) == ("refused", 0)
    assert aws.ask(fail_on="weakens").report.exit_code == 1


def test_a_weakness_is_1_only_where_that_was_asked(aws: Bundle) -> None:
    aws.condition(aws.subject("v=1:org=*"))
    assert aws.ask().report.exit_code == 0
    assert aws.ask(fail_on="weakens").report.exit_code == 1
    assert aws.ask(fail_on="never").report.exit_code == 0
    assert aws.ask(fail_on="weakens").report.verdict == "healthy"


def test_a_mere_suspicion_is_3_until_a_failure_was_seen(aws: Bundle) -> None:
    aws.condition(aws.subject("v=1:org=<org>:*"))
    report = aws.ask().report
    assert (report.verdict, report.exit_code) == ("unknown", 3)
    assert aws.ask(error=aws.NOT_AUTHORIZED[1]).report.exit_code == 1


def test_unknown_stays_3_whatever_is_asked_to_fail(aws: Bundle) -> None:
    aws.remove("aws/oidc-provider.json")
    for fail_on in ("blocks", "weakens", "never"):
        assert aws.ask(fail_on=fail_on).report.exit_code == 3


def test_a_finding_comes_before_an_unknown(aws: Bundle, gcp: Bundle) -> None:
    gcp.target(aws={"role_arn": aws.ROLE_ARN}, gcp={"provider": gcp.GCP_PROVIDER})
    gcp.remove("aws/role.json").gcp_provider(condition="google.subject == 'x'")
    assert gcp.ask().report.exit_code == 1


def test_skipping_a_check_never_changes_the_verdict(aws: Bundle) -> None:
    aws.condition(aws.subject(OTHER_TEAM))
    answer = aws.ask(skip=("*",))
    assert answer.report.checks == []
    assert (answer.report.verdict, answer.report.exit_code) == ("refused", 1)
    assert answer.causes
    only = aws.ask(check=("TOK*",)).report
    assert {row.code[:3] for row in only.checks} == {"TOK"}
    assert only.exit_code == 1


def test_logs_that_an_option_names_are_not_called_unread(aws: Bundle, tmp_path: Path) -> None:
    log = tmp_path / "event.json"
    log.write_text(json.dumps(aws.event()), encoding="utf-8")
    missing = "aws/cloudtrail/"
    assert missing in [row.what for row in aws.ask().report.coverage]
    report = aws.ask(cloudtrail=(str(log),)).report
    assert [(row.what, row.status) for row in report.coverage if "cloudtrail" in row.what] == [
        ("aws/cloudtrail", "read")
    ]


def test_evidence_that_was_named_and_could_not_be_read_is_3(aws: Bundle, tmp_path: Path) -> None:
    broken = tmp_path / "trail.json"
    broken.write_text("{not json", encoding="utf-8")
    assert aws.ask(cloudtrail=(str(broken),)).report.exit_code == 3


@pytest.mark.parametrize(
    "arguments", [["--report"], ["--report", "--from", "/no/such/folder"], ["--nonsense"], [], ["--demo", "nothing"]]
)
def test_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("style", ["text", "markdown", "json"])
def test_the_exit_code_is_the_same_for_every_format(
    aws: Bundle, style: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    aws.condition(aws.subject(OTHER_TEAM))
    assert main(["--report", "--from", os.fspath(aws.root), "--format", style]) == 1
    output = capfdbinary.readouterr().out
    if style == "json":
        assert json.loads(output)["exit_code"] == 1


# A broken check


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The pack with one check, given by name, that raises."""
    real = packs.all_checks()

    def function(*_: object) -> Any:
        raise ZeroDivisionError

    def break_(name: str) -> None:
        made = [check._replace(function=function) if check.name == name else check for check in real]
        assert made != list(real)
        monkeypatch.setattr(packs, "all_checks", lambda: made)

    return break_


def test_a_broken_cause_check(aws: Bundle, broken: Any) -> None:
    broken("subject-segment-differs")
    aws.condition(aws.subject(OTHER_TEAM))
    report = aws.report()
    assert (report.verdict, report.exit_code) == ("broken", 4)
    row = next(row for row in report.checks if row.name == "subject-segment-differs")
    assert row.status == "broken"
    assert "ZeroDivisionError" in row.traceback
    # the fault itself is still told
    assert [cause.name for cause in report.causes] == ["subject-segment-differs"]
    assert report.exchanges[0].prediction == "refused"


def test_a_check_that_is_not_needed_does_not_break(aws: Bundle, broken: Any) -> None:
    broken("subject-segment-differs")
    assert aws.ask().report.exit_code == 0


def test_a_broken_weakness_check_is_neither_passed_nor_our_verdict(aws: Bundle, broken: Any) -> None:
    broken("trust-any-tenant")
    report = aws.report()
    assert (report.verdict, report.exit_code) == ("broken", 4)
    assert all(row.name == "trust-any-tenant" for row in report.checks if row.status == "broken")
    assert report.causes == []


def test_a_broken_check_is_4_even_where_a_finding_is_active_and_it_is_skipped(aws: Bundle, broken: Any) -> None:
    broken("trust-any-tenant")
    aws.condition(aws.subject(OTHER_TEAM))
    assert aws.report(fail_on="never").exit_code == 4


# The same again


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_the_same_evidence_gives_the_same_report(request: pytest.FixtureRequest, cloud: str) -> None:
    made: Bundle = request.getfixturevalue(cloud)
    made.error("403")
    assert json.dumps(to_json(made.report())) == json.dumps(to_json(made.report()))


def test_a_member_that_stands_twice_is_said(aws: Bundle) -> None:
    policy = json.dumps(aws.read("aws/role.json")["Role"]["AssumeRolePolicyDocument"])
    twice = policy.replace('"Effect"', '"Effect": "Deny", "Effect"', 1)
    (aws.root / "aws/role.json").write_text(twice)
    report = aws.ask().report
    assert any("Effect is repeated" in line for line in report.warnings)
    assert not any(cause.name == "explicit-deny" for cause in report.causes)


def test_an_error_belongs_to_the_token_that_can_have_got_it(aws: Bundle) -> None:
    """The first token is refused at an earlier step than the error's: the error is that of the second one."""
    aws.token(aws.claims_of(aud="another-audience")).error("Not authorized to perform sts:AssumeRoleWithWebIdentity")
    aws.token(aws.claims_of(sub=aws.SUBJECT.replace("team=", "team=Other")), name="second")
    report = aws.report()
    (observed,) = report.observed
    refused_at = {exchange.id: exchange.step for exchange in report.exchanges}
    assert sorted(filter(None, refused_at.values())) == ["audience", "authorise"]
    assert refused_at[observed["exchange"]] == "authorise"
    assert not [cause for cause in report.causes if cause.contradicts_observed]


def test_an_error_belongs_to_the_token_that_is_refused(aws: Bundle) -> None:
    aws.token(aws.claims_of(sub=aws.SUBJECT.replace("team=", "team=Other")), name="second")
    report = aws.error("Not authorized to perform sts:AssumeRoleWithWebIdentity").report()
    predictions = {exchange.id: exchange.prediction for exchange in report.exchanges}
    assert sorted(predictions.values()) == ["accepted", "refused"]
    assert predictions[report.observed[0]["exchange"]] == "refused"
