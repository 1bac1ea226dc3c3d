"""What it means that the logs hold no event for a caller who was refused.

Silence proves little: the vendors do not log every refusal, events arrive late, and files cover a window and some
places only. Each statement says in its words how sure it is ("usually", "as far as is known").
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from oidc_doctor.parse.cloudtrail import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.model.event import AttemptGroup, LogCoverage
    from oidc_doctor.model.evidence import Target
    from oidc_doctor.model.exchange import Cloud

SilenceKind = Literal[
    "no-events-found", "exchange-logging-off", "not-logged-by-vendor", "delivery-delay", "window-does-not-cover"
]

# CloudTrail user guide: about 5 minutes on average, not guaranteed; older wording said within 15. Google: 0.04 to 1.9
# seconds in published entries, and no figure for when a query sees them: a minute is allowed (inferred).
_DELAY = {"aws": 15 * 60, "gcp": 60}
_KEPT = 30 * 86400  # Google's _Default log bucket keeps Data Access entries 30 days, unless changed
_RECENT = 86400  # a refusal that is older than a day before the failure is not the failure's
_GLOBAL_REGION = "us-east-1"
_STS = "sts.googleapis.com"
_CREDENTIALS = "iamcredentials.googleapis.com"

_WORDS = {"accepted": "accepted", "refused": "refused earlier", "unknown": "of unknown outcome"}

_AWS_UNLOGGED = {
    # AWS re:Post on InvalidIdentityToken, the IAM user guide's page on CloudTrail, and a report of September 2026.
    "token": "a token that fails validation (InvalidIdentityToken)",
    "provider": "a token without a matching OIDC provider in the role's account (InvalidIdentityToken)",
    "audience": "an audience that the OIDC provider does not list (InvalidIdentityToken)",
    "keys": "a token whose keys or signature cannot be checked (InvalidIdentityToken)",
}
_AWS_UNCERTAIN = {
    "request": "a malformed request (ValidationError)",
    "session-claims": "a fault in the session tag, source identity or roles claims",
    "duration": "a session that is longer than the role allows (ValidationError)",
}
_GCP_UNLOGGED = {
    "target": "a request that names no provider which exists and is enabled (invalid_target)",
    "token": "a token that cannot be parsed",
}


class SilenceNote(NamedTuple):
    """One thing that the silence may come from."""

    headline: str
    detail: str
    kind: SilenceKind


def explain_silence(  # noqa: PLR0913 - each is one circumstance of the silence
    cloud: Cloud,
    groups_for_target: Sequence[AttemptGroup],
    coverage: LogCoverage | None,
    target: Target,
    failing_step: str | None,
    instant: float | None,
    region: str | None,
    audit_configs_on: bool | None,  # None: nobody looked
) -> list[SilenceNote]:
    """What was searched, then why an event may be missing, the surest reason first.

    `instant` is when the caller failed, epoch seconds; `region` is the client's. Empty where no logs were read, since
    then nothing is silent, and where the groups hold a refusal in this cloud that may be the failure's.
    """
    groups = [found for found in groups_for_target if found.sample.cloud == cloud]
    if coverage is None or not coverage.files or any(_may_be_the_failure(found, instant) for found in groups):
        return []
    notes = [_searched(cloud, groups, coverage, target)]
    if cloud == "aws":
        notes += _region(coverage, region)
        notes += _window(cloud, coverage, instant)
        notes += _aws_unlogged(failing_step)
    else:
        notes += _gcp_logging_off(groups, coverage, failing_step, audit_configs_on)
        notes += _window(cloud, coverage, instant)
        notes += _gcp_unlogged(failing_step)
    return notes


def _may_be_the_failure(found: AttemptGroup, instant: float | None) -> bool:
    recent = instant is None or found.last_seen == NO_TIME or found.last_seen > instant - _RECENT
    return recent and found.sample.outcome == "refused"


def _searched(cloud: Cloud, groups: list[AttemptGroup], coverage: LogCoverage, target: Target) -> SilenceNote:
    """What was read, and what was not in it."""
    window = (
        f"from {_when(coverage.first)} to {_when(coverage.last)}"
        if coverage.first is not None and coverage.last is not None
        else "none of them with a time"
    )
    read = f"Read {_count(coverage.events, 'record')} in {_count(coverage.files, 'file')}, {window}."
    if coverage.problems:
        read += " Parts of the files could not be read; see the problems named for them."
    if cloud == "aws":
        role = (target.aws and target.aws.role_arn) or "this role"
        places = ", ".join(sorted(coverage.regions)) or "not named in the records"
        read += f" Regions: {places}. Exchanges are logged in the role's account."
        if coverage.events and coverage.services and not any(name.startswith("sts.") for name in coverage.services):
            read += " No record of AWS STS at all is among them, so the files may be of a kind that leaves it out."
        what = f"AssumeRoleWithWebIdentity event for {role}"
    else:
        provider = (target.gcp and target.gcp.provider) or "this provider"
        places = ", ".join(name for name in (_STS, _CREDENTIALS) if name in coverage.services) or "none of them"
        read += f" Of the two services that would log it, seen: {places}. Exchanges are logged in the pool's project."
        what = f"exchange with {provider} or impersonation after it"
    if not groups:
        return SilenceNote(f"No {what} was found.", read, "no-events-found")
    counts = {"accepted": 0, "refused earlier": 0, "of unknown outcome": 0}
    for found in groups:
        counts[_WORDS[found.sample.outcome]] += found.count
    others = ", ".join(f"{number:,} {words}" for words, number in counts.items() if number)
    headline = f"No refused {what} was found at the time of the failure; there are others: {others}."
    return SilenceNote(headline, read, "no-events-found")


def _region(coverage: LogCoverage, region: str | None) -> list[SilenceNote]:
    """CloudTrail keeps an exchange in the Region of the endpoint that was called."""
    wanted = sorted({region, _GLOBAL_REGION} if region else {_GLOBAL_REGION})
    unread = [name for name in wanted if name not in coverage.regions]
    if not unread:
        return []
    places = " and ".join(unread)
    return [
        SilenceNote(
            f"No record from {places} is in the logs that were read.",
            "CloudTrail records the exchange in the Region whose endpoint was called; a call to the global endpoint "
            f"(sts.amazonaws.com) is recorded in {_GLOBAL_REGION}."
            + ("" if region else " Which endpoint the client calls is not known here."),
            "window-does-not-cover",
        )
    ]


def _window(cloud: Cloud, coverage: LogCoverage, instant: float | None) -> list[SilenceNote]:
    """Whether the records reach to the moment of the failure, and whether its event can have arrived."""
    if instant is None or coverage.first is None or coverage.last is None:
        return []
    if instant < coverage.first:
        kept = " Google usually keeps Data Access entries for 30 days." if cloud == "gcp" else ""
        detail = f"The oldest record is of {_when(coverage.first)}, the failure of {_when(instant)}.{kept}"
        return [SilenceNote("The logs that were read begin after the failure.", detail, "window-does-not-cover")]
    gap = instant - coverage.last
    notes = []
    if gap > _DELAY[cloud]:
        detail = (
            f"The newest record is of {_when(coverage.last)}, the failure of {_when(instant)}: nothing at all was "
            "recorded in between, or later records were not read."
        )
        notes = [SilenceNote("The logs that were read end before the failure.", detail, "window-does-not-cover")]
    elif gap > -_DELAY[cloud]:
        notes = [_delay(cloud, coverage.last)]
    return notes


def _delay(cloud: Cloud, last: float) -> SilenceNote:
    if cloud == "aws":
        detail = (
            "CloudTrail usually delivers an event about 5 minutes after the call, without a promise; 15 minutes is an "
            f"older figure. The newest record that was read is of {_when(last)}."
        )
    else:
        detail = (
            "Google's entries usually arrive within seconds; allow a minute until a query shows them. "
            f"The newest entry that was read is of {_when(last)}."
        )
    return SilenceNote("The event may not have been delivered yet.", detail, "delivery-delay")


def _aws_unlogged(step: str | None) -> list[SilenceNote]:
    """CloudTrail has the denials of trust policies, and usually not those of tokens."""
    kind: SilenceKind = "not-logged-by-vendor"
    if step in _AWS_UNLOGGED:
        detail = (
            f"For {_AWS_UNLOGGED[step]} CloudTrail usually has no event: the refusal comes before there is an identity "
            "to log. The silence agrees with a refusal at this step."
        )
        return [SilenceNote("AWS usually does not log a refusal at this step.", detail, kind)]
    if step in _AWS_UNCERTAIN:
        detail = f"Whether CloudTrail has an event for {_AWS_UNCERTAIN[step]} is not known: no published one was found."
        return [SilenceNote("It is not known whether AWS logs a refusal at this step.", detail, kind)]
    if step == "obtain":
        detail = "Without a token to send, the workload does not call AWS STS, and CloudTrail has nothing to record."
        return [SilenceNote("A workload without a token leaves no event.", detail, kind)]
    if step == "permission":
        detail = (
            "What the session does after the exchange stands under other event names; reading S3 objects is a data "
            "event, which is off by default."
        )
        return [SilenceNote("The exchange is not where this failure would be logged.", detail, kind)]
    detail = (
        "A refusal by the trust policy is normally logged (AccessDenied). A token that fails validation "
        "(InvalidIdentityToken: provider, audience, keys, form) usually leaves no event at all. So the silence usually "
        "points to the token's validation, to another account or Region, or to a call that was never made."
    )
    return [SilenceNote("Silence usually speaks for a refusal before the trust policy.", detail, kind)]


def _gcp_logging_off(
    groups: list[AttemptGroup],
    coverage: LogCoverage,
    step: str | None,
    audit_configs_on: bool | None,
) -> list[SilenceNote]:
    """Exchanges are Data Access entries, off by default; trust changes are not, so other entries prove nothing."""
    impersonating = step == "impersonate"
    what = "Impersonations" if impersonating else "Exchanges"
    # The service to switch on is iam.googleapis.com for entries that iamcredentials.googleapis.com writes.
    switch = "iam.googleapis.com" if impersonating else _STS
    writer = _CREDENTIALS if impersonating else _STS
    how = f"Data Access audit logs of type ADMIN_READ for {switch} (or allServices)"
    if audit_configs_on is False:
        detail = f"They are logged, refused ones too, only with {how}. Those are off, so silence says nothing."
        return [SilenceNote(f"{what} are not logged in this project.", detail, "exchange-logging-off")]
    seen = any(found.sample.step == ("impersonate" if impersonating else "exchange") for found in groups)
    if audit_configs_on or seen or writer in coverage.services:
        return []
    detail = (
        f"They are logged, refused ones too, only with {how}, which are off by default. No entry of {writer} was read, "
        "and neither was the audit configuration of project, folder and organisation."
    )
    return [SilenceNote(f"{what} are probably not logged in this project.", detail, "exchange-logging-off")]


def _gcp_unlogged(step: str | None) -> list[SilenceNote]:
    kind: SilenceKind = "not-logged-by-vendor"
    if step in _GCP_UNLOGGED:
        detail = (
            f"For {_GCP_UNLOGGED[step]} there is probably no entry even with the audit logs on, since it cannot be "
            "filed under a provider. This is inferred: Google does not say which failures it leaves out."
        )
        return [SilenceNote("Google probably does not log a refusal at this step.", detail, kind)]
    if step in ("obtain", "configure"):
        detail = "Without a token to send, the workload does not call Google's Security Token Service."
        return [SilenceNote("A workload without a token leaves no entry.", detail, kind)]
    if step == "permission":
        detail = "Reads of objects and packages are Data Access entries of their own services, off by default."
        return [SilenceNote("The exchange is not where this failure would be logged.", detail, kind)]
    if step is None:
        detail = (
            "Where the audit logs are on, most refusals are logged with their reason. As far as is known, a request "
            "that names no provider and a token that cannot be parsed are not, and exemptedMembers can hide entries."
        )
        return [SilenceNote("Some refusals are probably never logged.", detail, kind)]
    return []


def _when(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
