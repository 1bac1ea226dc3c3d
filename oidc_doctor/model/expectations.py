"""The result of `expect`: what became of each expectation of a trust.

Names of fields are those of the published JSON, `oidc-doctor.expect/1`. Subjects and words hold values from tokens and
policies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from oidc_doctor.model.document import Origin
from oidc_doctor.model.report import NamedRefusal
from oidc_doctor.model.steps import Cloud
from oidc_doctor.model.unknown_value import UnknownValue

SCHEMA = "oidc-doctor.expect/1"

Outcome = Literal["met", "broken", "unknown"]
Expects = Literal["accepted", "refused", "strangers", "allowed", "denied"]
Decided = Literal["accepted", "refused", "allowed", "denied", "unknown"]


class StrangerResult(NamedTuple):
    """A synthetic token that is not certainly refused."""

    who: str  # a singular noun: another org, a stranger
    subject: str
    decision: Literal["accepted", "unknown"]
    issuer: str = ""  # where it differs from the token that it is derived from
    audience: str = ""  # where it differs


class ExpectationResult(NamedTuple):
    """One entry of an [[expect]] table, judged for one target and cloud."""

    expects: Expects
    outcome: Outcome
    target: str  # its name; a plan's address
    cloud: Cloud
    resource: str  # the role ARN or the provider's name; "" if the evidence names none
    subject: str  # of the token; of `strangers` that of the accepted tokens is not repeated: ""
    written: str  # the entry as written: a subject, claims, an action with its resource
    decided: Decided
    at: Origin  # of the entry in the file of expectations
    name: str = ""  # of the table
    audience: str = ""  # of the token that was judged, where the file does not name it
    audience_from: str = ""  # in words, whose value it is
    reason: str = ""  # of broken and unknown: a full sentence
    fix: str = ""  # the next step, a full sentence
    commands: tuple[str, ...] = ()
    cause: NamedRefusal | None = None  # what refuses, or may refuse
    place: Origin | None = None  # of the clause that decides
    in_folder: tuple[Origin, ...] = ()  # of `at` and `place`, those in files below the working folder
    tried: int = 0  # synthetic tokens of `strangers`
    strangers: tuple[StrangerResult, ...] = ()
    unknown_values: tuple[UnknownValue, ...] = ()

    @property
    def why(self) -> str:
        """Return what breaks it, or leaves it open, in words; "" where it is met."""
        return self.reason or (self.cause.headline if self.cause is not None else "")


@dataclass
class Expectations:
    """A run over a file of expectations."""

    exit_code: int
    evaluated_at: str  # RFC 3339, UTC
    tool: dict[str, str]  # name, version
    file: str
    results: list[ExpectationResult] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)  # what no evidence shows, each completes "assumed: …"
    warnings: list[str] = field(default_factory=list)

    def count(self, outcome: Outcome) -> int:
        """Return the number of results with this outcome."""
        return sum(result.outcome == outcome for result in self.results)
