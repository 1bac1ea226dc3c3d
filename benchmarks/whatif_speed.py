"""How long a what-if takes, against judging the same case alone: `python benchmarks/whatif_speed.py`.

What comes on top is reading the edited text, what the cloud would not store, and the causes in words. A person types
at most every 50 ms or so: that is the time that an answer may take.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine.examine import examine
from oidc_doctor.examine.question import Question
from oidc_doctor.findings.causes import diagnose
from oidc_doctor.findings.packs import bundled
from oidc_doctor.judge import evaluate
from oidc_doctor.whatif.ask import WhatIf

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.whatif.parts import PartId

TRIED: tuple[tuple[str, PartId], ...] = (
    ("aws-wrong-team", "trust-policy"),
    ("aws-github-immutable", "trust-policy"),
    ("aws-wrong-team", "claims"),
    ("gcp-condition-false", "condition"),
    ("gcp-condition-false", "mapping"),
    ("gcp-member-cannot-match", "service-account-policy"),
)


def milliseconds(call: Callable[[], object]) -> float:
    """One call, the best of five rounds."""
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(20):
            call()
        best = min(best, (time.perf_counter() - start) / 20)
    return best * 1000


def main() -> None:
    """Measure and print."""
    print(f"{'scenario':26}{'edited':26}{'judged alone':>14}{'what if':>10}{'ratio':>8}{'whom else':>12}")
    for name, part in TRIED:
        with open_bundle(f"{bundled('_samples', 'sample_logs')}/{name}") as bundle:
            found = examine(bundle, Question())
        ((key, diagnosis),) = found.diagnoses.items()
        trial = WhatIf(diagnosis, found.accepted[key])
        text = trial.part(part).text.replace("production", "staging").replace("Tq7LmZ2", "Tq7LmZ3") + " "
        alone = milliseconds(lambda case=diagnosis.case: diagnose(case, evaluate(case)))  # type: ignore[misc]
        asked = milliseconds(lambda trial=trial, part=part, text=text: trial.ask({part: text}))  # type: ignore[misc]
        answer = trial.ask({part: text})
        others = milliseconds(lambda trial=trial, answer=answer: trial.reach(answer))  # type: ignore[misc]
        print(f"{name:26}{part:26}{alone:11.2f} ms{asked:7.2f} ms{asked / alone:8.1f}{others:9.1f} ms")


if __name__ == "__main__":
    main()
