"""A token that is refused in one Region and accepted in another over the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from evidence.timed import clock
from oidc_doctor.report.formats import render
from oidc_doctor.report.parts.sentences import verdict

if TYPE_CHECKING:
    from evidence import Answer, Bundle

FAR, NEAR = "eu-north-1", "us-east-1"


def both(aws: Bundle, refused: range, accepted: range, *extra: dict[str, Any], minute: int = 30) -> Answer:
    aws.remove("token.jwt").cloudtrail(
        [
            *(aws.event(event_id=f"r{hour}", at=clock(hour), awsRegion=FAR) for hour in refused),
            *(aws.accepted_event(event_id=f"a{hour}", at=clock(hour, minute), awsRegion=NEAR) for hour in accepted),
            *extra,
        ]
    )
    return aws.ask()


@pytest.mark.parametrize("accepted", [range(2, 16), range(2, 15)])  # the newest attempt is accepted, and refused
def test_a_token_that_is_refused_in_one_region_is_not_accepted(aws: Bundle, accepted: range) -> None:
    answer = both(aws, range(2, 16), accepted)
    sign, sentence = verdict(answer.report, answer.exchange())
    assert sign == "✗"
    assert sentence.startswith(f"AWS refused this token in {FAR}: ")
    assert answer.report.verdict == "refused"
    first = answer.first
    assert (first.name, first.status, first.since, first.refused_since) == (
        "outside-the-trust-policy", "active", clock(2), 14,
    )  # fmt: skip
    assert f"accepted in {NEAR} over the same time, {len(accepted)} times" in first.boundary["note"]
    assert [cause.status for cause in answer.causes] == ["active"]
    assert answer.exchange().last_attempt["region"] == FAR
    assert f"in {FAR}" in render(answer.report, "markdown", width=100, color=False)


def test_a_workload_that_moved_to_another_region_is_accepted(aws: Bundle) -> None:
    answer = both(aws, range(2, 6), range(7, 16))
    assert answer.exchange().last_attempt["region"] is None
    assert verdict(answer.report, answer.exchange())[0] == "✓"


def test_a_region_that_was_not_tried_any_more_says_nothing_of_now(aws: Bundle) -> None:
    answer = both(aws, range(2, 6), range(2, 16))
    assert verdict(answer.report, answer.exchange())[0] == "✓"


def test_a_region_that_accepts_again_refuses_no_more(aws: Bundle) -> None:
    later = aws.accepted_event(event_id="later", at=clock(15, 10), awsRegion=FAR)
    answer = both(aws, range(2, 16), range(2, 16), later)
    assert verdict(answer.report, answer.exchange())[0] == "✓"


def test_a_single_refusal_is_no_region(aws: Bundle) -> None:
    answer = both(aws, range(15, 16), range(2, 16))
    assert answer.exchange().last_attempt["region"] is None


def test_the_configuration_that_tests_the_region_tells(aws: Bundle) -> None:
    aws.trust(aws.statement(aws.subject(aws.PATTERN) | {"StringEquals": {"aws:RequestedRegion": NEAR}}))
    answer = both(aws, range(2, 16), range(2, 16))
    assert answer.exchange().last_attempt["region"] is None
    assert answer.first.name != "outside-the-trust-policy"
