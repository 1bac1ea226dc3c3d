"""What was met so far: the counts of all records, and what is kept of the wanted ones."""

from __future__ import annotations

import re
import time as clock
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from oidc_doctor.logs.attempts.columns import Rows
from oidc_doctor.logs.attempts.session_denials import Uses
from oidc_doctor.logs.records import cloudtrail, cloudtrail_writes, gcp_audit, gcp_writes
from oidc_doctor.model.document import Origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.logs.reading.scope import Wanted
    from oidc_doctor.model.events import Attempt, Change

    Family = Callable[[Attempt], str | None]
    Window = tuple[float, float]  # epoch seconds

Source = Literal["cloudtrail", "gcp-logs"]

MOST_CHANGES = 5_000  # writes that concern the targets; each is kept whole
MOST_CHANGED = 64 << 20  # characters of them, as far as that is known

_FILES_NAMED = 5  # of the files that share a problem; the others are counted
_PLACES_SEEN = 1000  # services or Regions: real logs have far fewer, so a file with more is not believed
# <account>_CloudTrail_<region>_<time>_<id>.json.gz: a file that holds no record still shows that its Region was read.
_TRAIL_FILE = re.compile(r"\d{12}_CloudTrail_([a-z]{2}(?:-[a-z]+)+-\d)_(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)Z_")
_LOOKED_UP = re.compile(r"aws/cloudtrail/([a-z]{2}(?:-[a-z]+)+-\d)/")  # the same for a query of one Region

# The cloud that wrote the event gave it its time, and delivers within minutes: other times come from altered files,
# or from a clock. CloudTrail user guide: about five minutes on average, which is not guaranteed.
# Where most events of a file are so, its name does not tell the delivery.
_AHEAD = 15 * 60
_BEHIND = 7 * 86400
_DAY = 86400
_HOUR = 3600
AHEAD = "an event whose time is later than the delivery of its file: its clock or the file is wrong; it was used"
BEHIND = "an event whose time is more than a week before the delivery of its file; it was used"
FUTURE = "an event whose time lies in the future; it was used"
NO_TIME = "an event without a time that can be read"
OTHER_VERSION = "a record of an unknown eventVersion (not 1.x); it was read as if it were known"
_NOTES = frozenset({AHEAD, BEHIND, FUTURE, OTHER_VERSION})


class Mark(NamedTuple):
    """A state to go back to."""

    rows: int
    uses: int
    changes: int
    counts: tuple[Any, ...]
    problems: Problems


class ScanState:
    """The counts and finds of some files. Rows, uses and changes are bounded by their own modules."""

    def __init__(self, source: Source, wanted: Wanted, family: Family) -> None:
        self.source = source
        self.files = 0
        self.events = 0
        self.first: float | None = None
        self.last: float | None = None
        self.services: set[str] = set()
        self.duplicates = 0  # found so far
        self.nested = False  # a file held events inside of events, so the next one may
        self.dense = False  # the last file held something wanted, so the next one may
        self.has_sts = False  # then nobody has to look for it any more
        self.regions: set[str] = set()
        self.problems = Problems()
        self.rows = Rows()
        self.uses = Uses()
        self.changes: list[Change] = []
        self.elsewhere = 0  # writes that concern other resources
        self.left_out = 0  # writes beyond what is kept
        self._changed = 0
        self._wanted = wanted
        self._family = family
        self._delivered: float | None = None
        self._odd: list[tuple[Origin, str]] = []  # times of the present file
        self._before = 0  # events before it

    def tools(self) -> tuple[Wanted, Family]:
        """What another tally for the same run needs."""
        return self._wanted, self._family

    def begin(self, name: str) -> None:
        """A file's name has the Region and the time of its delivery."""
        self._delivered = None
        self._odd = []
        self._before = self.events
        if self.source == "cloudtrail" and (match := _TRAIL_FILE.search(name)):
            self.regions.add(match[1])
            self._delivered = cloudtrail.epoch("{}-{}-{}T{}:{}:00Z".format(*match.groups()[1:]))
        elif self.source == "cloudtrail" and (looked_up := _LOOKED_UP.search(name)):
            self.regions.add(looked_up[1])

    def end(self) -> None:
        """The file is read: tell of its odd times, if they are odd among its events."""
        if 2 * len(self._odd) < self.events - self._before:
            for origin, what in self._odd:
                self.problems(origin, what)
        self._odd = []

    def hours(self) -> tuple[str, ...]:
        """The hour of the file's delivery and the one before, YYYY-MM-DDTHH; none where the name does not tell."""
        from datetime import UTC, datetime

        if self._delivered is None:
            return ()
        found = (datetime.fromtimestamp(self._delivered - back, UTC) for back in (0, _HOUR))
        return tuple(one.strftime("%Y-%m-%dT%H") for one in found)

    def inside(self, window: Window | None) -> bool:
        """Whether events of the file's two hours lie inside the window anyway."""
        if window is None or self._delivered is None:
            return False
        return window[0] < self._delivered - 2 * _HOUR and self._delivered + _HOUR < window[1]

    def mark(self) -> Mark:
        """The state before a file, for `back`."""
        counts = (self.events, self.first, self.last, self.elsewhere, self.left_out, self._changed)
        return Mark(len(self.rows), len(self.uses), len(self.changes), counts, self.problems.copy())

    def back(self, mark: Mark) -> None:
        """Forget what came after; services and Regions stay, which reading again finds again."""
        self.problems = mark.problems.copy()
        self._odd = []
        self.rows.cut(mark.rows)
        self.uses.cut(mark.uses)
        del self.changes[mark.changes :]
        self.events, self.first, self.last, self.elsewhere, self.left_out, self._changed = mark.counts

    def saw(self, time: float | None, origin: Origin) -> None:
        """The time of one record."""
        if time is None:
            return
        if self.first is None or time < self.first:
            self.first = time
        if self.last is None or time > self.last:
            self.last = time
        if self._delivered is not None:
            if time > self._delivered + _AHEAD:
                self._odd.append((origin, AHEAD))
            elif time < self._delivered - _BEHIND:
                self._odd.append((origin, BEHIND))
        elif time > clock.time() + _DAY:
            self.problems(origin, FUTURE)

    def of(self, service: str | None, region: str | None) -> None:
        """The service and Region of one record."""
        if service and len(self.services) < _PLACES_SEEN:
            self.services.add(service)
        if region and len(self.regions) < _PLACES_SEEN:
            self.regions.add(region)

    def add(self, record: dict[str, Any], origin: Origin, place: int = -1, size: int = 0) -> None:
        """Count the record, and keep of it what is wanted. `size` is its length as text, where that is known."""
        self.events += 1
        if self.source == "cloudtrail":
            time, service = cloudtrail.epoch(record.get("eventTime")), cloudtrail.text(record.get("eventSource"))
            self.of(service, cloudtrail.text(record.get("awsRegion")))
            version = cloudtrail.text(record.get("eventVersion"))
            if version and not version.startswith("1."):
                self.problems(origin, OTHER_VERSION)
        else:
            time = gcp_audit.moment(record)
            self.of(gcp_audit.service_name(record), None)
        self.saw(time, origin)
        self.keep(record, origin, place, size)

    def keep(self, record: dict[str, Any], origin: Origin, place: int, size: int) -> None:
        """Keep of a record what is wanted: an attempt, a write that concerns the targets, a refused call."""
        aws = self.source == "cloudtrail"
        attempt = (cloudtrail if aws else gcp_audit).attempt(record, origin)
        if attempt is not None:
            if attempt.time == cloudtrail.NO_TIME:
                self.problems(origin, NO_TIME)
            self.rows.add(attempt, self._family, place)
            return
        changes = cloudtrail_writes if aws else gcp_writes
        change = changes.change(record, origin)
        if change is not None:
            if not self._wanted.takes(change):
                self.elsewhere += 1
            elif len(self.changes) >= MOST_CHANGES or self._changed > MOST_CHANGED:
                self.left_out += 1
            else:
                self.changes.append(change)
                self._changed += size
        if (use := changes.use(record, origin)) is not None:
            self.uses.add(use, place)

    def merge(self, other: ScanState) -> None:
        """Take over what another one met after this one."""
        self.files += other.files
        self.events += other.events
        times = [one for one in (self.first, self.last, other.first, other.last) if one is not None]
        self.first, self.last = (min(times), max(times)) if times else (None, None)
        for ours, theirs in ((self.services, other.services), (self.regions, other.regions)):
            ours.update(sorted(theirs)[: max(0, _PLACES_SEEN - len(ours))])
        self.problems.merge(other.problems)
        self.rows.extend(other.rows)
        self.uses.extend(other.uses)
        room = max(0, MOST_CHANGES - len(self.changes)) if self._changed <= MOST_CHANGED else 0
        self.changes += other.changes[:room]
        self.left_out += other.left_out + len(other.changes[room:])
        self._changed += other._changed
        self.elsewhere += other.elsewhere


class Problems:
    """Problems in words, bounded: the same one is told for a few files, then counted.

    A problem's words never quote the file, so there are few different ones whatever the files hold.
    """

    def __init__(self) -> None:
        self._places: dict[str, dict[str, list[Any]]] = {}  # problem → file → [first place, times]
        self._further: dict[str, int] = {}  # problem → files beyond those
        self._last: dict[str, str] = {}  # problem → the file that was counted last

    def copy(self) -> Problems:
        """Another one with the same problems."""
        other = Problems()
        other._places = {what: {file: [*told] for file, told in files.items()} for what, files in self._places.items()}
        other._further, other._last = dict(self._further), dict(self._last)
        return other

    def __call__(self, origin: Origin, what: str) -> None:
        """Take one problem down: where, and what in words."""
        self._take(origin, what, 1)

    def _take(self, origin: Origin, what: str, times: int) -> None:
        files = self._places.setdefault(what, {})
        if origin.file in files:
            files[origin.file][1] += times
        elif len(files) < _FILES_NAMED:
            files[origin.file] = [origin, times]
        elif self._last.get(what) != origin.file:
            self._further[what] = self._further.get(what, 0) + 1
        self._last[what] = origin.file

    def merge(self, other: Problems) -> None:
        """Take over what was met elsewhere."""
        for what, files in other._places.items():
            for origin, times in files.values():
                self._take(origin, what, times)
        for what, number in other._further.items():
            self._further[what] = self._further.get(what, 0) + number

    def lines(self, *, notes: bool = False) -> tuple[str, ...]:
        """`file: place: what`, in the order met: what was lost, or (`notes`) what was used and is worth knowing."""
        found = []
        for what, files in self._places.items():
            if (what in _NOTES) != notes:
                continue
            for file, (origin, times) in files.items():
                line = f"line {origin.line}" if origin.line else ""
                place = " ".join(part for part in (line, origin.pointer) if part)
                words = f"{what} ({times} times)" if times > 1 else what
                found.append(": ".join(part for part in (file, place, words) if part))
            if more := self._further.get(what):
                found.append(f"{more} more files: {what}")
        return tuple(found)
