"""Tokens in pieces: their full stops spelled in another way, or their lines behind times, numbers and quotation marks.

Two pieces identify a token: a JOSE header followed by claims, which both begin like JSON in base64. Then what follows
without a gap of more than a few words, and looks random, is of the token too.
"""

from __future__ import annotations

import re
from typing import Final

from oidc_doctor.model.secret_texts.tokens import Span, _decoded, is_mixed

_BEGIN = re.compile(
    r"e(?=y[A-DI-L]|w[k-r0-3])"
    r"(?:(?<![A-Za-z0-9_-]e)|(?<=\\[nrt]e)|(?<=%[0-9A-Fa-f]{2}e)|(?<=\\u[0-9A-Fa-f]{4}e)|(?<=\\U[0-9A-Fa-f]{8}e)"
    r"|(?<=\\[0-7]{3}e))[A-Za-z0-9_-]{8,}+"
)
_PIECE = re.compile(r"(?<![A-Za-z0-9_+/-])[A-Za-z0-9_+/-]{16,}+|(?<=\\[nrt])[A-Za-z0-9_+/-]{16,}+")
_LAST = re.compile(r"[A-Za-z0-9_+/-]{4,}+(?=$|[\s\"'`\\|,)\]])")
_CLAIM = re.compile(rb'"(?:iss|sub|aud|exp|iat)"')
_WIDEST_GAP: Final = 64  # characters between two pieces: a time, a level and the name of a program
_WIDEST_STOP: Final = 24  # characters between the header and the claims
_LONGEST: Final = 64 * 1024
_SHORTEST_SIGNATURE: Final = 80  # characters; one of ES256 has 86


def piece_spans(text: str, spans: list[Span]) -> list[Span]:
    """Return the spans of tokens in pieces; `spans` are those of the tokens that were found as they are."""
    token_spans: list[Span] = []
    if "ey" not in text and "ew" not in text:
        return token_spans
    known_ends = dict(spans)
    reached = 0
    for begin in _BEGIN.finditer(text):
        if begin.start() < reached:
            continue
        if begin.start() in known_ends:  # its end is known, unless it is too short for a signature
            known_end = known_ends[begin.start()]
            if known_end - text.rfind(".", begin.start(), known_end) > _SHORTEST_SIGNATURE:
                continue
        end = _end(text, begin, known_ends)
        if end is not None:
            token_spans.append((begin.start(), end))
            reached = end
    return token_spans


def _end(text: str, begin: re.Match[str], known_ends: dict[int, int]) -> int | None:
    at = begin.end()
    data = _decoded(begin[0][:2048]).strip()
    if b'"alg"' in data and data.startswith(b"{"):
        near = _BEGIN.search(text, at, at + _WIDEST_STOP + 9)
        claims = _BEGIN.match(text, near.start()) if near else None
        if claims is None:
            return None
        at = claims.end()
    elif not (text.startswith(".", at) and _CLAIM.search(data) and data.endswith(b"}")):
        return None
    first = at
    while at - first < _LONGEST:
        following = _next_piece(text, at, known_ends) or (_last_piece(text, at) if at > first else None)
        if following is None:
            break
        at = following
    return at if at > first else None  # header and claims alone are no credential


def _next_piece(text: str, at: int, known_ends: dict[int, int]) -> int | None:
    near = _PIECE.search(text, at, at + _WIDEST_GAP + 16)
    piece = _PIECE.match(text, near.start()) if near else None
    if piece is None or piece.start() in known_ends:  # another token
        return None
    return piece.end() if is_mixed(piece[0]) else None


def _last_piece(text: str, at: int) -> int | None:
    """Return the end of a short piece: the last line, or one that was broken at a hyphen."""
    for last in _LAST.finditer(text, at, min(at + _WIDEST_GAP, len(text))):
        if is_mixed(last[0]) and not _LETTERLESS.fullmatch(last[0]) and not _TIME.match(last[0]):
            return last.end()
    return None


_TIME = re.compile(r"\d{4}-\d\d-\d\d")
_LETTERLESS = re.compile(r"[\d+/_-]+|[a-z]+|[A-Z]+")
