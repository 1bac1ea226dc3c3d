"""Attempts as columns, so that each takes a few dozen bytes.

Strings are interned in bounded tables, and rows contain their numbers; `dropped` counts values that did not fit.
"""

from __future__ import annotations

import functools
import re
from array import array
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.logs.records.cloudtrail import MADE_UP, NO_TIME
from oidc_doctor.model import limits
from oidc_doctor.model.document import Origin
from oidc_doctor.model.events import Attempt, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_ROWS = limits.ATTEMPTS.most  # more are compacted: see Rows.compact
NO_PLACE = -1
_TRY = 30.0  # seconds between our record and the cloud's: the call itself, and clocks that differ
ROUNDING = 1e-3  # milliseconds: a float holds the present epoch to a quarter of a microsecond

_UUID = 36
_DASHES = (8, 13, 18, 23)
_LOW = (1 << 64) - 1
_SHORT = re.compile(r"[0-9A-Za-z_-]{1,17}")  # Google's insert ids of audit logs
_IS_SHORT = 0xFFFF << 48  # in the high half: a UUID with this prefix (one in 65,536) is kept as text
_SIXTIETHS = 60.0  # seconds: rows of the same minute are compacted first


class SignatureKey(NamedTuple):
    """The values that attempts of a signature share. `family` is the subject with `*` for parts new in each run."""

    cloud: str
    step: str
    target: str | None
    provider: str | None
    family: str | None
    audience: str | None
    service_account: str | None
    outcome: Outcome
    error_code: str | None
    error_family: str | None  # the error's text with # for its digits
    duration_seconds: int | None


class Identity(NamedTuple):
    """The token's exact subject, mapped principal and further claims."""

    subject: str | None
    principal: str | None
    claims: tuple[tuple[str, str], ...]


class Circumstance(NamedTuple):
    """The remaining parameters of the request, and the text of the error."""

    caller: str | None
    region: str | None
    user_agent: str | None
    session_name: str | None
    error_message: str | None
    inferred_from: str | None


class InternTable:
    """Distinct values with their numbers. Number 0 is `nothing`, also used for values that did not fit."""

    def __init__(self, nothing: Any, most: int) -> None:
        self.values: list[Any] = [nothing]
        self.numbers: dict[Any, int] = {nothing: 0}
        self.most = most
        self.dropped = 0

    def number(self, value: Any) -> int:
        """Return the number of `value`, adding it where it is new."""
        index = self.numbers.get(value)
        if index is None:
            if len(self.values) > self.most:
                self.dropped += 1
                return 0
            index = self.numbers[value] = len(self.values)
            self.values.append(value)
        return index


_NO_KEY = SignatureKey("", "", None, None, None, None, None, "unknown", None, None, None)
_NOBODY = Identity(None, None, ())
_NOWHERE = Circumstance(None, None, None, None, None, None)


_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
_SIX_BITS = {char: place for place, char in enumerate(_ALPHABET)}


# How the ids of our own records of --try begin: try- and ten digits of epoch seconds [live/aws/oracles.py].
_TRIED_CODE = functools.reduce(lambda number, char: number << 6 | _SIX_BITS[char], "try-", 1)


class EventIds:
    """Event ids, 16 bytes each: UUIDs and short ids as numbers, other ids as 0 and their number in a table."""

    def __init__(self) -> None:
        self.high = array("Q")
        self.low = array("Q")
        self.texts = InternTable("", 1 << 40)

    def __len__(self) -> int:
        return len(self.high)

    def append(self, event_id: str) -> None:
        """Add one id."""
        high, low = self._split(event_id)
        self.high.append(high)
        self.low.append(low)

    def _split(self, event_id: str) -> tuple[int, int]:
        if len(event_id) == _UUID and all(event_id[place] == "-" for place in _DASHES):
            try:
                number = int(event_id.replace("-", ""), 16)
            except ValueError:
                number = 0
            high = number >> 64
            if high and high < _IS_SHORT and event_id == _uuid(high, number & _LOW):
                return high, number & _LOW
        elif _SHORT.fullmatch(event_id):
            number = 1
            for char in event_id:
                number = number << 6 | _SIX_BITS[char]
            return _IS_SHORT | number >> 64, number & _LOW
        return 0, self.texts.number(event_id)

    def text(self, row: int) -> str:
        """Return the id as logged."""
        high, low = self.high[row], self.low[row]
        if not high:
            return str(self.texts.values[low])
        if high < _IS_SHORT:
            return _uuid(high, low)
        number = (high ^ _IS_SHORT) << 64 | low
        chars = []
        while number > 1:
            chars.append(_ALPHABET[number & 63])
            number >>= 6
        return "".join(reversed(chars))

    def extend(self, other: EventIds, most: int | None = None) -> None:
        """Add the ids of another column."""
        self.high.extend(other.high[:most])
        if len(other.texts.values) == 1:
            self.low.extend(other.low[:most])
            return
        numbers = [self.texts.number(text) for text in other.texts.values]
        halves = zip(other.high[:most], other.low[:most], strict=True)
        self.low.extend(array("Q", [low if high else numbers[low] for high, low in halves]))


def _uuid(high: int, low: int) -> str:
    text = f"{(high << 64) | low:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_COLUMNS = ("time", "key", "identity", "circumstance", "session", "file", "place", "count", "joined")


class Rows:
    """Attempts, one row each, in the order in which they were read. Columns are arrays of the standard library."""

    def __init__(self) -> None:
        self.keys = InternTable(_NO_KEY, limits.ATTEMPT_KINDS.most)
        self.identities = InternTable(_NOBODY, limits.IDENTITIES.most)
        self.circumstances = InternTable(_NOWHERE, limits.CIRCUMSTANCES.most)
        self.files = InternTable("", 1 << 40)
        self.ids = EventIds()
        self.time = array("d")  # epoch seconds
        self.key = array("i")
        self.identity = array("i")
        self.circumstance = array("i")
        self.session = array("Q")  # of the access key id; 0 where there is none
        self.file = array("i")
        self.place = array("q")  # the record's offset in the unpacked file; NO_PLACE where that is not known
        self.count = array("q")  # attempts that the row represents
        self.joined = array("i")  # the row of the exchange that the identity was taken from; -1 for none
        self.width = 0.0  # seconds within which rows were compacted

    def __len__(self) -> int:
        """Return the number of rows, which may represent more attempts."""
        return len(self.time)

    def add(self, attempt: Attempt, family: Callable[[Attempt], str | None], place: int, count: int = 1) -> None:
        """Add an attempt that represents `count` attempts. `family` returns its subject's family."""
        message = attempt.error_message
        self.add_texts(
            SignatureKey(
                attempt.cloud, attempt.step, attempt.target, attempt.provider, family(attempt), attempt.audience,
                attempt.service_account, attempt.outcome, attempt.error_code, without_digits(message),
                attempt.duration_seconds,
            ),
            Identity(attempt.subject, attempt.mapped_principal, attempt.claims),
            Circumstance(
                attempt.caller, attempt.region, attempt.user_agent, attempt.session_name, message, attempt.inferred_from
            ),
            (attempt.time, attempt.event_id, attempt.access_key, attempt.origin.file, place),
            count,
        )  # fmt: skip

    def add_texts(
        self,
        key: SignatureKey,
        identity: Identity,
        circumstance: Circumstance,
        event: tuple[float, str, str | None, str, int],
        count: int = 1,
    ) -> None:
        """Add attempts by their parts: `event` is time, id, access key id, file, place."""
        time, event_id, access_key, file, place = event
        self.ids.append(event_id)
        self.time.append(time)
        self.key.append(self.keys.number(key))
        self.identity.append(self.identities.number(identity))
        self.circumstance.append(self._circumstance(circumstance))
        self.session.append(session_number(access_key))
        self.file.append(self.files.number(file))
        self.place.append(place)
        self.count.append(count)
        self.joined.append(-1)

    def _circumstance(self, value: Circumstance) -> int:
        """Number a circumstance. Once the table is half full, session names and error texts are left out.

        Both may be new in each attempt, and would fill the table.
        """
        table = self.circumstances
        if len(table.values) > table.most // 2:
            value = value._replace(session_name=None, error_message=None)
        return table.number(value)

    def key_of(self, number: int) -> SignatureKey:
        """Return the key with this number."""
        key: SignatureKey = self.keys.values[number]
        return key

    def identity_of(self, number: int) -> Identity:
        """Return the identity with this number."""
        identity: Identity = self.identities.values[number]
        return identity

    def circumstance_of(self, number: int) -> Circumstance:
        """Return the circumstance with this number."""
        circumstance: Circumstance = self.circumstances.values[number]
        return circumstance

    def event_id(self, row: int) -> str:
        """Return the event's id as logged."""
        return self.ids.text(row)

    def attempt(self, row: int) -> Attempt:
        """Return the row as an attempt. Subject and circumstances are None where the tables were full."""
        key = self.key_of(self.key[row])
        identity = self.identity_of(self.identity[row])
        where = self.circumstance_of(self.circumstance[row])
        exchange = self.joined[row]
        event_id = self.event_id(row)
        return Attempt(
            cloud="aws" if key.cloud == "aws" else "gcp",
            step="impersonate" if key.step == "impersonate" else "exchange",
            time=self.time[row],
            target=key.target,
            provider=key.provider,
            subject=identity.subject,
            audience=key.audience,
            outcome=key.outcome,
            error_code=key.error_code,
            error_message=where.error_message or key.error_family,
            event_id=event_id,
            origin=Origin(self.files.values[self.file[row]], event_id=event_id),
            region=where.region,
            caller=where.caller,
            user_agent=where.user_agent,
            session_name=where.session_name,
            duration_seconds=key.duration_seconds,
            service_account=key.service_account,
            mapped_principal=identity.principal,
            claims=identity.claims,
            inferred_from=where.inferred_from if exchange < 0 else self.event_id(exchange),
        )

    def extend(self, other: Rows) -> None:
        """Add the rows of another table."""
        before = len(self)
        for name in ("time", "session", "place", "count"):
            getattr(self, name).extend(getattr(other, name))
        self.joined.extend(array(other.joined.typecode, [row + before if row >= 0 else -1 for row in other.joined]))
        self.ids.extend(other.ids)
        for name, table, added in (
            ("key", self.keys, other.keys),
            ("identity", self.identities, other.identities),
            ("file", self.files, other.files),
        ):
            numbers = [table.number(value) for value in added.values]
            getattr(self, name).extend(array("i", [numbers[number] for number in getattr(other, name)]))
        numbers = [0, *(self._circumstance(value) for value in other.circumstances.values[1:])]
        self.circumstance.extend(array("i", [numbers[number] for number in other.circumstance]))
        for table, added in ((self.keys, other.keys), (self.identities, other.identities)):
            table.dropped += added.dropped
        self.circumstances.dropped += other.circumstances.dropped

    def remove_repeats(self) -> int:
        """Sort the rows by time and remove repeated events; return the number of rows removed.

        An event occurs twice in overlapping files: pages, several trails, an organization's and an account's trail, two
        sinks. Of two rows of one event, the one with a known outcome is kept, else that which represents more attempts,
        else that of the first file by name.
        """
        if not self:
            return 0
        import numpy as np  # imported late; sorting millions of rows in lists would take ten times the memory

        before = len(self)
        unknown = np.array([key.outcome == "unknown" for key in self.keys.values])[np.frombuffer(self.key, np.int32)]
        ranks = np.argsort(np.argsort(np.array(self.files.values, dtype=object), kind="stable"))
        file = ranks[np.frombuffer(self.file, np.int32)]
        count = np.frombuffer(self.count, np.int64)
        fewest = [-count] if count.max() > 1 else []
        self._take(_first_of_each(self.ids, self.time, np.frombuffer(self.place, np.int64), file, *fewest, unknown))
        del count  # its buffer is that of the column
        self._drop_partial_repeats()
        return before - len(self)

    def _drop_partial_repeats(self) -> None:
        """Remove copies of an event without its id or time, if another copy has it. Rows are in order."""
        import numpy as np

        digest_ids = [number for number, text in enumerate(self.ids.texts.values) if text.startswith(MADE_UP)]
        high, low = np.frombuffer(self.ids.high, np.uint64), np.frombuffer(self.ids.low, np.uint64)
        time = np.frombuffer(self.time, np.float64)
        without_id = (
            (high == 0) & np.isin(low, np.array(digest_ids, np.uint64)) if digest_ids else np.zeros(len(self), bool)
        )
        without_time = (time == NO_TIME) & ~without_id
        # such an id is short, a number of six bits for each character: its first ones are compared
        begins = (high ^ np.uint64(_IS_SHORT)) << np.uint64(4) | low >> np.uint64(60)
        tries = np.flatnonzero((high >= np.uint64(_IS_SHORT)) & (begins == np.uint64(_TRIED_CODE))).tolist()
        if not without_id.any() and not without_time.any() and not tries:
            return
        alike = {self._content(row) for row in np.flatnonzero(~without_id & np.isin(time, time[without_id])).tolist()}
        ids = {
            (int(high[row]), int(low[row]))
            for row in np.flatnonzero((time != NO_TIME) & np.isin(low, low[without_time])).tolist()
        }
        repeats = [row for row in np.flatnonzero(without_id).tolist() if self._content(row) in alike]
        repeats += [row for row in np.flatnonzero(without_time).tolist() if (int(high[row]), int(low[row])) in ids]
        repeats += [row for row in tries if self._is_logged_too(row, np.flatnonzero(abs(time - time[row]) < _TRY))]
        keep = np.setdiff1d(np.arange(len(self)), np.array(repeats, np.int64))
        del high, low, time
        self._take(keep)

    def _is_logged_too(self, row: int, near: Any) -> bool:
        """Whether one of the rows near in time is the cloud's own event of an exchange that --try made."""
        return any(other != row and self._of_try(other) == self._of_try(row) for other in near.tolist())

    def _of_try(self, row: int) -> tuple[object, ...]:
        """Return what our record of a try has of the event."""
        key, name = self.key_of(self.key[row]), self.circumstance_of(self.circumstance[row]).session_name
        return key.target, key.outcome, key.audience, self.identity_of(self.identity[row]).subject, name

    def _content(self, row: int) -> tuple[float, int, int, int]:
        """Return what a row's event says, without its id and its place."""
        return self.time[row], self.key[row], self.identity[row], self.circumstance[row]

    def compact(self, most: int = MOST_ROWS) -> None:
        """Keep at most so many rows: the first and the last of each key and interval, with the count of all.

        Rows must be in `remove_repeats` order. The interval is a minute, doubled while there are too many rows.
        """
        import numpy as np

        while len(self) > most:
            self.width = self.width * 2 or _SIXTIETHS
            stretch = np.floor_divide(np.frombuffer(self.time, np.float64), self.width)
            key = np.frombuffer(self.key, np.int32)
            order = np.lexsort((stretch, key))  # stable: rows of a group stay in order of time
            new = np.flatnonzero((np.diff(stretch[order], prepend=-1) != 0) | (np.diff(key[order], prepend=-1) != 0))
            last = np.append(new[1:], len(order)) - 1
            counts = np.frombuffer(self.count, np.int64)[order]
            sums = np.add.reduceat(counts, new)
            is_single = new == last
            counts[last] = np.where(is_single, counts[last], sums - counts[new])
            total = np.empty(len(order), np.int64)
            total[order] = counts
            keep = np.sort(order[np.union1d(new, last)])
            del key, stretch
            self.count = array("q")
            self.count.frombytes(total.tobytes())
            self._take(keep)

    def _take(self, rows: Any) -> None:
        """Keep the rows of an array of row numbers, in its order."""
        import numpy as np

        for place, names in ((self, _COLUMNS), (self.ids, ("high", "low"))):
            for name in names:
                column = getattr(place, name)
                selected = array(column.typecode)
                selected.frombytes(np.frombuffer(column, column.typecode)[rows].tobytes())
                setattr(place, name, selected)


def _first_of_each(ids: EventIds, time: array[float], *less: Any) -> Any:
    """Return the row numbers of the first row of each event, in order of time and id.

    "First" is by the columns of `less`, the last of them first. Exports write the time of an event in milli-, micro- or
    nanoseconds, so one event's times may differ below a millisecond.
    """
    import numpy as np

    low, high = np.frombuffer(ids.low, np.uint64), np.frombuffer(ids.high, np.uint64)
    seconds = np.frombuffer(time, np.float64)
    milliseconds = np.floor(seconds * 1000 + ROUNDING)
    order = np.lexsort([*less, low, high, milliseconds])
    first = np.ones(len(order), bool)
    repeats_previous = np.ones(len(order) - 1, bool)
    for column in (low, high, milliseconds):
        values = column[order]
        repeats_previous &= values[1:] == values[:-1]
    first[1:] = ~repeats_previous
    rows = order[first]
    return rows[np.lexsort([low[rows], high[rows], seconds[rows]])]


def first_of_each(ids: EventIds, time: array[float], count: array[int]) -> list[int]:
    """Return the rows in order of time, for each event the one with the largest count."""
    if not ids:
        return []
    import numpy as np

    rows: list[int] = _first_of_each(ids, time, -np.frombuffer(count, np.int64)).tolist()
    return rows


def without_digits(message: str | None) -> str | None:
    """Replace runs of digits by #, so that errors that differ only in times and sizes are one error."""
    if message is None or not any(char.isdigit() for char in message):
        return message
    out: list[str] = []
    for char in message:
        if not char.isdigit():
            out.append(char)
        elif not out or out[-1] != "#":
            out.append("#")
    return "".join(out)


def session_number(access_key: str | None) -> int:
    """Return a number for an access key id, the same in every process; 0 without an access key id."""
    if not access_key:
        return 0
    import zlib  # imported late: Google has no access keys

    data = access_key.encode("utf-8", "replace")
    return (zlib.crc32(data) << 32 | zlib.crc32(data[::-1])) or 1
