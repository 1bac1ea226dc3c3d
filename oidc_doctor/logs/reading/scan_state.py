"""Counts of all records read so far, and the kept ones: attempts, writes of configuration, denied calls."""

from __future__ import annotations

import re
import time as clock
from typing import TYPE_CHECKING, Any

from oidc_doctor.logs.attempts.columns import Rows
from oidc_doctor.logs.attempts.session_denials import SessionDenials
from oidc_doctor.logs.extract.file import count_of
from oidc_doctor.logs.reading.problems import AHEAD, BEHIND, FUTURE, NO_TIME, OTHER_VERSION, Problems
from oidc_doctor.logs.records import cloudtrail, cloudtrail_writes, gcp_audit, gcp_writes
from oidc_doctor.model import limits
from oidc_doctor.model.document import Origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.logs.extract.file import Header
    from oidc_doctor.logs.reading.scope import WriteScope
    from oidc_doctor.model.events import Attempt, Change, Source

    Family = Callable[[Attempt], str | None]  # the family of an attempt's subject

MOST_CHANGES = limits.WRITES.most  # writes that concern the targets, with their whole records
MOST_CHANGED = limits.WRITTEN.most  # characters of them, as far as that is known

_PLACES_SEEN = 1000  # services or Regions: real logs have far fewer, so more of them are not plausible
# <account>_CloudTrail_<region>_<time>_<id>.json.gz: a file without records still shows that its Region was read.
_TRAIL_FILE = re.compile(r"\d{12}_CloudTrail_([a-z]{2}(?:-[a-z]+)+-\d)_(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)Z_")
_LOOKED_UP = re.compile(r"aws/cloudtrail/([a-z]{2}(?:-[a-z]+)+-\d)/")  # the same for a query of one Region

# The cloud sets the event's time and delivers within minutes: other times come from altered files or a wrong clock.
# CloudTrail user guide: about five minutes on average, which is not guaranteed.
# If most events of a file have such a time, the file's name does not show the delivery.
_AHEAD = 15 * 60
_BEHIND = 7 * 86400
_DAY = 86400


class ScanState:
    """The counts and the kept records of some files. Rows, denials and changes are bounded by their own modules."""

    def __init__(self, source: Source, scope: WriteScope, family: Family) -> None:
        self.source = source
        self.files = 0
        self.events = 0
        self.first: float | None = None
        self.last: float | None = None
        self.searched: list[float] = []  # begin and end of the periods that extracts are of
        self.services: set[str] = set()
        self.regions: set[str] = set()
        self.duplicates = 0  # removed so far
        self.problems = Problems()
        self.selective = False  # a source returned only the events that a report reads
        self.rows = Rows()
        self.denials = SessionDenials()
        self.changes: list[Change] = []
        self.elsewhere = 0  # writes that concern other resources
        self.left_out = 0  # writes beyond what is kept
        self._size_of_changes = 0  # characters, as far as that is known
        self._scope = scope
        self._family = family
        self._delivered: float | None = None  # the present file
        self._implausible_times: list[tuple[Origin, str]] = []  # of the present file
        self._events_before = 0  # the present file

    def empty(self, scope: WriteScope | None = None) -> ScanState:
        """Return an empty state for further files of the same scan, or of another scope."""
        return ScanState(self.source, scope or self._scope, self._family)

    @property
    def is_only_rows(self) -> bool:
        """Return whether it has nothing but attempts, whose columns have the names of the files in one place."""
        others = (self.changes, self.elsewhere, self.left_out, len(self.denials), self.problems.lines())
        return not any((*others, self.problems.lines(notes=True)))

    def begin(self, name: str) -> None:
        """Begin a file, whose name may have the Region and the time of its delivery."""
        self._delivered = None
        self._implausible_times = []
        self._events_before = self.events
        if self.source == "cloudtrail" and (match := _TRAIL_FILE.search(name)):
            self.regions.add(match[1])
            self._delivered = cloudtrail.epoch("{}-{}-{}T{}:{}:00Z".format(*match.groups()[1:]))
        elif self.source == "cloudtrail" and (looked_up := _LOOKED_UP.search(name)):
            self.regions.add(looked_up[1])

    def end(self) -> None:
        """End a file: report its implausible times, unless most of its times are implausible."""
        if 2 * len(self._implausible_times) < self.events - self._events_before:
            for origin, problem in self._implausible_times:
                self.problems(origin, problem)
        self._implausible_times = []

    def note_time(self, time: float | None, origin: Origin) -> None:
        """Record the time of one record."""
        if time is None:
            return
        if self.first is None or time < self.first:
            self.first = time
        if self.last is None or time > self.last:
            self.last = time
        if self._delivered is not None:
            if time > self._delivered + _AHEAD:
                self._implausible_times.append((origin, AHEAD))
            elif time < self._delivered - _BEHIND:
                self._implausible_times.append((origin, BEHIND))
        elif time > clock.time() + _DAY:
            self.problems(origin, FUTURE)

    def note_service(self, service: str | None, region: str | None) -> None:
        """Record the service and Region of one record."""
        if service and len(self.services) < _PLACES_SEEN:
            self.services.add(service)
        if region and len(self.regions) < _PLACES_SEEN:
            self.regions.add(region)

    def add_header(self, header: Header) -> None:
        """Count the records that an extract was made of."""
        self.files += header.files
        self.events += header.events
        self.duplicates += header.duplicates
        self.selective |= header.selective
        self.searched += [time for time in (header.since, header.until) if time is not None]
        if header.until is not None and header.until > clock.time() + _DAY:
            self.problems(Origin(""), FUTURE)
        for service in header.services:
            self.note_service(service, None)
        for region in header.regions:
            self.note_service(None, region)

    def add_extracted(self, record: dict[str, Any], origin: Origin, *, counted: bool) -> None:
        """Add a record of an extract, which may stand for several attempts. `counted`: the header counts it."""
        events, count = self.events, count_of(record)
        self.add(record, origin, count=count)
        self.events = events if counted else events + count

    def add(self, record: dict[str, Any], origin: Origin, place: int = -1, size: int = 0, *, count: int = 1) -> None:
        """Count the record, and keep it if it is wanted. `size` is its length as text, where that is known."""
        self.events += 1
        if self.source == "cloudtrail":
            time, service = cloudtrail.epoch(record.get("eventTime")), cloudtrail.text(record.get("eventSource"))
            self.note_service(service, cloudtrail.text(record.get("awsRegion")))
            version = cloudtrail.text(record.get("eventVersion"))
            if version and not version.startswith("1."):
                self.problems(origin, OTHER_VERSION)
        else:
            time = gcp_audit.moment(record)
            self.note_service(gcp_audit.service_name(record), None)
        self.note_time(time, origin)
        self.keep(record, origin, place, size, count)

    def keep(self, record: dict[str, Any], origin: Origin, place: int, size: int, count: int = 1) -> None:
        """Keep the record if it is an attempt, a write that concerns the targets, or a denied call of a session.

        `count` is the number of attempts, or of denied calls, that it stands for.
        """
        aws = self.source == "cloudtrail"
        attempt = (cloudtrail if aws else gcp_audit).attempt(record, origin)
        if attempt is not None:
            if attempt.time == cloudtrail.NO_TIME:
                self.problems(origin, NO_TIME)
            self.rows.add(attempt, self._family, place, count)
            return
        writes = cloudtrail_writes if aws else gcp_writes
        change = writes.change(record, origin)
        if change is not None:
            if not self._scope.includes(change):
                self.elsewhere += 1
            elif len(self.changes) >= MOST_CHANGES or self._size_of_changes > MOST_CHANGED:
                self.left_out += 1
            else:
                self.changes.append(change)
                self._size_of_changes += size
        if (denial := writes.session_denial(record, origin)) is not None:
            self.denials.add(denial, count)

    def merge(self, other: ScanState) -> None:
        """Add another state's records of later files."""
        self.files += other.files
        self.duplicates += other.duplicates
        self.selective |= other.selective
        self.events += other.events
        self.searched += other.searched
        times = [time for time in (self.first, self.last, other.first, other.last) if time is not None]
        self.first, self.last = (min(times), max(times)) if times else (None, None)
        for names, further_names in ((self.services, other.services), (self.regions, other.regions)):
            names.update(sorted(further_names)[: max(0, _PLACES_SEEN - len(names))])
        self.problems.merge(other.problems)
        self.rows.extend(other.rows)
        self.denials.extend(other.denials)
        free_places = max(0, MOST_CHANGES - len(self.changes)) if self._size_of_changes <= MOST_CHANGED else 0
        changes = [change for change in other.changes if self._scope.includes(change)]
        self.changes += changes[:free_places]
        self.left_out += other.left_out + len(changes[free_places:])
        self._size_of_changes += other._size_of_changes
        self.elsewhere += other.elsewhere + len(other.changes) - len(changes)
