"""Assemble the Report from judged exchanges: causes, checks, fixes, attempts and the views of targets and window."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from oidc_doctor import __version__
from oidc_doctor.checkkit import Check
from oidc_doctor.examine.causes import causes_of
from oidc_doctor.examine.check_views import view_of
from oidc_doctor.examine.collect import Run
from oidc_doctor.examine.coming_edits import coming_edits
from oidc_doctor.examine.exchange_rows import exchange_row
from oidc_doctor.examine.judge import Judged
from oidc_doctor.examine.narrowings import narrowings
from oidc_doctor.examine.observed import denials_of_target
from oidc_doctor.examine.verdict import conclude
from oidc_doctor.findings import packs, run_checks
from oidc_doctor.findings.causes import Diagnosis, deleted_in, diagnose, name_refusals
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.profiles import complete_hypothetical, profile_of
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.model import limits
from oidc_doctor.model.document import Document
from oidc_doctor.model.evaluations import NoEvaluationsLeftError
from oidc_doctor.model.evidence import (
    AwsOidcProvider,
    Coverage,
    Role,
    Target,
    TargetEvidence,
    Token,
)
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal
from oidc_doctor.model.report import AttemptRow, Cause, CheckRow, FixRow, NamedRefusal, Report
from oidc_doctor.model.steps import Cloud

if TYPE_CHECKING:
    from oidc_doctor.findings.fixes.propose import Seen
    from oidc_doctor.history.replayed_logs import ReplayedLogs
    from oidc_doctor.logs.reading.raw_events import RawEvents
    from oidc_doctor.model.events import SessionDenial, Signature

_MOST_ROWS = limits.ROWS.most
_MOST_FIXED = limits.FIXED_EXCHANGES.most  # exchanges whose edits are proven: each with some fifty tokens
_SHOWS_UNUSED = 7 * 86_400  # seconds of logs after which a value that no accepted attempt needed counts as unused


def raw_events_of(run: Run, judged: Sequence[Judged]) -> RawEvents | None:
    """Return the events behind the report's attempts and changes; None if no log was read."""
    if not run.logs:
        return None
    from oidc_doctor.logs.reading.raw_events import RawEvents

    return RawEvents(run.attempts, [signature.number for signature, _ in _signatures(judged)], run.changes)


def make_report(run: Run, judged: Sequence[Judged]) -> Report:
    """Return the report on the judged exchanges."""
    question = run.question
    pack = packs.all_checks()
    checks = run_checks.by_kind(pack)
    named_refusals = {exchange.id: name_refusals(exchange.diagnosis, checks) for exchange in judged}
    causes = causes_of(judged, named_refusals, checks)
    contradictions: list[str] = []
    attempts: list[AttemptRow] = []
    unexplained: list[str] = []
    timeline: list[dict[str, Any]] = []
    volumes: list[dict[str, Any]] = []
    if run.replayed:
        from oidc_doctor.history import view
        from oidc_doctor.logs.attempts.volumes import volumes as by_day

        attempts, unexplained = view.attempt_rows(_signatures(judged))
        contradictions = view.contradictions(run.replayed)
        writes = [
            (cause.cloud, cause.timing.change) for cause in causes if cause.step == "permission" and cause.timing.change
        ]
        timeline = view.timeline(run.replayed.values(), writes, _refused_calls(run, judged))
        numbers = [signature.number for signature, _ in _signatures(judged)]
        volumes = [volume._asdict() for volume in by_day(run.attempts, numbers)] if run.attempts else []
    fixes, left_out = _fixes(judged, causes, checks) if question.edits else ([], [])
    causes, named_refusals = _in_words_of_edits(causes, named_refusals, fixes)
    rows = _check_rows(run, judged, pack, named_refusals, contradictions, causes)
    by_code = {code: check for check in pack for code in check.codes}
    failed = [Coverage(f"pack {name}", "missing", why, named=True) for name, why in packs.failed_packs().items()]
    run.coverage.extend(failed)
    verdict, exit_code = conclude(causes, judged, rows, run.coverage, question)
    report = Report(
        verdict=verdict,
        exit_code=exit_code,
        evaluated_at=rfc3339(run.at),
        tool={"name": "oidc-doctor", "version": __version__},
        target=[_target_view(evidence) for evidence in run.snapshot.targets],
        window=_window(run),
        exchanges=[
            exchange_row(
                exchange.id,
                exchange.diagnosis,
                exchange.last,
                exchange.region.region if exchange.region is not None else None,
                in_force=exchange.in_force,
                shared_traces=run.shared_traces,
            )
            for exchange in judged
        ],
        causes=causes,
        checks=[row for row in rows if run_checks.wanted(by_code[row.code], row.code, question.check, question.skip)],
        fixes=fixes,
        attempts=attempts,
        timeline=timeline,
        volumes=volumes,
        coverage=run.coverage,
        observed=_observed(run, judged),
        obstacles=list(question.obstacles),
        command=question.command,
        profile=question.profile,
        warnings=[
            *question.warnings,
            *run.warnings,
            *_clock_behind_the_logs(run),
            *left_out,
            *unexplained,
            *(line for replayed in run.replayed.values() for line in replayed.replayer.left_out()),
            *(line for evidence in run.snapshot.targets for line in _repeated(evidence)),
        ],
    )
    if question.edits:
        report.fixes += narrowings(run, judged, pack, rows, report.fixes)
        report.fixes += coming_edits(judged, rows, report.fixes)
    if question.compare is not None:
        report.comparisons = [_compared(exchange, question.compare) for exchange in judged]
    if question.account:
        _survey(run, report, checks)
    return report


def _refused_calls(run: Run, judged: Sequence[Judged]) -> list[tuple[ReplayedLogs, SessionDenial]]:
    """Return the refused calls of the targets' sessions, of any workload, once per target."""
    targets = {
        (exchange.evidence.target.name, exchange.diagnosis.trace.cloud): exchange
        for exchange in judged
        if exchange.replayed is not None
    }
    return [
        (exchange.replayed, denial)
        for (_, cloud), exchange in targets.items()
        if exchange.replayed is not None
        for denial in denials_of_target(run.denials, exchange.evidence, cloud)
    ]


_COLLECTION = 900  # seconds; a collection takes minutes


def _clock_behind_the_logs(run: Run) -> Iterator[str]:
    """Return the contradiction between the instant (--at, or the manifest's collected_at) and a later logged event.

    The manifest records the start of a collection, whose logs are read last.
    """
    if run.question.at is None and run.snapshot.collected_at is None:
        return  # the instant is that of the newest attempt on the target
    newest = max((log.newest for log in run.logs.values() if log.newest is not None), default=None)
    if newest is not None and newest > run.at + _COLLECTION:
        yield (
            f"the instant judged at, {rfc3339(run.at)}, is before the newest logged event, {rfc3339(newest)}: "
            "the times of tokens and conditions are judged as of the earlier instant"
        )


def _observed(run: Run, judged: Sequence[Judged]) -> list[dict[str, str]]:
    """Return the errors that a caller saw, each with its cloud and its exchange."""
    rows = []
    for evidence in run.snapshot.targets:
        for error in evidence.observed:
            row = {"text": error.text, "at": str(error.origin)}
            owner, reading = next(
                (
                    (exchange.id, reading)
                    for exchange in judged
                    if exchange.evidence is evidence
                    for reading in exchange.diagnosis.case.readings
                    if reading.source == row["at"]
                ),
                ("", None),
            )
            if reading is not None:
                row |= {"exchange": owner, "speaker": reading.cloud or "", "said_by": reading.speaker}
            if error.text.strip() and (reading is None or not reading.known):
                row["reading"] = "unknown"
            rows.append({name: value for name, value in row.items() if value or name == "text"})
    return rows


def _check_rows(
    run: Run,
    judged: Sequence[Judged],
    pack: Sequence[Check],
    named_refusals: Mapping[str, Sequence[NamedRefusal]],
    contradictions: list[str],
    causes: Sequence[Cause],
) -> list[CheckRow]:
    traces = [exchange.diagnosis.trace for exchange in judged]
    named = [refusal for exchange in judged for refusal in named_refusals[exchange.id]]
    clouds = {trace.cloud for trace in traces}
    only = clouds.pop() if len(clouds) == 1 else None
    rows = run_checks.cause_rows(pack, traces, named, only)
    views = [
        view_of(run, exchange, contradictions, [cause for cause in causes if cause.exchange == exchange.id])
        for exchange in judged
    ]
    rows += [row for check in pack if check.kind is None for row in run_checks.document_rows(check, views, only)]
    return sorted(rows, key=lambda row: row.code)


def _compared(exchange: Judged, token: Token) -> dict[str, Any]:
    """Compare an exchange's token and another on the same configuration, without the first token's observed errors."""
    from oidc_doctor.examine import compare

    profile = profile_of(exchange.evidence, token)
    token = complete_hypothetical(token, profile, exchange.evidence)
    case = exchange.diagnosis.case
    case = case._replace(token=token, profile=profile, readings=(), at=compare.instant_for(token, case.at))
    return compare.side_by_side(exchange.id, exchange.diagnosis, diagnose(case, evaluate(case)))


def _survey(run: Run, report: Report, checks: Mapping[Kind, Check]) -> None:
    """Judge each token on every listed role and provider. They decide the verdict if no target does."""
    from oidc_doctor.examine.account import survey

    def say(refusal: Refusal) -> str:
        return run_checks.say(checks.get(refusal.kind), refusal)[0].headline

    report.account, is_cut = survey(run.snapshot.targets, run.at, say)
    if is_cut:
        most = limits.SURVEYED
        report.warnings.append(f"--account: only the first {most.most:,} {most.unit} were judged ({most.source})")
    if not report.account:
        report.warnings.append("--account: no token, or no list of roles (aws/roles.json) or providers, was read")
    if report.exchanges or report.verdict == "broken":
        return
    predictions = {row["prediction"] for row in report.account}
    if "accepted" in predictions:
        report.verdict, report.exit_code = "healthy", 0
    elif predictions == {"refused"} and not is_cut:
        report.verdict, report.exit_code = "refused", 1 if run.question.fail_on != "never" else 0
    accepting = sum(row["prediction"] == "accepted" for row in report.account)
    rows = "1 row" if len(report.account) == 1 else f"{len(report.account)} rows"
    tried = f"{rows} of roles and providers" if report.account else "nothing"
    report.headline = f"Of this account {tried} could be tried; {accepting} would accept this token."


def names_a_resource(target: Target, cloud: Cloud) -> bool:
    """Whether the target names a role or a provider of this cloud."""
    if cloud == "aws":
        return target.aws is not None and target.aws.role_arn is not None
    return target.gcp is not None and bool(target.gcp.provider or target.gcp.audience)


def _repeated(evidence: TargetEvidence) -> list[str]:
    """Return a line for each repeated key in a deciding document: the clouds use the last value."""
    aws, gcp = evidence.aws, evidence.gcp
    role = aws.role if aws else None
    parts: list[Any] = [role.trust_policy if isinstance(role, Role) else None]
    if aws is not None and isinstance(aws.provider, AwsOidcProvider):
        parts.append(aws.provider.document)
    if gcp is not None:
        parts += [
            getattr(part, "document", None) for part in (gcp.provider, gcp.service_account_policy, gcp.project_policy)
        ]
    return [
        f"{part.at(pointer)}: {pointer.rpartition('/')[2]} is repeated; the last value is used"
        for part in parts
        if isinstance(part, Document)
        for pointer in part.duplicates
    ]


def _fixes(
    judged: Sequence[Judged], causes: list[Cause], checks: Mapping[Kind, Check]
) -> tuple[list[FixRow], list[str]]:
    """Return proven edits for exchanges with a certain cause, and lines that say for which not all were tried."""
    rows: list[FixRow] = []
    left_out: list[str] = []
    caused = {cause.exchange for cause in causes if cause.confidence != "suspected"}
    refused = [exchange for exchange in judged if exchange.id in caused and not _is_deleted(exchange.diagnosis)]

    def code_of(cloud: Cloud, kind: Kind) -> str:
        check = checks.get(kind)
        return check.code_in(cloud) if check else str(kind)

    work = None
    for exchange in refused[:_MOST_FIXED]:
        from oidc_doctor.findings.fixes.propose import FixWork, propose  # late: a healthy exchange does not need it

        work = work or FixWork()
        cloud = exchange.diagnosis.case.cloud
        before = work.left
        try:
            proven = propose(exchange.diagnosis, _seen(exchange), partial(code_of, cloud), work)
        except NoEvaluationsLeftError:
            left_out.append(
                f"{exchange.id}: no edit was proven, because {_too_much(before)} ({limits.FIX_WORK.source})"
            )
            continue
        for row in proven:
            row.exchange = exchange.id
            rows.append(row)
    if len(refused) > _MOST_FIXED:
        left_out.append(f"edits were proven only for the first {_MOST_FIXED} of {len(refused)} refused exchanges")
    return rows, left_out


def _too_much(left: int) -> str:
    """Return why not all edits of an exchange could be tried, with so much work left for it."""
    if left < limits.FIX_WORK.most:
        return "the exchanges before it took most of the work for edits"
    return "the configuration is too long to try them all"


def _is_deleted(diagnosis: Diagnosis) -> bool:
    """Whether a plan deletes what the exchange needs: no edit of a document brings it back."""
    return any(deleted_in(diagnosis.case.evidence.planned, refusal) for refusal in diagnosis.refusals)


def _in_words_of_edits(
    causes: list[Cause], named_refusals: Mapping[str, Sequence[NamedRefusal]], fixes: Sequence[FixRow]
) -> tuple[list[Cause], dict[str, list[NamedRefusal]]]:
    """Return causes and refusals with the proven edit's words if they differ from the check's."""
    reworded: dict[int, NamedRefusal] = {}
    for row in fixes:
        refusals = (named for named in named_refusals[row.exchange] if named.refusal.certain)
        named = next((named for named in refusals if named.code == row.for_), None)
        if named is not None and id(named) not in reworded:
            row.summary = row.summary or named.fix
            reworded[id(named)] = named._replace(fix=" ".join(filter(None, (row.summary, row.also))))
    return (
        [cause._replace(named=reworded.get(id(cause.named), cause.named)) for cause in causes],
        {exchange: [reworded.get(id(named), named) for named in rows] for exchange, rows in named_refusals.items()},
    )


def _seen(exchange: Judged) -> Seen:
    """Return the accepted subjects and earlier configurations of the exchange, from logs and history."""
    from oidc_doctor.findings.fixes.propose import Seen  # late: a healthy exchange does not need it
    from oidc_doctor.findings.fixes.restore import Earlier

    revisions = exchange.replayed.target_history.history.revisions if exchange.replayed is not None else ()
    times = [time for signature in exchange.signatures for time in (signature.first_seen, signature.last_seen)]
    return Seen(
        accepted_subjects(exchange),
        tuple(
            Earlier(revision.evidence, _moment(following.start) if following.change is not None else _UNSEEN_CHANGE)
            for revision, following in reversed(list(itertools.pairwise(revisions)))
        ),
        long_enough=bool(times) and max(times) - min(times) >= _SHOWS_UNUSED,
    )


_UNSEEN_CHANGE = "a change that the evidence does not show"


def accepted_subjects(exchange: Judged) -> list[str]:
    """Return subjects accepted in the logs, the newest first."""
    return list(
        dict.fromkeys(
            signature.sample.subject
            for signature in exchange.signatures
            if signature.sample.outcome == "accepted" and signature.sample.subject
        )
    )


def _moment(time: float) -> str:
    """Format a moment for a sentence: 21 Nov 2026 13:27:04 UTC."""
    return datetime.fromtimestamp(time, UTC).strftime("%d %b %Y %H:%M:%S UTC").lstrip("0")


def _target_view(evidence: TargetEvidence) -> dict[str, Any]:
    target = evidence.target
    view: dict[str, Any] = {"name": target.name, "issuer": target.issuer}
    for cloud, part in (("aws", target.aws), ("gcp", target.gcp)):
        if part is not None:
            view[cloud] = {key: value for key, value in part._asdict().items() if value not in (None, {}, ())}
    view["origins"] = {key: str(origin) for key, origin in target.origins.items()}
    return view


def _window(run: Run) -> dict[str, Any]:
    firsts = [coverage.first for coverage in run.logs.values() if coverage.first is not None]
    lasts = [coverage.last for coverage in run.logs.values() if coverage.last is not None]
    question = run.question
    since = question.since if question.since_back is None else run.at - question.since_back
    low, high = since if since is not None else min(firsts, default=None), question.until or max(lasts, default=None)
    buckets = run.attempts.buckets if run.attempts is not None else None
    basis = "asked" if since is not None or question.until is not None else "everything in the evidence"
    return {
        "from": rfc3339(low) if low is not None else None,
        "to": rfc3339(high) if high is not None else None,
        "basis": basis if run.logs else "no logs were read",
        "buckets_from": rfc3339(buckets.start) if buckets else None,
        "bucket_seconds": buckets.seconds if buckets else None,
        "buckets": buckets.number if buckets else 0,
    }


def _signatures(judged: Sequence[Judged]) -> list[tuple[Signature, ReplayedLogs | None]]:
    """Return the targets' signatures, the newest first: a signature belongs to every token of its target."""
    signatures = {
        id(signature): (signature, exchange.replayed) for exchange in judged for signature in exchange.signatures
    }
    return sorted(signatures.values(), key=lambda pair: -pair[0].last_seen)[:_MOST_ROWS]
