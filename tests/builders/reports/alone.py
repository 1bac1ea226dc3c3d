"""What a report says of one thing alone, as tests look at it."""

from __future__ import annotations

from oidc_doctor.model.alone import Alone
from oidc_doctor.model.report import Report


def answer_of(report: Report) -> Alone:
    """The answer, which there is."""
    assert report.alone is not None
    return report.alone


def values(answer: Alone, label: str) -> list[str]:
    """The texts of the lines with this label."""
    return [line.text for part in answer.parts for line in part.lines if line.label == label]


def signs(answer: Alone, sign: str) -> list[str]:
    """The texts of the lines with this sign."""
    return [line.text for part in answer.parts for line in part.lines if line.sign == sign]
