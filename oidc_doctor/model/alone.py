"""The answer to one thing that was given alone: an error text, a token, an event, a policy, a provider, an issuer.

All texts may quote what strangers wrote, and are not escaped. They never hold a token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Thing = Literal["error", "token", "subject", "tokens", "event", "trust-policy", "oidc-provider", "provider", "issuer"]
Sign = Literal["✓", "✗", "?", "!", ""]


class Line(NamedTuple):
    """One fact. `sign` judges it, where it is judged: ✓ holds, ✗ is a fault, ! is a risk, ? is not known."""

    label: str
    text: str
    sign: Sign = ""


class Part(NamedTuple):
    """Facts under one title."""

    title: str
    lines: tuple[Line, ...]


class PossibleCause(NamedTuple):
    """A cause that the thing leaves possible, by the check that explains it."""

    code: str
    name: str
    when: str  # when it is the cause


class NextCommand(NamedTuple):
    """A command that can be run as it is, and what its answer shows."""

    run: str
    why: str


@dataclass(frozen=True)
class Alone:
    """The content of one thing, and the one thing to add next."""

    thing: Thing
    headline: str
    parts: tuple[Part, ...] = ()
    causes: tuple[PossibleCause, ...] = ()  # the most likely first
    further: tuple[str, ...] = ()  # codes of causes that are possible as well, in no order
    order: str = ""  # what the order of the causes rests on
    commands: tuple[NextCommand, ...] = ()
    ask: str = ""  # what to give next, and how
