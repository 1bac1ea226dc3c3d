"""Find outages, and the revisions that began and ended them, from recorded outcomes and the revisions' verdicts.

`runs` are the recorded outcomes of attempts that every revision decides in the same way, and `vector` is the verdict of
each revision on them. No function here evaluates a token.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oidc_doctor.logs.attempts.signatures import OutcomeRun

Decision = Literal["accepted", "refused", "doubtful", "unknown"]  # doubtful: unknown, with something that may refuse
UNDECIDED = frozenset({"doubtful", "unknown"})
StepAndKind = tuple[str, str]  # of a refusal

# Seconds in which a change may not be effective everywhere. AWS: a new role was refused for 4 to 8 s; Google: access
# changes take 2 to 7 minutes or longer, changes of providers are documented to need 5 minutes.
LAG = {"aws": 90.0, "gcp": 600.0}
EARLY = 5.0  # seconds by which an event may appear to precede the write that caused it: clocks differ

_STANDING = ("passed", "assumed")


class Reasons(NamedTuple):
    """Why a revision refuses or may refuse."""

    refusals: frozenset[StepAndKind] = frozenset()
    first: str | None = None  # the first step that refuses or may refuse
    sole: bool = False  # one clause alone refuses


class Verdict:
    """A revision's decision, with the state of each step. Its reasons are computed on access."""

    __slots__ = ("_reasons", "decision", "states")

    def __init__(
        self,
        decision: Decision,
        reasons: Reasons | Callable[[], Reasons] = Reasons(),  # noqa: B008 - immutable
        states: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.decision: Decision = decision
        self.states = states  # step and state
        self._reasons = reasons

    @property
    def reasons(self) -> Reasons:
        """Return why the revision refuses or may refuse."""
        if not isinstance(self._reasons, Reasons):
            self._reasons = self._reasons()
        return self._reasons

    @property
    def refusals(self) -> frozenset[StepAndKind]:
        """The steps that refuse or may refuse, each with its kind of refusal."""
        return self.reasons.refusals

    @property
    def first(self) -> str | None:
        """The first step that refuses or may refuse."""
        return self.reasons.first

    @property
    def sole(self) -> bool:
        """Whether a single clause refuses."""
        return self.reasons.sole

    @property
    def stands_against(self) -> bool:
        """Whether the token is or may be refused."""
        return self.decision in {"refused", "doubtful"}


class Outage(NamedTuple):
    """Refusals in a row. Times are epoch seconds, rows are numbers of attempts."""

    begin: float
    end: float  # of the last refusal
    first: int
    last: int
    times: int  # refusals
    before: OutcomeRun | None  # the successes before it
    after: OutcomeRun | None  # and after it


def outages_of(
    runs: Sequence[OutcomeRun], starts: Sequence[float], vector: Sequence[Verdict], lag: float
) -> list[Outage]:
    """Return the outages, oldest first. Attempts made before a change was effective everywhere end none."""
    out: list[Outage] = []
    before: OutcomeRun | None = None
    for run in _without_stragglers(runs, starts, vector, lag):
        if run.accepted:
            if out and out[-1].after is None:
                out[-1] = out[-1]._replace(after=run)
            before = run
        else:
            out.append(Outage(run.begin, run.end, run.first, run.last, run.times, before, None))
    return out


def _without_stragglers(
    runs: Sequence[OutcomeRun], starts: Sequence[float], vector: Sequence[Verdict], lag: float
) -> list[OutcomeRun]:
    """Remove runs in which a change was not effective everywhere yet, and join their neighbours."""
    flips = [
        (start, vector[index].stands_against)
        for index, start in enumerate(starts)
        if index and vector[index].decision != vector[index - 1].decision
    ]
    merged: list[OutcomeRun] = []
    for place, run in enumerate(runs):
        inside = 0 < place < len(runs) - 1
        old = [start for start, refusing in flips if run.accepted == refusing]  # as it was before the change
        if inside and any(start - EARLY <= run.begin and run.end <= start + lag for start in old):
            continue
        if merged and merged[-1].accepted == run.accepted:
            last = merged[-1]
            merged[-1] = last._replace(last=run.last, end=run.end, times=last.times + run.times)
        else:
            merged.append(run)
    return merged


def index_at(starts: Sequence[float], time: float) -> int:
    """Return the revision effective at `time`; `starts` are in order. A write counts from its logged second on."""
    return max(0, bisect_right(starts, time) - 1)


def revision_of(outage: Outage, starts: Sequence[float], vector: Sequence[Verdict]) -> int:
    """Return the revision in which an outage began. A refusal may be logged shortly before its cause."""
    at = index_at(starts, outage.begin)
    late = index_at(starts, outage.begin + EARLY)
    return late if not vector[at].stands_against and vector[late].stands_against else at


def flip_before(outage: Outage, starts: Sequence[float], vector: Sequence[Verdict], lag: float) -> int | None:
    """Return the revision at which acceptance ended: later revisions did not cause the refusals.

    None if no revision between the last success and the first refusal turns acceptance into refusal. Without a success
    in the logs, any earlier revision may have.
    """
    at = revision_of(outage, starts, vector)
    before = outage.before
    low = 0 if before is None else index_at(starts, before.end - lag)
    successes = None if before is None else (before.begin, before.end)
    return turn(vector, at, low, witnessed=successes, starts=starts, lag=lag)


def turn(
    vector: Sequence[Verdict],
    at: int,
    low: int,
    *,
    witnessed: tuple[float, float] | None,
    starts: Sequence[float],
    lag: float,
) -> int | None:
    """Return where, after revision `low` and up to `at`, the decision changed to refusal for good.

    `witnessed` is the period with logged successes: a configuration of that period with an unknown decision did accept.
    """
    if not vector[at].stands_against:
        return None

    def accepting(index: int) -> bool:
        if vector[index].decision == "accepted":
            return True
        if witnessed is None or vector[index].decision == "refused":
            return False
        begin, end = starts[index], starts[index + 1]
        settled = begin + min(lag, (end - begin) / 2) if index else begin  # before that, a success may be a straggler
        return settled <= witnessed[1] and witnessed[0] < end

    index = at
    while index > low and vector[index - 1].stands_against and not accepting(index - 1):
        index -= 1
    if index <= low or index == 0:
        return None
    before, after = vector[index - 1], vector[index]
    if not accepting(index - 1) and not (before.decision == "unknown" and _stood(before, after)):
        return None
    if before.decision != "accepted" and after.decision == "doubtful" and at > index:
        return None  # neither side can be replayed, and there is more than one write to choose from
    return index


def _stood(before: Verdict, after: Verdict) -> bool:
    """Whether the step that refuses later was passed before."""
    states = dict(before.states)
    if not any(states.get(step) in _STANDING for step, state in after.states if state not in _STANDING):
        return False  # whatever the reasons, which take time to find
    return dict(before.states).get(after.first or "") in _STANDING


def ended_by(outage: Outage, starts: Sequence[float], vector: Sequence[Verdict]) -> int | None:
    """Return the revision that ended an outage: the first one after its beginning that no longer refuses.

    A revision whose predecessor accepts the attempts too, or decides them the same way, ended nothing.
    """
    at = revision_of(outage, starts, vector)
    limit = len(vector) if outage.after is None else index_at(starts, outage.after.begin) + 1
    for index in range(at + 1, limit):
        before, after = vector[index - 1].decision, vector[index].decision
        if not vector[index].stands_against and before not in {"accepted", after}:
            return index
    return None
