"""Which revision turned a decision, from runs of outcomes alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.history.outages import EARLY, Decision, Reasons, Verdict, ended_by, flip_before, outages_of
from oidc_doctor.logs.attempts.signatures import OutcomeRun

LAG = 90.0
MARK = frozenset({("authorise", "subject-segment-differs")})


def verdict(decision: Decision) -> Verdict:
    if decision in {"refused", "doubtful"}:
        return Verdict(decision, Reasons(MARK, "authorise", sole=True), (("authorise", decision),))
    return Verdict(decision, states=(("authorise", "passed" if decision == "accepted" else "unknown"),))


def vector(*decisions: Decision) -> list[Verdict]:
    return [verdict(one) for one in decisions]


def run(accepted: bool, begin: float, end: float) -> OutcomeRun:
    return OutcomeRun(accepted, int(begin), int(end), begin, end, 3)


def turned(runs: list[OutcomeRun], starts: list[float], decisions: list[Verdict]) -> list[int | None]:
    return [flip_before(one, starts, decisions, LAG) for one in outages_of(runs, starts, decisions, LAG)]


def test_the_write_between_the_last_success_and_the_first_refusal() -> None:
    assert turned([run(True, 0, 900), run(False, 1010, 2000)], [0, 1000], vector("accepted", "refused")) == [1]


def test_a_harmless_write_in_between_is_not_blamed() -> None:
    decisions = vector("accepted", "accepted", "refused")
    assert turned([run(True, 0, 900), run(False, 1010, 2000)], [0, 950, 1000], decisions) == [2]
    decisions = vector("accepted", "accepted")
    assert turned([run(True, 0, 900), run(False, 1010, 2000)], [0, 950], decisions) == [None]


def test_what_was_accepted_in_fact_was_accepted_by_a_configuration_that_no_log_tells() -> None:
    runs = [run(True, 10, 900), run(False, 1010, 2000)]
    assert turned(runs, [0, 1000], vector("unknown", "refused")) == [1]
    assert turned([run(False, 10, 2000)], [0, 1000], vector("unknown", "refused")) == [None]


def test_stragglers_of_a_change_do_not_cut_the_outage() -> None:
    runs = [run(True, 0, 900), run(False, 1001, 1002), run(True, 1003, 1004), run(False, 1005, 2000)]
    decisions = vector("accepted", "refused")
    (only,) = outages_of(runs, [0, 1000], decisions, LAG)
    assert (only.begin, only.end) == (1001, 2000)
    assert flip_before(only, [0, 1000], decisions, LAG) == 1


def test_a_straggler_at_the_end_of_the_logs_is_a_run() -> None:
    """Nothing lies beyond it, so no neighbours become one, and it may be all that there is on its side."""
    starts, mended = [0.0, 1000.0], vector("refused", "accepted")
    (only,) = outages_of([run(False, 1001, 1002), run(True, 1003, 2000)], starts, mended, LAG)
    assert (only.begin, only.end) == (1001, 1002)
    assert only.after is not None
    broken = vector("accepted", "refused")
    runs = [run(True, 0, 900), run(False, 1001, 1002), run(True, 1003, 1004)]
    (only,) = outages_of(runs, starts, broken, LAG)
    assert only.after == runs[-1]


def test_a_refusal_stamped_before_its_write() -> None:
    runs = [run(True, 0, 900), run(False, 1000 - EARLY, 2000)]
    assert turned(runs, [0, 1000], vector("accepted", "refused")) == [1]
    runs = [run(True, 0, 900), run(False, 1000 - EARLY - 1, 2000)]
    assert turned(runs, [0, 1000], vector("accepted", "refused")) == [None]


def test_the_end_of_an_outage() -> None:
    runs = [run(True, 0, 900), run(False, 1010, 1500), run(True, 2010, 3000)]
    decisions = vector("accepted", "refused", "accepted")
    (only,) = outages_of(runs, [0, 1000, 2000], decisions, LAG)
    assert only.after is not None
    assert ended_by(only, [0, 1000, 2000], decisions) == 2


@pytest.mark.parametrize("decisions", [
    ("accepted", "accepted"), ("accepted", "unknown"), ("refused", "refused"), ("unknown", "unknown"),
])  # fmt: skip
@pytest.mark.parametrize("mended", [True, False])
def test_a_write_that_turns_no_decision_ends_nothing(decisions: list[Decision], mended: bool) -> None:
    runs = [run(True, 0, 900), run(False, 1010, 1900 if mended else 3000), *[run(True, 2100, 3000)][:mended]]
    (only,) = outages_of(runs, [0, 2000], vector(*decisions), LAG)
    assert ended_by(only, [0, 2000], vector(*decisions)) is None


def test_a_write_before_which_nothing_is_known_may_have_ended_it() -> None:
    runs, decisions = [run(False, 1010, 1900), run(True, 2010, 3000)], vector("unknown", "accepted")
    (only,) = outages_of(runs, [0, 2000], decisions, LAG)
    assert ended_by(only, [0, 2000], decisions) == 1


def test_of_two_breaking_writes_in_a_row_the_one_at_which_acceptance_ended_is_named() -> None:
    other = Verdict("refused", Reasons(frozenset({("provider", "provider-missing")}), "provider", sole=True))
    decisions = [verdict("accepted"), other, verdict("refused")]
    (only,) = outages_of([run(True, 0, 900), run(False, 1300, 2000)], [0, 1000, 1100], decisions, LAG)
    assert flip_before(only, [0, 1000, 1100], decisions, LAG) == 1


@given(st.lists(st.sampled_from(["accepted", "refused"]), min_size=1, max_size=8))
def test_attempts_that_follow_the_decisions_are_explained_by_the_turns(decisions: list[Decision]) -> None:
    """An attempt every 100 s, a revision every 1000 s: each outage is blamed on the revision that began it."""
    starts = [1000.0 * index for index in range(len(decisions))]
    runs: list[OutcomeRun] = []
    for index, decision in enumerate(decisions):
        begin, accepted = starts[index] + 100, decision == "accepted"
        if runs and runs[-1].accepted == accepted:
            runs[-1] = runs[-1]._replace(end=begin + 800)
        else:
            runs.append(run(accepted, begin, begin + 800))
    made = vector(*decisions)
    wanted = [
        index or None
        for index, decision in enumerate(decisions)
        if decision == "refused" and (not index or decisions[index - 1] == "accepted")
    ]
    assert turned(runs, starts, made) == wanted
