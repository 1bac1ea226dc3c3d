"""Edits for exchanges that work and that a weakness check found open, proven on the logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from oidc_doctor.checkkit import Check
from oidc_doctor.examine.check_views import view_of
from oidc_doctor.examine.collect import Run
from oidc_doctor.examine.judge import Judged
from oidc_doctor.findings import run_checks
from oidc_doctor.findings.reach import reach_of
from oidc_doctor.model.report import CheckRow, FixRow

if TYPE_CHECKING:
    from oidc_doctor.model.evidence import TargetEvidence


# The steps whose refusal leaves the trust as it is: a token that has expired is refused by no policy.
_APART = ("obtain", "token", "times", "keys", "permission")


def narrowings(
    run: Run, judged: Sequence[Judged], pack: Sequence[Check], rows: Sequence[CheckRow], fixes: Sequence[FixRow]
) -> list[FixRow]:
    """Rows of proven edits, one edit for each role or provider of which `rows` say that others are accepted.

    Where the trust itself refuses, or `fixes` has an edit of the exchange, that comes first: two edits of one document
    would undo each other.
    """
    mended = {row.exchange for row in fixes}
    by_code = {code: check for check in pack for code in check.codes}
    open_rows = [row for row in rows if row.status == "failed" and row.effect == "weakens" and row.code in by_code]
    fix_rows: list[FixRow] = []
    done: set[tuple[str, str]] = set()
    for exchange in judged:
        about = (exchange.diagnosis.case.cloud, _resource(exchange))
        codes = [row.code for row in open_rows if any((part.cloud, part.target) == about for part in row.findings)]
        alike = [other for other in judged if (other.diagnosis.case.cloud, _resource(other)) == about]
        if not codes or not about[1] or about in done or mended & {other.id for other in alike}:
            continue
        if any(refusal.certain and refusal.step not in _APART for refusal in exchange.diagnosis.refusals):
            continue
        from oidc_doctor.findings.fixes.narrow import Used, narrow  # late: few trusts are open

        used = Used(
            list(dict.fromkeys(subject for other in alike for subject in logged_subjects(other))),
            [other.diagnosis.case.token.subject or "" for other in alike],
        )
        checks = [by_code[code] for code in codes]
        for row in narrow(exchange.diagnosis.case, used, _Weaknesses(run, exchange, checks)):
            row.exchange = exchange.id
            fix_rows.append(row)
            done.add(about)
    return fix_rows


def logged_subjects(exchange: Judged) -> list[str]:
    """Every subject that the logs show as accepted, the newest first."""
    return [
        subject
        for signature in exchange.signatures
        if signature.sample.outcome == "accepted"
        for subject in (signature.sample.subject, *signature.subjects)
        if subject
    ]


class _Weaknesses:
    """The findings of some weakness checks about one exchange, asked again with other evidence."""

    def __init__(self, run: Run, exchange: Judged, checks: Sequence[Check]) -> None:
        self.run = run
        self.exchange = exchange
        self.checks = checks

    def __call__(self, evidence: TargetEvidence) -> Mapping[str, int]:
        """The number of findings by code, without the codes that find nothing."""
        diagnosis = self.exchange.diagnosis
        case = diagnosis.case._replace(evidence=evidence, readings=())
        edited = self.exchange._replace(evidence=evidence, diagnosis=replace(diagnosis, case=case))
        view = view_of(self.run, edited, ())
        rows = [row for check in self.checks for row in run_checks.document_rows(check, [view])]
        return {row.code: len(row.findings) for row in rows if row.findings}


def _resource(exchange: Judged) -> str:
    return reach_of(exchange.diagnosis.case).resource
