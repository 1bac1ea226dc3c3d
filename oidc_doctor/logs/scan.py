"""Log files to attempts, in one pass and flat memory: only attempts are kept, every other record is counted."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from oidc_doctor.logs.attempts import join_impersonations
from oidc_doctor.logs.values import values
from oidc_doctor.model.event import Attempt, LogCoverage
from oidc_doctor.model.evidence import Origin
from oidc_doctor.parse import cloudtrail, gcp_audit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Source = Literal["cloudtrail", "gcp-logs"]

_FILES_NAMED = 5  # of the files that share a problem; the others are counted
_PLACES_SEEN = 1000  # services or Regions: real logs have far fewer, so a file with more is not believed
# <account>_CloudTrail_<region>_<time>_<id>.json.gz: a file that holds no record still shows that its Region was read.
_TRAIL_FILE = re.compile(r"\d{12}_CloudTrail_([a-z]{2}(?:-[a-z]+)+-\d)_\d{8}T\d{4}Z_")
_LOOKED_UP = re.compile(r"aws/cloudtrail/([a-z]{2}(?:-[a-z]+)+-\d)/")  # the same for a query of one Region


def scan(
    open_file: Callable[[str], BinaryIO],
    names: Iterable[str],
    source: Source,
) -> tuple[list[Attempt], LogCoverage]:
    """The attempts in the files, oldest first, each once, and what the files cover.

    `open_file` gives a binary file for a name. Where that or reading raises OSError, EOFError or zlib.error, the file
    is named among the problems, and what was read of it counts.
    """
    tally = _Tally(source)
    problems = Problems()
    for name in names:
        tally.named(name)
        try:
            with open_file(name) as stream:
                tally.files += 1
                for record, origin in records(stream, name, source, problems):
                    tally.add(record, origin, problems)
        except (OSError, EOFError, zlib.error) as error:
            problems(Origin(name), f"cannot be read ({type(error).__name__})")
    found = sorted(tally.found.values(), key=lambda attempt: (attempt.time, attempt.event_id))
    if source == "gcp-logs":
        found = join_impersonations(found)
    return found, tally.coverage(problems.lines())


def harvest(
    rows: Rows, open_file: Callable[[str], BinaryIO], names: Iterable[str], source: Source, wanted: Wanted
) -> tuple[list[Change], list[SessionUse], LogCoverage]:
    """Everything."""
    from oidc_doctor.issuers import profile_for
    from oidc_doctor.parse import cloudtrail_changes, gcp_changes

    names = list(names)
    found, covered = scan(open_file, names, source)
    for one in found:
        provider = one.provider or ""
        profile = profile_for(
            "https://" + provider.partition(":oidc-provider/")[2] if ":oidc-provider/" in provider else None,
            one.subject,
        )
        rows.add(one, lambda a, p=profile: p.subject_family(a.subject) if p and a.subject else a.subject, -1)
    changes, uses = {}, []
    module = cloudtrail_changes if source == "cloudtrail" else gcp_changes
    for name in names:
        with open_file(name) as stream:
            for record, origin in records(stream, name, source, lambda *a: None):
                c = module.change(record, origin)
                if c is not None and wanted.takes(c):
                    changes[c.event_id] = c
                u = module.use(record, origin)
                if u is not None:
                    uses.append(u)
    return list(changes.values()), uses, covered


def records(
    stream: BinaryIO,
    file: str,
    source: Source,
    note: Callable[[Origin, str], None],
) -> Iterator[tuple[dict[str, Any], Origin]]:
    """The records of one file, wanted or not. Everything that is read from a log file comes through here."""
    parse = cloudtrail if source == "cloudtrail" else gcp_audit
    for value, origin in values(stream, file, parse.LISTS, note):
        yield from parse.records(value, origin, note)


class Problems:
    """Problems in words, bounded: the same one is told for a few files, then counted.

    A problem's words never quote the file, so there are few different ones whatever the files hold.
    """

    def __init__(self) -> None:
        self._places: dict[str, dict[str, list[Any]]] = {}  # problem → file → [first place, times]
        self._further: dict[str, int] = {}  # problem → files beyond those
        self._last: dict[str, str] = {}  # problem → the file that was counted last

    def __call__(self, origin: Origin, what: str) -> None:
        """Take one problem down: where, and what in words."""
        files = self._places.setdefault(what, {})
        if origin.file in files:
            files[origin.file][1] += 1
        elif len(files) < _FILES_NAMED:
            files[origin.file] = [origin, 1]
        elif self._last.get(what) != origin.file:
            self._further[what] = self._further.get(what, 0) + 1
        self._last[what] = origin.file

    def lines(self) -> tuple[str, ...]:
        """`file: place: what`, in the order met."""
        found = []
        for what, files in self._places.items():
            for file, (origin, times) in files.items():
                line = f"line {origin.line}" if origin.line else ""
                place = " ".join(part for part in (line, origin.pointer) if part)
                words = f"{what} ({times} times)" if times > 1 else what
                found.append(": ".join(part for part in (file, place, words) if part))
            if more := self._further.get(what):
                found.append(f"{more} more files: {what}")
        return tuple(found)


class _Tally:
    """What was met so far."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.files = 0
        self.events = 0
        self.duplicates = 0
        self.first: float | None = None
        self.last: float | None = None
        self.services: set[str] = set()
        self.regions: set[str] = set()
        self.found: dict[tuple[str, float], Attempt] = {}

    def named(self, name: str) -> None:
        """A trail file's name has the Region."""
        if self.source == "cloudtrail" and (match := _TRAIL_FILE.search(name) or _LOOKED_UP.search(name)):
            self.regions.add(match[1])

    def add(self, record: dict[str, Any], origin: Origin, note: Callable[[Origin, str], None]) -> None:
        """Count the record, and keep it if it is an attempt that was not met before."""
        self.events += 1
        if self.source == "cloudtrail":
            time, service = cloudtrail.epoch(record.get("eventTime")), cloudtrail.text(record.get("eventSource"))
            attempt = cloudtrail.attempt(record, origin)
            region = cloudtrail.text(record.get("awsRegion"))
            if region and len(self.regions) < _PLACES_SEEN:
                self.regions.add(region)
        else:
            time, service = gcp_audit.moment(record), gcp_audit.service_name(record)
            attempt = gcp_audit.attempt(record, origin)
        if service and len(self.services) < _PLACES_SEEN:
            self.services.add(service)
        if time is not None:
            self.first = time if self.first is None else min(self.first, time)
            self.last = time if self.last is None else max(self.last, time)
        if attempt is None:
            return
        if time is None:
            note(origin, "an event without a time that can be read")
        # With the time: Google promises unique insert ids for one log and one timestamp only [LogEntry reference].
        key = (attempt.event_id, attempt.time)
        known = self.found.get(key)
        if known is not None:
            self.duplicates += 1
            if known.outcome != "unknown" or attempt.outcome == "unknown":
                return  # otherwise this is the event itself, and the one before was its summary
        self.found[key] = attempt

    def coverage(self, problems: tuple[str, ...]) -> LogCoverage:
        """The counts as the model has them."""
        return LogCoverage(
            source="cloudtrail" if self.source == "cloudtrail" else "gcp-logs",
            files=self.files,
            events=self.events,
            duplicates=self.duplicates,
            first=self.first,
            last=self.last,
            problems=problems,
            services=frozenset(self.services),
            regions=frozenset(self.regions),
        )
