"""A report, and the assertions that tests of checks and of the examination share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from oidc_doctor.findings import packs, run_checks
from oidc_doctor.report.parts.sentences import summary

if TYPE_CHECKING:
    from oidc_doctor.model.report import AttemptRow, Cause, CheckRow, Exchange, Report, StepRow


@dataclass(frozen=True)
class SeenCause:
    """A cause as the report shows it: its named refusal, timing and sentence under the names of the JSON contract."""

    cause: Cause

    def __getattr__(self, name: str) -> Any:
        owners = (self.cause, self.cause.named, self.cause.timing)
        return getattr(next((owner for owner in owners if hasattr(owner, name)), self.cause), name)

    @property
    def summary(self) -> str:
        """The sentence."""
        return summary(self.cause)

    @property
    def words_of_check(self) -> str:
        """The fix in the check's own words, which the words of a proven edit may replace."""
        refusal = self.cause.named.refusal
        return run_checks.say(run_checks.by_kind(packs.all_checks()).get(refusal.kind), refusal)[0].fix

    @property
    def location(self) -> str:
        """The clause, in the cloud's own words."""
        return str(self.cause.clause)

    @property
    def confirmed_by(self) -> list[str]:
        """The event ids."""
        return list(self.cause.confirmed_by)


@dataclass
class Answer:
    """A report, with what tests ask of it."""

    report: Report

    @property
    def causes(self) -> list[SeenCause]:
        """The causes, in order."""
        return [SeenCause(cause) for cause in self.report.causes]

    @property
    def names(self) -> list[str]:
        """The causes' names, in order."""
        return [cause.name for cause in self.report.causes]

    @property
    def first(self) -> SeenCause:
        """The cause that is put first."""
        assert self.report.causes, f"no causes; {self.steps()}"
        first = self.report.causes[0]
        assert first.position == "first"
        assert all(cause.position == "next" for cause in self.report.causes[1:])
        return SeenCause(first)

    @property
    def accepted(self) -> bool:
        """Every exchange is predicted to be accepted, and nothing is said to be wrong."""
        good = all(
            exchange.prediction == "accepted" and exchange.step is None and exchange.error is None
            for exchange in self.report.exchanges
        )
        return good and bool(self.report.exchanges) and not self.report.causes and self.report.verdict == "healthy"

    def refused(
        self,
        name: str,
        step: str,
        error: tuple[str, str] | None = None,
        *,
        cloud: str = "",
        confidence: str = "predicted",
    ) -> SeenCause:
        """The first cause, of this name: the exchange refuses at `step` with `error`, and all that says so agrees."""
        first = self.first
        assert (first.name, first.confidence, first.step) == (name, confidence, step), (self.names, self.steps())
        exchange = self.exchange(cloud)
        assert (exchange.prediction, exchange.step) == ("refused", step), self.steps()
        assert self.state(step, cloud) == "refused"
        assert exchange.error is not None
        if error is not None:
            assert (exchange.error["code"], exchange.error["message"]) == error
        assert self.check(name).status == "failed"
        assert self.check(name).findings[0].message == first.summary
        assert (self.report.verdict, self.report.exit_code) == ("refused", 1)
        assert first.fix
        return first

    def suspected(self, name: str, cloud: str = "") -> SeenCause:
        """The cause of this name, a suspicion only: nothing is predicted from it, and its check did not pass."""
        cause = self.cause(name)
        assert cause.confidence == "suspected"
        assert " may " in cause.summary
        assert cause.settle
        assert self.exchange(cloud).prediction != "refused", self.steps()
        assert self.check(name).status == "skipped"
        assert self.check(name).reason.startswith("suspected only")
        return cause

    def skipped(self, name: str) -> CheckRow:
        """Return the row of a check that was skipped: it neither passed nor failed."""
        row = self.check(name)
        assert name not in self.names
        assert (row.status, row.findings) == ("skipped", [])
        assert row.reason
        return row

    def passed(self, name: str) -> CheckRow:
        """Return the row of a check that found nothing."""
        row = self.check(name)
        assert name not in self.names
        assert (row.status, row.findings) == ("passed", [])
        return row

    def found(self, name: str) -> list[str]:
        """The findings of a weakness or log check, which never make a cause."""
        row = self.check(name)
        assert row.status == "failed"
        assert row.effect != "blocks"
        assert name not in self.names
        assert all(finding.fix for finding in row.findings)
        return [finding.message for finding in row.findings]

    def cause(self, name: str) -> SeenCause:
        """The cause of a name."""
        assert name in self.names, (name, self.names, self.steps())
        return next(cause for cause in self.causes if cause.name == name)

    def check(self, name: str) -> CheckRow:
        """Return the row of a check."""
        return next(row for row in self.report.checks if row.name == name)

    def exchange(self, cloud: str = "") -> Exchange:
        """The exchange with a cloud; the only one, where no cloud is given."""
        exchanges = [exchange for exchange in self.report.exchanges if cloud in ("", exchange.cloud)]
        assert len(exchanges) == 1, [exchange.id for exchange in self.report.exchanges]
        return exchanges[0]

    def step(self, name: str, cloud: str = "") -> StepRow:
        """The row of a step."""
        return next(row for row in self.exchange(cloud).steps if row.id == name)

    def state(self, name: str, cloud: str = "") -> str:
        """The state of a step."""
        return self.step(name, cloud).state

    def steps(self) -> dict[str, dict[str, str]]:
        """All states, for assertion messages."""
        return {exchange.id: {row.id: row.state for row in exchange.steps} for exchange in self.report.exchanges}

    def error(self, cloud: str = "") -> tuple[str, str]:
        """Code and message that are predicted."""
        error = self.exchange(cloud).error
        assert error is not None, self.steps()
        return error["code"], error["message"]

    def error_is_certain(self, cloud: str = "") -> bool:
        """Whether the predicted error is given as certain."""
        error = self.exchange(cloud).error
        assert error is not None, self.steps()
        return bool(error["certain"])

    def coverage(self, what: str) -> str:
        """The status of a coverage row."""
        return next(row.status for row in self.report.coverage if row.what == what)

    def attempt(self, event_id: str) -> AttemptRow:
        """The logged attempt with an event."""
        return next(row for row in self.report.attempts if event_id in row.event_ids)


def marked(side: Any) -> str:
    """A side's value with the differing characters in brackets."""
    text, end = "", 0
    for start, stop in side.spans:
        text += side.value[end:start] + "[" + side.value[start:stop] + "]"
        end = stop
    return f"{text}{side.value[end:]}"
