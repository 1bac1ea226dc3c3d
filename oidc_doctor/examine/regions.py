"""Find workloads that AWS refuses in one Region and accepts in others, without a visible difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from oidc_doctor.history.replayed_logs import ReplayedLogs
    from oidc_doctor.model.events import Signature

_LATEST = 2  # a Region counts as still in use within this many intervals between its refusals


class RefusedRegion(NamedTuple):
    """The refusals of a kind of token in one Region, and its successes in others. Times are epoch seconds."""

    region: str
    signature: Signature  # the newest of the refusals
    begin: float
    times: int
    others: tuple[str, ...]  # Regions
    accepted: int  # in these
    accepted_last: float


def refused_region(of_token: Sequence[Signature], replayed: ReplayedLogs | None) -> RefusedRegion | None:
    """Return the Region in which a token is refused while it is accepted in others; None without a difference.

    The token was tried there until the end, and not accepted after its refusals. If the configuration that was read
    refuses the attempts, that configuration and their outage explain them instead.
    """
    if replayed is None or replayed.cloud != "aws":
        return None
    for family in dict.fromkeys(signature.family for signature in of_token if signature.family is not None):
        own = [signature for signature in of_token if signature.family == family]
        refused = [
            signature
            for signature in own
            if signature.sample.outcome == "refused" and not _is_explained(signature, replayed)
        ]
        accepted = [signature for signature in own if signature.sample.outcome == "accepted"]
        for region in dict.fromkeys(name for signature in refused for name, _ in signature.regions):
            report = _in_region(region, refused, accepted, replayed)
            if report is not None:
                return report
    return None


def _is_explained(signature: Signature, replayed: ReplayedLogs) -> bool:
    verdict = replayed.target_history.verdicts.get(signature.number)
    return verdict is None or verdict[0].stands_against


def _in_region(
    region: str, refused: Sequence[Signature], accepted: Sequence[Signature], replayed: ReplayedLogs
) -> RefusedRegion | None:
    here = _seen(refused, replayed, region, inside=True)
    there = _seen(accepted, replayed, region, inside=False)
    later = _seen(accepted, replayed, region, inside=True)
    times = sum(count for signature in refused for name, count in signature.regions if name == region)
    if here is None or there is None or times < 2 or (later is not None and later[1] > here[1]):  # noqa: PLR2004 - a rate needs two
        return None
    usual = (here[1] - here[0]) / (times - 1)
    if not there[0] < here[1] or there[1] <= here[0] or there[1] - here[1] > _LATEST * usual:
        return None  # one Region after the other: the workload was moved
    counted = [(name, count) for signature in accepted for name, count in signature.regions if name != region]
    newest = max(
        (signature for signature in refused if region in dict(signature.regions)),
        key=lambda signature: signature.last_seen,
    )
    others = tuple(sorted({name for name, _ in counted}))
    return RefusedRegion(region, newest, here[0], times, others, sum(count for _, count in counted), there[1])


def _seen(
    signatures: Iterable[Signature], replayed: ReplayedLogs, region: str, *, inside: bool
) -> tuple[float, float] | None:
    """Return the times of the first and last attempt inside the Region, or outside it."""
    return replayed.replayer.own_attempts.seen(
        [signature.number for signature in signatures],
        lambda _key, _identity, circumstance: (
            circumstance.region is not None and (circumstance.region == region) == inside
        ),
    )
