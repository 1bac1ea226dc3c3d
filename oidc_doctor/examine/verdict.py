"""The verdict and the exit code of a report."""

from __future__ import annotations

from oidc_doctor.examine.judge import Judged
from oidc_doctor.examine.question import FailOn
from oidc_doctor.model.report import CheckRow, Report


def conclude(report: Report, judged: list[Judged], rows: list[CheckRow], fail_on: FailOn) -> None:
    """Verdict and exit code, by the contract's order."""
    active = [cause for cause in report.causes if cause.status == "active"]
    observed = {one.id for one in judged if one.diagnosis.observed}
    failing = [cause for cause in active if cause.confidence != "suspected" or cause.exchange in observed]
    weak = [row for row in rows if row.effect == "weakens" and row.status == "failed"]
    unknown = any(one.diagnosis.prediction == "unknown" for one in judged) or not judged
    unread = any(one.named and one.status in ("partial", "missing", "denied") for one in report.coverage)
    if any(row.status == "broken" for row in rows):
        report.verdict, report.exit_code = "broken", 4
        return
    report.verdict = "refused" if failing else "unknown" if unknown else "healthy"
    if fail_on != "never" and (failing or (weak and fail_on == "weakens")):
        report.exit_code = 1
    else:
        report.exit_code = 3 if unknown or unread else 0
