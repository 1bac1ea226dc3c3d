"""A kind of token that is first seen late and was never accepted, and refusals that a set-up ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from evidence.timed import clock, exchanges, impersonation, set_policy, trust_edit
from oidc_doctor.report.formats import render

if TYPE_CHECKING:
    from evidence import Answer, Bundle

DENIED = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."


def words(answer: Answer) -> str:
    return " ".join(render(answer.report, "text", width=100, color=False, verbose=True).split())


def build_of(aws: Bundle) -> str:
    return aws.SUBJECT.replace("model_container", "model_build")


@pytest.mark.parametrize("last", [clock(8), clock(9, 1)])  # before the write, or while it may not be in force
def test_refusals_before_a_binding_was_added_are_a_past_cause(gcp: Bundle, last: str) -> None:
    refused = [impersonation(gcp, at, DENIED) for at in (clock(5), clock(6), clock(7), last)]
    added = set_policy(gcp, clock(9), f"projects/-/serviceAccounts/{gcp.SERVICE_ACCOUNT}", gcp.MEMBER)
    accepted = [impersonation(gcp, clock(hour)) for hour in range(10, 14)]
    answer = gcp.remove("token.jwt").gcp_logs([*exchanges(gcp, range(5, 14)), *refused, added, *accepted]).ask()
    assert answer.exchange().prediction == "accepted"
    past = answer.first
    assert (past.name, past.status) == ("impersonation-binding-missing", "past")
    assert (past.since, past.until, past.refused_since) == (clock(5), clock(10), 4)
    assert past.mended_by["event_id"] == added["insertId"]
    row = next(row for row in answer.report.attempts if row.outcome == "refused")
    assert row.cause == "impersonation-binding-missing"


def test_a_refusal_right_after_the_write_alone_is_the_delay(gcp: Bundle) -> None:
    added = set_policy(gcp, clock(9), f"projects/-/serviceAccounts/{gcp.SERVICE_ACCOUNT}", gcp.MEMBER)
    entries = [added, impersonation(gcp, clock(9, 1), DENIED), impersonation(gcp, clock(10))]
    answer = gcp.remove("token.jwt").gcp_logs([*exchanges(gcp, range(9, 11)), *entries]).ask()
    assert next(row for row in answer.report.attempts if row.outcome == "refused").cause == "propagation-delay"


def two_kinds(aws: Bundle, first: int, *, write: int | None) -> Answer:
    """A container that was accepted until a write of another team, and a build that comes later."""
    until = 8 if write else 16
    aws.cloudtrail(
        [
            *(aws.accepted_event(event_id=f"a{hour}", at=clock(hour)) for hour in range(1, until)),
            *(aws.event(event_id=f"c{hour}", at=clock(hour, 30)) for hour in range(until, 14)),
            *([trust_edit(aws, clock(write), "Other00")] if write else []),
            *(aws.event(event_id=f"b{hour}", at=clock(hour, 40), subject=build_of(aws)) for hour in range(first, 16)),
        ]
    )
    return aws.remove("token.jwt").ask()


def test_a_kind_that_came_after_a_write_is_not_broken_by_it(aws: Bundle) -> None:
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Other00:*")))
    broken = two_kinds(aws, 9, write=8)
    assert broken.exchange().subject == aws.SUBJECT, "a workload that was accepted before comes first"
    first = aws.ask(subject=build_of(aws)).first
    assert first.change is None
    assert (first.since, first.refused_since, first.accepted_before, first.kinds) == (clock(9, 40), 7, 0, 1)
    assert (first.token_change["kind"], first.token_change["first_seen"]) == ("new-kind", clock(9, 40))
    assert "No success" not in first.boundary["note"]
    assert first.boundary["note"].endswith("no success of it is in them.")


def test_the_kind_that_the_write_broke_is_dated_by_it(aws: Bundle) -> None:
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Other00:*")))
    aws.cloudtrail(
        [
            *(aws.accepted_event(event_id=f"a{hour}", at=clock(hour)) for hour in range(1, 8)),
            trust_edit(aws, clock(8), "Other00"),
            *(aws.event(event_id=f"c{hour}", at=clock(hour, 30)) for hour in range(8, 14)),
            *(aws.event(event_id=f"b{hour}", at=clock(hour, 40), subject=build_of(aws)) for hour in range(9, 16)),
        ]
    )
    first = aws.ask().first
    assert first.change["event_id"] == f"edit-{clock(8)}"
    assert first.accepted_before == 7


def test_a_write_before_which_the_new_kind_is_known_to_pass_is_blamed(aws: Bundle) -> None:
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Other00:*")))
    aws.cloudtrail(
        [
            trust_edit(aws, clock(0, 30), aws.TEAM),
            *(aws.accepted_event(event_id=f"a{hour}", at=clock(hour)) for hour in range(1, 8)),
            trust_edit(aws, clock(8), "Other00"),
            *(aws.event(event_id=f"c{hour}", at=clock(hour, 30)) for hour in range(8, 14)),
            *(aws.event(event_id=f"b{hour}", at=clock(hour, 40), subject=build_of(aws)) for hour in range(9, 16)),
        ]
    )
    first = aws.remove("token.jwt").ask().first
    assert first.change["event_id"] == f"edit-{clock(8)}"


def test_a_kind_that_comes_three_of_its_intervals_late_is_new(aws: Bundle) -> None:
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team={aws.TEAM}:*:type=model_container")))
    answer = two_kinds(aws, 5, write=None)
    assert "a new kind of token, first seen" in words(answer)
    assert "it may never have worked" not in words(answer)
    assert answer.first.accepted_before == 0


def test_a_kind_that_was_there_from_the_beginning_is_not_new(aws: Bundle) -> None:
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team={aws.TEAM}:*:type=model_container")))
    answer = two_kinds(aws, 2, write=None)
    assert answer.first.token_change is None
    assert "it may never have worked" in words(answer)
