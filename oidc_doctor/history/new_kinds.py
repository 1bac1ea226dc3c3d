"""Find kinds of token that the logs first show late, and never as accepted.

What other kinds were accepted before says nothing of such a token, and a write before its first attempt broke nothing
of it, unless the configuration before the write is known to accept it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.history.token_change import TokenChange, token_change
from oidc_doctor.logs.records.cloudtrail import NO_TIME

if TYPE_CHECKING:
    from oidc_doctor.history.outage_search import ExplainedOutage
    from oidc_doctor.history.replayed_logs import ReplayedLogs

_QUIET = 2  # a workload that calls at intervals would have called in so many of them
# Outages whose beginning may be that of the kind itself. The others are explained by what was read.
_OPEN = frozenset({"configuration", "one-of-several", "unlogged-change", "all-along", "unknown"})


class NewKind(NamedTuple):
    """The attempts of a kind of token that was never accepted. Times are epoch seconds."""

    begin: float
    times: int
    difference: TokenChange | None  # from the nearest kind that was accepted before


def new_kind(explained: ExplainedOutage, replayed: ReplayedLogs, subject: str | None) -> NewKind | None:
    """Return the subject's kind of token where the outage began with its first attempt; None where it did not."""
    if explained.token is not None or explained.why not in _OPEN or not subject:
        return None
    turned, family = explained.turned, replayed.family(subject)
    if turned is not None and explained.group.vector[turned - 1].decision == "accepted":
        return None
    of_step = [
        signature
        for signature in replayed.replayer.signatures
        if signature.sample.step == explained.group.step
        and signature.sample.outcome != "unknown"
        and signature.first_seen != NO_TIME
    ]
    own = [signature for signature in of_step if signature.family == family]
    times = sum(signature.count for signature in own)
    if any(signature.sample.outcome == "accepted" for signature in own) or times < 2:  # noqa: PLR2004 - a rate needs two
        return None
    begin, end = min(one.first_seen for one in own), max(one.last_seen for one in own)
    others = [
        signature
        for signature in of_step
        if signature.family not in (family, None)
        and signature.sample.outcome == "accepted"
        and signature.first_seen < begin
    ]
    if turned is not None and replayed.target_history.starts[turned] > begin:
        return None
    usual = (end - begin) / (times - 1)
    if not others or begin - min(one.first_seen for one in others) <= _QUIET * usual:
        return None
    first = min(own, key=lambda signature: signature.first_seen).sample
    differences = [(token_change(one.sample, first, replayed.profile), one.family) for one in others]
    found = [(change, known) for change, known in differences if change is not None]
    if not found:
        return NewKind(begin, times, None)
    nearest, known = min(found, key=lambda pair: (not pair[0].same_workload, pair[0].distance))
    last = max(signature.last_seen for signature in of_step if signature.family == known)
    return NewKind(begin, times, nearest.dated(begin, last))
