"""Read a log file into a ScanState.

A file that is written as the cloud writes it is searched: nearly as fast as unpacking alone. Every other file (another
layout, damaged, cut off, half a file) is read by the tolerant reader, which takes some twenty times as long, and which
alone reports the faults of a file. Both return the same attempts, writes and refused calls.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

from oidc_doctor.documents.regular_file import NotRegularError
from oidc_doctor.issuers import profile_for, subject_family
from oidc_doctor.logs.attempts.columns import NO_PLACE
from oidc_doctor.logs.extract.file import ENDING, header_of
from oidc_doctor.logs.reading.tolerant import EMPTY, values
from oidc_doctor.logs.records import cloudtrail, gcp_audit
from oidc_doctor.model import limits
from oidc_doctor.model.document import Origin
from oidc_doctor.model.google_names import mapped_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from oidc_doctor.logs.reading.scan_state import ScanState
    from oidc_doctor.model.events import Attempt, Source

MOST_FAULTS = limits.LOG_FAULTS.most  # of one file


def read_file(open_file: Callable[[str], BinaryIO], name: str, state: ScanState, *, exact: bool = False) -> None:
    """Read one file into the state. A file that cannot be read becomes a problem.

    `exact`: decode every record, which shows all services and Regions.
    """
    if name.endswith(ENDING) and _extract(open_file, name, state.empty(), state):
        return
    for whole in (False, True):
        try:
            searched = _searched(open_file, name, state, exact=exact, whole=whole)
        except EOFError:
            state.begin(name)
            state.files += 1
            state.problems(Origin(name), EMPTY)
            state.end()
            return
        if searched is not None:
            state.merge(searched)
            return
    state.begin(name)
    with _problems_reported(name, state), open_file(name) as stream:
        state.files += 1
        faults = _Faults(state)
        for record, origin in records(stream, name, state.source, faults, faults.count):
            state.add(record, origin, NO_PLACE)
    state.end()


@contextlib.contextmanager
def _problems_reported(name: str, state: ScanState) -> Iterator[None]:
    """Report what ends the reading of a file; the records before it count."""
    try:
        yield
    except _TooManyFaultsError:
        state.problems(Origin(name), f"more than {MOST_FAULTS:,} faults; the rest of the file was not read")
    except NotRegularError:
        state.problems(Origin(name), "not a regular file, so it was not read")
    except (OSError, EOFError, zlib.error) as error:
        state.problems(Origin(name), f"cannot be read ({type(error).__name__})")


def _extract(open_file: Callable[[str], BinaryIO], name: str, found: ScanState, state: ScanState) -> bool:
    """Read the file of an extract into the state, by way of an empty one; return whether it is one."""
    parse = cloudtrail if state.source == "cloudtrail" else gcp_audit
    found.begin(name)
    header = None
    faults = _Faults(found)
    with _problems_reported(name, found), open_file(name) as stream:
        for value, origin in values(stream, name, parse.LISTS, faults):
            if header is not None:
                for record, place in parse.records(value, origin, faults):
                    found.add_extracted(record, place, counted=not header.selective)
                continue
            header = header_of(value, state.source)
            if header is None:
                return False
            found.add_header(header)
    if header is None:
        return False
    found.end()
    state.merge(found)
    return True


class _TooManyFaultsError(Exception):
    """The file is no log, or too damaged to be one."""


class _Faults:
    """The problems of one file, up to a bound: a compressed file of a kilobyte may hold a million."""

    def __init__(self, state: ScanState) -> None:
        self._state = state
        self._number = 0

    def __call__(self, origin: Origin, problem: str) -> None:
        """Add one problem."""
        self._state.problems(origin, problem)
        self.count()

    def count(self) -> None:
        """Count a problem, or a value without a record."""
        self._number += 1
        if self._number > MOST_FAULTS:
            raise _TooManyFaultsError


def _searched(
    open_file: Callable[[str], BinaryIO], name: str, known: ScanState, *, exact: bool, whole: bool
) -> ScanState | None:
    """Return an empty state with the file's records; None where the file cannot be searched. `known`: of other files.

    Raises EOFError for a file of no bytes, of which an archive may have very many.
    """
    from oidc_doctor.logs.reading.search import search  # imported late: a report without logs needs neither
    from oidc_doctor.logs.reading.unpacked import NotSearchableError, pieces

    is_empty = False
    try:
        with open_file(name) as stream:
            every = pieces(stream)
            first = next(every, None)
            is_empty = first is None
            if first is not None:
                state = known.empty()
                state.begin(name)
                search(name, itertools.chain((first,), every), state, known.services, exact=exact, whole=whole)
    except (NotSearchableError, OSError, EOFError, zlib.error):
        return None  # the tolerant reader keeps what comes before a fault, and reports it
    if is_empty:
        raise EOFError
    state.files += 1
    state.end()
    return state


def records(
    stream: BinaryIO,
    file: str,
    source: Source,
    note: Callable[[Origin, str], None],
    empty: Callable[[], None] = lambda: None,
) -> Iterator[tuple[dict[str, Any], Origin]]:
    """Yield the records of one file, wanted or not, whatever its layout. `empty` is called for a list without any."""
    parse = cloudtrail if source == "cloudtrail" else gcp_audit
    for value, origin in values(stream, file, parse.LISTS, note):
        if value == []:
            empty()
        yield from parse.records(value, origin, note)


def family_of(attempt: Attempt) -> str | None:
    """Return the subject with `*` for the parts that vary, by the grammar of the provider's issuer.

    An impersonation has no subject: until an exchange is joined to it, the mapped subject distinguishes the workloads.
    """
    subject = attempt.subject or mapped_subject(attempt.mapped_principal if attempt.step == "impersonate" else None)
    return _family(attempt.provider, subject) if subject else None


@functools.lru_cache(maxsize=4096)
def _family(provider: str | None, subject: str) -> str:
    issuer = (provider or "").partition(":oidc-provider/")[2]  # a Google provider's name does not name the issuer
    return subject_family(subject, profile_for(issuer or None, subject))
