"""Read a log file into a ScanState, with the first of three readers that can read it.

`search`    The layout that the cloud itself writes. Blocks of whole records are searched for the byte strings that a
            wanted record has (prefilter), and only a block with a match is parsed: nearly as fast as unpacking alone.
`parse`     CloudTrail with any whitespace: the whole file is parsed with msgspec, and each record is inspected. It
            reads small archives, since it shows every service and Region, and files that `search` cannot cut.
`tolerant`  Every other file: wrapped, damaged, cut off, half a file. Only this reader reports the faults of a file, and
            only this reader needs no library; it is some twenty times slower than `search`.

All readers return the same attempts, writes and refused calls. A reader that cannot be sure raises
FastPathUnavailable; then its counts are undone, and the next reader begins at the start of the file.
"""

from __future__ import annotations

import functools
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from oidc_doctor.documents.regular_file import NotRegularError
from oidc_doctor.issuers import profile_for, subject_family
from oidc_doctor.logs.attempts.columns import NO_PLACE
from oidc_doctor.logs.reading.tolerant import values
from oidc_doctor.logs.records import cloudtrail, gcp_audit
from oidc_doctor.model.document import Origin
from oidc_doctor.model.google_names import mapped_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from oidc_doctor.logs.reading.scan_state import ScanState, Source
    from oidc_doctor.model.events import Attempt

Reader = Literal["search", "parse", "tolerant"]


def read_file(open_file: Callable[[str], BinaryIO], name: str, state: ScanState, *, first: Reader = "tolerant") -> None:
    """Read one file into the state, with `first` or a later reader. A file that cannot be read becomes a problem."""
    state.begin(name)
    is_open = False
    try:
        if first == "tolerant" or not _read_fast(open_file, name, state, first):
            with open_file(name) as stream:
                is_open = True
                for record, origin in records(stream, name, state.source, state.problems):
                    state.add(record, origin, NO_PLACE)
        else:
            is_open = True
    except NotRegularError:
        state.problems(Origin(name), "not a regular file, so it was not read")
    except (OSError, EOFError, zlib.error) as error:
        state.problems(Origin(name), f"cannot be read ({type(error).__name__})")
    state.files += is_open
    state.end()


def _read_fast(open_file: Callable[[str], BinaryIO], name: str, state: ScanState, first: Reader) -> bool:
    """Read the file with `search` or `parse`; return False and restore the state where neither can."""
    from oidc_doctor.logs.reading import json_lines, trail, unpacked  # imported late: a few small files need none of it

    readers = {"search": trail.search, "parse": trail.parse}
    if state.source == "gcp-logs":
        readers = {"search": json_lines.search}
    elif first == "parse":
        del readers["search"]
    before = state.checkpoint()
    for read in readers.values():
        try:
            with open_file(name) as stream:
                read(name, unpacked.pieces(stream), state)
        except (unpacked.FastPathUnavailable, OSError, EOFError, zlib.error):
            state.restore(before)  # the tolerant reader keeps what comes before a fault
        else:
            return True
    return False


def records(
    stream: BinaryIO, file: str, source: Source, note: Callable[[Origin, str], None]
) -> Iterator[tuple[dict[str, Any], Origin]]:
    """Yield the records of one file, wanted or not, whatever its layout."""
    parse = cloudtrail if source == "cloudtrail" else gcp_audit
    for value, origin in values(stream, file, parse.LISTS, note):
        yield from parse.records(value, origin, note)


def family_of(attempt: Attempt) -> str | None:
    """Return the subject with `*` for the parts that vary, by the grammar of the provider's issuer.

    An impersonation has no subject: until an exchange is joined to it, the mapped one tells the workloads apart.
    """
    subject = attempt.subject or mapped_subject(attempt.mapped_principal if attempt.step == "impersonate" else None)
    return _family(attempt.provider, subject) if subject else None


@functools.lru_cache(maxsize=4096)
def _family(provider: str | None, subject: str) -> str:
    issuer = (provider or "").partition(":oidc-provider/")[2]  # a Google provider's name does not name the issuer
    return subject_family(subject, profile_for(issuer or None, subject))
