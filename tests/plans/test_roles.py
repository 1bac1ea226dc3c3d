"""Roles of a plan: the trust policy is judged, as it is in the plan or rebuilt from its data source."""

from __future__ import annotations

from oidc_doctor.documents.token import hypothetical
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.model.document import Origin
from plan_text import STRANGER, SUBJECT, PlanText, new_role_and_provider


def verdicts(plan: PlanText, subject: str = SUBJECT) -> dict[str, str]:
    """Return the prediction of each target by its name."""
    with plan.bundle() as bundle:
        report = run(bundle, Question(tokens=(hypothetical(subject, origin=Origin("--subject")),)))
    return {exchange.target_name: exchange.prediction for exchange in report.exchanges}


def test_a_role_and_its_provider_created_together_are_judged() -> None:
    plan = new_role_and_provider()
    assert verdicts(plan) == {"aws_iam_role.weights": "accepted"}
    assert verdicts(plan, STRANGER) == {"aws_iam_role.weights": "refused"}
