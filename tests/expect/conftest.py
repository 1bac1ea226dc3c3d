"""Run `expect` on a document and a file of expectations, as the command line does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from oidc_doctor.documents.expect_file import parse_expectations
from oidc_doctor.examine.examine import read_and_judge
from oidc_doctor.examine.question import Question
from oidc_doctor.expect.run import run
from oidc_doctor.expect.targets import targets_of
from oidc_doctor.model.expectations import Expectations
from oidc_doctor.things.open import open_paths

Judge = Callable[..., Expectations]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Judge a text of expect.toml on a file's text, or on a path."""

    def of(expectations: str, evidence: str | Path) -> Expectations:
        path = evidence
        if isinstance(evidence, str):
            path = tmp_path / "evidence.json"
            path.write_text(evidence)
        with open_paths([str(path)]) as bundle:
            state, judged = read_and_judge(bundle, Question())
        return run(parse_expectations(expectations), targets_of(judged), "expect.toml", state.at)

    return of


def outcomes(result: Expectations) -> list[str]:
    """The outcome of each expectation."""
    return [row.outcome for row in result.results]
