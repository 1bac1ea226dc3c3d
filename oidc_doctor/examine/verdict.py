"""The verdict and the exit code of a report."""

from __future__ import annotations

from collections.abc import Sequence

from oidc_doctor.examine.judge import Judged
from oidc_doctor.examine.question import FailOn
from oidc_doctor.model.evidence import Coverage
from oidc_doctor.model.report import Cause, CheckRow, Verdict


def conclude(
    causes: Sequence[Cause],
    judged: Sequence[Judged],
    rows: Sequence[CheckRow],
    coverage: Sequence[Coverage],
    fail_on: FailOn,
) -> tuple[Verdict, int]:
    """Verdict and exit code, by the contract's order."""
    if any(row.status == "broken" for row in rows):
        return "broken", 4
    observed = {exchange.id for exchange in judged if exchange.diagnosis.observed}
    refused = any(exchange.diagnosis.prediction == "refused" for exchange in judged)
    failing = refused or any(
        cause.status == "active" and (cause.confidence != "suspected" or cause.exchange in observed) for cause in causes
    )
    weak = any(row.effect == "weakens" and row.status == "failed" for row in rows)
    # an error text that no table knows decides nothing, and what it was refused for may be anything
    unread_text = any(not reading.known for exchange in judged for reading in exchange.diagnosis.readings)
    unknown = unread_text or not judged or any(exchange.diagnosis.prediction == "unknown" for exchange in judged)
    # a call that the policies which were read do not allow, where another one may
    unknown = unknown or any(
        refusal.fact("shown_by") and not refusal.certain
        for exchange in judged
        for refusal in exchange.diagnosis.refusals
    )
    unread = any(part.named and part.status in ("partial", "missing", "denied") for part in coverage)
    verdict: Verdict = "refused" if failing else "unknown" if unknown else "healthy"
    if fail_on != "never" and (failing or (weak and fail_on == "weakens")):
        return verdict, 1
    return verdict, 3 if unknown or unread else 0
