"""Find workloads whose exchanges succeeded regularly and then stopped, by the pauses between their successes.

A pause is judged by the longest one before it. If successes come at random, at a steady rate, the chance of a pause of
c times the longest of n is n! Γ(c+1) / Γ(n+c+1); a stop is one with a chance below one in a million. Workloads also
rest at night and at weekends: of less than a week of successes, a pause of a weekend counts as seen.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.logs.records.cloudtrail import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oidc_doctor.logs.attempts.signatures import Attempts

FEWEST = 8  # successes that show a rhythm
_WEEK = 7 * 86_400.0
_WEEKEND = 64 * 3_600.0  # seconds from Friday evening to Monday morning
_LEAST_TIMES = 2.0  # the longest pause before
_CHANCE = 1e-6


class Pause(NamedTuple):
    """A workload without an attempt since its last success. Times are epoch seconds, the cloud's clock."""

    target: str
    family: str  # the subject with * for what is new in each deployment, commit or run
    successes: int
    first: float
    last: float
    # seconds between two of its successes, at most: of rows that stand for several, those in between are not known
    longest: float
    row: int  # of its last success


def is_stop(count: int, first: float, last: float, longest: float, until: float) -> bool:
    """Whether the pause from `last` to `until` is too long for `count` successes whose longest pause is `longest`."""
    if count < FEWEST:
        return False
    seen = longest if last - first >= _WEEK else max(longest, _WEEKEND)
    times = (until - last) / seen if seen > 0 else 0.0
    if times < _LEAST_TIMES:
        return False
    pauses = count - 1
    chance = math.lgamma(pauses + 1) + math.lgamma(times + 1) - math.lgamma(pauses + times + 1)
    return chance < math.log(_CHANCE)


def pauses(attempts: Attempts, keys: Iterable[int]) -> list[Pause]:
    """Return each workload of these keys that ends with a success, and has enough of them. Only exchanges count.

    An attempt with another outcome, by the workload or by one that the record does not name, ends the rhythm: whatever
    stopped it is a refusal. So does a workload that began when this one ended: it may be the same under another name.
    """
    wanted = {key for key in keys if attempts.rows.key_of(key).step == "exchange"}
    if not any(attempts.rows.key_of(key).outcome == "accepted" for key in wanted):
        return []
    import pandas as pd

    kinds = pd.DataFrame.from_records(
        [(key, kind.target or "", kind.family or "", kind.outcome == "accepted") for key in sorted(wanted)
         for kind in (attempts.rows.key_of(key),)],
        columns=["key", "target", "family", "accepted"],
    )  # fmt: skip
    frame = pd.DataFrame(
        {"time": attempts.time, "key": attempts.key, "count": attempts.counts, "row": attempts.row}
    ).merge(kinds, on="key")
    frame = frame[frame["time"] != NO_TIME].sort_values("time", kind="stable")
    found = []
    for target, of_target in frame.groupby("target", sort=True):
        others = of_target[~of_target["accepted"]]
        starts = of_target[of_target["accepted"]].groupby("family")["time"].min()
        for family, own in of_target[of_target["accepted"]].groupby("family", sort=True):
            last, times = float(own["time"].iloc[-1]), own["time"]
            longest = float(times.diff().max()) if len(own) > 1 else 0.0
            ended = others[others["family"].isin([family, ""]) & (others["time"] >= last)]
            renamed = starts[(starts.index != family) & (starts > last - longest)]
            successes = int(own["count"].sum())
            if not family or successes < FEWEST or len(ended) or len(renamed):
                continue
            found.append(
                Pause(
                    str(target), str(family), successes, float(times.iloc[0]), last, longest, int(own["row"].iloc[-1])
                )
            )
    return found
