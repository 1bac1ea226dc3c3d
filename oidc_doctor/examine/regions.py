"""A workload that AWS refuses in one Region and accepts in another, with no difference that was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from oidc_doctor.history.replayed_logs import ReplayedLogs
    from oidc_doctor.model.events import Signature

_LATEST = 2  # intervals between its refusals within which a Region was still tried at the end


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

    The token was tried there until the end, and not accepted after its refusals. Where the configuration that was read
    refuses them, it is the configuration that tells, and the outage of these attempts.
    """
    if replayed is None or replayed.cloud != "aws":
        return None
    for family in dict.fromkeys(one.family for one in of_token if one.family is not None):
        own = [one for one in of_token if one.family == family]
        refused = [one for one in own if one.sample.outcome == "refused" and not _is_explained(one, replayed)]
        accepted = [one for one in own if one.sample.outcome == "accepted"]
        for region in dict.fromkeys(name for one in refused for name, _ in one.regions):
            found = _in_region(region, refused, accepted, replayed)
            if found is not None:
                return found
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
    times = sum(count for one in refused for name, count in one.regions if name == region)
    if here is None or there is None or times < 2 or (later is not None and later[1] > here[1]):  # noqa: PLR2004 - a rate needs two
        return None
    usual = (here[1] - here[0]) / (times - 1)
    if not there[0] < here[1] or there[1] <= here[0] or there[1] - here[1] > _LATEST * usual:
        return None  # one Region after the other: the workload moved
    counted = [(name, count) for one in accepted for name, count in one.regions if name != region]
    newest = max((one for one in refused if region in dict(one.regions)), key=lambda one: one.last_seen)
    others = tuple(sorted({name for name, _ in counted}))
    return RefusedRegion(region, newest, here[0], times, others, sum(count for _, count in counted), there[1])


def _seen(
    signatures: Iterable[Signature], replayed: ReplayedLogs, region: str, *, inside: bool
) -> tuple[float, float] | None:
    """Return when attempts inside the Region, or outside of it, were first and last made."""
    return replayed.replayer.own_attempts.seen(
        [one.number for one in signatures],
        lambda _key, _identity, circumstance: (
            circumstance.region is not None and (circumstance.region == region) == inside
        ),
    )
