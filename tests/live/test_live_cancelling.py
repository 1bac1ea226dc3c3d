"""Work that a collection has started at a cloud ends with the collection."""

from __future__ import annotations

import threading
import time

import pytest

from oidc_doctor.live.cancelling import Cancellations
from oidc_doctor.live.collect import CallError, Collector, Reader, collect


def test_work_that_is_done_is_not_cancelled() -> None:
    cancelled: list[str] = []
    open_work = Cancellations()
    with open_work.unless_done(lambda: cancelled.append("query")):
        pass
    open_work.run(1.0)
    assert cancelled == []


def test_a_failure_cancels_once() -> None:
    cancelled: list[str] = []
    open_work = Cancellations()

    def fail() -> None:
        open_work.run(1.0)
        raise CallError("failed", "X", "y")

    with pytest.raises(CallError), open_work.unless_done(lambda: cancelled.append("query")):
        fail()
    assert cancelled == ["query"]


def test_a_cloud_that_does_not_answer_does_not_hold_the_end_up() -> None:
    open_work = Cancellations()
    answer = threading.Event()
    with open_work.unless_done(lambda: answer.wait(20.0) and None):
        begin = time.monotonic()
        open_work.run(0.05)
        assert time.monotonic() - begin < 5.0
        answer.set()


@pytest.mark.parametrize("interrupted", [True, False])
def test_the_end_of_a_collection_cancels_what_runs(monkeypatch: pytest.MonkeyPatch, *, interrupted: bool) -> None:
    begun, cancelled = threading.Event(), threading.Event()

    def read(collector: Collector) -> None:
        with collector.cancellations.unless_done(cancelled.set):
            begun.set()
            cancelled.wait(20.0)  # a request whose answer does not come

    def narrate(_: str) -> None:
        pass

    reader = Reader("query", "aws/cloudtrail/athena-1.extract.jsonl.gz", "athena:StartQueryExecution", read)
    if interrupted:
        from oidc_doctor.live import collect as module

        def interrupt(_: object) -> None:
            begun.wait(5.0)
            raise KeyboardInterrupt

        monkeypatch.setattr(module._Run, "_wait", interrupt)
        with pytest.raises(KeyboardInterrupt):
            collect([reader], timeout=20.0, narrate=narrate)
    else:
        collected = collect([reader], timeout=0.2, narrate=narrate)
        assert collected.failures[reader.path].code == "TimeIsUp"
    assert cancelled.is_set()
