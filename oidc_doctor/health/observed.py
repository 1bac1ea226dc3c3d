"""The state and the findings of a target, as one report shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.report.parts.fingerprint import fingerprint_of_cause, fingerprint_of_finding
from oidc_doctor.report.parts.sentences import refusal_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.model.health import Effect, TargetState
    from oidc_doctor.model.report import Cause, CheckRow, Confidence, Exchange, FindingRow, Report


class Observed(NamedTuple):
    """A finding of one run. Code and resource identify it; its fingerprint changes with the values that it is about."""

    code: str
    name: str
    resource: str
    effect: Effect
    headline: str
    fingerprint: str
    cloud: str = ""
    confidence: Confidence | None = None
    fix: str = ""
    at: str = ""
    event: bool = False  # it says what changed since an earlier read, and passes by itself


def state_of(report: Report, *, unread: bool) -> TargetState:
    """Return the state of a report's target. `unread`: a read failed in this run."""
    if report.verdict == "broken":
        return "broken"
    if report.verdict == "refused":
        return "failing"
    if report.verdict == "healthy":
        return "healthy"
    return "unread" if unread or report.obstacles else "unknown"


def findings_of(report: Report, target: str) -> list[Observed]:
    """Return the report's active causes, and the failed checks that are none, each finding once.

    A cause that is only suspected counts where a refusal is certain and nothing explains it better.
    """
    exchanges = {exchange.id: exchange for exchange in report.exchanges}
    active = [cause for cause in report.causes if cause.status == "active" and not cause.is_remark]
    explained = {cause.exchange for cause in active if cause.confidence != "suspected"}
    found: dict[tuple[str, str, str], Observed] = {}
    for cause in active:
        if cause.confidence == "suspected" and (report.verdict != "refused" or cause.exchange in explained):
            continue
        observed = _of_cause(cause, exchanges.get(cause.exchange), target)
        found.setdefault((observed.code, observed.resource, observed.fingerprint), observed)
    codes = {cause.code for cause in report.causes}
    for row in report.checks:
        if row.status != "failed" or row.effect == "blocks" or row.code in codes or row.about == "evidence":
            continue
        for observed in _of_check(row, report, target):
            found.setdefault((observed.code, observed.resource, observed.fingerprint), observed)
    return list(found.values())


def undecided_by(report: Report) -> list[str]:
    """Return the files of a bundle that would decide the steps that are unknown, the most decisive first."""
    return [
        file.path
        for exchange in report.exchanges
        for step in exchange.steps
        if step.state == "unknown"
        for file in exchange.decided_by.get(step.id, ())
    ]


def resources_of(report: Report) -> list[str]:
    """Return the role ARNs and the providers' names of the report's exchanges."""
    return list(dict.fromkeys(exchange.resource for exchange in report.exchanges if exchange.resource))


def attempts_of(report: Report) -> tuple[list[int], list[int]]:
    """Return the logged attempts by equal parts of the window, and the refused ones among them."""
    length = max((len(row.counts) for row in report.attempts), default=0)
    every, refused = [0] * length, [0] * length
    for row in report.attempts:
        for index, count in enumerate(row.counts):
            every[index] += count
            refused[index] += count if row.outcome == "refused" else 0
    return every, refused


def _of_cause(cause: Cause, exchange: Exchange | None, target: str) -> Observed:
    resource = exchange.resource if exchange is not None and exchange.resource else target
    return Observed(
        cause.code,
        cause.name,
        resource,
        "blocks",
        refusal_sentence(cause.named),
        fingerprint_of_cause(cause, resource),
        cause.cloud,
        cause.confidence,
        cause.named.fix,
        cause.at or "",
    )


def _of_check(row: CheckRow, report: Report, target: str) -> Iterator[Observed]:
    for finding in row.findings:
        resource = finding.target or _only_resource(report, finding) or target
        side = finding.actual or finding.expected
        yield Observed(
            row.code,
            row.name,
            resource,
            row.effect,
            finding.message,
            fingerprint_of_finding(row, finding),
            finding.cloud or "",
            None,
            finding.fix,
            str(side.at) if side is not None and side.at else "",
            event=row.about == "change",
        )


def _only_resource(report: Report, finding: FindingRow) -> str:
    """Return the resource of the finding's cloud, if the report has only one."""
    named = {
        exchange.resource
        for exchange in report.exchanges
        if exchange.resource and finding.cloud in (None, exchange.cloud)
    }
    return named.pop() if len(named) == 1 else ""
