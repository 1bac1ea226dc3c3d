"""The result of a health run: every target's state and findings, compared with the last run.

Names of fields are those of the published JSON, `oidc-doctor.health/1`. Times are RFC 3339, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from oidc_doctor.model.report import Confidence, Report

SCHEMA = "oidc-doctor.health/1"

# `unread`: the evidence could not be read, so the target is neither healthy nor failing; `unknown`: everything was read
# and does not decide; `broken`: oidc-doctor itself failed on it.
TargetState = Literal["healthy", "failing", "unknown", "unread", "broken"]
Change = Literal["new", "continuing", "changed", "resolved"]
Effect = Literal["blocks", "weakens", "note"]


class Suppression(NamedTuple):
    """A [[suppress]] table of the user's own oidc-doctor.toml."""

    code: str
    resource: str
    reason: str
    owner: str
    until: str  # the last day on which it applies, YYYY-MM-DD, in UTC
    target: str = ""  # "" is every target
    at: str = ""  # where it was read: oidc-doctor.toml:12
    expired: bool = False  # on the day of this run
    used: int = 0  # findings of this run that it matches


class HealthFinding(NamedTuple):
    """A cause, or a finding of a check, that a target has or had. Its words hold values from tokens and policies."""

    code: str
    name: str
    resource: str  # the role ARN, the provider's name or the issuer that it is about; "" is the target
    effect: Effect
    headline: str  # a full sentence
    change: Change
    since: str  # the first run that saw it
    fingerprint: str  # of the values that it is about, the same in each run until one of them changes
    cloud: str = ""  # aws | gcp | ""
    confidence: Confidence | None = None  # of a cause; None for a finding of a check
    fix: str = ""  # the next step, as a full sentence
    at: str = ""  # where the clause was read
    checked: str = ""  # the last run that saw it: earlier than this run if its evidence could not be read this time
    was: str = ""  # of `changed`: the headline before
    until: str = ""  # of `resolved`: this run
    suppressed: Suppression | None = None

    @property
    def is_active(self) -> bool:
        """Whether the target has it now, as far as could be read, and no suppression covers it."""
        return self.change != "resolved" and self.suppressed is None


@dataclass
class TargetHealth:
    """A target of a run."""

    name: str
    resources: list[str]  # role ARNs and providers' names
    state: TargetState
    since: str  # the first run in which it had this state
    findings: list[HealthFinding] = field(default_factory=list)  # in the order of the report; resolved ones last
    was: TargetState | None = None  # the state of the last run, if another
    was_since: str = ""
    reason: str = ""  # of unread, unknown and broken: why, in one sentence
    last_read: str = ""  # the last run that could read it; "" if none could
    seconds: float = 0.0  # how long reading and judging took
    source: str = "live"  # or the bundle's path, as in the file
    traceback: str = ""  # of broken: a defect of ours
    report: Report | None = None  # None if there is none, as for a bundle that cannot be opened
    attempts: list[int] = field(default_factory=list)  # logged attempts, by equal parts of the window
    refused: list[int] = field(default_factory=list)  # those that were refused among them


@dataclass
class Health:
    """A run over every target."""

    exit_code: int
    evaluated_at: str
    tool: dict[str, str]  # name, version
    targets: list[TargetHealth]
    first: bool = False  # no earlier run to compare with: this one makes the baseline
    last_run: str = ""  # the run that it is compared with
    seconds: float = 0.0
    suppressions: list[Suppression] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)  # targets of the last run that the file no longer names
    warnings: list[str] = field(default_factory=list)
    undelivered: int = 0  # messages of earlier runs that a receiver has not accepted yet
