"""Convert CloudTrail records to attempts.

Sources: the CloudTrail user guide (record contents, log file examples, Insights and digest files), the IAM user guide's
page on CloudTrail and STS, and published events of 2023 to 2026. The token's issuer writes subject, audience and tags;
the caller writes session name and user agent; AWS writes the rest.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from oidc_doctor.documents.fields import kind
from oidc_doctor.model.events import Attempt, Outcome
from oidc_doctor.model.times import epoch_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from oidc_doctor.model.document import Json, Origin

    Note = Callable[[Origin, str], None]

Record = dict[str, Any]

EVENT_NAME = "AssumeRoleWithWebIdentity"

# Trail files and the console's download; aws cloudtrail lookup-events; aws logs filter-log-events.
LISTS = ("Records", "Events", "events")

MADE_UP = "digest-"  # how an id begins that is made of the content of an event without one
NO_TIME = 0.0  # Attempt.time of an event without a readable time: people paste parts of events

_DEEPEST = 4  # wrappers inside wrappers: pages in a list, an event as a string in a page
_MILLISECONDS = 1e11  # a larger number is not seconds (that would be the year 5138)
_LATEST = 253402300800.0  # the year 10000

# An issuer's path may hold anything but a colon: IAM refuses a port, a query and a fragment.
_PROVIDER_ARN = re.compile(r"arn:[^:]*:iam::[^:]*:(?:oidc|saml)-provider/[^:]+(?=:)")
_BARE_PROVIDER = re.compile(r"(?!arn:)[^:]+(?=:)")  # accounts.google.com, cognito-identity.amazonaws.com, …
# Without the subject as the known end, an audience ends at its first colon; in a URL, at the first one after the host
# (and its port, where a path follows). A URN has colons of its own: then its end is ambiguous.
_AUDIENCE = re.compile(r"(?!urn:)((?:[A-Za-z][A-Za-z0-9+.-]*://[^:/]*(?::\d+(?=/))?)?[^:]*):")

_TAGS = "https://aws.amazon.com/tags/"


def text(value: Json) -> str | None:
    """Return a string that is not empty, else None."""
    return value if isinstance(value, str) and value else None


def members(value: Json) -> Record:
    """Return an object's members, also of an object written as a string (by Athena, CloudTrail Lake); else {}."""
    if isinstance(value, str) and value.startswith("{"):
        value = _inner(value)
    return value if isinstance(value, dict) else {}


def epoch(value: Json) -> float | None:
    """RFC 3339 text or a number as epoch seconds, UTC where no offset is given; None where it is not a time."""
    if isinstance(value, str):
        written = epoch_of(value)
        if written is None:
            return None
        seconds = written
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LATEST * 1000:
        seconds = value / 1000 if value > _MILLISECONDS else float(value)
    else:
        return None
    return seconds if 0 < seconds < _LATEST and math.isfinite(seconds) else None


def records(value: Json, origin: Origin, note: Note, depth: int = 0) -> Iterator[tuple[Record, Origin]]:
    """Yield the CloudTrail records in `value`, each with its place; pass other values to `note`."""
    if isinstance(value, dict) and "eventName" in value:
        if value.get("eventCategory") == "Insight" or value.get("eventType") == "AwsCloudTrailInsight":
            note(origin, "a CloudTrail Insights event, which contains no call: skipped")
        else:
            yield value, origin
    elif depth > _DEEPEST:
        note(origin, "not a CloudTrail record (nested too deeply)")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from records(item, _at(origin, str(index)), note, depth + 1)
    elif isinstance(value, dict):
        yield from _unwrapped(value, origin, note, depth)
    elif isinstance(value, str) and value.startswith("{"):  # lookup-events --query 'Events[].CloudTrailEvent'
        inner = _inner(value)
        if inner is None:
            note(origin, "a text that is not a CloudTrail record, or half of one")
        else:
            yield from records(inner, origin, note, depth + 1)
    else:
        note(origin, f"not a CloudTrail record but {kind(value)}")


def attempt(record: Record, origin: Origin) -> Attempt | None:
    """Return the exchange in the record; None for every other call. Parts of a record are enough."""
    if record.get("eventName") != EVENT_NAME:
        return None
    source = record.get("eventSource")
    if isinstance(source, str) and not source.startswith("sts."):
        return None
    identity = members(record.get("userIdentity"))
    request = members(record.get("requestParameters"))
    response = members(record.get("responseElements"))
    provider, audience, subject = _parties(identity, request, response)
    target = _role(record, request)
    outcome = _outcome(record, response)
    time = epoch(record.get("eventTime"))
    event_id = text(record.get("eventID"))
    exchange = Attempt(
        cloud="aws",
        step="exchange",
        time=NO_TIME if time is None else time,
        target=target,
        provider=provider,
        subject=subject,
        audience=audience,
        outcome=outcome,
        error_code=text(record.get("errorCode")),
        error_message=text(record.get("errorMessage")),
        event_id=event_id or "",
        origin=origin._replace(event_id=event_id) if event_id else origin,
        region=text(record.get("awsRegion")),
        caller=text(record.get("sourceIPAddress")),
        user_agent=text(record.get("userAgent")),
        session_name=text(request.get("roleSessionName")),
        duration_seconds=_seconds(request.get("durationSeconds")),
        claims=_claims(record, request, response, target),
        access_key=text(members(response.get("credentials")).get("accessKeyId")),
    )
    if event_id:
        return exchange
    event_id = digest(exchange, text(record.get("requestID")))
    return replace(exchange, event_id=event_id, origin=origin._replace(event_id=event_id))


def digest(event: Attempt, *more: str | None) -> str:
    """Return an id for an event that has none: the same for the same event in any file, at any place."""
    parts = (
        event.cloud, event.step, event.time, event.target, event.provider, event.subject, event.audience, event.outcome,
        event.error_code, event.error_message, event.region, event.caller, event.user_agent, event.session_name, *more,
    )  # fmt: skip
    return digest_of(parts)


def digest_of(parts: Sequence[object]) -> str:
    """Return an id that is made of the parts of an event."""
    import hashlib  # imported late: events normally have ids

    return MADE_UP + hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:24]


def principal_parts(
    principal: str,
    provider: str | None,
    subject: str | None,
) -> tuple[str | None, str | None, str | None]:
    """Split `<provider>:<audience>:<subject>` into provider, audience and subject, None for an ambiguous part.

    Audience and subject may both hold colons (https://github.com/octo-org, repo:octo-org/octo-repo:…), so the provider
    as the known beginning and the subject as the known end are used where the event has them.
    """
    if provider is not None and principal.startswith(provider + ":"):
        audience_and_subject = principal[len(provider) + 1 :]
    else:
        match = _PROVIDER_ARN.match(principal) or _BARE_PROVIDER.match(principal)
        if match is None:
            return provider, None, subject
        provider = provider or match[0]
        audience_and_subject = principal[match.end() + 1 :]
    if subject is not None and audience_and_subject.endswith(":" + subject):
        return provider, audience_and_subject[: -len(subject) - 1] or None, subject
    audience = _AUDIENCE.match(audience_and_subject)
    if audience is None:
        return provider, None, subject
    return provider, audience[1] or None, subject or audience_and_subject[audience.end() :] or None


def _unwrapped(value: Record, origin: Origin, note: Note, depth: int) -> Iterator[tuple[Record, Origin]]:
    """Yield the records inside an object that is not a record itself."""
    name = next((name for name in LISTS if isinstance(value.get(name), list)), None)
    if name is not None:
        yield from records(value[name], _at(origin, name), note, depth + 1)
    elif "CloudTrailEvent" in value:
        inner = members(value["CloudTrailEvent"])
        if inner:
            yield from records(inner, _at(origin, "CloudTrailEvent"), note, depth + 1)
        else:
            note(origin, "the CloudTrailEvent cannot be read; the summary next to it was used")
            yield _summary(value), origin
    elif "EventName" in value:  # lookup-events --query that left the event itself out
        note(origin, "an event's summary without its CloudTrailEvent: the outcome is not known")
        yield _summary(value), origin
    elif isinstance(value.get("detail"), dict) and "detail-type" in value:  # as EventBridge delivers it
        yield from records(value["detail"], _at(origin, "detail"), note, depth + 1)
    elif (message := value.get("message")) and isinstance(message, str):  # as CloudWatch Logs stores it
        yield from records(members(message), _at(origin, "message"), note, depth + 1)
    elif "digestStartTime" in value or "digestS3Bucket" in value:
        note(origin, "a CloudTrail digest file, which contains no events: skipped")
    elif "insightDetails" in value or value.get("eventCategory") == "Insight":
        note(origin, "a CloudTrail Insights event, which contains no call: skipped")
    elif "eventID" in value or "eventSource" in value or "userIdentity" in value:
        note(origin, "a CloudTrail record without eventName")
        yield value, origin
    else:
        note(origin, "an object that is not a CloudTrail record")


def _summary(value: Record) -> Record:
    """Convert a lookup-events entry: its user name is the token's subject [CloudTrail API reference: Event]."""
    names = {"eventID": "EventId", "eventName": "EventName", "eventTime": "EventTime", "eventSource": "EventSource"}
    record: Record = {name: value.get(lookup_name) for name, lookup_name in names.items()}
    record["userIdentity"] = {"userName": value.get("Username")}
    listed = value.get("Resources")
    resources = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    record["resources"] = [{"ARN": item.get("ResourceName")} for item in resources]
    return record


def _parties(identity: Record, request: Record, response: Record) -> tuple[str | None, str | None, str | None]:
    """Return provider, audience and subject, from whichever member of the event has them."""
    provider = text(identity.get("identityProvider")) or text(response.get("provider"))
    # People's excerpts have the subject among the request parameters as well.
    subject = (
        text(identity.get("userName"))
        or text(response.get("subjectFromWebIdentityToken"))
        or text(request.get("subjectFromWebIdentityToken"))
    )
    audience = text(response.get("audience"))
    principal = text(identity.get("principalId"))
    if principal is None:
        return provider, audience, subject
    if audience and subject is None and provider and principal.startswith(f"{provider}:{audience}:"):
        return provider, audience, principal[len(provider) + len(audience) + 2 :] or None
    provider, audience_in_principal, subject = principal_parts(principal, provider, subject)
    return provider, audience or audience_in_principal, subject


def _role(record: Record, request: Record) -> str | None:
    """Return the role's ARN as requested, or the resource of the event."""
    if role := text(request.get("roleArn")):
        return role
    resources = record.get("resources")
    for item in resources if isinstance(resources, list) else ():
        arn = text(item.get("ARN")) if isinstance(item, dict) else None
        if arn and ":role/" in arn:
            return arn
    return None


def _outcome(record: Record, response: Record) -> Outcome:
    if text(record.get("errorCode")):
        return "refused"
    return "accepted" if response.get("credentials") else "unknown"


def _seconds(value: Json) -> int | None:
    """Return a number of seconds, from a number or (Athena) a text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < len(str(int(_LATEST))):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _claims(record: Record, request: Record, response: Record, target: str | None) -> tuple[tuple[str, str], ...]:
    """Return the further claims that the event shows, under their names in the token (session tags flattened).

    RoleAuthorizedByIdp is present, and true, only where the token's roles claim listed this role.
    """
    tags = request.get("principalTags")
    if isinstance(tags, list):  # [{"key": …, "value": …}], as other STS calls show their tags
        tags = {str(item.get("key")): item.get("value") for item in tags if isinstance(item, dict)}
    session_tags = [(key, value) for key, value in sorted(members(tags).items()) if isinstance(value, str)]
    claims = [(f"{_TAGS}principal_tags/{key}", value) for key, value in session_tags]
    transitive = request.get("transitiveTagKeys")
    if isinstance(transitive, list):
        claims += [(f"{_TAGS}transitive_tag_keys", key) for key in transitive if isinstance(key, str)]
    if identity := text(request.get("sourceIdentity")) or text(response.get("sourceIdentity")):
        claims.append(("https://aws.amazon.com/source_identity", identity))
    if target and members(record.get("additionalEventData")).get("RoleAuthorizedByIdp") in (True, "true"):
        claims.append(("https://aws.amazon.com/roles", target))
    return tuple(claims)


def _inner(value: str) -> Json:
    """Parse a JSON document that was written as a string; None where it is none."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _at(origin: Origin, name: str) -> Origin:
    return origin._replace(pointer=f"{origin.pointer}/{name}")
