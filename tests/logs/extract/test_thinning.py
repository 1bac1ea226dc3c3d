"""What remains of a log of which only the first and the last of many attempts alike in a period are returned."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import NamedTuple

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.logs.attempts.columns import Rows
from oidc_doctor.logs.attempts.signatures import Attempts, AttemptSelection, OutcomeRun
from oidc_doctor.logs.extract import thinning
from oidc_doctor.logs.extract.thinning import MOST_RECORDS, period_length, thinned_query
from oidc_doctor.model.document import Origin
from oidc_doctor.model.events import Attempt, Outcome
from oidc_doctor.model.times import epoch_of

KEPT = 2  # of the tests: sequences of a dozen attempts show what twenty do
PERIOD = 600
BEGIN = 1_795_046_400  # a full hour


class Event(NamedTuple):
    """An attempt of one of some subjects; `number` is its place in the log."""

    number: int
    at: int  # seconds after BEGIN
    subject: str
    accepted: bool


@st.composite
def logs(draw: st.DrawFn) -> list[Event]:
    """Retry loops: stretches of one subject and outcome, close together, then pauses of any length."""
    events: list[Event] = []
    at = 0
    for _ in range(draw(st.integers(1, 6))):
        subject, accepted = draw(st.sampled_from(["a", "b"])), draw(st.booleans())
        for _ in range(draw(st.integers(1, 9))):
            events.append(Event(len(events), at, subject, accepted))
            at += draw(st.sampled_from([1, 1, 30, 200]))
        at += draw(st.sampled_from([0, 100, PERIOD]))
    return events


def thin(events: list[Event]) -> list[tuple[Event, int]]:
    """The events that the query returns, oldest first, each with the number that it stands for."""
    rows = [
        f"('{event.number:06}', '{stamp(event.at)}', '{stamp(event.at)[:15]}', 'attempt', 1, {event.number},"
        f" '{event.subject}{event.accepted}')"
        for event in events
    ]
    names = "event_id, event_time, period, kind, known, place_in, same"
    table = f"SELECT * FROM (VALUES {', '.join(rows)}) AS t({names})"  # noqa: S608 - numbers and times of this file
    found = duckdb.sql(thinned_query(table, ("place_in",), ("same",))).fetchall()
    return [(events[place], number) for place, number in reversed(found)]


def stamp(at: int) -> str:
    seconds = at % 86_400
    return f"2026-11-{19 + at // 86_400}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"


def attempts(events: list[tuple[Event, int]]) -> Attempts:
    rows = Rows()
    for event, number in events:
        outcome: Outcome = "accepted" if event.accepted else "refused"
        attempt = Attempt(
            "aws", "exchange", float(BEGIN + event.at), "role", "provider", event.subject, "aud", outcome, None, None,
            f"{event.number:06}", Origin("log"),
        )  # fmt: skip
        rows.add(attempt, lambda of: of.subject, 0, number)
    return Attempts(rows)


def runs(table: Attempts) -> list[OutcomeRun]:
    keys = tuple(range(1, len(table.rows.keys.values)))
    good = [key for key in keys if table.rows.key_of(key).outcome == "accepted"]
    return [
        run._replace(first=int(table.rows.event_id(run.first)), last=int(table.rows.event_id(run.last)))
        for run in table.runs([AttemptSelection(keys)], good)
    ]


def changes(events: list[Event]) -> Counter[int]:
    """How often the outcome changes inside each period."""
    pairs = itertools.pairwise(events)
    return Counter(
        later.at // PERIOD
        for earlier, later in pairs
        if earlier.at // PERIOD == later.at // PERIOD and earlier.accepted != later.accepted
    )


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinning, "KEPT", KEPT)


@given(logs())
@settings(max_examples=share_of(300))
def test_every_attempt_counts_in_its_period(events: list[Event]) -> None:
    thinned = thin(events)
    kinds = Counter((event.subject, event.accepted, event.at // PERIOD) for event in events)
    assert sum((Counter({(e.subject, e.accepted, e.at // PERIOD): n}) for e, n in thinned), Counter()) == kinds
    kept = Counter((event.subject, event.accepted, event.at // PERIOD) for event, _ in thinned)
    assert kept == {kind: min(number, 2 * KEPT) for kind, number in kinds.items()}


@given(logs())
@settings(max_examples=share_of(300))
def test_signatures_have_their_number_and_their_first_and_last_events(events: list[Event]) -> None:
    whole, thinned = (attempts(table).signatures() for table in ([(event, 1) for event in events], thin(events)))
    assert [(s.count, s.first_seen, s.last_seen, s.sample) for s in thinned] == [
        (s.count, s.first_seen, s.last_seen, s.sample) for s in whole
    ]
    assert [s.event_ids[:KEPT] for s in thinned] == [s.event_ids[:KEPT] for s in whole]
    assert [s.counts for s in thinned if s.first_seen == s.last_seen] == [
        s.counts for s in whole if s.first_seen == s.last_seen
    ]


@given(logs())
@settings(max_examples=share_of(300))
def test_runs_are_the_same_where_the_outcome_changes_once_in_a_period(events: list[Event]) -> None:
    whole, thinned = runs(attempts([(event, 1) for event in events])), runs(attempts(thin(events)))
    often = changes(events)
    if max(often.values(), default=0) <= 1:
        assert thinned == whole
    # the only outage that a period has: its first and its last refusal are there
    for run in whole:
        begin, end = int(run.begin - BEGIN) // PERIOD, int(run.end - BEGIN) // PERIOD
        if not run.accepted and begin == end and often[begin] <= 2 and sum(_in(other, begin) for other in whole) == 1:
            assert any(
                (other.accepted, other.first, other.last, other.times) == (False, run.first, run.last, run.times)
                for other in thinned
            )


def _in(run: OutcomeRun, period: int) -> bool:
    begin, end = int(run.begin - BEGIN) // PERIOD, int(run.end - BEGIN) // PERIOD
    return not run.accepted and begin <= period <= end


def test_copies_count_once_and_that_with_the_outcome_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinning, "KEPT", 20)
    table = """SELECT * FROM (VALUES
        ('1', '2026-11-19T00:00:00Z', '2026-11-19T00', 'attempt', 0, 'summary'),
        ('1', '2026-11-19T00:00:00Z', '2026-11-19T00', 'attempt', 1, 'whole'),
        (NULL, '2026-11-19T00:00:01Z', '2026-11-19T00', 'attempt', 1, 'without an id'),
        (NULL, '2026-11-19T00:00:01Z', '2026-11-19T00', 'attempt', 1, 'without an id'),
        ('2', NULL, NULL, 'attempt', 1, 'without a time')
    ) AS t(event_id, event_time, period, kind, known, text)"""
    found = duckdb.sql(thinned_query(table, ("text",), ("text",))).fetchall()
    assert sorted(found) == [("whole", 1), ("without a time", 1), ("without an id", 1), ("without an id", 1)]


def test_writes_are_never_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    table = """SELECT i::VARCHAR AS event_id, '2026-11-19T00:00:00Z' AS event_time, '2026-11-19T00' AS period,
        'change' AS kind, 1 AS known, 'same' AS same FROM range(1000) AS r(i)"""
    assert duckdb.sql(thinned_query(table, ("same",), ("same",))).fetchall() == [("same", 1)] * 1000


def test_one_row_more_than_the_bound_shows_that_older_ones_were_cut_off() -> None:
    table = f"""SELECT i::VARCHAR AS event_id, '2026-11-19T00:00:00Z' AS event_time, '2026-11-19T00' AS period,
        'change' AS kind, 1 AS known, 'same' AS same FROM range({MOST_RECORDS + 10}) AS r(i)"""  # noqa: S608 - a number
    assert len(duckdb.sql(thinned_query(table, ("event_id",), ("same",))).fetchall()) == MOST_RECORDS + 1


@pytest.mark.parametrize(
    ("days", "period"), [(1, "2026-11-30T10:0"), (2, "2026-11-30T10:0"), (14, "2026-11-30T10"), (15, "2026-11-30")]
)
def test_a_period_is_short_in_a_short_window(days: int, period: str) -> None:
    assert "2026-11-30T10:04:05Z"[: period_length(days * 86_400.0)] == period


def test_the_times_of_this_file_are_those_of_its_texts() -> None:
    assert epoch_of(stamp(0)) == BEGIN
