"""Secrets inside an encoding: base64, hexadecimal or percent-encoded text that contains a secret, and keys in DER.

What an encoded text says is looked at as any other text, so a header, a token, an account's key file and a list of
variables are found alike.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, unhexlify
from collections.abc import Callable, Iterator
from typing import Final

from oidc_doctor.model.secret_texts.tokens import Span, end_of_lines

_RUN = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{32,}+={0,2}")
_HEX = re.compile(r"(?:(?<![0-9A-Za-z])|(?<=\\[nrt]))[0-9A-Fa-f]{64,}+(?![0-9A-Za-z])")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2}){24,}")
_LINES = re.compile(r"(?:\\+[nr]|[^A-Za-z0-9+/_-])+")
_STANDARD = str.maketrans("-_", "+/")
# The beginnings of a private key in DER (RFC 8017, 5915, 5958, 7292) and of OpenSSH's own format, in base64
_KEY = re.compile(
    r"MI[A-Za-z0-9+/]{2,5}[AQgw]IBA(?:AKB|DAN|DAL|TAN|zCC|zBG|KCA)|MII[A-Za-z0-9+/]{1,3}(?:AIBA|gEAA|QIBA|wIBA)AKC"
    r"|MII[A-Za-z0-9+/]{1,3}[A-Za-z0-9+/]{0,2}(?:IBADANBgkqhkiG9w0BAQ|IBAzCC|gEAMA0GCSqGSIb3DQEB|gEDMII)"
    r"|MH[cQ]CAQEE|MI(?:GH|GT|G2|Hu)AgEAM[BHC]|M(?:IGk|IHc)AgEBBD|MC4CAQAwBQYDK2V|MEcCAQAwBQYDK2V"
    r"|b3BlbnNzaC1rZXktdjE"
)
_CLEAR: Final = 0.9  # the part of a decoded text that must be printable


def encoded_spans(text: str, holds: Callable[[str], bool]) -> Iterator[Span]:
    """Yield the spans of encoded texts whose content has a secret according to `holds`, and of keys."""
    reached = 0
    for run in _RUN.finditer(text):
        start = run.start() + (run[0][0] in "nrt" and text.endswith("\\", 0, run.start()))  # not the n of a line break
        if start < reached and not _KEY.match(text, start):
            continue
        reached = end = end_of_lines(text, start, run.end())
        value = text[start:end] if end == run.end() else _LINES.sub("", text[start:end])
        key = _KEY.search(value, 0, 256)
        if key is not None and len(value) - key.start() >= _SHORTEST_KEY:
            yield start + (key.start() if key.start() < len(run[0]) else 0), end
        elif _says(_base64(value), holds):
            yield start, end
    if _HEX.search(text):
        for run in _HEX.finditer(text):
            if len(run[0]) % 2 == 0 and _says(unhexlify(run[0]), holds):
                yield run.span()
    if "%" in text:
        for run in _PERCENT.finditer(text):
            if _says(unhexlify(run[0].replace("%", "")), holds):
                yield run.span()


_SHORTEST_KEY: Final = 60


def _base64(value: str) -> bytes:
    bare = value.rstrip("=").translate(_STANDARD)
    try:
        return a2b_base64(bare[: len(bare) - (len(bare) % 4 == 1)] + "===")
    except Error:
        return b""


def _says(data: bytes, holds: Callable[[str], bool]) -> bool:
    """Return whether the data are text with a secret."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        if error.start < len(data) - 3 or not error.start:  # not merely cut
            return False
        text = data[: error.start].decode()
    clear = sum(map(str.isprintable, text[:256])) + text[:256].count("\n") + text[:256].count("\r")
    return bool(text) and clear >= _CLEAR * min(len(text), 256) and holds(text)
