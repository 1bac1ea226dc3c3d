"""Where messages are delivered: the one form of a webhook and of an address of Apprise."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from oidc_doctor.notify.message import Message


class Answer(NamedTuple):
    """The outcome of one delivery, in words without a part of the receiver's address but its host."""

    accepted: bool
    words: str
    next_too: bool = True  # of a failure: the next message would fail as well


class Channel(Protocol):
    """One address of a receiver.

    `key` names it in the state: it is made of the receiver's entry in the file and the address's place, never of the
    address. `label` is for people.
    """

    @property
    def key(self) -> str: ...  # noqa: D102

    @property
    def label(self) -> str: ...  # noqa: D102

    def deliver(self, message: Message, seconds: float) -> Answer:
        """Deliver a message within so many seconds. Raises nothing: a failure is an Answer."""


class Unusable(NamedTuple):
    """A receiver that is not set up: each of its messages waits until it is."""

    key: str
    label: str
    reason: str

    def deliver(self, message: Message, seconds: float) -> Answer:  # noqa: ARG002 - as any channel
        """Return why nothing is delivered."""
        return Answer(False, self.reason)


def receiver_key(entry: str) -> str:
    """Return the key of a [[notify]] table: a digest, because an address in it may be a secret."""
    return hashlib.sha256(entry.encode()).hexdigest()[:16]


def every_address(receiver: str) -> str:
    """Return the key of messages for each address of a receiver, of which none was known when they were queued."""
    return f"{receiver}:*"
