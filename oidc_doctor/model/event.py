"""Logged attempts: one exchange or impersonation that a cloud recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from oidc_doctor.model.evidence import Origin

Outcome = Literal["accepted", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One logged attempt. Subject and audience are the token's own words; user agent and caller are the client's."""

    cloud: Literal["aws", "gcp"]
    step: Literal["exchange", "impersonate"]
    time: float  # epoch seconds, the cloud's clock
    target: str | None  # role ARN, or the provider's full name (for an impersonation: the service account)
    provider: str | None  # provider ARN or full name, as in the event
    subject: str | None
    audience: str | None
    outcome: Outcome
    error_code: str | None
    error_message: str | None
    event_id: str
    origin: Origin
    region: str | None = None
    caller: str | None = None  # source address
    user_agent: str | None = None
    session_name: str | None = None
    duration_seconds: int | None = None
    service_account: str | None = None
    mapped_principal: str | None = None  # principal://… as Google mapped it
    claims: tuple[tuple[str, str], ...] = ()  # further claims that the event carries (tags, source identity)
    inferred_from: str | None = None  # event id of the exchange that subject, provider and principal were taken from


@dataclass(frozen=True, slots=True)
class AttemptGroup:
    """Attempts that share cloud, step, target, provider, subject, audience, outcome and error."""

    sample: Attempt  # the newest of them
    count: int
    first_seen: float
    last_seen: float
    event_ids: tuple[str, ...]  # newest first, at most 20


@dataclass(frozen=True, slots=True)
class LogCoverage:
    """What the log reader met: nothing is lost in silence."""

    source: Literal["cloudtrail", "gcp-logs"]
    files: int = 0
    events: int = 0  # all records read, wanted or not
    duplicates: int = 0
    first: float | None = None  # of all records: the window that the files cover
    last: float | None = None
    problems: tuple[str, ...] = ()  # "file: place: what", in words
    services: frozenset[str] = frozenset()  # services seen among the records, so that silence can be judged
    regions: frozenset[str] = frozenset()  # AWS: Regions seen among the records and in the names of trail files
