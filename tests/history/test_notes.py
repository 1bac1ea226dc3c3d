"""The words beside a refusal: what ran out and when, what may refuse that was not read, and which write is young."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from evidence.timed import FALSE, clock, exchanges, expires, impersonation, of_aws, trust_edit
from oidc_doctor.report.parts.sentences import verdict

if TYPE_CHECKING:
    from evidence import Answer, Bundle

DENIED = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."


def calls(aws: Bundle, accepted: range, refused: range) -> list[dict[str, Any]]:
    return [
        *(aws.accepted_event(event_id=f"a{hour}", at=clock(hour)) for hour in accepted),
        *(aws.event(event_id=f"r{hour}", at=clock(hour)) for hour in refused),
    ]


def second(hour: int) -> str:
    return clock(hour).replace("00Z", "01Z")


def replays(answer: Answer) -> dict[str, str]:
    return {row.outcome: row.replay["decision"] for row in answer.report.attempts if row.replay and row.cause != ""}


def test_a_date_of_a_trust_policy_is_named_as_what_ran_out(aws: Bundle) -> None:
    date = "2026-11-22T08:17:23Z"
    aws.remove("token.jwt").trust(aws.statement(expires(aws, date)))
    answer = aws.cloudtrail([*calls(aws, range(2, 9), range(9, 14))]).ask()
    assert date in answer.first.boundary["note"]
    assert f"allows it only until {date} (`aws:CurrentTime`)" in verdict(answer.report, answer.exchange())[1]
    assert "another value" not in answer.first.summary
    assert replays(answer) == {"accepted": "accepted", "refused": "refused"}


def test_a_date_that_is_still_to_come_is_named(aws: Bundle) -> None:
    date = "2026-12-24T00:00:00Z"
    condition = aws.subject(aws.PATTERN) | {"DateGreaterThan": {"aws:CurrentTime": date}}
    answer = aws.trust(aws.statement(condition)).ask()
    assert f"only from {date} on (`aws:CurrentTime`), and that time is still to come" in answer.first.summary


def test_a_date_of_a_binding_is_named_as_what_ran_out(gcp: Bundle) -> None:
    date = "2026-11-22T08:17:23Z"
    gcp.remove("token.jwt").service_account_policy(condition=f'request.time < timestamp("{date}")')
    entries = [
        *(impersonation(gcp, second(hour)) for hour in range(2, 9)),
        *(impersonation(gcp, second(h), DENIED) for h in range(9, 14)),
    ]
    answer = gcp.gcp_logs([*exchanges(gcp, range(2, 14)), *entries]).ask()
    assert answer.first.name == "binding-condition-false"
    assert date in answer.first.boundary["note"]
    rows = {row.outcome: row.replay["decision"] for row in answer.report.attempts if row.step == "impersonate"}
    assert rows == {"accepted": "accepted", "refused": "refused"}


def test_only_what_exists_in_a_cloud_may_refuse_unseen(aws: Bundle) -> None:
    aws.remove("token.jwt").cloudtrail(calls(aws, range(2, 9), range(9, 14)))
    note = aws.ask().first.boundary["note"]
    assert note.endswith("the refusing part is not in it (a resource control policy).")
    assert "deny policy" not in note


@pytest.mark.parametrize("step", ["exchange", "impersonate"])
def test_google_has_no_resource_control_policies(gcp: Bundle, step: str) -> None:
    gcp.remove("token.jwt")
    if step == "exchange":
        gcp.gcp_logs([*exchanges(gcp, range(2, 9)), *exchanges(gcp, range(9, 14), FALSE)])
    else:
        gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
        told = [impersonation(gcp, second(hour), DENIED if hour > 8 else "") for hour in range(2, 14)]
        gcp.gcp_logs([*exchanges(gcp, range(2, 14)), *told])
    note = gcp.ask().first.boundary["note"]
    assert note.startswith("The configuration that was read accepts this token")
    assert "resource control policy" not in note
    assert "taken effect everywhere" not in note
    assert ("(a deny policy)" in note) == (step == "impersonate")


@pytest.mark.parametrize(("minute", "named"), [(59, True), (30, False)])
def test_a_write_that_may_not_be_in_force_is_named_only_within_minutes(aws: Bundle, minute: int, named: bool) -> None:
    written = trust_edit(aws, clock(8, minute).replace("00Z", "30Z"), aws.TEAM)
    aws.remove("token.jwt").trust(aws.statement(aws.subject(aws.PATTERN)))
    note = aws.cloudtrail([*calls(aws, range(2, 9), range(9, 14)), written]).ask().first.boundary["note"]
    assert ("may not have taken effect everywhere yet" in note) == named
    assert (written["eventID"] in note) == named


def test_nothing_accepts_a_token_that_expired(aws: Bundle) -> None:
    aws.token(aws.claims_of(exp=aws.NOW - 9_000, iat=aws.NOW - 12_600))
    expired = {"errorCode": "ExpiredTokenException", "errorMessage": "Token expired: the date is in the past"}
    refused = [aws.event(event_id=f"r{hour}", at=clock(hour), **expired) for hour in range(20, 23)]
    answer = aws.cloudtrail([*calls(aws, range(2, 9), range(0)), *refused]).ask()
    assert answer.first.name == "token-expired"
    assert {row.cause for row in answer.report.attempts if row.outcome == "refused"} == {"token-expired"}
    assert "that was read accepts" not in str((answer.first.boundary or {}).get("note"))


def test_a_past_delay_names_its_write(aws: Bundle) -> None:
    policy = json.dumps(aws.policy(aws.statement(aws.subject(aws.PATTERN))))
    created = of_aws(aws, "CreateRole", clock(9), roleName="ModelWeights", assumeRolePolicyDocument=policy)
    aws.aws_role(aws.policy(aws.statement(aws.subject(aws.PATTERN))), CreateDate=clock(9))
    events = [aws.event(event_id="r", at=clock(9).replace("00Z", "05Z")), *calls(aws, range(10, 14), range(0))]
    answer = aws.remove("token.jwt").cloudtrail([created, *events]).ask()
    past = next(cause for cause in answer.causes if cause.status == "past")
    assert past.name == "propagation-delay"
    assert "CreateRole" in past.boundary["note"]
    assert created["eventID"] in past.boundary["note"]
