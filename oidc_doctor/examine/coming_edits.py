"""The proven edits for subjects that their coming form would break."""

from __future__ import annotations

from collections.abc import Sequence

from oidc_doctor.checkkit import NotReadError
from oidc_doctor.examine.judge import Judged
from oidc_doctor.findings.coming_subjects import ComingSubjects
from oidc_doctor.model.report import CheckRow, FixRow

_CHECK = "coming-subject-refused"


def coming_edits(judged: Sequence[Judged], rows: Sequence[CheckRow], fixes: Sequence[FixRow]) -> list[FixRow]:
    """Return the rows of one edit per role or provider that the check names.

    An edit of another finding takes precedence: two edits of one document would conflict. The finding names the lines.
    """
    codes = {
        (finding.cloud, finding.target): row.code
        for row in rows
        if row.name == _CHECK
        for finding in row.findings
        if finding.target
    }
    edited = {file for fix in fixes for file in (fix.file, *fix.with_files)}
    fix_rows: list[FixRow] = []
    for exchange in judged if codes else ():
        coming = ComingSubjects(exchange.diagnosis.case, exchange.signatures)
        code = codes.get((coming.cloud, coming.resource))
        try:
            proposed = coming.rows(code) if code is not None else []
        except NotReadError:
            continue  # the finding is of another token of this role or provider
        codes.pop((coming.cloud, coming.resource), None)
        if not edited & {row.file for row in proposed}:
            for row in proposed:
                row.exchange = exchange.id
            fix_rows += proposed
    return fix_rows
