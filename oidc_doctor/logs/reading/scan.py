"""Log files to attempts, writes and refused calls, in one pass and flat memory: every other record is only counted."""

from __future__ import annotations

import functools
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from oidc_doctor.issuers import profile_for, subject_family
from oidc_doctor.logs.attempts.columns import MOST_ROWS, NO_PLACE, Rows
from oidc_doctor.logs.reading.counters import Problems, ScanState, Source
from oidc_doctor.logs.reading.tolerant import values
from oidc_doctor.logs.records import cloudtrail, gcp_audit
from oidc_doctor.model.document import Origin
from oidc_doctor.model.events import LogCoverage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from oidc_doctor.logs.reading.counters import Family, Window
    from oidc_doctor.logs.reading.scope import Wanted
    from oidc_doctor.model.events import Attempt, Change, SessionUse

    Progress = Callable[[int, int, int, int], None]  # files and bytes on the disk, done and in all

__all__ = ["Harvest", "Problems", "Source", "family_of", "records", "scan"]


class Harvest(NamedTuple):
    """What the files hold. Rows are in order of time, each event once."""

    rows: Rows
    changes: list[Change]  # that concern the targets, oldest first
    uses: list[SessionUse]  # newest first, grouped by what was refused to whom
    coverage: LogCoverage

    def attempts(self) -> list[Attempt]:
        """The rows as attempts, oldest first."""
        return [self.rows.attempt(row) for row in range(len(self.rows))]


def scan(
    open_file: Callable[[str], BinaryIO],
    names: Iterable[str],
    source: Source,
    *,
    wanted: Wanted,
    family: Family | None = None,
    progress: Progress | None = None,
    processes: int | None = None,
    on_disk: Callable[[str], str | None] | None = None,
) -> Harvest:
    """Read the files, several at once where they lie on the disk and there is much of them.

    `open_file` gives a binary file for a name; `on_disk` its path, None inside an archive. Where opening or reading
    raises OSError, EOFError or zlib.error, the file is named among the problems, and what was read of it counts.
    `family` must be a function that another process can import.
    """
    from oidc_doctor.logs.reading.workers import read_all

    tally = ScanState(source, wanted, family or family_of)
    read_all(tally, list(names), open_file, on_disk or _nowhere, progress=progress, processes=processes)
    return _harvest(tally)


def _nowhere(_: str) -> None:
    return None


def _harvest(tally: ScanState) -> Harvest:
    rows = tally.rows
    duplicates = tally.duplicates + rows.once()
    rows.compact()
    if tally.source == "gcp-logs":
        from oidc_doctor.logs.attempts.join_impersonations import join

        join(rows)
    uses, again = tally.uses.grouped()
    changes = {(one.event_id, one.time): one for one in reversed(tally.changes)}
    duplicates += again + len(tally.changes) - len(changes)
    coverage = LogCoverage(
        source=tally.source,
        files=tally.files,
        events=tally.events,
        duplicates=duplicates,
        first=tally.first,
        last=tally.last,
        problems=(*tally.problems.lines(), *_bounds(tally)),
        notes=tally.problems.lines(notes=True),
        services=frozenset(tally.services),
        regions=frozenset(tally.regions),
    )
    return Harvest(rows, sorted(changes.values(), key=lambda one: (one.time, one.event_id)), uses, coverage)


def _bounds(tally: ScanState) -> Iterator[str]:
    """What the bounds of memory cost, in words."""
    rows = tally.rows
    if rows.width:
        yield (
            f"more than {MOST_ROWS:,} attempts: of those alike within {rows.width / 60:.0f} minutes only the first and "
            "the last are kept one by one, the others are counted; an event that comes twice may count twice"
        )
    for table, what in (
        (rows.keys, "kinds of attempt: the others are counted as one, without their names"),
        (rows.identities, "identities: the others are counted without their subject"),
        (rows.circumstances, "callers, Regions and user agents: the others are counted without them"),
    ):
        if table.dropped:
            yield f"more than {table.most:,} {what} ({table.dropped:,} attempts)"
    if tally.left_out:
        yield f"{tally.left_out:,} writes that concern the targets are beyond what is kept, and were only counted"
    if tally.uses.dropped:
        yield f"{tally.uses.dropped:,} refused calls of federated sessions are beyond what is kept"


def read_file(
    open_file: Callable[[str], BinaryIO],
    name: str,
    tally: ScanState,
    *,
    window: Window | None = None,
    exact: bool = True,
    fast: bool = True,
) -> None:
    """Read one file into the tally. `fast` allows to leave records unparsed that cannot be wanted."""
    tally.begin(name)
    mark = tally.mark()
    opened = False
    try:
        if fast:
            from oidc_doctor.logs.reading import fast as archive

            try:
                archive.read(lambda: open_file(name), name, tally, exact=exact, window=window)
            except (archive.FastPathUnavailable, OSError, EOFError, zlib.error):
                tally.back(mark)  # reading in full also takes what comes before a fault
            else:
                tally.files += 1
                tally.end()
                return
        with open_file(name) as stream:
            opened = True
            for record, origin in records(stream, name, tally.source, tally.problems):
                tally.add(record, origin, NO_PLACE)
    except (OSError, EOFError, zlib.error) as error:
        tally.problems(Origin(name), f"cannot be read ({type(error).__name__})")
    tally.files += opened
    tally.end()


def records(
    stream: BinaryIO,
    file: str,
    source: Source,
    note: Callable[[Origin, str], None],
) -> Iterator[tuple[dict[str, Any], Origin]]:
    """The records of one file, wanted or not, whatever its layout."""
    parse = cloudtrail if source == "cloudtrail" else gcp_audit
    for value, origin in values(stream, file, parse.LISTS, note):
        yield from parse.records(value, origin, note)


def family_of(attempt: Attempt) -> str | None:
    """The subject with `*` for what varies, by the grammar of the issuer that the provider is for."""
    return None if attempt.subject is None else _family(attempt.provider, attempt.subject)


@functools.lru_cache(maxsize=4096)
def _family(provider: str | None, subject: str) -> str:
    issuer = (provider or "").partition(":oidc-provider/")[2]  # a Google provider's name does not tell
    return subject_family(subject, profile_for(issuer or None, subject))
