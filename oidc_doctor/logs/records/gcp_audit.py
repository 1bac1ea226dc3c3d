"""Convert Google Cloud audit log entries to attempts: token exchanges and service account impersonations.

Sources: Google's audit logging pages for STS and IAM Credentials, and published entries of 2024 to 2026. The token's
issuer writes the subject; the caller writes the user agent; Google writes the rest.

`authorizationInfo[].granted` is not read: it is false on successful exchanges too (seen in published entries). The
outcome is in `status`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from oidc_doctor.logs.records.cloudtrail import NO_TIME, digest, epoch, members, text
from oidc_doctor.model.events import Attempt, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from oidc_doctor.model.document import Json, Origin

    Note = Callable[[Origin, str], None]

Entry = dict[str, Any]

STS = "sts.googleapis.com"
IAM_CREDENTIALS = "iamcredentials.googleapis.com"

LISTS = ("entries",)  # the reply of the Logging API's entries:list; gcloud prints a bare list, a sink JSON lines

EXCHANGE = "ExchangeToken"
IMPERSONATIONS = ("GenerateAccessToken", "GenerateIdToken")
_RESOURCE = "//iam.googleapis.com/"
PRINCIPAL = "principal://"
_LOG_ENTRY = ("protoPayload", "jsonPayload", "textPayload", "logName", "insertId")
_DEEPEST = 3

# google.rpc.Code: the entry has the number, the API's error body the name.
_CODES = {
    1: "CANCELLED", 2: "UNKNOWN", 3: "INVALID_ARGUMENT", 4: "DEADLINE_EXCEEDED", 5: "NOT_FOUND", 6: "ALREADY_EXISTS",
    7: "PERMISSION_DENIED", 8: "RESOURCE_EXHAUSTED", 9: "FAILED_PRECONDITION", 10: "ABORTED", 11: "OUT_OF_RANGE",
    12: "UNIMPLEMENTED", 13: "INTERNAL", 14: "UNAVAILABLE", 15: "DATA_LOSS", 16: "UNAUTHENTICATED",
}  # fmt: skip
_NO_CODE = 1000
_FINE = ("DEFAULT", "DEBUG", "INFO", "NOTICE")
FAILED = ("ERROR", "CRITICAL", "ALERT", "EMERGENCY")


def records(value: Json, origin: Origin, note: Note, depth: int = 0) -> Iterator[tuple[Entry, Origin]]:
    """Yield the log entries in `value`, each with its place; pass other values to `note`."""
    if isinstance(value, dict) and any(name in value for name in _LOG_ENTRY):
        yield value, origin
    elif isinstance(value, dict) and isinstance(value.get("entries"), list) and depth < _DEEPEST:
        yield from records(value["entries"], origin._replace(pointer=f"{origin.pointer}/entries"), note, depth + 1)
    elif isinstance(value, list) and depth < _DEEPEST:
        for index, item in enumerate(value):
            yield from records(item, origin._replace(pointer=f"{origin.pointer}/{index}"), note, depth + 1)
    else:
        note(origin, "an object that is not a log entry" if isinstance(value, dict) else "not a log entry")


def attempt(entry: Entry, origin: Origin) -> Attempt | None:
    """Return the exchange or impersonation in the entry; None for every other entry. Parts of an entry are enough.

    An impersonation by a caller known not to be federated (a user, another service account) is None too.
    """
    payload = members(entry.get("protoPayload"))
    method = (text(payload.get("methodName")) or "").rpartition(".")[2]  # long in v1 and v1beta, short elsewhere
    service = text(payload.get("serviceName"))
    if method == EXCHANGE and service in (STS, None):
        event = _exchange(entry, payload, origin)
    elif method in IMPERSONATIONS and service in (IAM_CREDENTIALS, None):
        impersonation = _impersonation(entry, payload, origin)
        if impersonation is None:
            return None
        event = impersonation
    else:
        return None
    event_id = text(entry.get("insertId")) or digest(event, event.service_account, event.mapped_principal)
    return replace(event, event_id=event_id, origin=origin._replace(event_id=event_id))


def moment(entry: Entry) -> float | None:
    """Return the time of the event by Google's clock; for an entry without a timestamp, when Google received it."""
    time = epoch(entry.get("timestamp"))
    if time is None:
        time = epoch(members(_metadata(entry).get("requestAttributes")).get("time"))
    return epoch(entry.get("receiveTimestamp")) if time is None else time


def service_name(entry: Entry) -> str | None:
    """Return the service that wrote the audit entry."""
    return text(members(entry.get("protoPayload")).get("serviceName"))


def full_name(resource: str) -> str:
    """Return `projects/NUMBER/locations/global/…` of a resource, whose name may have the service in front."""
    return resource.removeprefix("https:").removeprefix(_RESOURCE)


def _exchange(entry: Entry, payload: Entry, origin: Origin) -> Attempt:
    """Read an STS exchange: principalSubject is the token's subject, mapped_principal the result of the mapping."""
    resource = text(payload.get("resourceName")) or text(members(payload.get("request")).get("audience"))
    provider = full_name(resource) if resource else None
    subject = text(members(payload.get("authenticationInfo")).get("principalSubject"))
    metadata = members(payload.get("metadata"))
    # Workloads have mapped_principal, workforce sign-in has mappedPrincipal [audit logging examples].
    mapped = text(metadata.get("mapped_principal")) or text(metadata.get("mappedPrincipal"))
    if subject and subject.startswith(PRINCIPAL):
        subject, mapped = None, mapped or subject
    event = _common(entry, payload, origin, mapped=mapped is not None)
    return replace(event, step="exchange", target=provider, provider=provider, subject=subject, mapped_principal=mapped)


def _impersonation(entry: Entry, payload: Entry, origin: Origin) -> Attempt | None:
    """Read the issue of an access or ID token for a service account, in two known shapes; denials hide the caller.

    A: principalSubject is principal://…, the account is in metadata.identityDelegationChain.
    B: principalEmail is the impersonated account itself, with no principalSubject.
    Denied: authenticationInfo is empty ("permission denied" reads may be redacted [Cloud Audit Logs overview]).
    The subject stays None: the mapped principal need not be the token's subject.
    """
    account = _account(entry, payload)
    authentication = members(payload.get("authenticationInfo"))
    email = text(authentication.get("principalEmail"))
    mapped = principal(authentication)
    if mapped is None and _is_another_caller(email, text(authentication.get("principalSubject")), account):
        return None
    account = account or email
    lifetime = text(members(payload.get("request")).get("lifetime")) or ""
    event = _common(entry, payload, origin, mapped=False)
    return replace(
        event,
        target=account,
        service_account=account,
        mapped_principal=mapped,
        duration_seconds=_seconds(lifetime),
    )


def _is_another_caller(email: str | None, subject: str | None, account: str | None) -> bool:
    """Whether the entry names a caller who is neither federated nor (shape B) the impersonated account itself."""
    if subject is not None and subject.startswith(("user:", "serviceAccount:")):
        email = email or subject.partition(":")[2]
    if email is None or account is None or email == account:
        return False
    # An account of which only the numeric id is known may be the caller's own.
    return "@" in account or not email.endswith("gserviceaccount.com")


def _common(entry: Entry, payload: Entry, origin: Origin, *, mapped: bool) -> Attempt:
    """Read the members that both kinds of entry have."""
    outcome, code, message = status_of(entry, payload, mapped=mapped)
    metadata = _metadata(entry)
    time = moment(entry)
    return Attempt(
        cloud="gcp",
        step="impersonate",
        time=NO_TIME if time is None else time,
        target=None,
        provider=None,
        subject=None,
        audience=None,  # the entry has the audience of the request, never the token's
        outcome=outcome,
        error_code=code,
        error_message=message,
        event_id="",
        origin=origin,
        caller=text(metadata.get("callerIp")),
        user_agent=text(metadata.get("callerSuppliedUserAgent")),
    )


def status_of(entry: Entry, payload: Entry, *, mapped: bool = False) -> tuple[Outcome, str | None, str | None]:
    """Return outcome, code and message. An empty status is success (observed); a hand-cut entry may have no status."""
    status = payload.get("status")
    severity = text(entry.get("severity"))
    if isinstance(status, dict):
        code, message = _code(status.get("code")), text(status.get("message"))
        if code is not None:
            return "refused", code, message
        if message is None:
            return "accepted", None, None
        return ("refused" if severity in FAILED else "unknown"), None, message
    if severity in FAILED:
        return "refused", None, None
    accepted = status is None and (mapped or severity in _FINE)
    return ("accepted" if accepted else "unknown"), None, None


def _code(value: Json) -> str | None:
    """Return the name of a failure's code; None for success, and for a value that is not a code."""
    if isinstance(value, str):
        return value if value not in ("", "0", "OK") else None
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _NO_CODE:
        return _CODES.get(value, str(value))
    return None


def _account(entry: Entry, payload: Entry) -> str | None:
    """Return the service account: its e-mail wherever the entry has one, else its unique id."""
    chain = members(payload.get("metadata")).get("identityDelegationChain")
    last = chain[-1] if isinstance(chain, list) and chain else None  # the account itself; delegates come before it
    label = members(members(entry.get("resource")).get("labels")).get("email_id")
    places = (label, members(payload.get("request")).get("name"), last, payload.get("resourceName"))
    accounts = [name for place in places if (name := (text(place) or "").rpartition("/")[2])]
    return next((name for name in accounts if "@" in name), accounts[0] if accounts else None)


def principal(authentication: Entry) -> str | None:
    """Return the federated principal that called, directly or at the start of a delegation chain."""
    delegation = authentication.get("serviceAccountDelegationInfo")
    first = delegation[0] if isinstance(delegation, list) and delegation else None
    for holder in (authentication, members(first)):
        subject = text(holder.get("principalSubject"))
        if subject and subject.startswith(PRINCIPAL):
            return subject
    return None


def _metadata(entry: Entry) -> Entry:
    return members(members(entry.get("protoPayload")).get("requestMetadata"))


def _seconds(lifetime: str) -> int | None:
    """Return the seconds of a protobuf duration in JSON, such as 3600s."""
    number = lifetime.removesuffix("s").partition(".")[0]
    plain = lifetime.endswith("s") and number.isascii() and number.isdigit() and len(number) <= len("9999999")
    return int(number) if plain else None
