"""Of many causes of one kind a report shows the first, and counts the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oidc_doctor.model.refusal import Clause
from oidc_doctor.model.report import Report
from oidc_doctor.report.text import render_text


@pytest.mark.parametrize(("verbose", "shown"), [(False, 5), (True, 50)])
def test_of_many_causes_alike_the_first_are_shown(sample: Callable[[str], Report], verbose: bool, shown: int) -> None:
    report = sample("refused")
    cause = report.causes[0]
    for number in range(60):
        clause = Clause(statement=0, operator="StringEquals", key=f"k{number}")
        refusal = cause.named.refusal._replace(clause=clause)
        report.causes.append(cause._replace(position="next", named=cause.named._replace(refusal=refusal)))
    text = render_text(report, width=120, color=False, verbose=verbose)
    assert text.count("· k") == shown
    assert f"{60 - shown} more of this kind; --format json lists them all" in text
