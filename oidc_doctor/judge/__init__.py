"""Decide a case as the cloud does, with a trace. `evaluate` is the only judge; everything else builds cases for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.refusal import Trace


def evaluate(case: Case) -> Trace:
    """Judge one case. Never raises for bad evidence: unreadable evidence leaves steps unknown.

    Raises NoEvaluationsLeftError for a case of a search whose evaluations are used up.
    """
    if case.allowed is not None:
        case.allowed.use()
    # late: a run about one cloud does not load the other cloud's engine
    if case.cloud == "aws":
        from oidc_doctor.judge.aws.decide import evaluate_aws

        return evaluate_aws(case)
    from oidc_doctor.judge.gcp.decide import evaluate_gcp

    return evaluate_gcp(case)
