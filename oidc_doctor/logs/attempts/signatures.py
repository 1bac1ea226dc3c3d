"""Attempts grouped by signature, and in runs of the same outcome, on arrays: a row takes bytes, not objects."""

from __future__ import annotations

import copy
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from oidc_doctor.logs.records.cloudtrail import NO_TIME
from oidc_doctor.model.events import Attempt, Signature

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable

    from oidc_doctor.logs.attempts.columns import Circumstance, Identity, Rows, SignatureKey

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


class Tally(NamedTuple):
    """The attempts with one key and identity, under one circumstance where circumstances matter."""

    key: int
    row: int  # the newest
    times: int  # attempts
    last_seen: float  # epoch seconds, or NO_TIME


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
        time = np.array(rows.time)  # copies: an array cannot grow while a buffer of it is in use
        inside = np.full(len(time), fill_value=True)
        if since is not None:
            inside &= time >= since
        if until is not None:
            inside &= time <= until
        order = np.flatnonzero(inside)
        self.select(order[np.argsort(time[order], kind="stable")])
        self.buckets = self._cut()

    def select(self, order: Any) -> None:
        """Hold the rows with these numbers, in this order, instead of others."""
        self.row = order
        self.time = np.array(self.rows.time)[order]
        self.key = np.array(self.rows.key, np.int32)[order]
        self.identity = np.array(self.rows.identity, np.int32)[order]
        self.circumstance = np.array(self.rows.circumstance, np.int32)[order]
        self.counts = np.array(self.rows.count, np.int64)[order]

    def _cut(self) -> Buckets:
        times = self.time[self.time != NO_TIME]
        if not times.size:
            return Buckets(0.0, 1, 0)
        begin, end = float(times[0]), float(times[-1])
        seconds = next((step for step in _STEPS if (end - begin) / step < BUCKETS - 1), _STEPS[-1])
        start = begin // seconds * seconds
        return Buckets(start, seconds, min(BUCKETS, int((end - start) // seconds) + 1))

    def rows_of(self, key: int) -> list[int]:
        """Return the numbers of the rows with this key, newest first."""
        newest_first: list[int] = self.row[self.key == key][::-1].tolist()
        return newest_first

    def signatures(self) -> list[Signature]:
        """Return the signature of each key, the newest first."""
        order = np.argsort(self.key, kind="stable")  # the places of each key, oldest first
        begins = np.flatnonzero(np.diff(self.key[order], prepend=-1))
        groups = np.split(order, begins[1:]) if order.size else []
        return sorted((self._signature(places) for places in groups), key=_newest_first)

    def _signature(self, places: Any) -> Signature:
        """Return the signature of the attempts at these places of the table, which share a key."""
        rows, times, counts = self.rows, self.time[places], self.counts[places]
        timed = times != NO_TIME
        newest = [int(row) for row in self.row[places[: -IDS_KEPT - 1 : -1]]]
        identities = list(dict.fromkeys(self.identity[places][::-1].tolist()))[:SUBJECTS_KEPT]
        names = (rows.identity_of(code).subject for code in identities)
        codes, index = np.unique(self.circumstance[places], return_inverse=True)
        sums = np.bincount(index, weights=counts)
        where = [(rows.circumstance_of(int(code)), int(times)) for code, times in zip(codes, sums, strict=True)]
        number = int(self.key[places[0]])
        return Signature(
            sample=rows.attempt(newest[0]),
            count=int(counts.sum()),
            first_seen=float(times[timed].min()) if timed.any() else NO_TIME,
            last_seen=float(times[timed].max()) if timed.any() else NO_TIME,
            event_ids=tuple(rows.event_id(row) for row in newest),
            number=number,
            family=rows.key_of(number).family,
            subjects=tuple(dict.fromkeys(name for name in names if name)),
            callers=_most((circumstance.caller, times) for circumstance, times in where),
            regions=_most((circumstance.region, times) for circumstance, times in where),
            counts=self._bucketed(times[timed], counts[timed]),
        )

    def _bucketed(self, times: Any, counts: Any) -> tuple[int, ...]:
        start, seconds, number = self.buckets
        if not times.size:
            return ()
        place = ((times - start) // seconds).astype(np.int64).clip(0, number - 1)
        return tuple(np.bincount(place, weights=counts, minlength=number).astype(np.int64).tolist())

    def subset(self, keys: Iterable[int]) -> Attempts:
        """Return the table of the attempts with these keys."""
        part = Attempts.__new__(Attempts)
        part.rows, part.buckets = self.rows, self.buckets
        part.select(self.row[np.isin(self.key, list(keys)) & (self.time != NO_TIME)])
        return part

    def told_apart_by(self, fields: Collection[str]) -> Attempts:
        """Return the table with one circumstance for all those that agree in these fields of Circumstance."""
        codes, index = np.unique(self.circumstance, return_inverse=True)
        first: dict[tuple[object, ...], int] = {}
        alike = []
        for code in map(int, codes):
            circumstance = self.rows.circumstance_of(code)
            alike.append(first.setdefault(tuple(getattr(circumstance, field) for field in fields), code))
        table = copy.copy(self)
        table.circumstance = np.array(alike, np.int32)[index]
        return table

    def runs(
        self, parts: Iterable[AttemptSelection], accepted: Container[int], uncounted: Container[int] = ()
    ) -> list[OutcomeRun]:
        """Return the attempts of all parts as runs of one outcome. Attempts without a time are left out.

        Attempts with `uncounted` keys make runs, and are not counted in them.
        """
        kept = self._selected(parts)
        if not kept.size:
            return []
        keys = self.key[kept]
        different = [int(key) for key in np.unique(keys)]
        good = _among(keys, [key for key in different if key in accepted])
        begins = np.flatnonzero(np.concatenate(([True], good[1:] != good[:-1])))
        ends = np.concatenate((begins[1:], [good.size])) - 1
        is_uncounted = _among(keys, [key for key in different if key in uncounted])
        counts = np.add.reduceat(np.where(is_uncounted, 0, self.counts[kept]), begins)
        rows, times = self.row[kept], self.time[kept]
        return [
            OutcomeRun(
                bool(good[begin]),
                int(rows[begin]),
                int(rows[end]),
                float(times[begin]),
                float(times[end]),
                int(count),
            )
            for begin, end, count in zip(begins, ends, counts, strict=True)
        ]

    def count(self, parts: Iterable[AttemptSelection], begin: float, end: float) -> int:
        """Count the attempts of all parts from `begin` to `end` inclusive."""
        kept = self._selected(parts)
        times = self.time[kept]
        return int(self.counts[kept][(times >= begin) & (times <= end)].sum())

    def keys_of_runs(self, parts: Iterable[AttemptSelection], runs: Iterable[OutcomeRun]) -> list[set[int]]:
        """Return for each run the keys of the attempts of all parts in its time."""
        kept = self._selected(parts)
        times, keys = self.time[kept], self.key[kept]
        spans = ((np.searchsorted(times, run.begin, "left"), np.searchsorted(times, run.end, "right")) for run in runs)
        return [{int(key) for key in np.unique(keys[first:last])} for first, last in spans]

    def _selected(self, parts: Iterable[AttemptSelection]) -> Any:
        """Return the places of the attempts of all parts in the table, without those that have no time."""
        keep = np.zeros(len(self.row), dtype=bool)
        complete_keys: set[int] = set()
        for part in parts:
            if part.only is None and not part.but:
                complete_keys.update(part.keys)
                continue
            mask = _among(self.key, list(part.keys))
            identity_codes = self.identity.astype(np.int64) << 32
            if part.by_circumstance:
                identity_codes |= self.circumstance
            if part.only is not None:
                mask &= np.isin(identity_codes, _codes(part.only))
            if part.but:
                mask &= ~np.isin(identity_codes, _codes(part.but))
            keep |= mask
        if complete_keys:
            keep |= _among(self.key, list(complete_keys))
        return np.flatnonzero(keep & (self.time != NO_TIME))

    def cells(self, *, by_circumstance: bool) -> list[Cell]:
        """Return the identities of the attempts, for each key, the newest first."""
        circumstance = self.circumstance if by_circumstance else np.zeros_like(self.circumstance)
        _, newest = np.unique(self._cell_codes(circumstance)[::-1], return_index=True)
        places = len(self.row) - 1 - np.sort(newest)
        table = (self.key, self.identity, circumstance, self.row)
        return [Cell(*(int(column[place]) for column in table)) for place in places]

    def tallies(self, keys: Iterable[int], circumstances: Collection[str] = ()) -> list[Tally]:
        """Return a tally for each key and identity among the attempts with these keys, the newest first.

        `circumstances` are fields of Circumstance that also distinguish attempts.
        """
        table = self.told_apart_by(circumstances) if circumstances else self
        places = np.flatnonzero(np.isin(table.key, list(keys)))
        if not places.size:
            return []
        pairs = table.identity[places].astype(np.int64) << 32
        _, pairs = np.unique(pairs | table.circumstance[places] if circumstances else pairs, return_inverse=True)
        codes = table.key[places].astype(np.int64) << 32 | pairs
        _, newest, kind = np.unique(codes[::-1], return_index=True, return_inverse=True)
        times = np.bincount(kind, weights=table.counts[places][::-1])
        found = [
            Tally(int(table.key[place]), int(table.row[place]), int(times[number]), float(table.time[place]))
            for number, place in enumerate(places[len(places) - 1 - newest])
        ]
        return sorted(found, key=lambda tally: -tally.last_seen)

    def seen(
        self, keys: Iterable[int], like: Callable[[SignatureKey, Identity, Circumstance], bool]
    ) -> tuple[float, float] | None:
        """Return when attempts with these keys that are `like` it were first and last made; None where none was."""
        kept = np.isin(self.key, list(keys)) & (self.time != NO_TIME)
        codes = self._cell_codes(self.circumstance)[kept]
        _, first, kind = np.unique(codes, return_index=True, return_inverse=True)
        places = np.flatnonzero(kept)
        alike = [self._is_like(int(places[place]), like) for place in first]
        times = self.time[places[np.array(alike, bool)[kind]]] if alike else np.empty(0)
        return (float(times.min()), float(times.max())) if times.size else None

    def _cell_codes(self, circumstance: Any) -> Any:
        """Return a number for each row, equal for those of equal key, identity and circumstance."""
        _, pair = np.unique(self.identity.astype(np.int64) << 32 | circumstance, return_inverse=True)
        return self.key.astype(np.int64) << 32 | pair

    def _is_like(self, place: int, like: Callable[[SignatureKey, Identity, Circumstance], bool]) -> bool:
        return like(
            self.rows.key_of(int(self.key[place])),
            self.rows.identity_of(int(self.identity[place])),
            self.rows.circumstance_of(int(self.circumstance[place])),
        )

    def count_between(self, keys: Iterable[int], begin: float, end: float) -> int:
        """Count the attempts with these keys from `begin` to `end` inclusive."""
        return int(self.counts[self._between(keys, begin, end)].sum())

    def _between(self, keys: Iterable[int], begin: float, end: float) -> Any:
        return _among(self.key, list(keys)) & (self.time >= begin) & (self.time <= end)

    def first_after(self, keys: Iterable[int], begin: float) -> float | None:
        """Return the time of the first attempt with these keys after `begin`; None without one."""
        later = self.time[_among(self.key, list(keys)) & (self.time > begin)]
        return float(later[0]) if later.size else None

    def attempt(self, row: int) -> Attempt:
        """Return an attempt as logged."""
        return self.rows.attempt(row)

    def ids_between(self, keys: Iterable[int], begin: float, end: float, most: int = IDS_KEPT) -> list[str]:
        """Return event ids of the attempts with these keys, the oldest first."""
        return [self.rows.event_id(int(row)) for row in self.row[self._between(keys, begin, end)][:most]]

    def by_session(self, number: int) -> int | None:
        """Return the row of the attempt that issued each session, by the number of its access key id."""
        if not number:
            return None
        places = np.flatnonzero(np.frombuffer(self.rows.session, dtype=np.uint64) == np.uint64(number))
        return int(places[-1]) if places.size else None


def _among(keys: Any, wanted: list[int]) -> Any:
    """Return for each key whether it is a wanted one: for one of them, as most are asked, far sooner than `np.isin`."""
    return keys == wanted[0] if len(wanted) == 1 else np.isin(keys, wanted)


def _codes(cells: Iterable[tuple[int, int]]) -> Any:
    return np.array([identity << 32 | circumstance for identity, circumstance in cells], dtype=np.int64)


def _newest_first(signature: Signature) -> tuple[float, list[str]]:
    return -signature.last_seen, [text or "" for text in _texts(signature.sample)]


def _most(counted: Iterable[tuple[str | None, int]]) -> tuple[tuple[str, int], ...]:
    total: Counter[str] = Counter()
    for name, count in counted:
        if name:
            total[name] += count
    # names of equal counts in order, whatever the order of the files
    return tuple(sorted(total.items(), key=lambda item: (-item[1], item[0]))[:CALLERS_KEPT])


def _texts(sample: Attempt) -> list[str | None]:
    return [
        sample.cloud, sample.step, sample.target, sample.provider, sample.subject, sample.audience, sample.outcome,
        sample.error_code, sample.error_message,
    ]  # fmt: skip
