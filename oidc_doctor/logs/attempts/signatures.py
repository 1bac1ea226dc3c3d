"""Attempts grouped with pandas: by signature, and in runs of the same outcome. No other module imports pandas."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from oidc_doctor.logs.records.cloudtrail import NO_TIME
from oidc_doctor.model.events import Attempt, Signature

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from oidc_doctor.logs.attempts.columns import Rows

IDS_KEPT = 20
SUBJECTS_KEPT = 50
CALLERS_KEPT = 20
BUCKETS = 240  # at most, over the window

_STEPS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 6 * 3600, 86400, 7 * 86400)  # seconds of a bucket


class OutcomeRun(NamedTuple):
    """Consecutive attempts with the same outcome. `first` and `last` are row numbers."""

    accepted: bool
    first: int
    last: int
    begin: float  # epoch seconds of the first and of the last
    end: float
    times: int  # attempts


class Buckets(NamedTuple):
    """The intervals of the window in which attempts are counted: `start` in epoch seconds, `seconds` each."""

    start: float
    seconds: int
    number: int


class Cell(NamedTuple):
    """Attempts with one key, of one identity, under one circumstance where circumstances matter."""

    key: int
    identity: int
    circumstance: int
    row: int  # the newest


class AttemptSelection(NamedTuple):
    """Attempts with these keys: all, only some identities (and circumstances), or all but some."""

    keys: tuple[int, ...]
    only: frozenset[tuple[int, int]] | None = None
    but: frozenset[tuple[int, int]] = frozenset()
    by_circumstance: bool = False


class Attempts:
    """The table of all attempts in a window (epoch seconds, None: open), oldest first."""

    def __init__(self, rows: Rows, since: float | None = None, until: float | None = None) -> None:
        self.rows = rows
        frame = pd.DataFrame(
            {
                "time": np.frombuffer(rows.time, dtype=np.float64),
                "key": np.frombuffer(rows.key, dtype=np.int32),
                "identity": np.frombuffer(rows.identity, dtype=np.int32),
                "circumstance": np.frombuffer(rows.circumstance, dtype=np.int32),
                "count": np.frombuffer(rows.count, dtype=np.int32),
            },
            copy=True,  # an array cannot grow while a buffer of it is in use
        )
        if since is not None:
            frame = frame[frame["time"] >= since]
        if until is not None:
            frame = frame[frame["time"] <= until]
        self.frame = frame.sort_values("time", kind="stable")
        self.buckets = self._cut()

    def _cut(self) -> Buckets:
        times = self.frame["time"]
        times = times[times != NO_TIME]
        if times.empty:
            return Buckets(0.0, 1, 0)
        begin, end = float(times.iloc[0]), float(times.iloc[-1])
        seconds = next((step for step in _STEPS if (end - begin) / step < BUCKETS - 1), _STEPS[-1])
        start = begin // seconds * seconds
        return Buckets(start, seconds, min(BUCKETS, int((end - start) // seconds) + 1))

    def rows_of(self, key: int) -> list[int]:
        """Return the numbers of the rows with this key, newest first."""
        return [int(row) for row in self.frame.index[self.frame["key"] == key][::-1]]

    def signatures(self) -> list[Signature]:
        """Return the signature of each key, the newest first."""
        frame = self.frame
        if frame.empty:
            return []
        timed = frame["time"].where(frame["time"] != NO_TIME)
        groups = frame.assign(timed=timed).groupby("key", sort=False)
        table = groups.agg(count=("count", "sum"), first=("timed", "min"), last=("timed", "max"))
        newest = frame.groupby("key", sort=False).tail(IDS_KEPT)
        rows_of: dict[int, list[int]] = {}
        for row, key in zip(newest.index[::-1], newest["key"].iloc[::-1], strict=True):
            rows_of.setdefault(int(key), []).append(int(row))
        subjects = self._distinct("identity", SUBJECTS_KEPT)
        places = self._sums("circumstance")
        counts = self._bucketed()
        out: list[Signature] = []
        for key, line in table.iterrows():
            number = int(str(key))
            recent = rows_of[number]
            names = (self.rows.identity_of(code).subject for code in subjects[number])
            where = [(self.rows.circumstance_of(code), times) for code, times in places[number]]
            out.append(
                Signature(
                    sample=self.rows.attempt(recent[0]),
                    count=int(line["count"]),
                    first_seen=_or_none(line["first"]),
                    last_seen=_or_none(line["last"]),
                    event_ids=tuple(self.rows.event_id(row) for row in recent),
                    number=number,
                    family=self.rows.key_of(number).family,
                    subjects=tuple(dict.fromkeys(name for name in names if name)),
                    callers=_most((circumstance.caller, times) for circumstance, times in where),
                    regions=_most((circumstance.region, times) for circumstance, times in where),
                    counts=counts.get(number, ()),
                )
            )
        return sorted(out, key=_newest_first)

    def subset(self, keys: Iterable[int]) -> Attempts:
        """Return the table of the attempts with these keys."""
        part = Attempts.__new__(Attempts)
        part.rows, part.buckets = self.rows, self.buckets
        part.frame = self.frame[self.frame["key"].isin(list(keys)) & (self.frame["time"] != NO_TIME)]
        return part

    def runs(self, parts: Iterable[AttemptSelection], accepted: Container[int]) -> list[OutcomeRun]:
        """Return the attempts of all parts as runs of one outcome. Attempts without a time are left out."""
        frame = self.frame
        keep = np.zeros(len(frame), dtype=bool)
        complete_keys: set[int] = set()
        for part in parts:
            if part.only is None and not part.but:
                complete_keys.update(part.keys)
                continue
            mask = np.array(frame["key"].isin(list(part.keys)))  # a copy: pandas returns read-only arrays
            identity_codes = frame["identity"].to_numpy(np.int64) << 32 | frame["circumstance"].to_numpy(np.int64)
            if not part.by_circumstance:
                identity_codes = frame["identity"].to_numpy(np.int64) << 32
            if part.only is not None:
                mask &= np.isin(identity_codes, _codes(part.only))
            if part.but:
                mask &= ~np.isin(identity_codes, _codes(part.but))
            keep |= mask
        if complete_keys:
            keep |= frame["key"].isin(list(complete_keys)).to_numpy()
        times = frame["time"].to_numpy()
        kept = np.flatnonzero(keep & (times != NO_TIME))
        if not kept.size:
            return []
        # numpy and no groupby: it is asked for each group of attempts, and a groupby takes ten milliseconds
        keys = frame["key"].to_numpy()[kept]
        good = np.isin(keys, [int(key) for key in np.unique(keys) if int(key) in accepted])
        begins = np.flatnonzero(np.concatenate(([True], good[1:] != good[:-1])))
        ends = np.concatenate((begins[1:], [good.size])) - 1
        counts = np.add.reduceat(frame["count"].to_numpy(np.int64)[kept], begins)
        rows = frame.index.to_numpy()[kept]
        return [
            OutcomeRun(
                bool(good[begin]),
                int(rows[begin]),
                int(rows[end]),
                float(times[kept[begin]]),
                float(times[kept[end]]),
                int(count),
            )
            for begin, end, count in zip(begins, ends, counts, strict=True)
        ]

    def cells(self, *, by_circumstance: bool) -> list[Cell]:
        """Return the identities of the attempts, for each key, the newest first."""
        frame = self.frame.assign(row=self.frame.index)
        if frame.empty:
            return []
        if not by_circumstance:
            frame = frame.assign(circumstance=0)
        frame = frame.drop_duplicates(["key", "identity", "circumstance"], keep="last")
        newest = frame[["key", "identity", "circumstance", "row"]].iloc[::-1]
        return [Cell(int(a), int(b), int(c), int(d)) for a, b, c, d in newest.itertuples(index=False)]

    def count_between(self, keys: Iterable[int], begin: float, end: float) -> int:
        """Count the attempts with these keys from `begin` to `end` inclusive."""
        frame = self.frame
        inside = frame["key"].isin(list(keys)) & (frame["time"] >= begin) & (frame["time"] <= end)
        return int(frame.loc[inside, "count"].sum())

    def first_after(self, keys: Iterable[int], begin: float) -> float | None:
        """Return the time of the first attempt with these keys after `begin`; None without one."""
        frame = self.frame
        later = frame.loc[frame["key"].isin(list(keys)) & (frame["time"] > begin), "time"]
        return None if later.empty else float(later.iloc[0])

    def attempt(self, row: int) -> Attempt:
        """Return an attempt as logged."""
        return self.rows.attempt(row)

    def ids_between(self, keys: Iterable[int], begin: float, end: float, most: int = IDS_KEPT) -> list[str]:
        """Return event ids of the attempts with these keys, the oldest first."""
        frame = self.frame
        inside = frame["key"].isin(list(keys)) & (frame["time"] >= begin) & (frame["time"] <= end)
        return [self.rows.event_id(int(row)) for row in frame.index[inside.to_numpy()][:most]]

    def by_session(self, number: int) -> int | None:
        """Return the row of the attempt that issued each session, by the number of its access key id."""
        if not number:
            return None
        places = np.flatnonzero(np.frombuffer(self.rows.session, dtype=np.uint64) == np.uint64(number))
        return int(places[-1]) if places.size else None

    def _distinct(self, column: str, most: int) -> dict[int, list[int]]:
        """Return the newest distinct values of a column for each key."""
        distinct_rows = self.frame[["key", column]].iloc[::-1].drop_duplicates()
        newest = distinct_rows.groupby("key", sort=False).head(most)
        values_of: dict[int, list[int]] = {}
        for key, value in newest.itertuples(index=False):
            values_of.setdefault(int(key), []).append(int(value))
        return values_of

    def _sums(self, column: str) -> dict[int, list[tuple[int, int]]]:
        table = self.frame.groupby(["key", column], sort=False)["count"].sum()
        sums_of: dict[int, list[tuple[int, int]]] = {}
        for (key, value), count in zip(table.index, table.to_numpy(), strict=True):
            sums_of.setdefault(int(key), []).append((int(value), int(count)))
        return sums_of

    def _bucketed(self) -> dict[int, tuple[int, ...]]:
        start, seconds, number = self.buckets
        frame = self.frame[self.frame["time"] != NO_TIME]
        if frame.empty or not number:
            return {}
        place = ((frame["time"] - start) // seconds).astype("int64").clip(0, number - 1)
        table = frame.groupby(["key", place])["count"].sum()
        counts_of: dict[int, list[int]] = {}
        for (key, index), count in zip(table.index, table.to_numpy(), strict=True):
            counts_of.setdefault(int(key), [0] * number)[int(index)] = int(count)
        return {key: tuple(line) for key, line in counts_of.items()}


def _codes(cells: Iterable[tuple[int, int]]) -> Any:
    return np.array([identity << 32 | circumstance for identity, circumstance in cells], dtype=np.int64)


def _newest_first(signature: Signature) -> tuple[float, list[str]]:
    return -signature.last_seen, [text or "" for text in _texts(signature.sample)]


def _or_none(value: float) -> float:
    """Return None for an attempt without a time."""
    return float(value) if value == value else NO_TIME  # noqa: PLR0124 - NaN alone differs from itself


def _most(counted: Iterable[tuple[str | None, int]]) -> tuple[tuple[str, int], ...]:
    total: Counter[str] = Counter()
    for name, count in counted:
        if name:
            total[name] += count
    return tuple(total.most_common(CALLERS_KEPT))


def _texts(sample: Attempt) -> list[str | None]:
    return [
        sample.cloud, sample.step, sample.target, sample.provider, sample.subject, sample.audience, sample.outcome,
        sample.error_code, sample.error_message,
    ]  # fmt: skip
