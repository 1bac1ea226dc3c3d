"""Report on a single logged event: its content, its decision, and commands that fetch the configuration it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.bundle.files import BundleError
from oidc_doctor.documents.json_text import Unreadable, value_of
from oidc_doctor.examine.alone import words
from oidc_doctor.findings.likely import answer_for, filled
from oidc_doctor.issuers import profile_for
from oidc_doctor.judge.readings import reading_of_attempt, reading_of_denial
from oidc_doctor.logs.reading.raw_events import RawEvents
from oidc_doctor.logs.records.cloudtrail import text
from oidc_doctor.model.alone import Alone, Line, NextCommand, Part
from oidc_doctor.model.arns import account_of
from oidc_doctor.model.events import error_of
from oidc_doctor.model.steps import CLOUDS, STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from oidc_doctor.examine.collect import Run
    from oidc_doctor.examine.judge import Judged
    from oidc_doctor.model.alone import PossibleCause, Sign
    from oidc_doctor.model.case import Reading
    from oidc_doctor.model.events import Attempt, Change, Outcome, SessionDenial
    from oidc_doctor.model.steps import Cloud

_SIGNS: dict[Outcome, Sign] = {"refused": "✗", "accepted": "✓", "unknown": "?"}
_CHANGES_OF_ROLE = (
    "aws cloudtrail lookup-events --region us-east-1 "
    "--lookup-attributes AttributeKey=ResourceName,AttributeValue={role}"
)
_CHANGES_OF_POOLS = (
    "gcloud logging read 'protoPayload.methodName:\"WorkloadIdentityPool\"' --freshness=30d --format=json"
)
_FETCH: dict[Cloud, tuple[tuple[str, str], ...]] = {
    "aws": (
        ("aws iam get-role --role-name {role}", "the trust policy: save it as role.json"),
        (
            "aws iam get-open-id-connect-provider --open-id-connect-provider-arn {provider_arn}",
            "the provider's ClientIDList: save it as oidc-provider.json",
        ),
        (_CHANGES_OF_ROLE, "the changes of the role"),
    ),
    "gcp": (
        (
            "gcloud iam workload-identity-pools providers describe {provider} --format=json",
            "condition, mapping and audiences: save it as provider.json",
        ),
        ("gcloud iam service-accounts get-iam-policy {account} --format=json", "who may impersonate the account"),
        (_CHANGES_OF_POOLS, "the changes of pools and providers"),
    ),
}


def of_event(run: Run, judged: Sequence[Judged]) -> Alone:
    """Return the report on the only event of the logs."""
    attempt = next((signature.sample for signature in run.signatures), None)
    if attempt is not None:
        return _of_attempt(attempt, judged, _request_id(run))
    if run.denials:
        return _of_denial(run.denials[0])
    if run.changes:
        return _of_change(run.changes[0])
    return Alone(
        "event",
        "This event is not an exchange of an OIDC token, a call of its session or a change of its configuration.",
        ask="Name an AssumeRoleWithWebIdentity event, an ExchangeToken entry, or the caller's error (--error TEXT)",
    )


def _request_id(run: Run) -> str | None:
    """Return the request id that the AWS caller received; None if the event has none.

    The table of attempts does not contain it, so the event is read again.
    """
    raw = RawEvents(run.attempts, [signature.number for signature in run.signatures], ())
    try:
        events = raw.of_attempt(0, 0, 1, run.open_log)
    except (OSError, BundleError, Unreadable):
        return None
    record = value_of(events[0][1]) if events else None
    return text(record.get("requestID")) if isinstance(record, dict) else None


def _of_attempt(attempt: Attempt, judged: Sequence[Judged], request_id: str | None) -> Alone:
    call = _call(attempt)
    reading = reading_of_attempt(attempt)
    names = _names(attempt)
    answer = answer_for(attempt.cloud, reading.steps if reading is not None else (), names)
    causes, further = words.possible(answer, attempt.cloud), words.codes(answer.further, attempt.cloud)
    ask = "Add the output of the first command to this event: --from role.json --cloudtrail event.json"
    if attempt.cloud == "gcp":
        ask = "Add the output of the first command to this event: --from provider.json --gcp-logs event.json"
    return Alone(
        "event",
        _headline(attempt, reading, causes, len(causes) + len(further), is_ranked=bool(answer.basis)),
        (Part(f"The event ({call})", tuple(_lines(attempt, judged, request_id))),),
        causes,
        further,
        words.order_of(answer),
        tuple(_commands(attempt.cloud, names)),
        ask,
    )


def _call(attempt: Attempt) -> str:
    if attempt.cloud == "aws":
        return "AssumeRoleWithWebIdentity"
    return "the impersonation" if attempt.step == "impersonate" else "ExchangeToken"


def _headline(
    attempt: Attempt, reading: Reading | None, causes: Sequence[PossibleCause], possible: int, *, is_ranked: bool
) -> str:
    cloud, when = CLOUDS[attempt.cloud], words.moment(attempt.time)
    if attempt.outcome == "accepted":
        return f"{cloud} accepted this token at {when}."
    if attempt.outcome == "unknown":
        return f"The event of {when} does not say whether {cloud} accepted the token."
    titles = [step.title for step in STEPS[attempt.cloud] if reading is not None and step.id in reading.steps]
    at = f" at the step {titles[0]}" if len(titles) == 1 else ""
    first = causes[0] if causes else None
    if first is None:
        return f"{cloud} refused this token at {when}{at}."
    if not is_ranked and possible > 1:
        return f"{cloud} refused this token at {when}{at}: {possible} causes fit."
    fits = f"{possible} causes fit, most likely" if possible > 1 else "the cause is likely"
    return f"{cloud} refused this token at {when}{at}: {fits} {first.code} {first.name}."


def _lines(attempt: Attempt, judged: Sequence[Judged], request_id: str | None) -> Iterator[Line]:
    yield Line("decision", attempt.outcome, _SIGNS[attempt.outcome])
    if error_of(attempt):
        yield Line("error", error_of(attempt))
    if attempt.cloud == "aws" and attempt.error_code == "AccessDenied":
        yield Line("", "CloudTrail writes the same words for every denial; the caller's error message names the reason")
    yield Line("time", words.moment(attempt.time))
    label = "role" if attempt.cloud == "aws" else "account" if attempt.step == "impersonate" else "provider"
    yield from _known(label, attempt.target)
    if attempt.provider != attempt.target:
        yield from _known("provider", attempt.provider)
    yield from _known("issuer", _issuer(attempt))
    case = judged[0].diagnosis.case if judged else None
    if attempt.subject is not None:
        profile = case.profile if case is not None else profile_for(_issuer(attempt), attempt.subject)
        yield from words.subject_lines(attempt.subject, profile)
    yield from _known("audience", attempt.audience)
    yield from _known("principal", attempt.mapped_principal)
    yield from _known("account", attempt.service_account)
    yield from _known("session", attempt.session_name)
    if attempt.duration_seconds is not None:
        yield Line("duration", f"{attempt.duration_seconds} s were requested")
    yield from _known("caller", attempt.caller)
    yield from _known("client", attempt.user_agent)
    yield from _known("Region", attempt.region)
    yield from (Line("claim", f"{name} = {value}") for name, value in attempt.claims)
    yield Line("event id", attempt.event_id)
    yield from _known("request id", request_id)


def _known(label: str, value: str | None) -> Iterator[Line]:
    if value:
        yield Line(label, value)


def _issuer(attempt: Attempt) -> str | None:
    """Return the issuer in an AWS provider's ARN; Google's events do not name it."""
    _, issuer, path = (attempt.provider or "").partition(":oidc-provider/")
    return f"https://{path}" if issuer else None


def _names(attempt: Attempt) -> Mapping[str, str]:
    if attempt.cloud == "aws":
        issuer, target = _issuer(attempt) or "", attempt.target or ""
        return {
            "role": target.rpartition("/")[2] if account_of(target) is not None else "",
            "role_arn": target,
            "provider_arn": attempt.provider or "" if issuer else "",
            "issuer": issuer,
        }
    impersonated = attempt.target if attempt.step == "impersonate" else attempt.service_account
    provider = attempt.provider or (attempt.target if attempt.step == "exchange" else "") or ""
    return {"provider": provider if provider.startswith("projects/") else "", "account": impersonated or ""}


def _commands(cloud: Cloud, names: Mapping[str, str]) -> Iterator[NextCommand]:
    for run, why in _FETCH[cloud]:
        command = filled(run, names)
        if command:
            yield NextCommand(command, why)


def _of_denial(denial: SessionDenial) -> Alone:
    reading = reading_of_denial(denial)
    names = {"role_arn": denial.target or "", "role": (denial.target or "").rpartition("/")[2]}
    if denial.cloud == "gcp":
        names = {"account": denial.target or ""}
    answer = answer_for(denial.cloud, reading.steps, names)
    causes = words.possible(answer, denial.cloud)
    lines = [
        Line("decision", "refused, after the exchange", "✗"),
        Line("error", error_of(denial)),
        Line("time", words.moment(denial.time)),
        Line("call", f"{denial.action} ({denial.service})"),
        *_known("resource", denial.resource),
        *_known("role" if denial.cloud == "aws" else "account", denial.target),
        *_known("session", denial.session),
        *_known("provider", denial.provider),
        *(Line("event id", event) for event in denial.event_ids[:1]),
    ]
    return Alone(
        "event",
        f"{CLOUDS[denial.cloud]} accepted the token, and denied its session {denial.action} at "
        f"{words.moment(denial.time)}.",
        (Part("The event (a call of a session)", tuple(lines)),),
        causes,
        words.codes(answer.further, denial.cloud),
        words.order_of(answer),
        words.next_commands(answer),
        "Add the role's policies, which decide this call: docs/bundle.md lists the files",
    )


def _of_change(change: Change) -> Alone:
    refused = f"; it was refused ({error_of(change)})" if change.error_code else ""
    lines = [
        Line("write", change.what),
        Line("resource", change.resource),
        Line("time", words.moment(change.time)),
        *_known("by", change.by),
        *_known("account", change.account),
        Line("event id", change.event_id),
        *_known("request id", text(change.record.get("requestID"))),
    ]
    return Alone(
        "event",
        f"This event is a change of configuration: {change.what} on {change.resource} at "
        f"{words.moment(change.time)}{refused}.",
        (Part("The event", tuple(lines)),),
        ask="Add the attempts around it as well: --cloudtrail FOLDER or --gcp-logs FOLDER",
    )
