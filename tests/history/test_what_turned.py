"""The write that a refusal hangs on: neither a repair that failed, nor a write that turns nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from evidence.timed import FALSE, after_exchanges, clock, edit, exchanges, of_aws, policy_edit, set_policy, trust_edit
from oidc_doctor.report.formats import render

if TYPE_CHECKING:
    from evidence import Answer, Bundle


def text(answer: Answer) -> str:
    return " ".join(render(answer.report, "text", width=120, color=False).split())


def attempts(aws: Bundle, good: range = range(2, 8), bad: range = range(9, 14)) -> list[dict[str, Any]]:
    accepted = [aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in good]
    return accepted + [aws.event(event_id=f"bad-{hour}", at=clock(hour)) for hour in bad]


@pytest.mark.parametrize("repaired", [clock(8, 45), clock(9, 30)])
@pytest.mark.parametrize("is_known_before", [True, False])
def test_a_repair_that_failed_is_not_what_broke_it(aws: Bundle, repaired: str, is_known_before: bool) -> None:
    """The repair has its own fault, so the refusal that is read in the policy came with it, and the outage did not."""
    spoiled = aws.policy(
        aws.statement(
            aws.subject(f"v=1:org={aws.ORG}:team=Another1:*", f"v=1:org={aws.ORG.swapcase()}:team={aws.TEAM}:*")
        )
    )
    broken, repair = trust_edit(aws, clock(8, 10), "Another1"), policy_edit(aws, repaired, spoiled)
    before = [trust_edit(aws, clock(1), aws.TEAM)] if is_known_before else []
    aws.remove("token.jwt").trust(*spoiled["Statement"])
    answer = aws.cloudtrail([*before, broken, repair, *attempts(aws)]).ask()
    change = answer.first.change
    assert change["event_id"] == broken["eventID"]
    assert answer.first.name == "subject-case-differs"
    assert [entry["event_id"] for entry in change["then"]] == [repair["eventID"]]
    assert "after" not in change
    assert answer.first.confidence == "predicted", "the reason that is read was not shown to have brought it"
    summary = answer.first.summary
    assert "; refused since 22 Nov 2026 09:00 UTC, after UpdateAssumeRolePolicy by deploy-bot, and for this" in summary
    assert summary.endswith(", after UpdateAssumeRolePolicy by deploy-bot.")
    assert "before which the token was already refused, for another reason" in text(answer)
    assert answer.first.since == clock(9)


def test_a_second_fault_of_the_same_kind_is_no_change_at_all(aws: Bundle) -> None:
    broken, again = trust_edit(aws, clock(8, 10), "Another1"), trust_edit(aws, clock(10, 10), "Another2")
    aws.remove("token.jwt").trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another2:*")))
    change = aws.cloudtrail([trust_edit(aws, clock(1), aws.TEAM), broken, again, *attempts(aws)]).ask().first.change
    assert change["event_id"] == broken["eventID"]
    assert change["replay"] == {"before": "accepted", "after": "refused"}
    assert "then" not in change


def test_a_binding_that_came_back_with_a_fault(gcp: Bundle) -> None:
    account = f"projects/-/serviceAccounts/{gcp.SERVICE_ACCOUNT}"
    faulty = gcp.MEMBER.replace(gcp.PROJECT_NUMBER, gcp.PROJECT_ID)
    taken = set_policy(gcp, clock(8, 30), account, gcp.MEMBER)
    taken["protoPayload"]["serviceData"]["policyDelta"]["bindingDeltas"][0]["action"] = "REMOVE"
    given = set_policy(gcp, clock(10, 30), account, faulty)
    binding = {"role": "roles/iam.workloadIdentityUser", "members": [faulty]}
    gcp.remove("token.jwt").write("gcp/service-account-policy.json", {"bindings": [binding], "version": 3})
    answer = gcp.gcp_logs([*after_exchanges(gcp, range(2, 8), range(9, 14)), taken, given]).ask()
    change = answer.first.change
    assert (answer.first.name, answer.first.confidence) == ("member-project-id-for-number", "predicted")
    assert change["event_id"] == taken["insertId"]
    assert [entry["event_id"] for entry in change["then"]] == [given["insertId"]]


@pytest.mark.parametrize("made_again", [clock(8, 30), clock(9, 30)])
def test_a_role_made_again_in_another_form(aws: Bundle, made_again: str) -> None:
    """Before the first refusal it is one replacement; after it, the deletion alone brought that."""
    policy = aws.policy(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
    made = policy_edit(aws, made_again, policy) | {"eventName": "CreateRole"}
    made["requestParameters"]["assumeRolePolicyDocument"] = made["requestParameters"].pop("policyDocument")
    gone = of_aws(aws, "DeleteRole", clock(8, 10), roleName="ModelWeights")
    aws.remove("token.jwt").trust(*policy["Statement"])
    change = aws.cloudtrail([gone, made, *attempts(aws)]).ask().first.change
    first, word, other = (made, "after", gone) if made_again < clock(9) else (gone, "then", made)
    assert change["event_id"] == first["eventID"]
    assert [entry["event_id"] for entry in change[word]] == [other["eventID"]]


@pytest.mark.parametrize("hours", [(10, 30), (13, 50)])
def test_a_write_that_turns_nothing_fixes_nothing(aws: Bundle, hours: tuple[int, int]) -> None:
    """An outage that nothing read explains goes on across it, to its last refusal."""
    neutral = policy_edit(aws, clock(*hours), aws.policy(aws.statement(aws.subject(aws.PATTERN)), aws.statement(
        aws.subject(f"v=1:org={aws.ORG}:team=Another1:*"))))  # fmt: skip
    old = trust_edit(aws, clock(1), aws.TEAM)
    aws.remove("token.jwt").cloudtrail([old, neutral, *attempts(aws, bad=range(9, 15))])
    answer = aws.trust(
        aws.statement(aws.subject(aws.PATTERN)), aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*"))
    ).ask()
    assert answer.first.name == "outside-the-trust-policy"
    assert (answer.first.since, answer.first.timing.refused_since) == (clock(9), 6)
    assert not [cause for cause in answer.report.causes if cause.status == "past"]


def test_a_write_that_turns_nothing_fixes_nothing_on_google(gcp: Bundle) -> None:
    account = f"projects/-/serviceAccounts/{gcp.SERVICE_ACCOUNT}"
    neutral = set_policy(gcp, clock(11, 30), account, "serviceAccount:other@weights-prod.iam.gserviceaccount.com")
    entries = [*after_exchanges(gcp, range(2, 8), range(9, 14)), neutral]
    answer = gcp.remove("token.jwt").gcp_logs(entries).ask()
    assert answer.first.name == "outside-the-allow-policy"
    assert (answer.first.since, answer.first.timing.refused_since) == (clock(9).replace("00Z", "01Z"), 5)
    assert not [cause for cause in answer.report.causes if cause.status == "past"]


def test_a_date_that_was_reached_is_no_repair(aws: Bundle) -> None:
    """A trust policy holds from a time on: a write shortly before it, which keeps the date, ended nothing."""
    dated = aws.subject(aws.PATTERN) | {"DateGreaterThan": {"aws:CurrentTime": clock(9, 30)}}
    other = aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")
    first = policy_edit(aws, clock(1), aws.policy(aws.statement(dated)))
    neutral = policy_edit(aws, clock(9, 20), aws.policy(aws.statement(dated), aws.statement(other)))
    aws.remove("token.jwt").trust(aws.statement(dated), aws.statement(other))
    bad = [aws.event(event_id=f"bad-{hour}", at=clock(hour)) for hour in range(2, 9)]
    good = [aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(10, 14)]
    answer = aws.cloudtrail([first, neutral, *bad, *good]).ask()
    assert answer.report.exchanges[0].prediction == "accepted"
    (past,) = [cause for cause in answer.report.causes if cause.status == "past"]
    assert past.name == "condition-value-differs"
    assert (past.timing.until, past.timing.mended_by, past.timing.refused_since) == (clock(10), None, 7)
    assert "a date of a condition was reached in between" in past.timing.boundary["note"]


def test_a_repair_before_the_date_is_a_repair(aws: Bundle) -> None:
    dated = aws.subject(aws.PATTERN) | {"DateGreaterThan": {"aws:CurrentTime": clock(9, 30)}}
    first, repair = policy_edit(aws, clock(1), aws.policy(aws.statement(dated))), trust_edit(aws, clock(9), aws.TEAM)
    aws.remove("token.jwt").trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team={aws.TEAM}:*")))
    bad = [aws.event(event_id=f"bad-{hour}", at=clock(hour)) for hour in range(2, 9)]
    good = [aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(10, 14)]
    answer = aws.cloudtrail([first, repair, *bad, *good]).ask()
    (past,) = [cause for cause in answer.report.causes if cause.status == "past"]
    assert past.timing.mended_by is not None
    assert past.timing.mended_by["event_id"] == repair["eventID"]


def test_a_failed_repair_of_a_condition(gcp: Bundle) -> None:
    broken, again = edit(gcp, clock(8), "assertion.team == 'Another1'"), edit(gcp, clock(10, 30), "assertion.nothing")
    gcp.remove("token.jwt").gcp_provider(condition="assertion.nothing")
    before = edit(gcp, clock(1), f"assertion.team == '{gcp.TEAM}'")
    good, bad = exchanges(gcp, range(2, 8)), exchanges(gcp, range(9, 14), FALSE)
    change = gcp.gcp_logs([before, *good, broken, *bad, again]).ask().first.change
    assert change["event_id"] == broken["insertId"]
