"""What a report found, as the formats for programs list it: each exchange's state, its causes, and other findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.report.parts import sentences
from oidc_doctor.report.parts.fingerprint import fingerprint_of_cause, fingerprint_of_finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.model.document import Origin
    from oidc_doctor.model.health import Effect, TargetState
    from oidc_doctor.model.refusal import Side
    from oidc_doctor.model.report import About, Cause, CheckRow, Confidence, Exchange, FindingRow, Report


class Found(NamedTuple):
    """An active cause, or a finding of a failed check. Its words hold values from tokens and policies."""

    code: str
    name: str
    effect: Effect
    headline: str  # a full sentence
    resource: str  # the role ARN or the provider's name that it is about; "" if the finding names none
    cloud: str
    fingerprint: str
    fix: str
    expected: Side | None
    actual: Side | None
    origin: Origin | None = None  # of the clause
    clause: str = ""
    exchange: str = ""  # of a cause
    confidence: Confidence | None = None  # of a cause
    commands: tuple[str, ...] = ()
    about: About = "target"

    @property
    def place(self) -> Origin | None:
        """Where it was read: the clause, else the configured value, else the token's."""
        sides = [side.at for side in (self.expected, self.actual) if side is not None and side.at is not None]
        known = [self.origin] if self.origin is not None else []
        return next(iter(known + sorted(sides, key=lambda origin: origin.of_token or bool(origin.event_id))), None)


def found(report: Report) -> list[Found]:
    """Return the active causes and the findings of the other failed checks, in the order of the report, each once.

    A suspicion counts unless a certain cause explains the exchange, or the cloud accepts its token.
    """
    exchanges = {exchange.id: exchange for exchange in report.exchanges}
    active = [cause for cause in report.causes if cause.status == "active" and not cause.is_remark]
    explained = {cause.exchange for cause in active if cause.confidence != "suspected"}
    explained |= {exchange.id for exchange in report.exchanges if state_of(report, exchange) == "healthy"}
    rows: dict[tuple[str, str, str, str], Found] = {}
    for cause in active:
        if cause.confidence != "suspected" or cause.exchange not in explained:
            row = _of_cause(cause, exchanges.get(cause.exchange))
            rows.setdefault((row.code, row.resource, row.exchange, row.fingerprint), row)
    codes = {cause.code for cause in report.causes}
    for check in report.checks:
        if check.status == "failed" and check.code not in codes:
            for finding in check.findings:
                row = _of_check(check, finding, report)
                rows.setdefault((row.code, row.resource, row.exchange, row.fingerprint), row)
    return list(rows.values())


def state_of(report: Report, exchange: Exchange) -> TargetState:
    """Return the state of an exchange. An accepted one is healthy even if its trust accepts others as well."""
    if report.verdict == "broken":
        return "broken"
    sign, _ = sentences.verdict(report, exchange)
    return "failing" if sign == "✗" else "healthy" if sign in "✓!" else "unknown"


def states(report: Report) -> Iterator[tuple[Exchange, TargetState]]:
    """Yield each exchange with its state."""
    for exchange in report.exchanges:
        yield exchange, state_of(report, exchange)


def _of_cause(cause: Cause, exchange: Exchange | None) -> Found:
    resource = (exchange.resource if exchange is not None else None) or ""
    return Found(
        cause.code,
        cause.name,
        "blocks",
        sentences.refusal_sentence(cause.named),
        resource,
        cause.cloud,
        fingerprint_of_cause(cause, resource),
        cause.named.fix,
        cause.expected,
        cause.actual,
        cause.named.refusal.where,
        str(cause.clause),
        cause.exchange,
        cause.confidence,
        cause.named.commands,
    )


def _of_check(check: CheckRow, finding: FindingRow, report: Report) -> Found:
    return Found(
        check.code,
        check.name,
        check.effect,
        finding.message,
        finding.target or _only_resource(report, finding.cloud),
        finding.cloud or "",
        fingerprint_of_finding(check, finding),
        finding.fix,
        finding.expected,
        finding.actual,
        about=check.about,
    )


def _only_resource(report: Report, cloud: str | None) -> str:
    """Return the resource of the report's exchanges with a cloud, if there is only one."""
    named = {row.resource for row in report.exchanges if row.resource and cloud in (None, row.cloud)}
    return named.pop() if len(named) == 1 else ""
