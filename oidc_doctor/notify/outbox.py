"""The messages that are not delivered yet, in the order in which they were queued, one entry for each address.

A run queues its messages in the same save of the state that records the changes, delivers them when they are reported,
and saves the state again. A run that is killed in between delivers them in the next run; one that is killed while it
delivers may deliver a message twice, with the same id.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from oidc_doctor.model.limits import OUTBOX, OUTBOX_DAYS
from oidc_doctor.notify.channel import every_address
from oidc_doctor.notify.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from oidc_doctor.notify.channel import Channel

_DAY = 86_400.0
_SECONDS = 30.0  # of all deliveries of a run
_SECONDS_EACH = 15.0


@dataclass
class Entry:
    """A message for one address."""

    channel: str  # the key of the channel
    message: Message
    queued: float  # epoch seconds
    reported: bool = False  # False: the run that queued it ended before it reported the change, and the next one will


def pending(outbox: Iterable[Entry]) -> int:
    """Return the number of reported messages that an address has not accepted."""
    return len({entry.message.id for entry in outbox if entry.reported})


def queue(outbox: list[Entry], messages: Sequence[Message], channels: Sequence[Channel]) -> list[str]:
    """Queue messages for each channel, and return a line for each kind of entry that is dropped.

    Entries of a run that did not report its changes are replaced: this run sees these changes again.
    """
    outbox[:] = [entry for entry in outbox if entry.reported]
    _expand(outbox, channels)
    lines = _drop(outbox, channels)
    now = time.time()
    outbox += [Entry(channel.key, message, now) for message in messages for channel in channels]
    excess = len(outbox) - OUTBOX.most
    if excess > 0:
        outbox[:] = outbox[excess:]
        lines.append(f"{OUTBOX.of} has at most {OUTBOX.most:,} {OUTBOX.unit}: the oldest {excess:,} are dropped")
    return lines


def reported(outbox: Iterable[Entry]) -> None:
    """Note that the changes of the queued messages were reported."""
    for entry in outbox:
        entry.reported = True


def deliver(outbox: list[Entry], channels: Sequence[Channel], narrate: Callable[[str], None]) -> list[str]:
    """Deliver what is queued, the oldest first, and return a line for each channel that did not accept everything.

    A channel that fails is not asked again in this run, unless the failure concerns one message alone. Each channel has
    its share of the time.
    """
    ends = time.monotonic() + _SECONDS
    lines = []
    for number, channel in enumerate(channels):
        share = (ends - time.monotonic()) / (len(channels) - number)
        waiting = [entry for entry in outbox if entry.channel == channel.key]
        if waiting:
            narrate(f"delivering {_messages(len(waiting))}: {channel.label}")
        reason = _deliver_to(channel, waiting, outbox, time.monotonic() + share)
        if reason:
            left = sum(entry.channel == channel.key for entry in outbox)
            lines.append(f"{channel.label}: {reason}; {_messages(left)} kept for the next run")
    return lines


def _deliver_to(channel: Channel, waiting: Sequence[Entry], outbox: list[Entry], ends: float) -> str:
    """Deliver to one channel until `ends`, and return the last reason why a message was not accepted."""
    reason = ""
    for entry in waiting:
        seconds = min(_SECONDS_EACH, ends - time.monotonic())
        if seconds <= 0:
            return reason or "no time was left in this run"
        answer = channel.deliver(entry.message, seconds)
        if answer.accepted:
            outbox.remove(entry)
            continue
        reason = answer.words
        if answer.next_too:
            break
    return reason


def _expand(outbox: list[Entry], channels: Sequence[Channel]) -> None:
    """Address the messages that were queued while a receiver's addresses were unknown."""
    known = [channel.key for channel in channels]
    every: list[Entry] = []
    for entry in outbox:
        receiver = entry.channel.partition(":")[0]
        keys = [key for key in known if key.partition(":")[0] == receiver]
        if entry.channel != every_address(receiver) or entry.channel in known or not keys:
            every.append(entry)
        else:
            every += [Entry(key, entry.message, entry.queued, reported=True) for key in keys]
    outbox[:] = every


def _drop(outbox: list[Entry], channels: Sequence[Channel]) -> list[str]:
    """Drop what is too old, and what no receiver of the file is left for. Return a line for each."""
    known = {channel.key for channel in channels}
    unset = {key.partition(":")[0] for key in known if key.endswith(":*")}
    oldest = time.time() - OUTBOX_DAYS.most * _DAY
    old = [entry for entry in outbox if entry.queued < oldest]
    lost = [
        entry
        for entry in outbox
        if entry.queued >= oldest and entry.channel not in known and entry.channel.partition(":")[0] not in unset
    ]
    lines = []
    if old:
        lines.append(f"{_messages(len(old))} dropped: not delivered within {OUTBOX_DAYS.most} {OUTBOX_DAYS.unit}")
    if lost:
        lines.append(f"{_messages(len(lost))} dropped: their receiver is no longer in the file")
    dropped = set(map(id, (*old, *lost)))
    outbox[:] = [entry for entry in outbox if id(entry) not in dropped]
    return lines


def _messages(count: int) -> str:
    return f"{count:,} message{'' if count == 1 else 's'}"
