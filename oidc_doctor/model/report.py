"""The Report: one value that text, markdown, JSON and the TUI render. Field names are those of the JSON contract."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from oidc_doctor.model.access import AccessDecision
from oidc_doctor.model.alone import Alone
from oidc_doctor.model.evidence import Coverage
from oidc_doctor.model.obstacle import Obstacle
from oidc_doctor.model.proposed import Proposed
from oidc_doctor.model.refusal import Clause, Refusal, Side
from oidc_doctor.model.steps import Cloud, State

SCHEMA = "oidc-doctor.report/1"


class StepRow(NamedTuple):
    """A step of an exchange."""

    id: str
    state: State
    at: str | None
    note: str


class Read(NamedTuple):
    """A position in an expression that reads a path, such as ("assertion", "sub"). `start`, `end` count characters."""

    keys: tuple[str, ...]
    start: int
    end: int


class DecidingFile(NamedTuple):
    """A file of the bundle that decides a step, and the vendor's command that prints it, with {names} in it."""

    path: str
    printed_by: str = ""
    planned_by: str = ""  # of a plan: what puts the resource into it, as a sentence


class AllowedSubjects(NamedTuple):
    """Subjects that a configuration allows: their required parts by the issuer's names, and the owners left open."""

    required: tuple[tuple[str, str], ...]  # ("org", "Org8Kd2P")
    open_to: tuple[str, ...]  # "team": any value
    pattern: str  # the condition's own text; empty for Google, whose expression has no pattern
    at: str  # where it was read


class MissingToken(NamedTuple):
    """How to find the missing token, or its subject."""

    issuer: str = ""  # its address, if the configuration names exactly one
    subject: str = ""  # the beginning of a subject, as an example
    command: str = ""  # the vendor's command that shows the owner of the user's workload tokens


@dataclass
class Exchange:
    """A token presented to one cloud for one target."""

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
    reads: dict[str, tuple[Read, ...]] = field(default_factory=dict)  # by mapped attribute; "" is the condition
    decided_by: dict[str, tuple[DecidingFile, ...]] = field(default_factory=dict)  # by step id, most decisive first
    accesses: tuple[AccessDecision, ...] = ()  # the calls that the workload makes with its session
    last_attempt: dict[str, Any] | None = None  # the newest logged attempt of its token
    missing_token: MissingToken | None = None  # if no token was supplied or logged
    allows: tuple[AllowedSubjects, ...] = ()  # filled if no token was supplied


Confidence = Literal["proven", "predicted", "suspected"]
Verdict = Literal["healthy", "refused", "unknown", "broken"]


class NamedRefusal(NamedTuple):
    """A refusal under the name and in the words of its cause check. Words hold values from tokens and policies."""

    refusal: Refusal
    code: str
    name: str
    headline: str  # completes "AWS refuses this token: …"
    fix: str = ""  # the next step, as a full sentence
    commands: tuple[str, ...] = ()
    broken: str = ""  # the traceback of a failed check: a defect of ours
    documents: tuple[tuple[str, str], ...] = ()  # title and address of the vendors' pages that the check cites


class Timing(NamedTuple):
    """When a cause began and ended, as far as the logs show. Times are RFC 3339, UTC."""

    since: str | None = None
    until: str | None = None
    since_basis: str | None = None  # first-failure, change, last-success
    change: dict[str, Any] | None = None  # the write of configuration that caused it
    token_change: dict[str, Any] | None = None  # or the difference in the token that caused it
    mended_by: dict[str, Any] | None = None  # of a past cause: the change that ended it
    repairs_refused: tuple[dict[str, Any], ...] = ()  # failed logged writes that would have ended it
    boundary: dict[str, Any] | None = None  # last_success, first_failure, and the writes between them
    session: dict[str, Any] | None = None  # of a permission: the denied calls, and the attempt that issued the session
    refused_since: int = 0  # logged attempts
    accepted_before: int = 0
    kinds: int = 1  # of token, among the refused attempts
    refused_of_kind: int = 0  # those of this exchange's kind of token among them
    flips: bool = False  # the decision changes when the outcome changed, and only this clause refuses


UNDATED = Timing()


class Cause(NamedTuple):
    """Why an exchange is or may be refused: a named refusal, its time, and the logged events that confirm it."""

    exchange: str
    named: NamedRefusal
    timing: Timing = UNDATED
    confirmed_by: tuple[str, ...] = ()  # event ids
    position: Literal["first", "next"] = "next"
    status: Literal["active", "past"] = "active"
    contradicts_observed: bool = False  # the observed error cannot come from this step

    @property
    def code(self) -> str:
        """The code of its check."""
        return self.named.code

    @property
    def name(self) -> str:
        """The name of its check."""
        return self.named.name

    @property
    def headline(self) -> str:
        """The fault in words: completes "AWS refuses this token: …". It quotes values of tokens and policies."""
        return self.named.headline

    @property
    def fix(self) -> str:
        """The next step, as a full sentence."""
        return self.named.fix

    @property
    def commands(self) -> tuple[str, ...]:
        """Commands of the next step, ready to paste."""
        return self.named.commands

    @property
    def since(self) -> str | None:
        """When it began, as far as the logs show: RFC 3339, UTC."""
        return self.timing.since

    @property
    def until(self) -> str | None:
        """When it ended, of a past cause: RFC 3339, UTC."""
        return self.timing.until

    @property
    def cloud(self) -> Cloud:
        """The cloud that refuses."""
        return self.named.refusal.cloud

    @property
    def step(self) -> str:
        """The step that refuses."""
        return self.named.refusal.step

    @property
    def clause(self) -> Clause:
        """The clause that decides."""
        return self.named.refusal.clause

    @property
    def expected(self) -> Side | None:
        """The configuration's side of the difference."""
        return self.named.refusal.expected

    @property
    def actual(self) -> Side | None:
        """The token's or request's side of the difference."""
        return self.named.refusal.actual

    @property
    def at(self) -> str | None:
        """Where the clause was read."""
        return str(self.named.refusal.where) if self.named.refusal.where else None

    @property
    def settle(self) -> str:
        """For a suspicion: the evidence that would settle it."""
        refusal = self.named.refusal
        return "" if refusal.certain else refusal.settle or "the values that were not given"

    @property
    def is_remark(self) -> bool:
        """Whether it is the expiry of a saved token, and a new token would be refused as well."""
        return bool(self.named.refusal.fact("saved"))

    @property
    def confidence(self) -> Confidence:
        """`proven` by the observed sentence or by a changed decision; `suspected` if a value is unknown."""
        if not self.named.refusal.certain:
            return "suspected"
        return "proven" if self.named.refusal.named_by_error or self.timing.flips else "predicted"


class FindingRow(NamedTuple):
    """A finding of a check."""

    message: str
    expected: Side | None = None
    actual: Side | None = None
    fix: str = ""
    cloud: Cloud | None = None
    target: str = ""  # the role or provider that it is about
    opens_to: str = ""  # who a trust is open to, as a singular noun
    commands: tuple[str, ...] = ()  # of the fix


# What a finding is about: the target; how far the evidence of this run shows it; what changed since an earlier read,
# which passes by itself. Health checks report the first, and the last once.
About = Literal["target", "evidence", "change"]


@dataclass
class CheckRow:
    """The result of one check."""

    code: str
    name: str
    status: Literal["passed", "failed", "skipped", "broken"]
    effect: Literal["blocks", "weakens", "note"]
    reason: str
    findings: list[FindingRow] = field(default_factory=list)
    traceback: str = ""  # of a broken check: a defect of ours; shown only with -v
    opens_trust: bool = False  # its findings report that others are accepted as well
    early: bool = False  # its findings are about what works now, and is known to stop working
    about: About = "target"
    page: str = ""  # the check's page, as `oidc-doctor explain` prints it; "" in a row that no check made
    undecided: bool = False  # of a skipped check: what it needs was not read, so an earlier finding may still hold


FixKind = Literal["restore", "add", "correct", "create"]


class Tried(NamedTuple):
    """The other tokens that an edit was tried with."""

    strangers: int = 0  # synthetic tokens that the configuration refused before
    let_in: int = 0  # of these, tokens that pass after it: always 0, or the edit is not proposed
    seen: int = 0  # subjects that the logs show as accepted, and that passed before
    lost: int = 0  # of these, subjects that are refused after it: always 0


@dataclass
class FixRow:
    """A proposed edit of one document, with its proof.

    If an edit concerns several documents, each has a row, and `with_files` names the others.
    """

    for_: str  # the cause's code; `for` in JSON
    diff: str
    commands: list[str]
    proof: str
    document: str = ""  # the whole document after the edit
    kind: FixKind = "add"
    file: str = ""  # where the document was read, or the bundle's path of a new one
    also_for: list[str] = field(default_factory=list)  # codes of further causes that the same edit cures
    with_files: list[str] = field(default_factory=list)
    opens_to: list[str] = field(default_factory=list)  # others of the team that pass with it because of its patterns
    closes_to: list[str] = field(default_factory=list)  # workloads that pass now but not with it
    tried: Tried = field(default_factory=Tried)
    terraform: str = ""
    verify: list[str] = field(default_factory=list)  # commands
    undo: list[str] = field(default_factory=list)  # commands
    gaps: list[str] = field(default_factory=list)  # placeholders of the commands that the reader fills in
    exchange: str = ""  # the exchange that it was proven on
    summary: str = ""  # the edit in words, which replace the check's; empty to use the check's words
    also: str = ""  # a further sentence
    headline: str = ""  # the edit of this document in one sentence


@dataclass
class AttemptRow:
    """A signature of logged attempts."""

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
    principal: str | None = None  # Google: principal://…, as in the newest entry


@dataclass
class Report:
    """The complete report."""

    verdict: Verdict
    exit_code: int
    evaluated_at: str  # RFC 3339, UTC
    tool: dict[str, str]  # name, version
    target: list[dict[str, Any]]  # one per target, each value with its origin
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
    volumes: list[dict[str, Any]] = field(default_factory=list)  # attempts by day, of large logs
    account: list[dict[str, Any]] = field(default_factory=list)  # of --account, one per role and provider
    obstacles: list[Obstacle] = field(default_factory=list)  # of a live run; they come before everything else
    alone: Alone | None = None  # the report on a single piece of evidence
    proposed: Proposed | None = None  # of --with: what a changed document would do; it decides headline and exit code
    command: str = ""  # the command line that made it, quoted for a shell, without secrets; "" from the library
    profile: str = ""  # of a live run: the AWS profile that was selected
