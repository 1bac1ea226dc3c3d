"""The state and the findings of a target, as one report shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.secret_texts import without_secrets
from oidc_doctor.model.times import epoch_of, rfc3339
from oidc_doctor.report.parts import found as shown
from oidc_doctor.report.parts.found import found
from oidc_doctor.report.parts.sentences import causes_of, first_line, verdict
from oidc_doctor.report.parts.times import moment

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from oidc_doctor.health.state import TargetRecord
    from oidc_doctor.model.health import Effect, TargetState
    from oidc_doctor.model.report import Confidence, Exchange, Report

_LAG = 900.0  # seconds: a change of configuration takes a while, and so does a log entry
_UNEXPLAINED = frozenset({Kind.OUTSIDE_THE_TRUST_POLICY, Kind.OUTSIDE_THE_ALLOW_POLICY, Kind.REFUSED_UNEXPLAINED})


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


def fixed_of(report: Report, before: TargetRecord | None) -> dict[str, str]:
    """Return until when an earlier configuration explains the logged refusals, by resource.

    An earlier run had a cause, the configuration has changed since and accepts the token, and the logs end with a
    refusal. Whether anything else refuses the workload is shown only by its next attempt.
    """
    if before is None:
        return {}
    fixed: dict[str, str] = {}
    for exchange in report.exchanges:
        resource, last = exchange.resource or "", exchange.last_attempt
        until = before.fixed.get(resource, "")
        at = None if last is None or last.get("outcome") != "refused" else epoch_of(last.get("time"))
        if not until and at is not None and _is_unexplained(report, exchange) and _was_explained(before, resource):
            until = rfc3339(at + _LAG)
        if until and (last is None or (at is not None and at <= (epoch_of(until) or 0.0))):
            fixed[resource] = until
    return fixed


def explained_by(report: Report, fixed: Mapping[str, str]) -> set[str]:
    """Return the resources of `fixed` for which nothing but their logged refusals says that the token is refused."""
    return {
        exchange.resource or ""
        for exchange in report.exchanges
        if (exchange.resource or "") in fixed and _is_unexplained(report, exchange)
    }


def _is_unexplained(report: Report, exchange: Exchange) -> bool:
    """Return whether the configuration accepts the token, and only a logged refusal raises suspicions."""
    kinds = {(cause.confidence, cause.named.refusal.kind) for cause in causes_of(report, exchange)}
    unexplained = {("suspected", kind) for kind in _UNEXPLAINED}
    return exchange.prediction == "accepted" and bool(kinds) and kinds <= unexplained


def _was_explained(before: TargetRecord, resource: str) -> bool:
    """Return whether an earlier run had a cause other than a suspicion, and none has seen it gone."""
    return any(
        record.resource == resource and record.effect == "blocks" and record.confidence in ("proven", "predicted")
        for record in before.findings
        if not record.until
    )


def state_of(report: Report, *, unread: bool, explained: Collection[str] = ()) -> TargetState:
    """Return the state of a report's target. `unread`: a read failed in this run; `explained`: see `explained_by`."""
    if report.verdict == "broken":
        return "broken"
    if report.verdict == "healthy":
        return "healthy"
    if report.verdict == "refused":
        failing = {exchange.resource or "" for exchange, state in shown.states(report) if state == "failing"}
        if not failing or not failing <= set(explained):
            return "failing"
    return "unread" if unread or report.obstacles else "unknown"


def why_unknown(report: Report, explained: Collection[str]) -> str:
    """Return why everything was read and does not decide, as one sentence."""
    for exchange, state in shown.states(report):
        if (exchange.resource or "") in explained:
            last = moment(str((exchange.last_attempt or {}).get("time")), report.evaluated_at)
            return (
                f"The configuration that refused the last logged attempt ({last}) has changed, and accepts it now; no "
                "later attempt is logged."
            )
        if state == "unknown":
            return verdict(report, exchange)[1]
    return first_line(report)[1]


def findings_of(report: Report, target: str, explained: Collection[str] = ()) -> list[Observed]:
    """Return the report's active causes, and the findings of other failed checks, each once.

    A suspicion counts where the token is refused and nothing certain explains it. How far the evidence of this run
    shows the target is no finding, and neither is a suspicion about one of `explained`: see `explained_by`.
    """
    rows: dict[tuple[str, str, str], Observed] = {}
    for row in found(report):
        is_suspicion = row.confidence == "suspected" and (report.verdict != "refused" or row.resource in explained)
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


def undecided_codes(report: Report) -> frozenset[str]:
    """Return the codes of the checks that could not decide, because what they need was not read."""
    return frozenset(row.code for row in report.checks if row.undecided)


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
