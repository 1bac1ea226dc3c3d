"""Report on a single piece of evidence: its content, possible causes, and the evidence to add next.

Each kind of evidence has a file here. Nothing is decided here: acceptance, faults and breadth come from the judge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.examine.alone.given import thing_given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.examine.collect import Run
    from oidc_doctor.examine.judge import Judged
    from oidc_doctor.model.alone import Alone
    from oidc_doctor.model.report import Report


def answer(run: Run, judged: Sequence[Judged], report: Report, paths: Sequence[str]) -> Alone | None:
    """Return the answer to the one thing that was given; None where nothing, or more than one thing, was given.

    `paths` are the files as the user named them; empty where there are none.
    """
    thing = thing_given(run, judged)
    if thing is None or report.verdict == "broken":
        return None
    evidence = run.snapshot.targets[0]
    # late: a report on several pieces of evidence loads none of these
    if thing == "error":
        from oidc_doctor.examine.alone.of_error import of_error

        return of_error(evidence, report)
    if thing in ("token", "subject"):
        from oidc_doctor.examine.alone.of_token import of_token

        return of_token(evidence, run.at, own_workload=run.question.own_workload)
    if thing == "tokens":
        from oidc_doctor.examine.alone.of_tokens import of_tokens

        return of_tokens(evidence, run.at)
    if thing == "event":
        from oidc_doctor.examine.alone.of_event import of_event

        return of_event(run, judged)
    if thing == "issuer":
        from oidc_doctor.examine.alone.of_issuer import of_issuer

        return of_issuer(evidence, run)
    if thing == "oidc-provider":
        from oidc_doctor.examine.alone.of_oidc_provider import of_oidc_provider

        return of_oidc_provider(evidence)
    if thing == "trust-policy":
        from oidc_doctor.examine.alone.of_trust_policy import of_trust_policy

        return of_trust_policy(judged[0], report, paths)
    from oidc_doctor.examine.alone.of_provider import of_provider

    return of_provider(judged[0], report, paths)
