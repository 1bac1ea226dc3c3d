"""From runs of outcomes and the replayed decisions to outages, each with what began and what ended it.

A strand is the attempts of one subject family that every revision decides alike; its `vector` holds one decision for
each revision. Nothing here evaluates: the decisions are given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.logs.signatures import Run

Decision = Literal["accepted", "refused", "doubtful", "unknown"]  # doubtful: unknown, with something that may refuse
Mark = tuple[str, str]  # step and kind of a refusal

# Seconds in which a change may not be in force everywhere. AWS: a new role was refused for 4 to 8 s; Google: access
# changes take 2 to 7 minutes or longer, changes of providers are advised to be given 5 minutes.
LAG = {"aws": 90.0, "gcp": 600.0}
EARLY = 2.0  # seconds by which an event may seem to be before the write that it follows: logs are cut to the second

_STANDING = ("passed", "assumed")


class Verdict(NamedTuple):
    """The decision on one revision: which refusals stand, and how each step ended."""

    decision: Decision
    marks: frozenset[Mark] = frozenset()
    first: str | None = None  # the first step that refuses, or may
    states: tuple[tuple[str, str], ...] = ()  # step and state
    sole: bool = False  # one clause alone refuses

    @property
    def stands_against(self) -> bool:
        """True where the token is refused, or may be."""
        return self.decision == "refused" or (self.decision == "doubtful" and bool(self.marks))


class Outage(NamedTuple):
    """Refusals in a row. Times are epoch seconds, rows are numbers of attempts."""

    begin: float
    end: float  # of the last refusal
    first: int
    last: int
    times: int  # refusals
    before: Run | None  # the successes before it
    after: Run | None  # and after it


def outages_of(runs: Sequence[Run], starts: Sequence[float], vector: Sequence[Verdict], lag: float) -> list[Outage]:
    """The outages of a strand, oldest first. Stragglers of a change that is not in force everywhere join their run."""
    out: list[Outage] = []
    before: Run | None = None
    for run in _without_stragglers(runs, starts, vector, lag):
        if run.accepted:
            if out and out[-1].after is None:
                out[-1] = out[-1]._replace(after=run)
            before = run
        else:
            out.append(Outage(run.begin, run.end, run.first, run.last, run.times, before, None))
    return out


def _without_stragglers(
    runs: Sequence[Run], starts: Sequence[float], vector: Sequence[Verdict], lag: float
) -> list[Run]:
    """The runs without those that only show a change arriving here and there; their neighbours become one."""
    flips = [
        start for index, start in enumerate(starts) if index and vector[index].decision != vector[index - 1].decision
    ]
    kept: list[Run] = []
    for place, run in enumerate(runs):
        inside = 0 < place < len(runs) - 1
        if inside and any(start - EARLY <= run.begin and run.end <= start + lag for start in flips):
            continue
        if kept and kept[-1].accepted == run.accepted:
            last = kept[-1]
            kept[-1] = last._replace(last=run.last, end=run.end, times=last.times + run.times)
        else:
            kept.append(run)
    return kept


def index_at(starts: Sequence[float], time: float) -> int:
    """The revision in force at `time`."""
    found = 0
    for index, start in enumerate(starts):
        if start <= time:
            found = index
    return found


def flip_before(
    outage: Outage, starts: Sequence[float], vector: Sequence[Verdict], lag: float
) -> tuple[int | None, int | None]:
    """The revision at which an outage's refusing began: (where the standing refusals appear, where accepting ended).

    None where no revision between the last success and the first refusal turns an accepting configuration into a
    refusing one. Without a success in the logs, any earlier revision may have.
    """
    at = index_at(starts, outage.begin)
    low = 0 if outage.before is None else index_at(starts, outage.before.end - lag)
    return turn(vector, at, low, witnessed=None if outage.before is None else outage.before.end + lag, starts=starts)


def turn(
    vector: Sequence[Verdict], at: int, low: int, *, witnessed: float | None, starts: Sequence[float]
) -> tuple[int | None, int | None]:
    """Where, after revision `low` and up to `at`, the decision turned to refusing for good: (appears, turned).

    `witnessed` is until when successes were seen, the lag included: before it, a decision that is unknown counts as
    accepting, since it was.
    """
    if not vector[at].stands_against:
        return None, None
    index = at
    while index > low and vector[index - 1].stands_against:
        index -= 1
    if index <= low or index == 0:
        return None, None
    before, after = vector[index - 1], vector[index]
    seen = witnessed is not None and starts[index] <= witnessed
    if not _turned(before, after, seen=seen):
        return None, None
    marks = vector[at].marks
    appears = index
    for place in range(at, index - 1, -1):
        if not marks & vector[place].marks:
            break
        appears = place
    return appears, index


def _turned(before: Verdict, after: Verdict, *, seen: bool) -> bool:
    if before.decision == "accepted" or seen:
        return True
    standing = dict(before.states).get(after.first or "")
    return before.decision == "unknown" and standing in _STANDING


def mended_by(outage: Outage, starts: Sequence[float], vector: Sequence[Verdict]) -> int | None:
    """The revision that ended an outage: the first one after it began that no longer refuses."""
    at = index_at(starts, outage.begin)
    limit = len(vector) if outage.after is None else index_at(starts, outage.after.begin) + 1
    for index in range(at + 1, limit):
        if not vector[index].stands_against:
            return index
    return None
