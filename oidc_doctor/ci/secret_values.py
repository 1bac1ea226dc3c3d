"""Keep the secrets of a job out of everything that is written about it.

The renderers remove what has the form of a secret. Here the very values are known: the tokens that were found, the
bearers that they were asked for with, and the variables whose name says secret. No piece of 16 characters of one of
them is written, as it is or in base64.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping

from oidc_doctor.model.secret_texts import REMOVED_SECRET, is_secret_member

PIECE = 16  # characters
_LONGEST = 64 * 1024  # characters of a value; a longer one is no credential, and its beginning suffices to find it
_JWT = re.compile(r"[A-Za-z0-9_-]{16,}+\.[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]{8,}+)?")
_NO_SECRETS = (
    *("_FILE", "_PATH", "_DIR", "_URL", "_URI", "_ENDPOINT", "_SOCKET", "_ARN", "_NAME", "_EMAIL"),
    *("_AUDIENCE", "_AUD", "_ISSUER", "_SUBJECT"),
)


class SecretValues:
    """The secrets of a run, by their pieces."""

    def __init__(self) -> None:
        self._pieces: set[str] = set()

    def add(self, *values: str) -> None:
        """Add secrets, whole. Of a shorter one than 16 characters the renderers know by its form, or nobody does."""
        for value in values:
            text = "".join(value.split())[:_LONGEST]
            for form in (text, *_in_base64(text)):
                self._pieces.update(form[at : at + PIECE] for at in range(len(form) - PIECE + 1))

    def add_token(self, text: str) -> None:
        """Add a token as it was found: of a JSON text that wraps it, or has its claims, only what may be a token."""
        if text.lstrip()[:1] in ("{", "["):
            self.add(*_JWT.findall(text[:_LONGEST]))
        else:
            self.add(text)

    def add_environment(self, environment: Mapping[str, str]) -> None:
        """Add the values of the variables that are secrets by their name."""
        for name, value in environment.items():
            is_place = name.upper().endswith(_NO_SECRETS) or value.startswith(("/", "~", "http://", "https://"))
            if len(value) >= PIECE and not is_place and is_secret_member(name, value):
                self.add(value)

    def removed(self, text: str) -> str:
        """Return the text with a mark in place of each stretch that has a piece of a secret."""
        if not self._pieces or len(text) < PIECE:
            return text
        kept: list[str] = []
        done = at = 0
        while at <= len(text) - PIECE:
            if text[at : at + PIECE] not in self._pieces:
                at += 1
                continue
            end = at + PIECE
            while end < len(text) and text[end - PIECE + 1 : end + 1] in self._pieces:
                end += 1
            kept += [text[done:at], REMOVED_SECRET]
            done = at = end
        return "".join([*kept, text[done:]]) if kept else text

    def are_in(self, text: str) -> bool:
        """Return whether the text has a piece of a secret."""
        return self.removed(text) != text


def _in_base64(text: str) -> Iterable[str]:
    """Yield the text in base64, at each of the three places where it may begin, without the characters at the ends."""
    data = text.encode("utf-8", "surrogatepass")
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + data).decode("ascii").rstrip("=")
        inner = encoded[2 if before else 0 :][2 * (before == 2) :]  # noqa: PLR2004 - two bytes before spoil four
        yield inner[:-1]
        yield inner[:-1].replace("+", "-").replace("/", "_")
