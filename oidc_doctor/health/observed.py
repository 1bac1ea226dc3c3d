"""The state and the findings of a target, as one report shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.model.secret_texts import without_secrets
from oidc_doctor.report.parts.found import found

if TYPE_CHECKING:
    from oidc_doctor.model.health import Effect, TargetState
    from oidc_doctor.model.report import Confidence, Report


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


def kept(text: str) -> str:
    """Return a text as the state can hold it: without secrets, and with half a surrogate pair as its escape.

    Policies, claims and paths have both. What identifies a finding is always in this form, in this run and in the next.
    """
    return without_secrets(text).encode("utf-8", "backslashreplace").decode()


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
    """Return the report's active causes, and the findings of other failed checks, each once.

    A suspicion counts where the token is refused and nothing certain explains it. How far the evidence of this run
    shows the target is no finding.
    """
    rows: dict[tuple[str, str, str], Observed] = {}
    for row in found(report):
        is_suspicion = row.confidence == "suspected" and report.verdict != "refused"
        is_cause_of_none = row.effect == "blocks" and row.confidence is None
        if is_suspicion or is_cause_of_none or row.about == "evidence":
            continue
        resource = kept(row.resource or target)
        at = kept(str(row.place)) if row.place is not None else ""
        rows.setdefault(
            (row.code, resource, row.fingerprint),
            Observed(
                row.code,
                row.name,
                resource,
                row.effect,
                kept(row.headline),
                row.fingerprint,
                row.cloud,
                row.confidence,
                kept(row.fix),
                at,
                event=row.about == "change",
            ),
        )
    return list(rows.values())


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
    return list(dict.fromkeys(kept(exchange.resource) for exchange in report.exchanges if exchange.resource))


def attempts_of(report: Report) -> tuple[list[int], list[int]]:
    """Return the logged attempts by equal parts of the window, and the refused ones among them."""
    length = max((len(row.counts) for row in report.attempts), default=0)
    every, refused = [0] * length, [0] * length
    for row in report.attempts:
        for index, count in enumerate(row.counts):
            every[index] += count
            refused[index] += count if row.outcome == "refused" else 0
    return every, refused
