"""The byte strings for which a block of a log file is searched, all in one pass while the block is in the cache.

The patterns are parts of the wanted names that begin with three bytes which are rare in logs, since the matcher skips
ahead by those. A pattern may also occur by chance; the readers check each match.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, NamedTuple

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from oidc_doctor.logs.records import cloudtrail, cloudtrail_writes, gcp_writes

if TYPE_CHECKING:
    from collections.abc import Callable

    Hit = tuple[int, int, int]  # number of the pattern, start, end

RECORD = b'},{"eventVersion":"1.'  # between two records of a CloudTrail file, as CloudTrail writes it
WANTED_EVENTS = frozenset((cloudtrail.EVENT_NAME, *cloudtrail_writes.WRITES))

# The meanings of a pattern:
BOUNDARY = 0  # CloudTrail: RECORD
TIME = 1  # a record's time in the hours that most records of the file have
OTHER_TIME = 2  # a member whose name ends like that of the time
ODD = 3  # the block has to be parsed, whatever surrounds the pattern
VERSION = 4  # CloudTrail: a member whose name ends like eventVersion, with another version than 1.x
FEDERATED = 5  # a federated caller
ERROR = 6  # CloudTrail: the member errorCode
NAME = 7  # part of a wanted event's or method's name

# A name may be written with escapes, \u0041ssumeRole…: the clouds do not, so such a block is parsed.
_ESCAPES = (b"\\u004", b"\\u005", b"\\u006", b"\\u007")
_INSIGHT = b"nsightDetails"
_VERSIONS = tuple(b'ntVersion":"%d' % number for number in (0, 2, 3, 4, 5, 6, 7, 8, 9))
_AWS_NAMES = (
    b"WebIdentity",
    b"IDConnectProvider",
    b'RolePolicy"',
    b'teRole"',
    b'agRole"',
    b'RoleDescription"',
    b'PermissionsBoundary"',
    b'PolicyVersion"',
    b'BucketPolicy"',
    b'RepositoryPolicy"',
    b'KeyPolicy"',
)  # fmt: skip
_AWS_WANTED = frozenset(name.encode() for name in WANTED_EVENTS)
_GCP_NAMES = (
    b"ExchangeToken",
    b"GenerateAccessToken",
    b"GenerateIdToken",
    b"WorkloadIdentityPool",
    b'SetIAMPolicy"',
    b'SetIamPolicy"',
    b'setIamPermissions"',
    b'eServiceAccount"',
)  # fmt: skip
_GCP_WANTED = re.compile(
    rb"(?i:set)I(?:AM|am)Policy|setIamPermissions|ExchangeToken|GenerateAccessToken|GenerateIdToken|"
    + b"|".join(name.encode() for name in sorted(gcp_writes.WRITES - {gcp_writes.SET_POLICY}, key=len, reverse=True))
)
_LONGEST_NAME = 64


class Patterns(NamedTuple):
    """A matcher for files of one source whose records are of about the same time."""

    find: Callable[[bytes], list[Hit]]
    kinds: tuple[int, ...]  # by the pattern's number: BOUNDARY and TIME come first, which every record has
    rare: int  # the first number of the other kinds


@functools.lru_cache(maxsize=64)
def trail_patterns(*times: str) -> Patterns:
    """Return the matcher for CloudTrail. `times` are prefixes of most records' times, such as 2026-11-22T13."""
    member = b'ntTime":"'
    return _patterns(
        [
            (RECORD, BOUNDARY),
            *((member + time.encode(), TIME) for time in times),
            (member, OTHER_TIME),
            *((escape, ODD) for escape in _ESCAPES),
            (_INSIGHT, ODD),
            *((version, VERSION) for version in _VERSIONS),
            (b"federatedProvider", FEDERATED),
            (b'errorCode"', ERROR),
            *((name, NAME) for name in _AWS_NAMES),
        ]
    )


@functools.lru_cache(maxsize=4)
def entry_patterns(century: str) -> Patterns:
    """Return the matcher for Cloud Logging. `century` is the prefix of all times of the file."""
    member = b'"timestamp":"'
    return _patterns(
        [
            (member + century.encode(), TIME),
            (member, OTHER_TIME),
            *((escape, ODD) for escape in _ESCAPES),
            (b"principal://", FEDERATED),
            *((name, NAME) for name in _GCP_NAMES),
        ]
    )


def _patterns(table: list[tuple[bytes, int]]) -> Patterns:
    matcher = BytesAhoCorasick([pattern for pattern, _ in table], matchkind=MatchKind.LeftmostFirst)
    kinds = tuple(kind for _, kind in table)
    return Patterns(matcher.find_matches_as_indexes, kinds, kinds.index(OTHER_TIME))


@functools.lru_cache(maxsize=8)
def search(*patterns: bytes) -> Callable[[bytes], list[Hit]]:
    """Return a matcher of patterns, earlier ones first: several times as fast as `bytes.find` and `bytes.count`."""
    find: Callable[[bytes], list[Hit]]
    find = BytesAhoCorasick(patterns, matchkind=MatchKind.LeftmostFirst).find_matches_as_indexes
    return find


def may_be_federated(data: bytes) -> bool:
    """Whether the records may contain a federated caller: its member, or a name that is written with escapes."""
    return bool(search(b"ederatedProvider", *_ESCAPES)(data))


def line_ends(data: bytes) -> list[Hit]:
    """Return the ends of lines: pattern 0 where an object ends and the next line begins with another, 1 elsewhere."""
    return search(b'}\n{"', b"\n")(data)


def names_wanted_event(data: bytes, at: int) -> bool:
    """Whether, in CloudTrail, the string around `at` is exactly a wanted event's name."""
    start = data.rfind(b'"', max(0, at - _LONGEST_NAME), at + 1) + 1
    return data[start : data.find(b'"', at + 1, at + _LONGEST_NAME)] in _AWS_WANTED


def names_wanted_method(data: bytes, at: int) -> bool:
    """Whether, in Cloud Logging, the string around `at` ends with a wanted method's name."""
    start = data.rfind(b'"', max(0, at - 2 * _LONGEST_NAME), at + 1) + 1
    text = data[start : data.find(b'"', at + 1, at + _LONGEST_NAME)]
    return _GCP_WANTED.fullmatch(text.rpartition(b".")[2]) is not None
