"""Scan log files for attempts, writes and denied calls, in one pass and flat memory; count all other records."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from oidc_doctor.logs.attempts.columns import MOST_ROWS, Rows
from oidc_doctor.logs.attempts.join_impersonations import join
from oidc_doctor.logs.attempts.same_writes import once_each
from oidc_doctor.logs.attempts.workloads import workloads
from oidc_doctor.logs.reading.file import family_of
from oidc_doctor.logs.reading.scan_state import ScanState
from oidc_doctor.logs.reading.workers import read_all
from oidc_doctor.model.events import LogCoverage

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from oidc_doctor.logs.reading.scan_state import Family
    from oidc_doctor.logs.reading.scope import WriteScope
    from oidc_doctor.logs.reading.shared_scans import SharedScans
    from oidc_doctor.logs.reading.workers import Progress
    from oidc_doctor.model.events import Attempt, Change, SessionDenial, Source


class ScannedLogs(NamedTuple):
    """The kept records of the files. Rows are in order of time, each event once."""

    rows: Rows
    changes: list[Change]  # that concern the targets, oldest first
    denials: list[SessionDenial]  # newest first, grouped
    coverage: LogCoverage

    def attempts(self) -> list[Attempt]:
        """Return the rows as attempts, oldest first."""
        return [self.rows.attempt(row) for row in range(len(self.rows))]


def _nothing(_: str) -> None:
    return None


def scan(
    open_file: Callable[[str], BinaryIO],
    names: Iterable[str],
    source: Source,
    *,
    scope: WriteScope,
    family: Family | None = None,
    progress: Progress | None = None,
    processes: int | None = None,
    on_disk: Callable[[str], str | None] | None = None,
    shared: SharedScans | None = None,
    key_of: Callable[[str], Hashable | None] = _nothing,
) -> ScannedLogs:
    """Read the files, several at once where they are large files on the disk.

    `open_file` opens a binary file by name; `on_disk` returns its path, None inside an archive. Where opening or
    reading raises OSError, EOFError or zlib.error, the file is named among the problems, and records before the error
    count. `family` must be a function that another process can import. `shared` keeps the records of files to which
    `key_of` gives a key, for the scan of another target.
    """
    state = ScanState(source, scope, family or family_of)
    left = list(names)
    if shared is not None:
        left = shared.merge(state, left, key_of, open_file, on_disk or _nothing)
    read_all(state, left, open_file, on_disk or _nothing, progress=progress, processes=processes)
    return _scanned(state)


def _scanned(state: ScanState) -> ScannedLogs:
    rows = state.rows
    duplicates = state.duplicates + rows.remove_repeats()
    rows.compact()
    if state.source == "gcp-logs":
        join(rows)
    denials, repeated = state.denials.grouped(workloads(rows))
    changes = once_each(state.changes)
    duplicates += repeated + len(state.changes) - len(changes)
    times = [*state.searched, *(time for time in (state.first, state.last) if time is not None)]
    coverage = LogCoverage(
        source=state.source,
        files=state.files,
        events=state.events,
        duplicates=duplicates,
        first=min(times, default=None),
        last=max(times, default=None),
        newest=state.last,
        problems=(*state.problems.lines(), *_bounds(state)),
        notes=state.problems.lines(notes=True),
        services=frozenset(state.services),
        regions=frozenset(state.regions),
        selective=state.selective,
    )
    return ScannedLogs(rows, changes, denials, coverage)


def _bounds(state: ScanState) -> Iterator[str]:
    """Describe the records that were left out to bound the memory."""
    rows = state.rows
    if rows.width:
        yield (
            f"more than {MOST_ROWS:,} attempts: of those alike within {rows.width / 60:.0f} minutes only the first and "
            "the last are kept one by one, the others are counted; an event that comes twice may count twice"
        )
    for table, content in (
        (rows.keys, "kinds of attempt: the others are counted as one, without their names"),
        (rows.identities, "identities: the others are counted without their subject"),
        (rows.circumstances, "callers, Regions and user agents: the others are counted without them"),
    ):
        if table.dropped:
            yield f"more than {table.most:,} {content} ({table.dropped:,} attempts)"
    if state.left_out:
        yield f"{state.left_out:,} writes that concern the targets are beyond what is kept, and were only counted"
    if state.denials.dropped:
        yield f"{state.denials.dropped:,} refused calls of federated sessions are beyond what is kept"
