"""Check that the bundled scenarios get the diagnosis in their expected.json."""

from __future__ import annotations

import json
import os
from typing import Any

from oidc_doctor.bundle.contract import EXPECTED
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.model.report import Report


def faults_of(folder: str) -> list[str]:
    """Return how the diagnosis of a scenario differs from the expected one, a line for each difference.

    Raises BundleError and OSError for a folder that is no scenario.
    """
    with open(os.path.join(folder, EXPECTED), encoding="utf-8") as stream:
        expected: dict[str, Any] = json.load(stream)
    with open_bundle(folder) as bundle:
        report = run(bundle, Question())
    diagnosis = diagnosis_of(report)
    return [
        f"{name} is {json.dumps(value)} instead of {json.dumps(expected[name])}"
        for name, value in diagnosis.items()
        if value != expected[name]
    ]


def diagnosis_of(report: Report) -> dict[str, Any]:
    """Return the members of expected.json that a report on the scenario must have."""
    first = report.causes[0] if report.causes else None
    return {
        "verdict": report.verdict,
        "exit_code": report.exit_code,
        "exchanges": [
            {"cloud": exchange.cloud, "prediction": exchange.prediction, "step": exchange.step}
            for exchange in report.exchanges
        ],
        "first_cause": first.name if first else None,
        "confidence": first.confidence if first else None,
    }
