"""Workloads whose successes stopped: the pause is judged by those before it, and rest is no stop."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.logs.attempts.pauses import is_stop

HOUR, DAY = 3_600.0, 86_400.0
MONDAY = datetime(2026, 10, 5, tzinfo=UTC).timestamp()


def at_random(seed: int, days: float, each: float) -> list[float]:
    """A Poisson process: at a steady rate, each success independent of the others."""
    chance, time, times = random.Random(seed), MONDAY, []
    while (time := time + chance.expovariate(1 / each)) < MONDAY + days * DAY:
        times.append(time)
    return times


def regular(seed: int, days: float, each: float) -> list[float]:
    chance = random.Random(seed)
    return [MONDAY + number * each + chance.uniform(0, each / 10) for number in range(int(days * DAY / each))]


def at_work(seed: int, days: float, each: float) -> list[float]:
    """From 8 to 18 o'clock on working days, at random."""

    def works(time: float) -> bool:
        moment = datetime.fromtimestamp(time, UTC)
        return moment.weekday() < 5 and 8 <= moment.hour < 18

    return [time for time in at_random(seed, days, each) if works(time)]


def stops(times: list[float], until: float) -> bool:
    seen = [time for time in times if time <= until]
    if not seen:
        return False
    longest = max((after - before for before, after in itertools.pairwise(seen)), default=0.0)
    return is_stop(len(seen), seen[0], seen[-1], longest, until)


@given(
    process=st.sampled_from([at_random, regular, at_work]),
    seed=st.integers(0, 10_000),
    days=st.floats(0.3, 60),
    each=st.floats(0.05, 30),
    looked=st.floats(0, 1),
)
def test_a_process_that_goes_on_never_stops(
    process: object, seed: int, days: float, each: float, looked: float
) -> None:
    """Whenever it is looked at: at any hour, at night, at a weekend, soon after it began."""
    assert callable(process)
    times = process(seed, days, each * HOUR)
    assert not stops(times, MONDAY + looked * days * DAY)


@given(process=st.sampled_from([at_random, regular]), seed=st.integers(0, 10_000), each=st.floats(0.05, 4))
def test_a_process_that_stopped_is_found(process: object, seed: int, each: float) -> None:
    """After two weeks of a success every few hours, a pause of a month is one for any process."""
    assert callable(process)
    times = process(seed, 14, each * HOUR)
    assert stops(times, times[-1] + 30 * DAY)


def test_a_working_day_that_nothing_follows_is_found_in_the_end() -> None:
    times = at_work(1, 28, 0.5 * HOUR)
    assert not stops(times, times[-1] + 4 * DAY), "a long weekend"
    assert stops(times, times[-1] + 14 * DAY)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_too_few_successes_show_no_rhythm(count: int) -> None:
    assert not is_stop(count, 0.0, 30 * DAY, DAY, 3_000 * DAY)
    assert is_stop(40, 0.0, 30 * DAY, DAY, 3_000 * DAY)


def test_less_than_a_week_has_not_shown_a_weekend() -> None:
    assert not is_stop(500, 0.0, 4 * DAY, HOUR, 7 * DAY)
    assert is_stop(500, 0.0, 8 * DAY, HOUR, 11 * DAY)


def test_few_successes_need_a_longer_pause_than_many() -> None:
    """Of eight pauses at random, one in thirty is followed by one of two and a half times the longest."""
    assert not is_stop(9, 0.0, 10 * DAY, 2 * DAY, 15 * DAY)
    assert is_stop(5_000, 0.0, 10 * DAY, 2 * DAY, 15 * DAY)
