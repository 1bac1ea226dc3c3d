"""The Report: one value that text, markdown, JSON and the TUI render. Field names are those of the JSON contract."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from oidc_doctor.model.evidence import Coverage
from oidc_doctor.model.refusal import Side
from oidc_doctor.model.steps import Cloud, State

SCHEMA = "oidc-doctor.report/1"


@dataclass
class StepRow:
    """A step of an exchange."""

    id: str
    state: State
    at: str | None
    note: str


@dataclass
class Exchange:
    """One token presented to one cloud for one target."""

    id: str
    cloud: Cloud
    target_name: str
    resource: str | None
    subject: str | None
    claims_from: str  # token | hypothetical | event id
    prediction: Literal["accepted", "refused", "unknown"]
    step: str | None
    error: dict[str, Any] | None  # code, message, certain
    assumed: list[str]
    steps: list[StepRow]
    trace: dict[str, Any]
    token: dict[str, Any] = field(
        default_factory=dict
    )  # header, claims, times in words, subject segments; no signature


@dataclass
class Cause:
    """Why an exchange is refused, or may be."""

    code: str
    name: str
    cloud: Cloud
    exchange: str
    position: Literal["first", "next"]
    confidence: Literal["proven", "predicted", "suspected"]
    status: Literal["active", "past"]
    summary: str  # one sentence in plain words
    location: str  # the clause, in the cloud's own words
    expected: Side | None
    actual: Side | None
    step: str
    at: str | None = None  # where the clause was read
    fix: str = ""
    commands: tuple[str, ...] = ()
    settle: str = ""  # for a suspicion: what would settle it
    contradicts_observed: bool = False  # the observed error cannot come from this step
    confirmed_by: list[str] = field(default_factory=list)  # event ids
    timing: str = ""  # what the summary goes on with where a change is known
    since: str | None = None
    until: str | None = None
    since_basis: str | None = None  # first-failure, change, last-success
    change: dict[str, Any] | None = None
    token_change: dict[str, Any] | None = None
    mended_by: dict[str, Any] | None = None  # of a past cause: the change that ended it
    boundary: dict[str, Any] | None = None  # last_success, first_failure, and what lies between them
    session: dict[str, Any] | None = None  # of a permission: the refused calls, and the attempt that gave the session
    refused_since: int = 0  # logged attempts
    accepted_before: int = 0


@dataclass
class FindingRow:
    """One finding of a check."""

    message: str
    expected: Side | None = None
    actual: Side | None = None
    fix: str = ""
    cloud: Cloud | None = None
    target: str = ""  # the role or provider that it is about
    opens_to: str = ""  # who a trust is open to, as a singular noun


@dataclass
class CheckRow:
    """What one check said."""

    code: str
    name: str
    status: Literal["passed", "failed", "skipped", "broken"]
    effect: Literal["blocks", "weakens", "note"]
    reason: str
    findings: list[FindingRow] = field(default_factory=list)
    traceback: str = ""  # of a broken check: our bug; shown with -v only
    opens_trust: bool = False  # its findings say that others are accepted as well


@dataclass
class FixRow:
    """A proposed edit with its proof."""

    for_: str  # the cause's code; `for` in JSON
    diff: str
    commands: list[str]
    proof: str
    document: str = ""  # the whole document after the edit


@dataclass
class AttemptRow:
    """One signature of logged attempts."""

    cloud: Cloud
    target: str | None
    provider: str | None
    subject: str | None
    audience: str | None
    outcome: str
    error: str | None
    count: int
    first_seen: str
    last_seen: str
    replay: dict[str, Any] | None
    cause: str | None
    event_ids: list[str] = field(default_factory=list)
    family: str | None = None  # the subject with * for what is new in each run
    step: str = "exchange"  # or impersonate
    subjects: list[str] = field(default_factory=list)
    callers: list[dict[str, Any]] = field(default_factory=list)  # address, count
    regions: list[dict[str, Any]] = field(default_factory=list)  # region, count
    rate_per_hour: float | None = None
    counts: list[int] = field(default_factory=list)  # by bucket of the window
    inferred_from: str | None = None  # event id of the exchange that the subject was taken from


@dataclass
class Report:
    """The whole answer."""

    verdict: Literal["healthy", "refused", "unknown", "broken"]
    exit_code: int
    evaluated_at: str  # RFC 3339, UTC
    tool: dict[str, str]  # name, version
    target: list[dict[str, Any]]  # one per target: what was examined, each value with its origin
    window: dict[str, Any]  # from, to, basis
    exchanges: list[Exchange]
    causes: list[Cause]
    checks: list[CheckRow]
    fixes: list[FixRow]
    attempts: list[AttemptRow]
    timeline: list[dict[str, Any]]
    coverage: list[Coverage]
    headline: str = ""  # the first line for people
    observed: list[dict[str, str]] = field(default_factory=list)  # text, at
    warnings: list[str] = field(default_factory=list)
    comparisons: list[dict[str, Any]] = field(default_factory=list)  # of --compare, one per exchange
    account: list[dict[str, Any]] = field(default_factory=list)  # of --account, one per role and provider
