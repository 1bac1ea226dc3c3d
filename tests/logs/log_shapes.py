"""Times, ids and texts of log records, for archives and samples that tests make.

Every value comes from the generator that is passed in: one seed, one archive. Times are epoch seconds.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from random import Random
from typing import Any

Json = dict[str, Any]

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BASE36 = "abcdefghijklmnopqrstuvwxyz0123456789"


def stamp(at: float) -> str:
    """CloudTrail's eventTime: whole seconds."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fine_stamp(at: float) -> str:
    """Google's timestamp: microseconds."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def event_id(rng: Random) -> str:
    """A version 4 UUID."""
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def letters(rng: Random, count: int, alphabet: str = _BASE36) -> str:
    """So many characters of an alphabet."""
    return "".join(rng.choices(alphabet, k=count))


def address(rng: Random) -> str:
    """An address of the documentation ranges."""
    return f"{rng.choice(('192.0.2', '198.51.100', '203.0.113'))}.{rng.randrange(1, 255)}"


def key_id(rng: Random, prefix: str = "ASIA") -> str:
    """An identifier of AWS's form that nobody has: 20 characters for access keys, 21 for the rest, with EXAMPLE."""
    tail = "" if prefix in ("ASIA", "AKIA") else letters(rng, 1, _BASE32)
    return f"{prefix}{letters(rng, 9, _BASE32)}EXAMPLE{tail}"


def compact(value: Any) -> str:
    """JSON without spaces, as SDKs send it."""
    return json.dumps(value, separators=(",", ":"))
