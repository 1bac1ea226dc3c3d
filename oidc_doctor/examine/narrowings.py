"""Propose edits, proven on the logs, for working exchanges that a weakness check found open."""

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


# Steps whose refusal is independent of the trust: an expired token is not refused by a policy.
_APART = ("obtain", "token", "times", "keys", "permission")


def narrowings(
    run: Run, judged: Sequence[Judged], pack: Sequence[Check], rows: Sequence[CheckRow], fixes: Sequence[FixRow]
) -> list[FixRow]:
    """Return rows of proven edits, one edit per role or provider that accepts others according to `rows`.

    If the trust itself refuses, or `fixes` has an edit of the exchange, that takes precedence: two edits of one
    document would conflict.
    """
    mended = {row.exchange for row in fixes}
    by_code = {code: check for check in pack for code in check.codes}
    open_rows = [
        row
        for row in rows
        if row.status == "failed" and row.effect == "weakens" and row.code in by_code
        if "widened" not in by_code[row.code].needs  # what was configured before is the edit
    ]
    codes_of: dict[tuple[str | None, str], list[str]] = {}  # by the cloud and the resource
    for open_row in open_rows:
        for found in dict.fromkeys((part.cloud, part.target) for part in open_row.findings if part.target):
            codes_of.setdefault(found, []).append(open_row.code)
    alike_of: dict[tuple[str, str], list[Judged]] = {}
    for exchange in judged:
        alike_of.setdefault(_about(exchange), []).append(exchange)
    fix_rows: list[FixRow] = []
    done: set[tuple[str, str]] = set()
    for exchange in judged:
        about = _about(exchange)
        codes, alike = codes_of.get(about, []), alike_of[about]
        if not codes or about in done or mended & {other.id for other in alike}:
            continue
        if any(refusal.certain and refusal.step not in _APART for refusal in exchange.diagnosis.refusals):
            continue
        from oidc_doctor.findings.fixes.narrow import Used, narrow  # late: few trusts are too wide

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
    """Return every subject accepted in the logs, the newest first."""
    return [
        subject
        for signature in exchange.signatures
        if signature.sample.outcome == "accepted"
        for subject in (signature.sample.subject, *signature.subjects)
        if subject
    ]


class _Weaknesses:
    """Reruns weakness checks on an exchange with other evidence."""

    def __init__(self, run: Run, exchange: Judged, checks: Sequence[Check]) -> None:
        self.run = run
        self.exchange = exchange
        self.checks = checks

    def __call__(self, evidence: TargetEvidence) -> Mapping[str, int]:
        """Return the number of findings by code, without codes that have none."""
        diagnosis = self.exchange.diagnosis
        case = diagnosis.case._replace(evidence=evidence, readings=())
        edited = self.exchange._replace(evidence=evidence, diagnosis=replace(diagnosis, case=case))
        view = view_of(self.run, edited, ())
        rows = [row for check in self.checks for row in run_checks.document_rows(check, [view])]
        return {row.code: len(row.findings) for row in rows if row.findings}


def _about(exchange: Judged) -> tuple[str, str]:
    """Return the cloud and the role or provider of an exchange; "" if the evidence has none."""
    case = exchange.diagnosis.case
    return case.cloud, reach_of(case).resource
