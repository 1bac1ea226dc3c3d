"""Events of the audit logs: attempts, denied calls of the sessions they issued, and writes of configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from oidc_doctor.model.document import Origin

Outcome = Literal["accepted", "refused", "unknown"]
Source = Literal["cloudtrail", "gcp-logs"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A logged attempt. The issuer writes subject and audience, the client user agent and session name."""

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
    access_key: str | None = None  # AWS: the session's access key id, by which later events name it


@dataclass(frozen=True, slots=True)
class Signature:
    """Attempts with the same cloud, step, target, provider, subject family, audience, outcome and error."""

    sample: Attempt  # the newest of them
    count: int
    first_seen: float  # epoch seconds
    last_seen: float
    event_ids: tuple[str, ...]  # newest first, at most 20
    number: int = -1  # of the key in the table of attempts
    family: str | None = None  # the subject with * for what is new in each deployment, commit or run
    subjects: tuple[str, ...] = ()  # newest first, at most 50 different ones
    callers: tuple[tuple[str, int], ...] = ()  # source addresses with counts, most frequent first, at most 20
    regions: tuple[tuple[str, int], ...] = ()
    counts: tuple[int, ...] = ()  # attempts by bucket of the report's window


@dataclass(frozen=True, slots=True)
class Change:
    """A logged write of configuration, done or refused. `record` is the event as logged, by whoever called."""

    cloud: Literal["aws", "gcp"]
    time: float  # epoch seconds, the cloud's clock
    what: str  # UpdateAssumeRolePolicy, UpdateWorkloadIdentityPoolProvider, …
    resource: str  # role name, provider ARN, provider's full name, service account (e-mail or unique id), project
    account: str | None  # AWS account of the resource, where the event has it
    by: str | None  # who wrote: the principal's ARN or e-mail
    event_id: str
    origin: Origin
    error_code: str | None = None  # the write was refused
    error_message: str | None = None
    record: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class SessionDenial:
    """Denied calls of a federated session: the exchange was accepted, the permission was not."""

    cloud: Literal["aws", "gcp"]
    service: str  # s3.amazonaws.com, storage.googleapis.com, …
    action: str
    target: str | None  # role ARN, or service account
    session: str | None  # AWS: access key id; Google: the mapped principal
    provider: str | None  # the issuer or provider that the session came through, as in the event
    error_code: str
    error_message: str | None
    resource: str | None
    time: float  # epoch seconds, of the newest
    first_seen: float
    count: int
    event_ids: tuple[str, ...]  # newest first, at most 20
    origin: Origin  # of the newest
    shared_id: str | None = None  # AWS: the id that the copies of the event in several accounts share


def error_of(event: Attempt | Change | SessionDenial) -> str:
    """Return the recorded error, `code: message`; "" where nothing was refused."""
    return ": ".join(text for text in (event.error_code, event.error_message) if text)


@dataclass(frozen=True, slots=True)
class LogCoverage:
    """The records that the log reader read, and every problem with them."""

    source: Source
    files: int = 0
    events: int = 0  # all records read, kept or not
    duplicates: int = 0
    first: float | None = None  # of all records, and of the periods of extracts: the window that the files cover
    last: float | None = None
    newest: float | None = None  # of all records
    problems: tuple[str, ...] = ()  # "file: place: what", in words
    notes: tuple[str, ...] = ()  # likewise, for files that were read in full
    services: frozenset[str] = frozenset()  # services seen among the records, by which missing events are judged
    regions: frozenset[str] = frozenset()  # AWS: Regions seen among the records and in the names of trail files
    selective: bool = False  # a source returned only the events that a report reads, so other services prove nothing
    is_cut: bool = False  # the manifest says that records of its period were left out
