"""Provide the evidence of an exchange to weakness and log checks, by parameter name."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from oidc_doctor.examine.comparisons import logging_switched_off, lost_permissions
from oidc_doctor.examine.stopped import Stopped
from oidc_doctor.findings.coming_subjects import ComingSubjects
from oidc_doctor.findings.reach import reach_of
from oidc_doctor.findings.separate_trusts import SeparateTrusts
from oidc_doctor.judge.key_sets import uploaded_keys
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.model.arns import account_of
from oidc_doctor.model.document import Missing
from oidc_doctor.model.evidence import Role
from oidc_doctor.model.steps import UNLOGGED

if TYPE_CHECKING:
    from oidc_doctor.examine.collect import Run
    from oidc_doctor.examine.judge import Judged
    from oidc_doctor.findings.shared_traces import SharedTraces
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.early import Certificate
    from oidc_doctor.model.evidence import IssuerEvidence
    from oidc_doctor.model.report import Cause


def view_of(run: Run, exchange: Judged, contradictions: Sequence[str], causes: Sequence[Cause] = ()) -> dict[str, Any]:
    """Return the values for the parameters of weakness and log checks, by name. `causes` are the exchange's."""
    evidence, case = exchange.evidence, exchange.diagnosis.case
    aws, gcp = evidence.aws, evidence.gcp
    none = Missing("this cloud", "no file and no target names it")
    role: Any = aws.role if aws else none
    if isinstance(role, Role) and isinstance(role.trust_policy, Missing):
        role = role.trust_policy
    return {
        "role": role,
        "aws_provider": aws.provider if aws else none,
        "gcp_provider": gcp.provider if gcp else none,
        "service_account_policy": gcp.service_account_policy if gcp else none,
        "project_policy": gcp.project_policy if gcp else none,
        "token": case.token,
        "target": evidence.target,
        "evidence": evidence,
        "planned": evidence.planned or Missing("a plan", "the evidence is no Terraform plan"),
        "profile": case.profile,
        "trace": exchange.diagnosis.trace,
        "uses": SeparateTrusts(case, exchange.signatures) if run.logs else Missing("logs", "none were read"),
        **_reaches(case, run.shared_traces),
        "instant": case.at,
        "certificates": _certificates(evidence.issuer),
        "uploaded_keys": uploaded_keys(evidence) if case.cloud == "gcp" else none,
        "coming": ComingSubjects(case, exchange.signatures),
        **_compared(run, exchange),
        "attempts": tuple(exchange.signatures),
        "silence": _missing_events(run, exchange, causes),
        "contradictions": tuple(contradictions) if _replayed(exchange) else Missing("logs", _not_replayed(run)),
    }


def _compared(run: Run, exchange: Judged) -> dict[str, Any]:
    """Return what compares the exchange with the last time, and with its earlier logs."""
    from oidc_doctor.findings.issuer_changes import issuer_changes
    from oidc_doctor.findings.widened import EarlierConfiguration, Widened

    then = exchange.evidence.earlier
    revisions = exchange.replayed.target_history.history.revisions if exchange.replayed is not None else ()
    subjects = (name for part in exchange.signatures for name in (part.sample.subject, *part.subjects) if name)
    none = Missing("earlier/", "there is no earlier configuration to compare with")
    return {
        "earlier": then or none,
        "issuer_changes": issuer_changes(exchange.evidence),
        "widened": Widened(
            exchange.diagnosis.case,
            EarlierConfiguration(then.evidence, then.at) if then is not None else None,
            [
                EarlierConfiguration(revision.evidence, revision.start or None, following.change)
                for revision, following in itertools.pairwise(revisions)
            ],
            list(dict.fromkeys(subjects)),
            run.widened_tries,
        ),
        "lost_permissions": lost_permissions(exchange.evidence) if then is not None else none,
        "stopped": Stopped(run, exchange),
        "logging_off": logging_switched_off(exchange.evidence) if then is not None else none,
    }


def _reaches(case: Case, shared_traces: SharedTraces) -> dict[str, Any]:
    """Return the reach of the exchange: for Google including the bindings."""
    if case.cloud != "gcp":
        return {
            "reach": reach_of(case, shared_traces),
            "bindings": Missing("gcp", "the exchange is not one with Google"),
        }
    from oidc_doctor.findings.binding_reach import BindingReach  # late: a report on AWS alone does not load Google's
    from oidc_doctor.findings.google_reach import GoogleReach

    reach = GoogleReach(case, shared_traces=shared_traces)
    return {"reach": reach, "bindings": BindingReach(case, reach, shared_traces)}


def _certificates(issuer: IssuerEvidence) -> tuple[Certificate, ...] | Missing:
    """Return the certificates of the issuer's host."""
    if isinstance(issuer.chain, Missing):
        return issuer.chain
    from oidc_doctor.judge.certificates import read_certificates  # late: most bundles have no chain

    return read_certificates(issuer.chain) or Missing("issuer/chain.pem", "it cannot be read")


def _replayed(exchange: Judged) -> bool:
    """Whether a logged attempt of the target could be replayed; otherwise agreement is unknown."""
    verdicts = exchange.replayed.target_history.verdicts.values() if exchange.replayed is not None else ()
    return any(verdict.decision in {"accepted", "refused"} for verdict, _ in verdicts)


def _not_replayed(run: Run) -> str:
    return "no logged attempt of this target could be replayed" if run.logs else "none were read"


def _missing_events(run: Run, exchange: Judged, causes: Sequence[Cause]) -> Any:
    diagnosis = exchange.diagnosis
    if exchange.denial is not None:
        return ()  # the failure is logged, but not as one of the exchange
    if exchange.last is not None and exchange.in_force and not exchange.evidence.observed:
        return ()  # the newest logged attempt is the failure, however long ago it was
    cloud = diagnosis.trace.cloud
    covered = run.logs.get("cloudtrail" if cloud == "aws" else "gcp-logs")
    if covered is None:
        return Missing("aws/cloudtrail" if cloud == "aws" else "gcp/logs", "no logs were read")
    if not diagnosis.observed and diagnosis.prediction != "refused":
        return ()
    from oidc_doctor.history.missing_events import explain_missing_events

    target = exchange.evidence.target
    step = diagnosis.step or (diagnosis.refusals[0].step if diagnosis.refusals else None)
    region = target.aws.region if target.aws else None
    logging = None
    keys = run.rows.keys.values if run.rows is not None else ()  # of all entries, regardless of the window
    accounts = {account_of(key.target or "") for key in keys if key.cloud == "aws"}
    accounts |= {change.account for change in run.changes if change.cloud == "aws"}
    if cloud == "gcp":
        from oidc_doctor.history.google_logging import call_logging

        logging = call_logging(exchange.evidence, keys, impersonating=step == "impersonate")
    return tuple(
        note
        for note in explain_missing_events(
            cloud,
            exchange.signatures,
            covered,
            target,
            step,
            run.at,
            region,
            logging,
            observed=diagnosis.observed,
            accounts=frozenset(filter(None, accounts)),
        )
        if note.kind == "exchange-logging-off" or not _untried_since_write(exchange, causes)
    )


def _untried_since_write(exchange: Judged, causes: Sequence[Cause]) -> bool:
    """Whether no failure was observed, and no attempt was logged since the write that dates a cause.

    The absence of refusals then proves nothing: they would be logged, but there was no attempt.
    """
    diagnosis = exchange.diagnosis
    newest = max((signature.last_seen for signature in exchange.signatures), default=None)
    if diagnosis.observed or newest is None:
        return False
    return any(
        cause.timing.since_basis == "change"
        and cause.timing.since is not None
        and cause.timing.since >= rfc3339(newest)
        and cause.step not in UNLOGGED[cause.cloud]
        for cause in causes
    )
