"""Explain why the logs may lack an event for a refused caller.

A missing event proves little: the vendors do not log every refusal, events arrive late, and files cover only a window
and some places. Each note's wording states its certainty ("usually", "as far as is known").
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from oidc_doctor.logs.records.cloudtrail import NO_TIME
from oidc_doctor.logs.records.gcp_audit import IAM_CREDENTIALS, STS
from oidc_doctor.model.arns import account_of
from oidc_doctor.model.in_words import as_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.history.google_logging import CallLogging
    from oidc_doctor.model.events import LogCoverage, Signature
    from oidc_doctor.model.evidence import Target
    from oidc_doctor.model.steps import Cloud

MissingEventKind = Literal[
    "no-events-found", "exchange-logging-off", "not-logged-by-vendor", "delivery-delay", "window-does-not-cover"
]

# CloudTrail user guide: about 5 minutes on average, not guaranteed; older wording: within 15. Google: 0.04 to 1.9
# seconds in published entries, and no figure for when a query returns them: a minute is allowed (inferred).
_DELAY = {"aws": 15 * 60, "gcp": 60}
_FEW = 3  # projects to name
_RECENT = 86400  # a refusal more than a day before the failure belongs to another failure
_GLOBAL_REGION = "us-east-1"
# Services whose Data Access entries show what a workload reads after its exchange.
_READ_SERVICES = ("storage.googleapis.com", "artifactregistry.googleapis.com")
_NOT_OF_THE_CALL = ("configure", "obtain", "permission")  # steps at which neither of Google's calls is refused

_WORDS = {"accepted": "accepted", "refused": "refused earlier", "unknown": "of unknown outcome"}

_AWS_UNLOGGED = {
    # AWS re:Post on InvalidIdentityToken, the IAM user guide's page on CloudTrail, and a report of September 2026.
    "token": "a token that is malformed or out of its times",
    "provider": "a token without an OIDC provider in the role's account",
    "audience": "an audience that the OIDC provider does not list",
    "keys": "a token whose keys or signature cannot be checked",
}
_AWS_UNCERTAIN = {
    "request": "a malformed request",
    "session-claims": "a fault in the session tag, source identity or roles claims",
    "duration": "a session that is longer than the role allows",
}
_GCP_UNLOGGED = {
    "target": "a request that names no provider which exists and is enabled (invalid_target)",
    "token": "a token that cannot be parsed",
}


class MissingEventNote(NamedTuple):
    """A reason why the event may be missing: a sentence, and further sentences (or none) with the grounds for it."""

    headline: str
    detail: str
    kind: MissingEventKind


def explain_missing_events(  # noqa: PLR0917 - each is one circumstance of the failure
    cloud: Cloud,
    signatures: Sequence[Signature],
    coverage: LogCoverage | None,
    target: Target,
    failing_step: str | None,
    instant: float | None,
    region: str | None,
    logging: CallLogging | None,  # of the failing call, in Google Cloud
    *,
    observed: bool = True,
    accounts: frozenset[str] = frozenset(),  # of AWS, of which attempts or writes were read
) -> list[MissingEventNote]:
    """Return the search, then why an event may be missing, the most certain reason first.

    `instant` is when the caller failed, epoch seconds; if no failure was `observed`, it is the time of the prediction.
    `region` is the client's. Empty if no logs were read, or if the signatures contain a refusal in this cloud that may
    be this failure.
    """
    of_cloud = [signature for signature in signatures if signature.sample.cloud == cloud]
    if coverage is None or not coverage.files or any(_may_be_the_failure(signature, instant) for signature in of_cloud):
        return []
    notes = [_searched(cloud, of_cloud, coverage, target, observed=observed)]
    if cloud == "aws":
        notes += _region(coverage, region)
        elsewhere = _account(target, accounts)
        notes += elsewhere
        if not elsewhere or failing_step in (*_AWS_UNLOGGED, *_AWS_UNCERTAIN, "obtain"):
            notes += _aws_unlogged(failing_step)
        # An event that is never written cannot be late.
        if failing_step not in _AWS_UNLOGGED:
            notes += _window(cloud, coverage, instant, observed=observed)
    else:
        if logging is not None and failing_step not in _NOT_OF_THE_CALL:
            notes += _gcp_logging(of_cloud, coverage, logging)
        notes += _window(cloud, coverage, instant, observed=observed)
        notes += _gcp_unlogged(failing_step, coverage)
    return notes


def _may_be_the_failure(signature: Signature, instant: float | None) -> bool:
    recent = instant is None or signature.last_seen == NO_TIME or signature.last_seen > instant - _RECENT
    return recent and signature.sample.outcome == "refused"


def _searched(
    cloud: Cloud, signatures: list[Signature], coverage: LogCoverage, target: Target, *, observed: bool
) -> MissingEventNote:
    """Describe the logs that were read and the event that is missing from them."""
    read = f"Read: {_count(coverage.events, 'record')} in {_count(coverage.files, 'file')}{_period(coverage)}"
    if cloud == "aws":
        event = (
            f"AssumeRoleWithWebIdentity event for {as_value((target.aws and target.aws.role_arn) or '') or 'this role'}"
        )
        read += f", {' and '.join(sorted(coverage.regions)) or 'of no named Region'}."
        if _may_omit_sts(coverage):
            read += " None of them is a record of AWS STS, so the files may be of a kind that omits it."
    else:
        provider = as_value((target.gcp and target.gcp.provider) or "") or "this provider"
        event = f"exchange with {provider} or impersonation after it"
        services = " and ".join(name for name in (STS, IAM_CREDENTIALS) if name in coverage.services)
        read += f", {'with' if services else 'without'} entries of {services or f'{STS} and {IAM_CREDENTIALS}'}."
    if coverage.selective:
        read += " A log engine returned them; whether its table is complete is not known."
    if coverage.problems:
        read += " Parts of the files could not be read; see the problems named for them."
    if coverage.is_cut:
        read += " Records of that time were left out when they were gathered; see the coverage."
    if not signatures:
        return MissingEventNote(f"No {event} was found.", read, "no-events-found")
    counts = {"accepted": 0, "refused earlier": 0, "of unknown outcome": 0}
    for signature in signatures:
        counts[_WORDS[signature.sample.outcome]] += signature.count
    other_attempts = ", ".join(f"{number:,} {kind}" for kind, number in counts.items() if number)
    when = " at the time of the failure" if observed else ""
    headline = f"No refused {event} was found{when}; there are others: {other_attempts}."
    return MissingEventNote(headline, read, "no-events-found")


def _may_omit_sts(coverage: LogCoverage) -> bool:
    seen = coverage.services
    return bool(coverage.events and seen and not coverage.selective) and not any(
        name.startswith("sts.") for name in seen
    )


def _period(coverage: LogCoverage) -> str:
    """Return the period from the first record to the last, with one date where it is one day."""
    if coverage.first is None or coverage.last is None:
        return ", none of them with a time"
    first, last = _when(coverage.first), _when(coverage.last)
    same_day = first.split()[0] == last.split()[0]
    return f", {first.removesuffix(' UTC')} – {last.split(maxsplit=1)[1] if same_day else last}"


def _region(coverage: LogCoverage, region: str | None) -> list[MissingEventNote]:
    """Report Regions that were not read: CloudTrail logs an exchange in the Region of the called endpoint."""
    regions = sorted({region, _GLOBAL_REGION} if region else {_GLOBAL_REGION})
    unread = [name for name in regions if name not in coverage.regions]
    if not unread:
        return []
    places = " and ".join(unread)
    headline = f"No record from {places} is in the logs that were read."
    if coverage.selective:
        headline = f"The log engine returned no record from {places}; whether its table has any is not known."
    return [
        MissingEventNote(
            headline,
            "CloudTrail records the exchange in the Region whose endpoint was called, the global endpoint's "
            f"(sts.amazonaws.com) in {_GLOBAL_REGION}.",
            "window-does-not-cover",
        )
    ]


def _account(target: Target, accounts: frozenset[str]) -> list[MissingEventNote]:
    """Report records of other accounts: CloudTrail logs an exchange only in the role's account."""
    own = account_of((target.aws and target.aws.role_arn) or "") or ""
    if not own.isdigit() or not accounts or own in accounts:  # a redacted account may be any
        return []
    others = sorted(accounts)
    listed = " and ".join(others[:_FEW]) + (f" and {len(others) - _FEW} more" if len(others) > _FEW else "")
    return [
        MissingEventNote(
            f"No attempt and no write of account {own} is in the logs that were read: they are of account {listed}.",
            "CloudTrail records the exchange in the account of the role, so a missing event proves nothing here.",
            "window-does-not-cover",
        )
    ]


def _window(cloud: Cloud, coverage: LogCoverage, instant: float | None, *, observed: bool) -> list[MissingEventNote]:
    """Report records that end before the failure, and an event that cannot have arrived yet."""
    failure = "failure" if observed else "moment that is judged"
    if instant is None or coverage.first is None or coverage.last is None:
        return []
    if instant < coverage.first:
        retention = " Google usually keeps Data Access entries for 30 days." if cloud == "gcp" else ""
        detail = f"The {failure} is of {_when(instant)}.{retention}" if observed else f"The moment is {_when(instant)}."
        headline = f"The logs that were read begin after the {failure}."
        return [MissingEventNote(headline, detail, "window-does-not-cover")]
    gap = instant - coverage.last
    notes = []
    if gap > _DELAY[cloud]:
        what = "The failure is of" if observed else "The moment is"
        detail = f"{what} {_when(instant)}: later records were not read, or there are none."
        headline = f"The logs that were read end before the {failure}."
        notes = [MissingEventNote(headline, detail, "window-does-not-cover")]
    elif gap > -_DELAY[cloud]:
        notes = [_delay(cloud)]
    return notes


def _delay(cloud: Cloud) -> MissingEventNote:
    detail = (
        "CloudTrail usually takes about 5 minutes, at times 15."
        if cloud == "aws"
        else "Google's entries usually arrive within seconds; allow a minute."
    )
    return MissingEventNote("The event may not have been delivered yet.", detail, "delivery-delay")


def _aws_unlogged(step: str | None) -> list[MissingEventNote]:
    """Report unlogged refusals: CloudTrail logs denials by trust policies, but usually not refused tokens."""
    kind: MissingEventKind = "not-logged-by-vendor"
    if step in _AWS_UNLOGGED:
        headline = f"CloudTrail usually has no event for {_AWS_UNLOGGED[step]}, so the missing event fits this cause."
        return [MissingEventNote(headline, "", kind)]
    if step in _AWS_UNCERTAIN:
        headline = f"CloudTrail may or may not have an event for {_AWS_UNCERTAIN[step]}: this is not known."
        return [MissingEventNote(headline, "", kind)]
    if step == "obtain":
        return [MissingEventNote("A workload without a token does not call AWS STS, and leaves no event.", "", kind)]
    if step == "permission":
        detail = "The session's own calls have other event names; reads of S3 objects are off by default."
        return [MissingEventNote("The exchange is not where this failure would be logged.", detail, kind)]
    detail = (
        "AWS logs a refusal by the trust policy (AccessDenied), and usually does not log that of an invalid token: "
        "another "
        "cause, account or Region is likely, or the call was never made."
    )
    return [MissingEventNote("A missing event usually points to a refusal before the trust policy.", detail, kind)]


def _gcp_logging(signatures: list[Signature], coverage: LogCoverage, logging: CallLogging) -> list[MissingEventNote]:
    """Report disabled logging: exchanges are Data Access entries, off by default; other entries prove nothing.

    Entries of the service prove that it is logged, whatever a configuration says; entries of another project prove
    nothing.
    """
    step = "impersonate" if logging.impersonating else "exchange"
    attempts_logged = any(signature.sample.step == step for signature in signatures)
    if logging.on or logging.was_seen or attempts_logged:
        return []
    how = f"Data Access audit logs of type ADMIN_READ for {logging.switch} (or allServices)"
    own = min(logging.own, key=str.isdigit, default="of the target")  # the id, if known
    if others := logging.elsewhere:
        listed = " and ".join(others[:_FEW]) + (f" and {len(others) - _FEW} more" if len(others) > _FEW else "")
        headline = f"Entries of {logging.writer} were read of project {listed}, and none of project {own}."
        detail = f"Whether project {own} logs its {logging.calls.lower()} is not known: each project, or its folder or "
        return [MissingEventNote(headline, f"{detail}organization, switches on {how}.", "no-events-found")]
    if logging.writer in coverage.services:
        return []
    only = f"Such calls are logged, refused ones too, only with {how}"
    if logging.on is False:
        headline = f"{logging.calls} of project {own} are not logged."
        detail = (
            f"{only}. Project, folder and organization, as read, do not switch them on, "
            "so a missing entry proves nothing."
        )
        return [MissingEventNote(headline, detail, "exchange-logging-off")]
    headline = f"{logging.calls} may or may not be logged in project {own}: this is not known."
    unread = ", ".join(logging.unread) or "project, folder, organization"
    detail = (
        f"{only}, which are off by default: no entry of {logging.writer} was read, nor the auditConfigs of {unread}."
    )
    return [MissingEventNote(headline, detail, "exchange-logging-off")]


def _gcp_unlogged(step: str | None, coverage: LogCoverage) -> list[MissingEventNote]:
    kind: MissingEventKind = "not-logged-by-vendor"
    if step in _GCP_UNLOGGED:
        headline = f"For {_GCP_UNLOGGED[step]} there is probably no entry even with the audit logs on (inferred)."
        return [MissingEventNote(headline, "", kind)]
    if step in ("obtain", "configure"):
        headline = "A workload without a token does not call Google's Security Token Service, and leaves no entry."
        return [MissingEventNote(headline, "", kind)]
    if step == "permission":
        read = " and ".join(service for service in _READ_SERVICES if service in coverage.services)
        detail = (
            f"Entries of {read} were read, and no refused call of this workload among them."
            if read
            else "Reads of objects and packages are Data Access entries of their own services, off by default."
        )
        return [MissingEventNote("The exchange is not where this failure would be logged.", detail, kind)]
    if step is None:
        headline = (
            "A request that names no provider and a token that cannot be parsed are probably not logged (inferred)."
        )
        return [MissingEventNote(headline, "", kind)]
    return []


def _when(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
