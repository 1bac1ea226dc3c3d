"""Judged exchanges to the Report: causes, checks, fixes, attempts and the views of targets and window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from oidc_doctor import __version__
from oidc_doctor.checkkit import Check, Words
from oidc_doctor.examine.token_view import describe
from oidc_doctor.findings import packs, run_checks
from oidc_doctor.findings.causes import Diagnosis, as_causes, diagnose
from oidc_doctor.findings.trust_reach import TrustReach
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import (
    AwsOidcProvider,
    GcpProvider,
    Role,
    Target,
    TargetEvidence,
    Token,
)
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal, Trace
from oidc_doctor.model.report import AttemptRow, Cause, CheckRow, Exchange, FixRow, Report
from oidc_doctor.model.steps import Cloud

if TYPE_CHECKING:
    from oidc_doctor.history.replayed_logs import ReplayedLogs
    from oidc_doctor.logs.reading.raw_events import RawEvents
    from oidc_doctor.model.events import Signature
from oidc_doctor.examine.collect import Run
from oidc_doctor.examine.judge import Judged, complete_hypothetical, profile_of
from oidc_doctor.examine.observed import reading_of
from oidc_doctor.examine.verdict import conclude

_MOST_ROWS = 500


def raw_events_of(state: Run, judged: list[Judged]) -> RawEvents | None:
    """The events behind the report's attempts and changes; None where no log was read."""
    if not state.logs:
        return None
    from oidc_doctor.logs.reading.raw_events import RawEvents

    return RawEvents(state.attempts, [signature.number for signature, _ in _signatures(judged)], state.changes)


def make_report(state: Run, judged: list[Judged]) -> Report:
    """The report of the judged exchanges."""
    question = state.question
    checks = packs.all_checks()
    kinds = run_checks.by_kind(checks)
    diagnoses = [one.diagnosis for one in judged]
    words = {
        id(refusal): run_checks.say(kinds.get(refusal.kind), refusal) for one in diagnoses for refusal in one.refusals
    }
    causes: list[Cause] = []
    for one in judged:
        said: dict[int, Words] = {index: words[id(refusal)][0] for index, refusal in enumerate(one.diagnosis.refusals)}
        causes += as_causes(one.diagnosis, one.id, kinds, said)
    contradictions: list[str] = []
    attempts: list[AttemptRow] = []
    timeline: list[dict[str, Any]] = []
    if state.pasts:
        from oidc_doctor.history import view

        causes = _in_time(judged, causes, kinds)
        attempts = _attempts(judged)
        contradictions = view.contradictions(state.pasts)
        timeline = view.timeline(state.pasts.values())
    if causes:
        causes[0].position = "first"
    rows = _check_rows(state, judged, checks, words, contradictions)
    exchanges = [exchange_row(one.id, one.diagnosis) for one in judged]
    report = Report(
        verdict="healthy",
        exit_code=0,
        evaluated_at=rfc3339(state.at),
        tool={"name": "oidc-doctor", "version": __version__},
        target=[_target_view(one) for one in state.snapshot.targets],
        window=_window(state),
        exchanges=exchanges,
        causes=causes,
        checks=[row for row in rows if run_checks.wanted(_by_code(checks, row.code), question.check, question.skip)],
        fixes=_fixes(judged, causes, kinds),
        attempts=attempts,
        timeline=timeline,
        coverage=state.coverage,
        observed=[
            {"text": error.text, "at": str(error.origin)} for one in state.snapshot.targets for error in one.observed
        ],
        warnings=[*question.warnings, *(line for one in state.snapshot.targets for line in _repeated(one))],
    )
    conclude(report, judged, rows, question.fail_on)
    if question.compare is not None:
        report.comparisons = [_compared(one, question.compare) for one in judged]
    if question.account:
        _survey(state, report, kinds)
    return report


def _compared(one: Judged, token: Token) -> dict[str, Any]:
    """An exchange's token and another, on the same configuration; what was observed of the first says nothing of it."""
    from oidc_doctor.examine import compare

    token = complete_hypothetical(token, profile_of(one.evidence, token), one.evidence.target.issuer)
    case = one.diagnosis.case
    case = case._replace(
        token=token, profile=profile_of(one.evidence, token), readings=(), at=compare.instant_for(token, case.at)
    )
    return compare.side_by_side(one.id, one.diagnosis, diagnose(case, evaluate(case)))


def _survey(state: Run, report: Report, kinds: Mapping[Kind, Check]) -> None:
    """Every role and provider that was listed, for each token; they decide the verdict where no target does."""
    from oidc_doctor.examine.account import survey

    def say(refusal: Refusal) -> str:
        return run_checks.say(kinds.get(refusal.kind), refusal)[0].headline

    for evidence in state.snapshot.targets:
        for token in evidence.tokens:
            profile = profile_of(evidence, token)
            whole = complete_hypothetical(token, profile, evidence.target.issuer)
            report.account += survey(evidence, whole, state.at, profile, say)
    if not report.account:
        report.warnings.append("--account: no token, or no list of roles (aws/roles.json) or providers, was read")
    if report.exchanges or report.verdict == "broken":
        return
    found = {row["prediction"] for row in report.account}
    if "accepted" in found:
        report.verdict, report.exit_code = "healthy", 0
    elif found == {"refused"}:
        report.verdict, report.exit_code = "refused", 1 if state.question.fail_on != "never" else 0
    accepting = sum(row["prediction"] == "accepted" for row in report.account)
    rows = "1 row" if len(report.account) == 1 else f"{len(report.account)} rows"
    tried = f"{rows} of roles and providers" if report.account else "nothing"
    report.headline = f"Of this account {tried} could be tried; {accepting} would take this token."


def names_a_resource(target: Target, cloud: Cloud) -> bool:
    """Whether the target names a role or a provider of this cloud."""
    if cloud == "aws":
        return target.aws is not None and target.aws.role_arn is not None
    return target.gcp is not None and bool(target.gcp.provider or target.gcp.audience)


def _repeated(evidence: TargetEvidence) -> list[str]:
    """Members that stand more than once in a document that decides: the clouds let the last one count."""
    aws, gcp = evidence.aws, evidence.gcp
    role = aws.role if aws else None
    parts: list[Any] = [role.trust_policy if isinstance(role, Role) else None]
    if aws is not None and isinstance(aws.provider, AwsOidcProvider):
        parts.append(aws.provider.document)
    if gcp is not None:
        parts += [
            getattr(one, "document", None) for one in (gcp.provider, gcp.service_account_policy, gcp.project_policy)
        ]
    return [
        f"{part.at(pointer)}: {pointer.rpartition('/')[2]} stands there more than once; the last one counts"
        for part in parts
        if isinstance(part, Document)
        for pointer in part.duplicates
    ]


def _by_code(checks: Sequence[Check], code: str) -> Check:
    return next(check for check in checks if check.code == code)


def _fixes(judged: list[Judged], causes: list[Cause], kinds: Mapping[Kind, Check]) -> list[FixRow]:
    """Proven edits, for exchanges with a cause that is more than suspected."""
    from oidc_doctor.findings.fixes.propose import propose

    found = []
    for one in judged:
        if not any(cause.exchange == one.id and cause.confidence != "suspected" for cause in causes):
            continue
        for row in propose(one.diagnosis, accepted_subjects(one)):
            check = kinds.get(Kind(row.for_))
            row.for_ = check.code if check else row.for_
            found.append(row)
    return found


def accepted_subjects(one: Judged) -> list[str]:
    """Subjects that the logs show as accepted, the newest first."""
    return list(
        dict.fromkeys(
            group.sample.subject for group in one.groups if group.sample.outcome == "accepted" and group.sample.subject
        )
    )


def _target_view(evidence: TargetEvidence) -> dict[str, Any]:

    target = evidence.target
    view: dict[str, Any] = {"name": target.name, "issuer": target.issuer}
    for cloud, part in (("aws", target.aws), ("gcp", target.gcp)):
        if part is not None:
            view[cloud] = {key: value for key, value in part._asdict().items() if value not in (None, {}, ())}
    view["origins"] = {key: str(origin) for key, origin in target.origins.items()}
    return view


def _window(state: Run) -> dict[str, Any]:
    firsts = [one.first for one in state.logs.values() if one.first is not None]
    lasts = [one.last for one in state.logs.values() if one.last is not None]
    question = state.question
    since = question.since if question.since_back is None else state.at - question.since_back
    low, high = since if since is not None else min(firsts, default=None), question.until or max(lasts, default=None)
    buckets = state.attempts.buckets if state.attempts is not None else None
    basis = "asked" if since is not None or question.until is not None else "everything in the evidence"
    return {
        "from": rfc3339(low) if low is not None else None,
        "to": rfc3339(high) if high is not None else None,
        "basis": basis if state.logs else "no logs were read",
        "buckets_from": rfc3339(buckets.start) if buckets else None,
        "bucket_seconds": buckets.seconds if buckets else None,
        "buckets": buckets.number if buckets else 0,
    }


def exchange_row(name: str, diagnosis: Diagnosis) -> Exchange:
    """A judged exchange as the report has it."""
    case, trace = diagnosis.case, diagnosis.trace
    error = diagnosis.error
    target = case.evidence.target
    if trace.cloud == "aws":
        resource = target.aws.role_arn if target.aws else None
    else:
        resource = target.gcp.provider if target.gcp else None
        if resource is None and case.evidence.gcp and isinstance(case.evidence.gcp.provider, GcpProvider):
            resource = case.evidence.gcp.provider.name
    token = case.token
    origin = {"event": token.name, "hypothetical": "hypothetical"}.get(token.kind, "token")
    return Exchange(
        id=name,
        cloud=trace.cloud,
        target_name=target.name,
        resource=resource,
        subject=token.subject,
        claims_from=origin,
        prediction=diagnosis.prediction,
        step=diagnosis.step,
        error={"code": error.code, "message": error.message, "certain": error.certain} if error else None,
        assumed=list(dict.fromkeys(trace.assumed)),
        steps=diagnosis.rows,
        trace=_trace_json(trace),
        token=describe(token, case.profile, case.at, trace.cloud),
    )


def _trace_json(trace: Trace) -> dict[str, Any]:
    from oidc_doctor.judge.aws.trust import node_json

    made: dict[str, Any] = {}
    detail = trace.detail
    if "policy" in detail:
        made["policy"] = node_json(detail["policy"], detail["document"])
        made["nearest"] = detail.get("nearest")
    if "mapping" in detail:
        made["mapping"] = {name: node.to_json() for name, node in detail["mapping"].items()}
        made["mapped"] = trace.mapped
    for name in ("save_time", "unconfirmed_functions"):
        if name in detail:
            made[name] = detail[name]
    if "condition" in detail:
        made["condition"] = detail["condition"].to_json()
    return made


def _in_time(judged: list[Judged], causes: list[Cause], kinds: dict[Kind, Check]) -> list[Cause]:
    """The causes with what the logs say of when; then those of outages that are over."""
    from oidc_doctor.history import timings

    over: list[Cause] = []
    for one in judged:
        if one.past is None:
            continue
        own = [cause for cause in causes if cause.exchange == one.id]
        for found in one.groups:
            _confirm(one, found, own)
        timings.date(own, one.diagnosis, one.past)
        if one.used is not None:
            timings.date_use(own, one.used, one.past)
        over += timings.past_causes(one.past, one.id, one.diagnosis, kinds, lambda then: _words(then, kinds))
    seen: set[tuple[str | None, ...]] = set()
    for cause in over:  # an outage belongs to every token of its kind, and is told once
        key = (cause.code, cause.cloud, cause.location, cause.since, cause.until)
        if key not in seen:
            seen.add(key)
            causes.append(cause)
    for cause in causes:
        cause.timing = timings.in_time(cause)
        cause.summary = f"{cause.summary.removesuffix('.')}{cause.timing}."
    return causes


def _words(diagnosis: Diagnosis, kinds: dict[Kind, Check]) -> dict[int, Words]:
    return {
        index: run_checks.say(kinds.get(refusal.kind), refusal)[0] for index, refusal in enumerate(diagnosis.refusals)
    }


def _attempts(judged: list[Judged]) -> list[AttemptRow]:
    """A row for each signature of the targets; an event belongs to every token of its target, and is one row."""
    from oidc_doctor.history.view import attempt_row

    return [attempt_row(signature, past) for signature, past in _signatures(judged)]


def _signatures(judged: list[Judged]) -> list[tuple[Signature, ReplayedLogs | None]]:
    found = {id(signature): (signature, one.past) for one in judged for signature in one.groups}
    return sorted(found.values(), key=lambda pair: -pair[0].last_seen)[:_MOST_ROWS]


def _confirm(one: Judged, found: Signature, causes: list[Cause]) -> None:
    """Logged refusals of this kind of token confirm the causes whose step can have said so."""
    if found.sample.outcome != "refused" or one.past is None:
        return
    subject = one.diagnosis.case.token.subject
    if subject is not None and found.family not in {None, one.past.family(subject)}:
        return
    reading = reading_of(found.sample)
    if reading is None:
        return
    verdict = one.past.told.verdicts.get(found.number)
    refused = {kind for _, kind in verdict[0].marks} if verdict else set()
    for cause in causes:
        if cause.step in reading.steps and (not refused or cause.name in refused):
            cause.confirmed_by += [event for event in found.event_ids if event not in cause.confirmed_by]
            first = rfc3339(found.first_seen)
            cause.since = min(cause.since, first) if cause.since else first


def _check_rows(
    state: Run,
    judged: list[Judged],
    checks: Sequence[Check],
    words: Mapping[int, tuple[Words, str]],
    contradictions: list[str],
) -> list[CheckRow]:
    rows = run_checks.cause_rows(checks, [one.diagnosis for one in judged], words)
    views = [_view(state, one, contradictions) for one in judged]
    rows += [run_checks.document_row(check, views) for check in checks if check.kind is None]
    return sorted(rows, key=lambda row: row.code)


def _view(state: Run, one: Judged, contradictions: list[str]) -> dict[str, Any]:
    """What a weakness or log check may ask for, by parameter name."""
    evidence, case = one.evidence, one.diagnosis.case
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
        "profile": case.profile,
        "trace": one.diagnosis.trace,
        "reach": TrustReach(case),
        "attempts": tuple(one.groups),
        "silence": _silence(state, one),
        "contradictions": tuple(contradictions) if _replayed(one) else Missing("logs", _not_replayed(state)),
    }


def _replayed(one: Judged) -> bool:
    """Whether some logged attempt of the target could be decided again: else nothing is known to agree."""
    verdicts = one.past.told.verdicts.values() if one.past is not None else ()
    return any(verdict.decision in {"accepted", "refused"} for verdict, _ in verdicts)


def _not_replayed(state: Run) -> str:
    return "no logged attempt of this target could be replayed" if state.logs else "none were read"


def _silence(state: Run, one: Judged) -> Any:
    diagnosis = one.diagnosis
    if one.used is not None:
        return ()  # the failure is logged: it is not one of the exchange
    cloud = diagnosis.trace.cloud
    covered = state.logs.get("cloudtrail" if cloud == "aws" else "gcp-logs")
    if covered is None:
        return Missing("aws/cloudtrail" if cloud == "aws" else "gcp/logs", "no logs were read")
    if not diagnosis.observed and diagnosis.prediction != "refused":
        return ()
    from oidc_doctor.history.missing_events import explain_silence

    target = one.evidence.target
    step = diagnosis.step or (diagnosis.refusals[0].step if diagnosis.refusals else None)
    region = target.aws.region if target.aws else None
    return tuple(explain_silence(cloud, one.groups, covered, target, step, state.at, region, _audit_on(one.evidence)))


def _audit_on(evidence: TargetEvidence) -> bool | None:
    """Whether ADMIN_READ audit logs of sts.googleapis.com are on, as far as the project's policy says."""
    policy = evidence.gcp.project_policy if evidence.gcp else None
    if policy is None or isinstance(policy, Missing):
        return None
    value = policy.document.value
    configs = value.get("auditConfigs") if isinstance(value, dict) else None
    for config in configs if isinstance(configs, list) else ():
        if not isinstance(config, dict) or config.get("service") not in ("sts.googleapis.com", "allServices"):
            continue
        kinds = config.get("auditLogConfigs")
        listed = kinds if isinstance(kinds, list) else []
        if any(isinstance(kind, dict) and kind.get("logType") == "ADMIN_READ" for kind in listed):
            return True
    return None if not isinstance(value, dict) else False
