"""Determine a report's verdict and exit code."""

from __future__ import annotations

from collections.abc import Sequence

from oidc_doctor.documents.target_file import FILE as TARGET_FILE
from oidc_doctor.examine.judge import Judged
from oidc_doctor.examine.question import Question
from oidc_doctor.model.evidence import Coverage
from oidc_doctor.model.report import Cause, CheckRow, Verdict


def conclude(
    causes: Sequence[Cause],
    judged: Sequence[Judged],
    rows: Sequence[CheckRow],
    coverage: Sequence[Coverage],
    question: Question,
) -> tuple[Verdict, int]:
    """Return verdict and exit code, in the contract's order."""
    fail_on = question.fail_on
    if question.obstacles and not _was_anything_read(coverage, question):
        return "unknown", 2
    if any(row.status == "broken" for row in rows):
        return "broken", 4
    observed = {exchange.id for exchange in judged if exchange.diagnosis.observed}
    refused = any(exchange.diagnosis.prediction == "refused" for exchange in judged)
    failing = refused or any(
        cause.status == "active" and (cause.confidence != "suspected" or cause.exchange in observed) for cause in causes
    )
    weak = any(row.effect == "weakens" and row.status == "failed" for row in rows)
    # an unknown error text decides nothing, and its cause may be anything
    unread_text = any(not reading.known for exchange in judged for reading in exchange.diagnosis.readings)
    unknown = unread_text or not judged or any(exchange.diagnosis.prediction == "unknown" for exchange in judged)
    # a call that the available policies do not allow, but another policy may
    unknown = unknown or any(
        refusal.fact("shown_by") and not refusal.certain
        for exchange in judged
        for refusal in exchange.diagnosis.refusals
    )
    unread = any(part.named_unread for part in coverage)
    verdict: Verdict = "refused" if failing else "unknown" if unknown else "healthy"
    if fail_on != "never" and (failing or (weak and fail_on == "weakens")):
        return verdict, 1
    return verdict, 3 if unknown or unread or question.obstacles else 0


def _was_anything_read(coverage: Sequence[Coverage], question: Question) -> bool:
    """Whether there is any evidence: the target stated by the user does not count."""
    if question.tokens or question.error_text or question.cloudtrail or question.gcp_logs:
        return True
    return any(part.status in ("read", "partial") and part.path != TARGET_FILE for part in coverage)
