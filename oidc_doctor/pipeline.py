"""Evidence in, Report out: collect, build cases, evaluate, diagnose, check. No I/O of its own but through `sources`."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from oidc_doctor import __version__, packs, runner
from oidc_doctor.checkkit import Check, Words
from oidc_doctor.diagnose import Diagnosis, as_causes, diagnose
from oidc_doctor.evaluate import evaluate
from oidc_doctor.evaluate.error_texts import read_error
from oidc_doctor.evaluate.times import rfc3339, seconds_of
from oidc_doctor.issuers import profile_for
from oidc_doctor.model.case import Case, Reading
from oidc_doctor.model.evidence import (
    AwsOidcProvider,
    Coverage,
    Document,
    GcpProvider,
    Missing,
    Origin,
    Role,
    Snapshot,
    Target,
    TargetEvidence,
    Token,
)
from oidc_doctor.model.exchange import Cloud
from oidc_doctor.model.report import AttemptRow, Cause, CheckRow, Exchange, FixRow, Report
from oidc_doctor.model.trace import Kind, Refusal, Trace
from oidc_doctor.token_view import describe

if TYPE_CHECKING:
    from oidc_doctor.correlate import Past
    from oidc_doctor.logs.raw import RawEvents
    from oidc_doctor.logs.rows import Rows
    from oidc_doctor.logs.signatures import Attempts
    from oidc_doctor.model.event import Attempt, Change, LogCoverage, SessionUse, Signature
    from oidc_doctor.sources.bundle import Bundle

FailOn = Literal["blocks", "weakens", "never"]
_GOOGLE = re.compile(r"google|gcloud|gcp", re.IGNORECASE)
_MOST_ROWS = 500
_IDS_KEPT = 20


class Question(NamedTuple):
    """What is asked of one run. `at` and the window are epoch seconds."""

    overrides: Target | None = None
    error_text: str | None = None
    tokens: tuple[Token, ...] = ()
    at: float | None = None
    since: float | None = None
    until: float | None = None
    since_back: float | None = None  # seconds before the instant, for a relative --since
    cloudtrail: tuple[str, ...] = ()  # further log files or folders, on disk
    gcp_logs: tuple[str, ...] = ()
    check: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    fail_on: FailOn = "blocks"
    warnings: tuple[str, ...] = ()
    compare: Token | None = None  # a second token, to be set beside each exchange's own
    account: bool = False  # which roles and providers of the account take the token
    progress: Callable[[int, int, int, int], None] | None = None  # files and bytes of logs, done and in all


@dataclass
class _Run:
    """One run's state between the stages."""

    question: Question
    snapshot: Snapshot
    rows: Rows | None = None
    attempts: Attempts | None = None
    groups: list[Signature] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    uses: list[SessionUse] = field(default_factory=list)
    pasts: dict[tuple[str, str], Past] = field(default_factory=dict)  # by target and cloud
    logs: dict[str, LogCoverage] = field(default_factory=dict)
    at: float = 0.0
    coverage: list[Coverage] = field(default_factory=list)


class Progress(Protocol):
    """Told what a run is at, in a few words, and each exchange once it is judged. What it raises ends the run."""

    def __call__(self, text: str, exchange: Exchange | None = None) -> None:
        """`text` may hold the name of a file that a stranger chose."""


def _silent(text: str, exchange: Exchange | None = None) -> None:
    """Nobody watches."""


class _Judged(NamedTuple):
    """One exchange of the report, and what it was made from."""

    id: str
    evidence: TargetEvidence
    diagnosis: Diagnosis
    groups: list[Signature]
    past: Past | None = None
    used: SessionUse | None = None  # the refused call that stands for this exchange's failure


class Examined(NamedTuple):
    """A report, and by each exchange's id what it was made from: where a what-if edit begins."""

    report: Report
    diagnoses: dict[str, Diagnosis]
    accepted: dict[str, tuple[str, ...]]  # subjects that the logs show as accepted
    raw: RawEvents | None = None  # the events behind the report's attempts and changes


def run(bundle: Bundle | None, question: Question, progress: Progress = _silent) -> Report:
    """The whole answer for one bundle (None: only what the command line gives)."""
    return examine(bundle, question, progress).report


def examine(bundle: Bundle | None, question: Question, progress: Progress = _silent) -> Examined:
    """`run`, keeping what the report was made from."""
    from oidc_doctor.sources.bundle import load_snapshot

    progress("reading the configuration")
    snapshot = load_snapshot(
        bundle, overrides=question.overrides, error_text=question.error_text, extra_tokens=question.tokens
    )
    state = _Run(question, snapshot, coverage=list(snapshot.coverage))
    _read_logs(state, bundle)
    _apply_window(state)
    judged = _judge_all(state)
    if question.account:
        judged = [one for one in judged if _names_a_resource(one.evidence.target, one.diagnosis.trace.cloud)]
    for one in judged:
        progress(f"judging {one.id}", exchange_row(one.id, one.diagnosis))
    return Examined(
        _report(state, judged),
        {one.id: one.diagnosis for one in judged},
        {one.id: tuple(_accepted_subjects(one)) for one in judged},
        _raw(state, judged),
    )


def _raw(state: _Run, judged: list[_Judged]) -> RawEvents | None:
    if not state.logs:
        return None
    from oidc_doctor.logs.raw import RawEvents

    return RawEvents(state.attempts, [signature.number for signature, _ in _signatures(judged)], state.changes)


# Collect


def _read_logs(state: _Run, bundle: Bundle | None) -> None:
    targets = state.snapshot.targets
    names = {
        "cloudtrail": list(dict.fromkeys(name for one in targets for name in one.cloudtrail)),
        "gcp-logs": list(dict.fromkeys(name for one in targets for name in one.gcp_logs)),
    }
    extra = {"cloudtrail": state.question.cloudtrail, "gcp-logs": state.question.gcp_logs}
    if not any(names.values()) and not any(extra.values()):
        return
    from oidc_doctor.logs.scan import scan
    from oidc_doctor.logs.wanted import wanted_by

    wanted = wanted_by(targets)
    for source in ("cloudtrail", "gcp-logs"):
        files = [*names[source], *extra[source]]
        if not files:
            continue
        on_disk = frozenset(extra[source])

        def open_file(name: str, on_disk: frozenset[str] = on_disk) -> Any:
            if name in on_disk or bundle is None:
                return open(name, "rb")
            return bundle.open(name)

        def path_of(name: str, on_disk: frozenset[str] = on_disk) -> str | None:
            return name if name in on_disk or bundle is None else bundle.local(name)

        found = scan(open_file, files, source, wanted=wanted, on_disk=path_of, progress=state.question.progress)
        if state.rows is None:
            state.rows = found.rows
        else:
            state.rows.extend(found.rows)
        state.changes += found.changes
        state.uses += found.uses
        state.logs[source] = found.coverage
        state.coverage.append(_log_coverage(source, found.coverage, named=bool(extra[source])))


def _log_coverage(source: str, covered: LogCoverage, *, named: bool) -> Coverage:
    what = "aws/cloudtrail" if source == "cloudtrail" else "gcp/logs"
    return Coverage(
        what,
        "partial" if covered.problems else "read",
        "; ".join((*covered.problems, *covered.notes)),
        rfc3339(covered.first) if covered.first is not None else None,
        rfc3339(covered.last) if covered.last is not None else None,
        covered.events,
        named=named or bool(covered.problems),
    )


def _instant(state: _Run) -> float:
    """--at, else when the evidence was collected, else (with logs) the newest attempt or the token's iat, else now."""
    if state.question.at is not None:
        return state.question.at
    if state.snapshot.collected_at is not None:
        return state.snapshot.collected_at
    now = time.time()
    if not state.logs:
        return now
    times = [found.last_seen for one in state.snapshot.targets for found in _of_target(state, one)]
    for one in state.snapshot.targets:
        for token in one.tokens:
            issued = seconds_of(token.claims.get("iat"))
            if issued is not None:
                times.append(float(issued))
    return min(max(times), now) if times else now


def _apply_window(state: _Run) -> None:
    """The signatures of the window that was asked for. The instant may hang on them, and the window on it."""
    question = state.question
    if state.rows is None or not len(state.rows):
        state.at = _instant(state)
        return
    from oidc_doctor.logs.signatures import Attempts

    state.attempts = Attempts(state.rows)
    state.groups = state.attempts.signatures()
    state.at = _instant(state)
    since = question.since if question.since_back is None else state.at - question.since_back
    if since is not None or question.until is not None:
        state.attempts = Attempts(state.rows, since, question.until)
        state.groups = state.attempts.signatures()


def _of_target(state: _Run, evidence: TargetEvidence, token: Token | None = None) -> list[Signature]:
    if not state.groups:
        return []
    from oidc_doctor.logs.attempts import for_target

    return list(for_target(state.groups, evidence.target, token.claims if token else None))


# Judge


def _judge_all(state: _Run) -> list[_Judged]:
    judged = []
    for evidence in state.snapshot.targets:
        clouds = _clouds(state, evidence)
        tokens = evidence.tokens
        for cloud in clouds:
            groups = [one for one in _of_target(state, evidence) if one.sample.cloud == cloud]
            past = _past(state, evidence, cloud, groups)
            if past is not None:
                state.pasts[evidence.target.name, cloud] = past
            for token in tokens or (_token_of_events(evidence, cloud, groups, past),):
                name = f"{evidence.target.name}/{cloud}" + (f"/{token.name}" if len(tokens) > 1 else "")
                judged.append(_judge(state, evidence, cloud, token, groups, name))
    order: dict[str, int] = {"refused": 1, "unknown": 2, "accepted": 3}
    judged.sort(key=lambda one: (not one.diagnosis.observed, order[one.diagnosis.prediction]))
    return judged


def _past(state: _Run, evidence: TargetEvidence, cloud: Cloud, groups: list[Signature]) -> Past | None:
    """The target's history and its replayed attempts; None where no log was read."""
    if state.rows is None or not (groups or state.changes):
        return None
    from oidc_doctor.replay import past_of

    # files without a date were read after everything that is logged
    newest = max((one.last_seen for one in groups), default=state.at)
    read_at = state.snapshot.collected_at or max(state.at, newest) + 1
    attempts = state.attempts
    if attempts is None:
        from oidc_doctor.logs.signatures import Attempts

        attempts = Attempts(state.rows)
    return past_of(
        cloud,
        evidence,
        groups,
        state.changes,
        attempts,
        read_at=read_at,
        at=state.at,
        profile_of=profile_of,
        steps_of=_steps_of,
    )


def _clouds(state: _Run, evidence: TargetEvidence) -> list[Cloud]:
    """The clouds that the target or any file names; failing that, the one that the observed error names."""
    named: list[Cloud] = []
    if evidence.target.aws is not None or evidence.aws is not None:
        named.append("aws")
    if evidence.target.gcp is not None or evidence.gcp is not None:
        named.append("gcp")
    readings = _observed(evidence)
    if named:
        # a sentence that only the other cloud says is about an exchange with that one
        return [*named, *dict.fromkeys(one.cloud for one in readings if one.cloud and one.cloud not in named)]
    if readings:
        return [readings[0].cloud or ("gcp" if _GOOGLE.search(readings[0].text) else "aws")]
    seen = sorted({one.sample.cloud for one in _of_target(state, evidence)})
    return list(seen)


def _observed(evidence: TargetEvidence) -> list[Reading]:
    # a sentence that is not in the table still says that something was refused
    return [
        read_error(one.text, str(one.origin)) or Reading(None, frozenset(), one.text, source=str(one.origin))
        for one in evidence.observed
        if one.text.strip()
    ]


def _steps_of(sample: Attempt) -> frozenset[str]:
    """The steps that a logged refusal can come from."""
    reading = _reading_of(sample)
    return reading.steps if reading is not None else frozenset()


def _reading_of(sample: Attempt) -> Reading | None:
    """What a logged refusal says. CloudTrail's text for a denial is the same for every cause."""
    if sample.outcome != "refused":
        return None
    source = f"event {sample.event_id}"
    message = sample.error_message or ""
    seen = f"An error occurred ({sample.error_code}): {message}" if sample.error_code else message
    reading = read_error(message, source) or read_error(seen, source)
    if sample.cloud == "gcp" and sample.step == "impersonate" and not _says(reading, "gcp", "impersonate"):
        reading = Reading("gcp", frozenset({"impersonate"}), seen, source=source)
    if sample.cloud == "aws" and sample.error_code == "AccessDenied" and not _says(reading, "aws", "authorise"):
        # CloudTrail's text for a denial says nothing, whatever the clause
        reading = Reading("aws", frozenset({"authorise"}), seen, source=source)
    # an event that is a refusal stays one, whatever its words
    return (
        reading._replace(text=seen) if reading is not None else Reading(sample.cloud, frozenset(), seen, source=source)
    )


def _says(reading: Reading | None, cloud: Cloud, step: str) -> bool:
    return reading is not None and reading.cloud == cloud and step in reading.steps


def _token_of_events(evidence: TargetEvidence, cloud: Cloud, groups: Sequence[Signature], past: Past | None) -> Token:
    """No token was given: the newest failing attempt of this target stands for it, else its newest success."""
    exchanges = [one for one in groups if one.sample.cloud == cloud and one.sample.subject]
    chosen = next((one for one in exchanges if one.sample.outcome == "refused"), None) or next(iter(exchanges), None)
    if chosen is None or past is None:
        return Token("decoded", {}, None, complete=False, origin=Origin("(no token was given)"), name="none")
    from oidc_doctor.replay import token_of

    return token_of(chosen.sample, evidence, past.known)


def _complete_hypothetical(token: Token, profile: Any, issuer: str | None) -> Token:
    """A hypothetical token takes the target's issuer or the profile's, and aud where the issuer fixes it."""
    if token.kind != "hypothetical":
        return token
    claims = dict(token.claims)
    known = issuer or (profile.url if profile is not None else None)
    if "iss" not in claims and known:
        claims["iss"] = known
    if "aud" not in claims and profile is not None and profile.audience.fixed:
        claims["aud"] = profile.audience.fixed
    return token._replace(claims=claims)


def profile_of(evidence: TargetEvidence, token: Token) -> Any:
    """The issuer's profile for a token of this target; None for an unknown issuer."""
    issuer = token.claims.get("iss")
    if not isinstance(issuer, str):
        issuer = evidence.target.issuer
    if issuer is None and evidence.aws is not None and isinstance(evidence.aws.provider, AwsOidcProvider):
        issuer = "https://" + evidence.aws.provider.url.removeprefix("https://")
    if issuer is None and evidence.gcp is not None and isinstance(evidence.gcp.provider, GcpProvider):
        issuer = evidence.gcp.provider.issuer_uri
    if issuer is None and evidence.aws is not None and isinstance(evidence.aws.role, Role):
        from oidc_doctor.evaluate.arns import provider_issuer

        policy = evidence.aws.role.trust_policy
        trusted = None if isinstance(policy, Missing) else provider_issuer(policy.value)
        issuer = f"https://{trusted}" if trusted else None
    return profile_for(issuer, token.subject)


def _judge(
    state: _Run, evidence: TargetEvidence, cloud: Cloud, token: Token, groups: list[Signature], name: str
) -> _Judged:
    readings = _observed(evidence)
    past = state.pasts.get((evidence.target.name, cloud))
    newest = _newest_like(token, groups, past)
    logged = _reading_of(newest.sample) if newest is not None else None
    if logged is not None and newest is not None and past is not None and past.is_mended(newest):
        logged = None  # the configuration that refused it is no longer in force
    if logged is not None and not any(one.steps & logged.steps and one.cloud == logged.cloud for one in readings):
        readings.append(logged)
    used = None
    if not readings or any("permission" in one.steps for one in readings):
        used = _refused_use(state, evidence, cloud, newest)
    if used is not None and not readings:
        readings.append(_reading_of_use(used))
    missing = frozenset[str]().union(*(one.missing_claims for one in readings)) if readings else frozenset()
    token = token._replace(missing_claims=missing)
    profile = profile_of(evidence, token)
    token = _complete_hypothetical(token, profile, evidence.target.issuer)
    accepted = past.reader.accepted_providers(-1) if past is not None else frozenset()
    now = evidence
    if past is not None:
        from oidc_doctor.replay import present_of

        now = present_of(past, token, groups)
    age = past.age_of_change(newest) if past is not None and newest is not None and logged is not None else None
    case = Case(cloud, now, token, state.at, profile, tuple(readings), accepted, age)
    trace = evaluate(case)
    if past is not None and (wrote := past.stand_in()):
        trace.assumed.append(wrote)
    return _Judged(name, evidence, diagnose(case, trace), groups, past, used)


def _newest_like(token: Token, groups: Sequence[Signature], past: Past | None) -> Signature | None:
    """The newest signature of this kind of token, or of nobody in particular."""
    if token.subject is None:
        return next(iter(groups), None)
    family = past.family(token.subject) if past is not None else token.subject
    return next((one for one in groups if one.family in {None, family} or one.sample.subject == token.subject), None)


def _refused_use(state: _Run, evidence: TargetEvidence, cloud: Cloud, newest: Signature | None) -> SessionUse | None:
    """The newest call that a session of this target was refused: the federation worked, the permission did not."""
    own = [one for one in state.uses if one.cloud == cloud and _uses_target(one, evidence)]
    found = max(own, key=lambda one: one.time, default=None)
    if found is None or (newest is not None and newest.sample.outcome != "accepted"):
        return None
    # The same call by other sessions, whose names stand in the error's text.
    same = [
        one
        for one in own
        if (one.service, one.action, one.error_code) == (found.service, found.action, found.error_code)
    ]
    same.sort(key=lambda one: -one.time)
    return replace(
        found,
        first_seen=min(one.first_seen for one in same),
        count=sum(one.count for one in same),
        event_ids=tuple(dict.fromkeys(event for one in same for event in one.event_ids))[:_IDS_KEPT],
    )


def _reading_of_use(found: SessionUse) -> Reading:
    source = f"event {found.event_ids[0]}" if found.event_ids else ""
    message = f"An error occurred ({found.error_code}) when calling the {found.action} operation: {found.error_message}"
    reading = read_error(found.error_message or "", source) or read_error(message, source)
    if reading is None or "permission" not in reading.steps:
        reading = Reading(found.cloud, frozenset({"permission"}), message, source=source)
    facts = {"resource": found.resource} if found.resource else {}
    facts["permission"] = f"{found.service.partition('.')[0]}:{found.action}" if found.cloud == "aws" else found.action
    return reading._replace(text=message, facts={**facts, **reading.facts}, source=source)


# What the workloads ask for with their sessions: images and weights, and the keys that these are encrypted with.
_USED = ("s3.", "ecr.", "kms.", "storage.", "artifactregistry.")


def _uses_target(used: SessionUse, evidence: TargetEvidence) -> bool:
    if not used.service.startswith(_USED):
        return False
    target = evidence.target
    if used.cloud == "aws":
        return target.aws is not None and used.target == target.aws.role_arn
    account = target.gcp.service_account if target.gcp else None
    if account:
        return used.target == account
    provider = (target.gcp.provider if target.gcp else None) or ""
    pool = provider.partition("/providers/")[0]
    return bool(pool) and f"/{pool.partition('projects/')[2]}/" in (used.session or "")


# Report


def _report(state: _Run, judged: list[_Judged]) -> Report:
    question = state.question
    checks = packs.all_checks()
    kinds = runner.by_kind(checks)
    diagnoses = [one.diagnosis for one in judged]
    words = {id(refusal): runner.say(kinds.get(refusal.kind), refusal) for one in diagnoses for refusal in one.refusals}
    causes: list[Cause] = []
    for one in judged:
        said: dict[int, Words] = {index: words[id(refusal)][0] for index, refusal in enumerate(one.diagnosis.refusals)}
        causes += as_causes(one.diagnosis, one.id, kinds, said)
    contradictions: list[str] = []
    attempts: list[AttemptRow] = []
    timeline: list[dict[str, Any]] = []
    if state.pasts:
        from oidc_doctor import correlate

        causes = _in_time(judged, causes, kinds)
        attempts = _attempts(judged)
        contradictions = correlate.contradictions(state.pasts)
        timeline = correlate.timeline(state.pasts.values())
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
        checks=[row for row in rows if runner.wanted(_by_code(checks, row.code), question.check, question.skip)],
        fixes=_fixes(judged, causes, kinds),
        attempts=attempts,
        timeline=timeline,
        coverage=state.coverage,
        observed=[
            {"text": error.text, "at": str(error.origin)} for one in state.snapshot.targets for error in one.observed
        ],
        warnings=[*question.warnings, *(line for one in state.snapshot.targets for line in _repeated(one))],
    )
    _conclude(report, judged, rows, question.fail_on)
    if question.compare is not None:
        report.comparisons = [_compared(one, question.compare) for one in judged]
    if question.account:
        _survey(state, report, kinds)
    return report


def _compared(one: _Judged, token: Token) -> dict[str, Any]:
    """An exchange's token and another, on the same configuration; what was observed of the first says nothing of it."""
    from oidc_doctor import compare

    token = _complete_hypothetical(token, profile_of(one.evidence, token), one.evidence.target.issuer)
    case = one.diagnosis.case
    case = case._replace(
        token=token, profile=profile_of(one.evidence, token), readings=(), at=compare.instant_for(token, case.at)
    )
    return compare.side_by_side(one.id, one.diagnosis, diagnose(case, evaluate(case)))


def _survey(state: _Run, report: Report, kinds: Mapping[Kind, Check]) -> None:
    """Every role and provider that was listed, for each token; they decide the verdict where no target does."""
    from oidc_doctor.account import survey

    def say(refusal: Refusal) -> str:
        return runner.say(kinds.get(refusal.kind), refusal)[0].headline

    for evidence in state.snapshot.targets:
        for token in evidence.tokens:
            profile = profile_of(evidence, token)
            whole = _complete_hypothetical(token, profile, evidence.target.issuer)
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


def _names_a_resource(target: Target, cloud: Cloud) -> bool:
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


def _fixes(judged: list[_Judged], causes: list[Cause], kinds: Mapping[Kind, Check]) -> list[FixRow]:
    """Proven edits, for exchanges with a cause that is more than suspected."""
    from oidc_doctor.fixes import propose

    found = []
    for one in judged:
        if not any(cause.exchange == one.id and cause.confidence != "suspected" for cause in causes):
            continue
        for row in propose(one.diagnosis, _accepted_subjects(one)):
            check = kinds.get(Kind(row.for_))
            row.for_ = check.code if check else row.for_
            found.append(row)
    return found


def _accepted_subjects(one: _Judged) -> list[str]:
    return list(
        dict.fromkeys(
            group.sample.subject for group in one.groups if group.sample.outcome == "accepted" and group.sample.subject
        )
    )


def _conclude(report: Report, judged: list[_Judged], rows: list[CheckRow], fail_on: FailOn) -> None:
    """Verdict and exit code, by the contract's order."""
    active = [cause for cause in report.causes if cause.status == "active"]
    observed = {one.id for one in judged if one.diagnosis.observed}
    failing = [cause for cause in active if cause.confidence != "suspected" or cause.exchange in observed]
    weak = [row for row in rows if row.effect == "weakens" and row.status == "failed"]
    unknown = any(one.diagnosis.prediction == "unknown" for one in judged) or not judged
    unread = any(one.named and one.status in ("partial", "missing", "denied") for one in report.coverage)
    if any(row.status == "broken" for row in rows):
        report.verdict, report.exit_code = "broken", 4
        return
    report.verdict = "refused" if failing else "unknown" if unknown else "healthy"
    if fail_on != "never" and (failing or (weak and fail_on == "weakens")):
        report.exit_code = 1
    else:
        report.exit_code = 3 if unknown or unread else 0


def _target_view(evidence: TargetEvidence) -> dict[str, Any]:

    target = evidence.target
    view: dict[str, Any] = {"name": target.name, "issuer": target.issuer}
    for cloud, part in (("aws", target.aws), ("gcp", target.gcp)):
        if part is not None:
            view[cloud] = {key: value for key, value in part._asdict().items() if value not in (None, {}, ())}
    view["origins"] = {key: str(origin) for key, origin in target.origins.items()}
    return view


def _window(state: _Run) -> dict[str, Any]:
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
    from oidc_doctor.evaluate.trust import node_json

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


def _in_time(judged: list[_Judged], causes: list[Cause], kinds: dict[Kind, Check]) -> list[Cause]:
    """The causes with what the logs say of when; then those of outages that are over."""
    from oidc_doctor import correlate

    over: list[Cause] = []
    for one in judged:
        if one.past is None:
            continue
        own = [cause for cause in causes if cause.exchange == one.id]
        for found in one.groups:
            _confirm(one, found, own)
        correlate.date(own, one.diagnosis, one.past)
        if one.used is not None:
            correlate.date_use(own, one.used, one.past)
        over += correlate.past_causes(one.past, one.id, one.diagnosis, kinds, lambda then: _words(then, kinds))
    seen: set[tuple[str | None, ...]] = set()
    for cause in over:  # an outage belongs to every token of its kind, and is told once
        key = (cause.code, cause.cloud, cause.location, cause.since, cause.until)
        if key not in seen:
            seen.add(key)
            causes.append(cause)
    for cause in causes:
        cause.timing = correlate.in_time(cause)
        cause.summary = f"{cause.summary.removesuffix('.')}{cause.timing}."
    return causes


def _words(diagnosis: Diagnosis, kinds: dict[Kind, Check]) -> dict[int, Words]:
    return {index: runner.say(kinds.get(refusal.kind), refusal)[0] for index, refusal in enumerate(diagnosis.refusals)}


def _attempts(judged: list[_Judged]) -> list[AttemptRow]:
    """A row for each signature of the targets; an event belongs to every token of its target, and is one row."""
    from oidc_doctor.correlate import attempt_row

    return [attempt_row(signature, past) for signature, past in _signatures(judged)]


def _signatures(judged: list[_Judged]) -> list[tuple[Signature, Past | None]]:
    found = {id(signature): (signature, one.past) for one in judged for signature in one.groups}
    return sorted(found.values(), key=lambda pair: -pair[0].last_seen)[:_MOST_ROWS]


def _confirm(one: _Judged, found: Signature, causes: list[Cause]) -> None:
    """Logged refusals of this kind of token confirm the causes whose step can have said so."""
    if found.sample.outcome != "refused" or one.past is None:
        return
    subject = one.diagnosis.case.token.subject
    if subject is not None and found.family not in {None, one.past.family(subject)}:
        return
    reading = _reading_of(found.sample)
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
    state: _Run,
    judged: list[_Judged],
    checks: Sequence[Check],
    words: Mapping[int, tuple[Words, str]],
    contradictions: list[str],
) -> list[CheckRow]:
    rows = runner.cause_rows(checks, [one.diagnosis for one in judged], words)
    views = [_view(state, one, contradictions) for one in judged]
    rows += [runner.document_row(check, views) for check in checks if check.kind is None]
    return sorted(rows, key=lambda row: row.code)


def _view(state: _Run, one: _Judged, contradictions: list[str]) -> dict[str, Any]:
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
        "attempts": tuple(one.groups),
        "silence": _silence(state, one),
        "contradictions": tuple(contradictions) if _replayed(one) else Missing("logs", _not_replayed(state)),
    }


def _replayed(one: _Judged) -> bool:
    """Whether some logged attempt of the target could be decided again: else nothing is known to agree."""
    verdicts = one.past.told.verdicts.values() if one.past is not None else ()
    return any(verdict.decision in {"accepted", "refused"} for verdict, _ in verdicts)


def _not_replayed(state: _Run) -> str:
    return "no logged attempt of this target could be replayed" if state.logs else "none were read"


def _silence(state: _Run, one: _Judged) -> Any:
    diagnosis = one.diagnosis
    if one.used is not None:
        return ()  # the failure is logged: it is not one of the exchange
    cloud = diagnosis.trace.cloud
    covered = state.logs.get("cloudtrail" if cloud == "aws" else "gcp-logs")
    if covered is None:
        return Missing("aws/cloudtrail" if cloud == "aws" else "gcp/logs", "no logs were read")
    if not diagnosis.observed and diagnosis.prediction != "refused":
        return ()
    from oidc_doctor.logs.silence import explain_silence

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
