"""The collection itself: order, side by side, time limits, failures, and what of it a bundle keeps."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from oidc_doctor.bundle.files import Bundle
from oidc_doctor.live.collect import CallError, Collected, Collector, Grant, Pacer, Reader, collect


def reader(name: str, read: Any, *needs: str, **more: Any) -> Reader:
    return Reader(name, f"aws/{name}.json", f"x:{name}", read, needs, **more)


def entry(found: Collected, name: str) -> dict[str, Any]:
    return next(one for one in found.reads if one["path"] == f"aws/{name}.json")


def test_readers_run_side_by_side_as_soon_as_they_can() -> None:
    together = threading.Barrier(2, timeout=5)

    def meet(collector: Collector) -> str:
        together.wait()
        return "met"

    def after(collector: Collector) -> None:
        collector.save(
            "aws/after.json",
            "x:after",
            [collector.answer("one"), collector.needed("two", "the other"), collector.answer("none")],
        )

    found = collect([reader("after", after, "one", "two", "not planned"), reader("one", meet), reader("two", meet)])
    assert json.loads(found.bundle.read("aws/after.json")) == ["met", "met", None]


def test_a_reader_ends_when_those_that_it_started_have_ended() -> None:
    order: list[str] = []

    def grandchild(collector: Collector) -> None:
        time.sleep(0.1)
        order.append("grandchild")

    def child(collector: Collector) -> None:
        collector.start(reader("grandchild", grandchild))

    def parent(collector: Collector) -> None:
        collector.start(reader("child", child))
        order.append("parent")

    collect([reader("last", lambda _: order.append("last"), "parent"), reader("parent", parent)])
    assert order == ["parent", "grandchild", "last"]


def test_what_fails_is_named_and_the_rest_goes_on() -> None:
    def denied(collector: Collector) -> None:
        raise CallError("denied", "AccessDenied", "no \x1b[1m" + "x" * 2000)

    def after(collector: Collector) -> None:
        collector.needed("denied", "the thing")

    found = collect(
        [
            reader("denied", denied, grants=(Grant("x:Get", api="x.googleapis.com"),)),
            reader("after", after, "denied"),
            reader("good", lambda collector: collector.save("aws/good.json", "x:good", {})),
        ]
    )
    assert entry(found, "denied")["outcome"] == "denied"
    assert entry(found, "denied")["message"].startswith("allow x:Get and enable x.googleapis.com (no <U+001B>[1mxxx")
    assert len(entry(found, "denied")["message"]) < 400
    assert entry(found, "after") | {"at": ""} == {
        "path": "aws/after.json",
        "call": "x:after",
        "outcome": "failed",
        "at": "",
        "code": "NotAsked",
        "message": "the thing could not be read",
    }
    assert "aws/good.json" in found.bundle


def test_only_what_can_heal_is_repeated() -> None:
    calls: list[str] = []

    def call(name: str, failure: CallError | None) -> Any:
        def make() -> str:
            calls.append(name)
            if failure and calls.count(name) < 3:
                raise failure
            return name

        return lambda collector: collector.save(f"aws/{name}.json", "x", collector.call(make))

    healing = CallError("throttled", "Slow", "down", heals=True)
    found = collect([reader("a", call("a", healing)), reader("b", call("b", CallError("denied", "No", "no")))])
    assert (calls.count("a"), calls.count("b")) == (3, 1)
    assert [entry(found, name)["outcome"] for name in "ab"] == ["ok", "denied"]


def test_the_time_limit_keeps_what_was_read_and_names_the_rest() -> None:
    quick = reader("quick", lambda collector: collector.save("aws/quick.json", "x", {}))
    slow = reader("slow", lambda collector: collector.pause(30), "quick")
    never = reader("never", lambda collector: collector.save("aws/never.json", "x", {}), "slow")
    began = time.monotonic()
    found = collect([quick, slow, never], timeout=0.4)
    assert time.monotonic() - began < 2
    outcomes = {one["path"]: one["outcome"] for one in found.reads}
    assert outcomes == {"aws/quick.json": "ok", "aws/slow.json": "timeout", "aws/never.json": "timeout"}


def test_what_comes_after_the_end_is_thrown_away() -> None:
    late = threading.Event()

    def slow(collector: Collector) -> None:
        time.sleep(0.4)
        collector.save("aws/slow.json", "x", {})
        late.set()

    found = collect([reader("slow", slow)], timeout=0.1)
    assert late.wait(5)
    assert "aws/slow.json" not in found.bundle
    assert [one["outcome"] for one in found.reads] == ["timeout"]


def test_a_defect_of_a_reader_is_not_hidden() -> None:
    def wrong(collector: Collector) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        collect([reader("wrong", wrong)])
    with pytest.raises(ZeroDivisionError):
        collect([reader("wrong", lambda collector: collector.side_by_side([lambda: 1 / 0]))])


def test_results_side_by_side_keep_their_order() -> None:
    failure = CallError("failed", "x", "y")

    def fails() -> None:
        raise failure

    results: list[Any] = []
    calls = [*(lambda number=number: number for number in range(40)), fails]
    collect([reader("many", lambda collector: results.extend(collector.side_by_side(calls, most=7)))])
    assert results == [*range(40), failure]


def test_a_pacer_keeps_calls_apart() -> None:
    pacer = Pacer(0.5)
    waits = [pacer.slot() for _ in range(4)]
    assert waits == pytest.approx([0, 0.5, 1.0, 1.5], abs=0.05)
    pacer.hold(10)
    assert pacer.slot() == pytest.approx(10, abs=0.05)


def base() -> Bundle:
    manifest = {"collected_at": "2026-01-01T00:00:00Z", "reads": [{"path": "aws/a.json", "outcome": "ok"}]}
    return collect(
        (), given=[("aws/a.json", {"from": "base"}), ("aws/b.json", {"from": "base"}), ("m", manifest)]
    ).bundle


def test_live_reads_are_laid_over_a_bundle() -> None:
    def gone(collector: Collector) -> None:
        raise CallError("not_found", "NoSuch", "gone")

    def denied(collector: Collector) -> None:
        raise CallError("denied", "No", "no")

    found = collect([reader("a", gone), reader("b", denied)], base=base())
    assert "aws/a.json" not in found.bundle
    assert json.loads(found.bundle.read("aws/b.json")) == {"from": "base"}
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith("aws/b.json could not be read live")
    manifest = json.loads(found.bundle.read("manifest.json"))
    assert {one["path"]: one["outcome"] for one in manifest["reads"]}["aws/a.json"] == "not_found"
    assert manifest["collected_at"] > "2026-11"


def test_the_interrupt_comes_through() -> None:
    def interrupt(collector: Collector) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect([reader("slow", lambda collector: collector.pause(30)), reader("wrong", interrupt)])
