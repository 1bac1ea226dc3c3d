"""What a run finds by comparing the present with the configuration of the last time, or with earlier logs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, NamedTuple, Protocol

from oidc_doctor.model.document import Origin
from oidc_doctor.model.refusal import Side
from oidc_doctor.model.times import on_calendar


def on(instant: float | None) -> str:
    """Format epoch seconds as `on 21 Nov 2026 22:40 UTC`; an unknown time is `last time`."""
    if instant is None or not on_calendar(instant):
        return "last time"
    return "on " + datetime.fromtimestamp(instant, UTC).strftime("%d %b %Y %H:%M UTC").lstrip("0")


def apart(then: Side, now: Side) -> tuple[Side, Side]:
    """Return both sides with the characters marked in which they differ."""
    left, right = then.value, now.value
    start = _common(left, right)
    end = _common(left[start:][::-1], right[start:][::-1])
    sides = []
    for side in (then, now):
        span = (start, len(side.value) - end)
        sides.append(side._replace(spans=(span,) if span[0] < span[1] else ()))
    return sides[0], sides[1]


def _common(left: str, right: str) -> int:
    """Return how many characters both texts begin with."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(left), len(right)))


class Widening(NamedTuple):
    """A kind of token that the configuration accepts now, and that an earlier configuration refused.

    Subject, issuer and audience are synthetic, or those of a logged attempt.
    """

    who: str  # a singular noun: another team, any Baseten customer
    subject: str
    clause: str  # what accepts it now: Statement[0], the attribute condition, a member of an allow policy
    now: Side  # that clause's text
    then: Side | None = None  # what refused it
    audience: str = ""  # where it differs from the exchange's own
    issuer: str = ""
    others: tuple[str, ...] = ()  # further kinds of token that the same clause accepts now, and that were refused
    at: float | None = None  # of the configuration that refused it, epoch seconds; for a logged write, its time
    by: str = ""  # who wrote the change, where it is logged
    call: str = ""  # UpdateAssumeRolePolicy
    event_id: str = ""


class IssuerChange(NamedTuple):
    """A difference between what an issuer publishes now and what it published the last time.

    `part`: issuer, host (of jwks_uri), key (other material under the same id), keys (ids), algorithms.
    """

    part: Literal["issuer", "host", "key", "keys", "algorithms"]
    then: Side
    now: Side
    at: float | None = None  # of the last time, epoch seconds
    gone: tuple[str, ...] = ()  # values of a list that are no longer in it
    added: tuple[str, ...] = ()
    name: str = ""  # the key's id


class LostPermission(NamedTuple):
    """A read of the configuration that a cloud allowed the last time, and denied in this run."""

    permission: str  # iam:GetRole, iam.workloadIdentityPools.get
    resource: str  # an ARN, or a Google name; "*" or "" if any
    path: str  # of the file in a bundle that the read fills
    reason: str  # the call with the service's own message
    at: float | None = None  # when it was allowed, epoch seconds


class LoggingOff(NamedTuple):
    """A Google service whose Data Access logs an allow policy switched on the last time, and no longer does."""

    calls: str  # Exchanges, Impersonations
    service: str  # sts.googleapis.com
    place: str  # project, folder, organization
    is_off: bool  # False: another policy, which was not read, may switch it on
    then: Side
    now: Side


class Stop(NamedTuple):
    """A workload whose exchanges succeeded regularly, and of which no attempt was logged since."""

    workload: str  # its subject, with * for what is new in each deployment, commit or run
    target: str  # role ARN, or the provider's full name
    successes: int  # in the window
    first: float  # epoch seconds, the cloud's clock
    last: float
    longest: float  # seconds between two of them, at most
    until: float  # as far as the logs reach
    region: str = ""  # AWS, of its last success
    at: Origin | None = None  # of its last success


class Widened(Protocol):
    """Answers who passes a trust now and did not before. May raise NotReadError."""

    @property
    def cloud(self) -> Literal["aws", "gcp"]:
        """The cloud of the exchange."""

    @property
    def resource(self) -> str:
        """The role's ARN or the provider's name; empty where the target names none."""

    def widenings(self) -> list[Widening]:
        """The widest kind of token for each clause that accepts it now."""


class Stopped(Protocol):
    """Answers which workloads stopped, by the logs. May raise NotReadError."""

    def stops(self) -> list[Stop]:
        """Workloads that succeeded regularly, and of which no attempt was logged since."""
