"""The report on a single piece of evidence: an error text, a token, an event, a policy, a provider or an issuer.

Strings may quote untrusted text and are not escaped. They never contain a token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Thing = Literal["error", "token", "subject", "tokens", "event", "trust-policy", "oidc-provider", "provider", "issuer"]
Sign = Literal["✓", "✗", "?", "!", ""]


class Line(NamedTuple):
    """One fact. `sign` is its assessment, if any: ✓ fine, ✗ a fault, ! a risk, ? unknown."""

    label: str
    text: str
    sign: Sign = ""


class Part(NamedTuple):
    """Facts under one title."""

    title: str
    lines: tuple[Line, ...]


class PossibleCause(NamedTuple):
    """A possible cause, with the check that explains it."""

    code: str
    name: str
    when: str  # when it is the cause


class NextCommand(NamedTuple):
    """A command that can be run as copied, and what its output shows."""

    run: str
    why: str


@dataclass(frozen=True)
class Alone:
    """The content of a single piece of evidence, and the most useful evidence to add."""

    thing: Thing
    headline: str
    parts: tuple[Part, ...] = ()
    causes: tuple[PossibleCause, ...] = ()  # the most likely first
    further: tuple[str, ...] = ()  # codes of further possible causes, unordered
    order: str = ""  # the basis of the causes' order
    commands: tuple[NextCommand, ...] = ()
    ask: str = ""  # what to add next, and how
