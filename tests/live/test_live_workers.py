"""The threads of a collection, the rate that a service's throttling shows, and the time of each target."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from oidc_doctor.live.collect import CallError, Collector, Reader, collect
from oidc_doctor.live.pacing import LearnedPacer


def reader(target: int, name: str, read: Any, lane: str = "") -> Reader:
    path = f"targets/t{target}/aws/{name}.json"
    return Reader(path, path, "x", read, lane=lane)


def test_threads_are_bounded_and_a_paced_lane_keeps_no_others_up() -> None:
    most = 0
    paced = threading.Event()

    def quick(_: Collector) -> None:
        nonlocal most
        most = max(most, threading.active_count())
        time.sleep(0.001)

    def slow(_: Collector) -> None:
        assert paced.wait(10)

    before = threading.active_count()
    readers = [reader(number, "slow", slow, "limited") for number in range(50)]
    readers += [reader(number, f"quick{index}", quick) for number in range(50) for index in range(6)]
    readers.append(reader(99, "last", lambda _: paced.set()))
    collect(readers)
    assert most <= before + 32 + 4
    time.sleep(0.2)
    assert threading.active_count() == before


def test_one_call_is_made_for_a_key_and_its_failure_is_that_of_all() -> None:
    made: list[str] = []

    def fails() -> None:
        made.append("failing")
        raise CallError("denied", "No", "no")

    def read(collector: Collector) -> None:
        assert collector.shared("good", lambda: made.append("good")) is None
        collector.shared("failing", fails)

    found = collect([reader(number, "x", read) for number in range(20)])
    assert sorted(made) == ["failing", "good"]
    assert [one["outcome"] for one in found.reads] == ["denied"] * 20


def test_a_shared_read_ends_with_the_time_limit() -> None:
    def read(collector: Collector) -> None:
        collector.shared("slow", lambda: time.sleep(1.0))

    found = collect([reader(number, "x", read) for number in range(3)], timeout=0.2)
    assert [one["outcome"] for one in found.reads] == ["timeout"] * 3


def test_seconds_of_a_target_leave_out_what_it_waits_for() -> None:
    def works(collector: Collector) -> None:
        time.sleep(0.15)

    def waits(collector: Collector) -> None:
        collector.pause(0.3)

    readers = [reader(1, "a", works), reader(1, "b", works), reader(2, "a", waits)]
    seconds = collect(readers).seconds
    assert seconds["t1"] == pytest.approx(0.15, abs=0.12)  # side by side: not the sum
    assert seconds["t2"] < 0.15


def test_a_rate_is_learned_from_what_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    pacer = LearnedPacer()
    assert [pacer.slot() for _ in range(9)] == [0.0] * 9
    for _ in range(8):
        pacer.succeeded()
    pacer.throttled(0.25)
    pacer.throttled(0.25)  # of the same second
    assert pacer.interval == pytest.approx(1 / 8)
    assert [pacer.slot(), pacer.slot()] == pytest.approx([0.25, 0.375])
    now += 1.5
    pacer.succeeded()
    assert pacer.interval == pytest.approx(1 / 8.5)
    now += 1.5
    pacer.throttled(0.25)
    assert pacer.interval == pytest.approx(1 / (8.5 * 0.7))


@pytest.mark.parametrize(("accepted", "calls"), [("GetRole", 7), ("ListRoles", 4)])
def test_a_throttled_call_goes_on_while_others_of_its_kind_are_accepted(accepted: str, calls: int) -> None:
    pacer, made = LearnedPacer(), 0

    def make() -> str:
        nonlocal made
        made += 1
        if made < 7:
            raise CallError("throttled", "Slow", "down", heals=True)
        return "role"

    def read(collector: Collector) -> None:
        pacer.succeeded(accepted)
        pacer.throttled = lambda _: pacer.succeeded(accepted)  # type: ignore[method-assign] # others go on
        collector.call(make, pacer=pacer, kind="GetRole")

    collect([reader(1, "x", read)])
    assert made == calls
