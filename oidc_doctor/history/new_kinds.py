"""Find kinds of token that first appear late in the logs and were never accepted.

Earlier successes of other kinds prove nothing about such a token, and a write before its first attempt did not break
it, unless the configuration before the write is known to accept it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.history.token_change import TokenChange, token_change
from oidc_doctor.logs.records.cloudtrail import NO_TIME

if TYPE_CHECKING:
    from oidc_doctor.history.outage_search import ExplainedOutage
    from oidc_doctor.history.replayed_logs import ReplayedLogs

_QUIET = 2  # a workload that calls at intervals would have called within this many intervals
# Outages that may have begun with the kind of token itself. The others are explained by evidence.
_OPEN = frozenset({"configuration", "one-of-several", "unlogged-change", "all-along", "unknown"})


class NewKind(NamedTuple):
    """The attempts of a kind of token that was never accepted. Times are epoch seconds."""

    begin: float
    times: int
    difference: TokenChange | None  # from the most similar kind that was accepted before


def new_kind(explained: ExplainedOutage, replayed: ReplayedLogs, subject: str | None) -> NewKind | None:
    """Return the subject's kind of token if the outage began with its first attempt; else None."""
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
    begin, end = min(other.first_seen for other in own), max(other.last_seen for other in own)
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
    if not others or begin - min(other.first_seen for other in others) <= _QUIET * usual:
        return None
    first = min(own, key=lambda signature: signature.first_seen).sample
    differences = [(token_change(other.sample, first, replayed.profile), other.family) for other in others]
    comparable = [(change, nearest_family) for change, nearest_family in differences if change is not None]
    if not comparable:
        return NewKind(begin, times, None)
    nearest, nearest_family = min(comparable, key=lambda pair: (not pair[0].same_workload, pair[0].distance))
    last = max(signature.last_seen for signature in of_step if signature.family == nearest_family)
    return NewKind(begin, times, nearest.dated(begin, last))
