"""Explain why the logs may have no event for a caller that was refused.

A missing event proves little: the vendors do not log every refusal, events arrive late, and files cover a window and
some places only. The words of each note state how certain it is ("usually", "as far as is known").
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from oidc_doctor.logs.records.cloudtrail import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.model.events import LogCoverage, Signature
    from oidc_doctor.model.evidence import Target
    from oidc_doctor.model.steps import Cloud

MissingEventKind = Literal[
    "no-events-found", "exchange-logging-off", "not-logged-by-vendor", "delivery-delay", "window-does-not-cover"
]

# CloudTrail user guide: about 5 minutes on average, not guaranteed; older wording: within 15. Google: 0.04 to 1.9
# seconds in published entries, and no figure for when a query sees them: a minute is allowed (inferred).
_DELAY = {"aws": 15 * 60, "gcp": 60}
_RECENT = 86400  # a refusal more than a day before the failure is another failure's
_GLOBAL_REGION = "us-east-1"
_STS = "sts.googleapis.com"
_CREDENTIALS = "iamcredentials.googleapis.com"

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
    audit_configs_on: bool | None,  # None: not read
) -> list[MissingEventNote]:
    """Return the search that was made, then why an event may be missing, the most certain reason first.

    `instant` is when the caller failed, epoch seconds; `region` is the client's. Empty where no logs were read, and
    where the signatures hold a refusal in this cloud that may be the failure's.
    """
    of_cloud = [signature for signature in signatures if signature.sample.cloud == cloud]
    if coverage is None or not coverage.files or any(_may_be_the_failure(signature, instant) for signature in of_cloud):
        return []
    notes = [_searched(cloud, of_cloud, coverage, target)]
    if cloud == "aws":
        notes += _region(coverage, region)
        notes += _aws_unlogged(failing_step)
        # An event that is not written does not arrive late either.
        notes += [note for note in _window(cloud, coverage, instant) if failing_step not in _AWS_UNLOGGED]
    else:
        notes += _gcp_logging_off(of_cloud, coverage, failing_step, audit_configs_on)
        notes += _window(cloud, coverage, instant)
        notes += _gcp_unlogged(failing_step)
    return notes


def _may_be_the_failure(signature: Signature, instant: float | None) -> bool:
    recent = instant is None or signature.last_seen == NO_TIME or signature.last_seen > instant - _RECENT
    return recent and signature.sample.outcome == "refused"


def _searched(cloud: Cloud, signatures: list[Signature], coverage: LogCoverage, target: Target) -> MissingEventNote:
    """Describe the logs that were read and the event that is missing from them."""
    read = f"Read: {_count(coverage.events, 'record')} in {_count(coverage.files, 'file')}{_period(coverage)}"
    if cloud == "aws":
        event = f"AssumeRoleWithWebIdentity event for {(target.aws and target.aws.role_arn) or 'this role'}"
        read += f", {' and '.join(sorted(coverage.regions)) or 'of no named Region'}."
        if coverage.events and coverage.services and not any(name.startswith("sts.") for name in coverage.services):
            read += " No record of AWS STS at all is among them, so the files may be of a kind that leaves it out."
    else:
        event = f"exchange with {(target.gcp and target.gcp.provider) or 'this provider'} or impersonation after it"
        services = " and ".join(name for name in (_STS, _CREDENTIALS) if name in coverage.services)
        read += f", {'with' if services else 'without'} entries of {services or f'{_STS} and {_CREDENTIALS}'}."
    if coverage.problems:
        read += " Parts of the files could not be read; see the problems named for them."
    if not signatures:
        return MissingEventNote(f"No {event} was found.", read, "no-events-found")
    counts = {"accepted": 0, "refused earlier": 0, "of unknown outcome": 0}
    for signature in signatures:
        counts[_WORDS[signature.sample.outcome]] += signature.count
    other_attempts = ", ".join(f"{number:,} {kind}" for kind, number in counts.items() if number)
    headline = f"No refused {event} was found at the time of the failure; there are others: {other_attempts}."
    return MissingEventNote(headline, read, "no-events-found")


def _period(coverage: LogCoverage) -> str:
    """Return the period from the first record to the last, with one date where it is one day."""
    if coverage.first is None or coverage.last is None:
        return ", none of them with a time"
    first, last = _when(coverage.first), _when(coverage.last)
    same_day = first.split()[0] == last.split()[0]
    return f", {first.removesuffix(' UTC')} – {last.split(maxsplit=1)[1] if same_day else last}"


def _region(coverage: LogCoverage, region: str | None) -> list[MissingEventNote]:
    """CloudTrail keeps an exchange in the Region of the endpoint that was called."""
    regions = sorted({region, _GLOBAL_REGION} if region else {_GLOBAL_REGION})
    unread = [name for name in regions if name not in coverage.regions]
    if not unread:
        return []
    places = " and ".join(unread)
    return [
        MissingEventNote(
            f"No record from {places} is in the logs that were read.",
            "CloudTrail records the exchange in the Region whose endpoint was called, the global endpoint's "
            f"(sts.amazonaws.com) in {_GLOBAL_REGION}.",
            "window-does-not-cover",
        )
    ]


def _window(cloud: Cloud, coverage: LogCoverage, instant: float | None) -> list[MissingEventNote]:
    """Report records that do not reach the time of the failure, and an event that cannot have arrived yet."""
    if instant is None or coverage.first is None or coverage.last is None:
        return []
    if instant < coverage.first:
        retention = " Google usually keeps Data Access entries for 30 days." if cloud == "gcp" else ""
        detail = f"The failure is of {_when(instant)}.{retention}"
        return [MissingEventNote("The logs that were read begin after the failure.", detail, "window-does-not-cover")]
    gap = instant - coverage.last
    notes = []
    if gap > _DELAY[cloud]:
        detail = f"The failure is of {_when(instant)}: later records were not read, or there are none."
        notes = [MissingEventNote("The logs that were read end before the failure.", detail, "window-does-not-cover")]
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
    """CloudTrail has the denials of trust policies, and usually not those of tokens."""
    kind: MissingEventKind = "not-logged-by-vendor"
    if step in _AWS_UNLOGGED:
        headline = f"For {_AWS_UNLOGGED[step]} CloudTrail usually has no event, so the silence agrees with it."
        return [MissingEventNote(headline, "", kind)]
    if step in _AWS_UNCERTAIN:
        headline = f"It is not known whether CloudTrail usually has an event for {_AWS_UNCERTAIN[step]}."
        return [MissingEventNote(headline, "", kind)]
    if step == "obtain":
        return [MissingEventNote("A workload without a token does not call AWS STS, and leaves no event.", "", kind)]
    if step == "permission":
        detail = "What the session does stands under other event names; reads of S3 objects are off by default."
        return [MissingEventNote("The exchange is not where this failure would be logged.", detail, kind)]
    detail = (
        "AWS logs a refusal by the trust policy (AccessDenied), and usually not that of an invalid token: another "
        "cause, account or Region is likely, or the call was never made."
    )
    return [MissingEventNote("Silence usually speaks for a refusal before the trust policy.", detail, kind)]


def _gcp_logging_off(
    signatures: list[Signature],
    coverage: LogCoverage,
    step: str | None,
    audit_configs_on: bool | None,
) -> list[MissingEventNote]:
    """Exchanges are Data Access entries, off by default; trust changes are not, so other entries prove nothing."""
    impersonating = step == "impersonate"
    calls = "Impersonations" if impersonating else "Exchanges"
    # The service to switch on is iam.googleapis.com for entries that iamcredentials.googleapis.com writes.
    switch = "iam.googleapis.com" if impersonating else _STS
    writer = _CREDENTIALS if impersonating else _STS
    how = f"Data Access audit logs of type ADMIN_READ for {switch} (or allServices)"
    attempts_logged = any(
        signature.sample.step == ("impersonate" if impersonating else "exchange") for signature in signatures
    )
    # audit configurations of a folder or the organisation count as well (inferred): entries show that one is on
    if audit_configs_on or attempts_logged or writer in coverage.services:
        return []
    if audit_configs_on is False:
        detail = f"They are logged, refused ones too, only with {how}. Those are off, so silence says nothing."
        return [MissingEventNote(f"{calls} are not logged in this project.", detail, "exchange-logging-off")]
    detail = (
        f"They are logged, refused ones too, only with {how}, which are off by default: no entry of {writer} was read, "
        "nor the audit configuration."
    )
    return [MissingEventNote(f"{calls} are probably not logged in this project.", detail, "exchange-logging-off")]


def _gcp_unlogged(step: str | None) -> list[MissingEventNote]:
    kind: MissingEventKind = "not-logged-by-vendor"
    if step in _GCP_UNLOGGED:
        headline = f"For {_GCP_UNLOGGED[step]} there is probably no entry even with the audit logs on (inferred)."
        return [MissingEventNote(headline, "", kind)]
    if step in ("obtain", "configure"):
        headline = "A workload without a token does not call Google's Security Token Service, and leaves no entry."
        return [MissingEventNote(headline, "", kind)]
    if step == "permission":
        detail = "Reads of objects and packages are Data Access entries of their own services, off by default."
        return [MissingEventNote("The exchange is not where this failure would be logged.", detail, kind)]
    if step is None:
        headline = (
            "As far as is known, a request that names no provider and a token that cannot be parsed are never logged."
        )
        return [MissingEventNote(headline, "", kind)]
    return []


def _when(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
