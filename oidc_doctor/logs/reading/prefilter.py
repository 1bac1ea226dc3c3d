"""Which bytes of a log file may belong to a wanted record: one pass over each piece while it is in the cache.

A file without a hit is never taken apart. The needles are parts of the wanted names whose first three bytes are rare
in logs, since the matcher looks for those first; what is hit is looked at again before anything is parsed.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.logs.records import cloudtrail, cloudtrail_writes, gcp_writes

if TYPE_CHECKING:
    from collections.abc import Callable

    Hit = tuple[int, int, int]  # number of the needle, start, end

LONGEST = 48  # bytes: more than any needle with a whole time after it and four bytes before it

RECORD = b'},{"eventVersion":"1.'  # between two records of a CloudTrail file
TIME, OTHER_TIME, DOUBT, VERSION, FEDERATED, ERROR, NAME = range(7)

# A name may be written with escapes, \u0041ssumeRole…: nobody does, so a file with such an escape is read in full.
ESCAPES = (b"\\u004", b"\\u005", b"\\u006", b"\\u007")
_AWS_DOUBT = (
    *ESCAPES,
    b"nsightDetails",
)
_AWS_VERSIONS = tuple(b'ntVersion":"%d' % number for number in (0, 2, 3, 4, 5, 6, 7, 8, 9))  # known ones are 1.x
_AWS_NAMES = (
    b"WebIdentity",
    b"IDConnectProvider",
    b'RolePolicy"',
    b'teRole"',
    b'agRole"',
    b'RoleDescription"',
    b'PermissionsBoundary"',
    b'PolicyVersion"',
)  # fmt: skip
_AWS_WANTED = frozenset(name.encode() for name in (cloudtrail.EVENT_NAME, *cloudtrail_writes.WRITES))
_GCP_NAMES = (
    b"ExchangeToken",
    b"GenerateAccessToken",
    b"GenerateIdToken",
    b"WorkloadIdentityPool",
    b'SetIAMPolicy"',
    b'SetIamPolicy"',
    b'eServiceAccount"',
)  # fmt: skip
_GCP_WANTED = re.compile(
    rb"(?i:set)I(?:AM|am)Policy|ExchangeToken|GenerateAccessToken|GenerateIdToken|"
    + b"|".join(name.encode() for name in sorted(gcp_writes.WRITES - {gcp_writes.SET_POLICY}, key=len, reverse=True))
)
_LONGEST_NAME = 64


class Needles(NamedTuple):
    """A matcher for one source and time."""

    find: Callable[[bytes], list[Hit]]
    kinds: tuple[int, ...]  # what each needle stands for: TIME, OTHER_TIME, …
    times: int  # the number of the needle OTHER_TIME; those before are RECORD (CloudTrail only) and times
    federated: int  # the number of that needle
    error: int


@functools.lru_cache(maxsize=64)
def needles(source: str, *times: str) -> Needles:
    """The matcher. `times` are beginnings of times (2026-11-22T13) that most records of the file have."""
    from ahocorasick_rs import BytesAhoCorasick, MatchKind

    aws = source == "cloudtrail"
    member = b'ntTime":"' if aws else b'"timestamp":"'
    table: list[tuple[bytes, int]] = [(RECORD, TIME)] if aws else []
    table += [(member + one.encode(), TIME) for one in times]
    table.append((member, OTHER_TIME))
    table += [(one, DOUBT) for one in (_AWS_DOUBT if aws else ESCAPES)]
    table += [(one, VERSION) for one in (_AWS_VERSIONS if aws else ())]
    table.append((b"federatedProvider", FEDERATED) if aws else (b"principal://", FEDERATED))
    if aws:
        table.append((b'errorCode"', ERROR))
    table += [(one, NAME) for one in (_AWS_NAMES if aws else _GCP_NAMES)]
    matcher = BytesAhoCorasick([one for one, _ in table], matchkind=MatchKind.LeftmostFirst)
    kinds = tuple(kind for _, kind in table)
    error = kinds.index(ERROR) if aws else -1
    return Needles(matcher.find_matches_as_indexes, kinds, kinds.index(OTHER_TIME), kinds.index(FEDERATED), error)


@functools.lru_cache(maxsize=8)
def only(needle: bytes) -> Callable[[bytes], list[Hit]]:
    """A matcher for one needle: several times as fast as `bytes.find` and `bytes.count`."""
    from ahocorasick_rs import BytesAhoCorasick

    found: Callable[[bytes], list[Hit]] = BytesAhoCorasick([needle]).find_matches_as_indexes
    return found


def may_be_federated(data: bytes) -> bool:
    """Whether a federated caller, or a name that is written with escapes, may be among the records."""
    return bool(_federated()(data))


@functools.cache
def _federated() -> Callable[[bytes], list[Hit]]:
    from ahocorasick_rs import BytesAhoCorasick

    found: Callable[[bytes], list[Hit]] = BytesAhoCorasick([b"ederatedProvider", *ESCAPES]).find_matches_as_indexes
    return found


def lines(data: bytes) -> list[Hit]:
    """The ends of lines: needle 0 where an object ends and the next line begins with another, 1 where not."""
    return _line_ends()(data)


@functools.cache
def _line_ends() -> Callable[[bytes], list[Hit]]:
    from ahocorasick_rs import BytesAhoCorasick, MatchKind

    found: Callable[[bytes], list[Hit]] = BytesAhoCorasick(
        [b'}\n{"', b"\n"], matchkind=MatchKind.LeftmostFirst
    ).find_matches_as_indexes
    return found


def names_wanted_call(data: bytes, at: int) -> bool:
    """CloudTrail: whether the text around `at` is a string that is exactly a wanted call's name."""
    start = data.rfind(b'"', max(0, at - _LONGEST_NAME), at + 1) + 1
    return data[start : data.find(b'"', at + 1, at + _LONGEST_NAME)] in _AWS_WANTED


def names_wanted_method(data: bytes, at: int) -> bool:
    """Google: whether the string around `at` ends with a wanted method's name."""
    start = data.rfind(b'"', max(0, at - 2 * _LONGEST_NAME), at + 1) + 1
    text = data[start : data.find(b'"', at + 1, at + _LONGEST_NAME)]
    return _GCP_WANTED.fullmatch(text.rpartition(b".")[2]) is not None
