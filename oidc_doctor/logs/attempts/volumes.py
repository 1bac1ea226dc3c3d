"""Attempts of each workload by day, of large logs only: pandas takes a quarter of a second to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from oidc_doctor.logs.records.cloudtrail import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oidc_doctor.logs.attempts.signatures import Attempts

ENOUGH = 500  # attempts: of fewer, the timeline says all
FEWEST_DAYS = 3
MOST_DAYS = 14  # the newest
MOST_WORKLOADS = 12  # those with the most attempts

_DAY = 86400


class Volume(NamedTuple):
    """Attempts of one workload by day, UTC, oldest first. The first and the last day may be covered in part."""

    cloud: str
    step: str
    target: str | None
    family: str | None  # the subject with * for what is new in each deployment, commit or run
    first_day: str  # 2026-11-22
    accepted: tuple[int, ...]
    refused: tuple[int, ...]
    unknown: tuple[int, ...]


def volumes(attempts: Attempts, keys: Iterable[int]) -> list[Volume]:
    """Return the volumes of the workloads with these keys, the largest first; none of a small table."""
    wanted = set(keys)
    timed = attempts.time[attempts.time != NO_TIME]
    if not wanted or int(attempts.counts.sum()) < ENOUGH or (timed[-1] - timed[0]) < (FEWEST_DAYS - 1) * _DAY:
        return []
    import pandas as pd

    frame = pd.DataFrame({"time": attempts.time, "key": attempts.key, "count": attempts.counts})
    frame = frame[frame["key"].isin(wanted) & (frame["time"] != NO_TIME)]
    if frame.empty:
        return []
    kinds = pd.DataFrame.from_records(
        [(key, *_kind_of(attempts, key)) for key in sorted(wanted)],
        columns=["key", "cloud", "step", "target", "family", "outcome"],
    )
    frame["day"] = pd.to_datetime(frame["time"], unit="s").dt.floor("D")
    days = pd.date_range(frame["day"].min(), frame["day"].max(), freq="D")[-MOST_DAYS:]
    kind = ["cloud", "step", "target", "family", "outcome"]
    table = frame.merge(kinds, on="key").pivot_table("count", kind, "day", aggfunc="sum", fill_value=0)
    counts: dict[tuple[str, ...], dict[str, tuple[int, ...]]] = {}
    for names, line in table.reindex(columns=days, fill_value=0).iterrows():
        *workload, outcome = cast("tuple[str, ...]", names)  # an index of several columns
        counts.setdefault(tuple(workload), {})[outcome] = tuple(int(count) for count in line)
    none = (0,) * len(days)
    workloads = [
        Volume(
            cloud, step, target or None, family or None, days[0].date().isoformat(),
            *(of_outcome.get(outcome, none) for outcome in ("accepted", "refused", "unknown")),
        )
        for (cloud, step, target, family), of_outcome in counts.items()
    ]  # fmt: skip
    workloads.sort(key=lambda volume: -sum((*volume.accepted, *volume.refused, *volume.unknown)))
    return workloads[:MOST_WORKLOADS]


def _kind_of(attempts: Attempts, key: int) -> tuple[str, str, str, str, str]:
    """Return the workload and outcome of a key, with "" where a name is not known: pandas drops rows without one."""
    kind = attempts.rows.key_of(key)
    return kind.cloud, kind.step, kind.target or "", kind.family or "", kind.outcome
