"""Convert Google's audit log entries of IAM writes to changes, and federated callers' denied calls to session denials.

Sources: Google's audit logging page for IAM (method names), a published entry of CreateWorkloadIdentityPoolProvider and
UpdateWorkloadIdentityPoolProvider, the audit log reference for SetIAMPolicy. Pool and provider writes are long-running:
two entries with one operation id, of which the first contains the request and the last may contain the failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.logs.records.cloudtrail import NO_TIME, members, text
from oidc_doctor.logs.records.gcp_audit import IAM_CREDENTIALS, STS, full_name, moment, principal, status_of
from oidc_doctor.model.events import Change, SessionDenial

if TYPE_CHECKING:
    from oidc_doctor.model.document import Json, Origin

Entry = dict[str, Any]

IAM = "iam.googleapis.com"
RESOURCE_MANAGER = "cloudresourcemanager.googleapis.com"
STORAGE = "storage.googleapis.com"
ARTIFACT_REGISTRY = "artifactregistry.googleapis.com"
SERVICES = frozenset({IAM, RESOURCE_MANAGER, STORAGE, ARTIFACT_REGISTRY})
SET_BUCKET_POLICY = "setIamPermissions"  # Cloud Storage documentation, audit logs: storage.setIamPermissions

_POOL_WRITES = tuple(
    f"{verb}WorkloadIdentityPool{method_name}"
    for verb in ("Create", "Update", "Delete", "Undelete")
    for method_name in ("", "Provider")
)
_ACCOUNT_WRITES = (
    "CreateServiceAccount", "DisableServiceAccount", "EnableServiceAccount", "DeleteServiceAccount",
    "UndeleteServiceAccount",
)  # fmt: skip
SET_POLICY = "SetIamPolicy"  # of all kinds; service accounts write SetIAMPolicy
WRITES = frozenset({*_POOL_WRITES, *_ACCOUNT_WRITES, SET_POLICY})

_LONGEST = 512  # characters of a resource's name


def change(entry: Entry, origin: Origin) -> Change | None:
    """Return the write of a pool, provider, service account or allow policy in the entry; else None.

    `record` is the whole entry. Both entries of a long-running write become changes; `operation_of` joins them.
    """
    payload = members(entry.get("protoPayload"))
    method = (text(payload.get("methodName")) or "").rpartition(".")[2]
    is_policy = method.casefold() == SET_POLICY.casefold() or method == SET_BUCKET_POLICY
    method_name = SET_POLICY if is_policy else method
    if method_name not in WRITES:
        return None
    service = text(payload.get("serviceName"))
    if service is not None and service not in SERVICES:
        return None
    resource = _resource(method_name, entry, payload)
    if resource is None:
        return None
    outcome, code, message = status_of(entry, payload)
    time = moment(entry)
    event_id = text(entry.get("insertId")) or f"{method_name}-{entry.get('timestamp')}"
    authentication = members(payload.get("authenticationInfo"))
    return Change(
        cloud="gcp",
        time=NO_TIME if time is None else time,
        what=method_name,
        resource=resource[:_LONGEST],
        account=None,
        by=text(authentication.get("principalEmail")) or text(authentication.get("principalSubject")),
        event_id=event_id,
        origin=origin._replace(event_id=event_id),
        error_code=(code or "UNKNOWN") if outcome == "refused" else None,
        error_message=message if outcome == "refused" else None,
        record=entry,
    )


def operation_of(write: Change) -> tuple[str | None, bool]:
    """Return the id of the entry's long-running operation, and whether the entry is the operation's first."""
    operation = members(write.record.get("operation"))
    return text(operation.get("id")), operation.get("first") is True


def session_denial(entry: Entry, origin: Origin) -> SessionDenial | None:
    """Return a denied call of a federated principal, itself or through a service account; else None."""
    payload = members(entry.get("protoPayload"))
    service = text(payload.get("serviceName"))
    if service is None or service in {STS, IAM_CREDENTIALS}:
        return None
    authentication = members(payload.get("authenticationInfo"))
    caller = principal(authentication)
    if caller is None:
        return None
    outcome, code, message = status_of(entry, payload)
    time = moment(entry)
    if outcome != "refused" or time is None:
        return None
    event_id = text(entry.get("insertId")) or ""
    return SessionDenial(
        cloud="gcp",
        service=service,
        action=text(payload.get("methodName")) or "",
        target=text(authentication.get("principalEmail")),
        session=caller,
        provider=None,
        error_code=code or "UNKNOWN",
        error_message=message,
        resource=text(payload.get("resourceName")),
        time=time,
        first_seen=time,
        count=1,
        event_ids=(event_id,),
        origin=origin._replace(event_id=event_id or None),
    )


def policy_of(write: Change) -> Json:
    """Return the whole allow policy that a SetIamPolicy wrote, None where the entry does not have it."""
    payload = members(write.record.get("protoPayload"))
    for place in (members(payload.get("request")).get("policy"), payload.get("response")):
        policy = members(place)
        if isinstance(policy.get("bindings"), list):
            return policy
    request = members(members(payload.get("request")).get("policy"))
    return {"bindings": []} if "etag" in request or "version" in request else None


def deltas_of(write: Change) -> list[dict[str, str]]:
    """Return the bindings that a SetIamPolicy added and removed: action, role, member (and condition's expression)."""
    payload = members(write.record.get("protoPayload"))
    for place in (payload.get("serviceData"), payload.get("metadata")):
        listed = members(members(place).get("policyDelta")).get("bindingDeltas")
        if isinstance(listed, list):
            return [
                {
                    "action": text(delta.get("action")) or "",
                    "role": text(delta.get("role")) or "",
                    "member": text(delta.get("member")) or "",
                    "condition": text(members(delta.get("condition")).get("expression")) or "",
                }
                for delta in listed
                if isinstance(delta, dict)
            ]
    return []


def _resource(method_name: str, entry: Entry, payload: Entry) -> str | None:
    """Return the written resource: a pool's or provider's full name, a service account's e-mail or id, or a project."""
    request = members(payload.get("request"))
    name = text(payload.get("resourceName"))
    if method_name in _POOL_WRITES:
        return _pool_or_provider(method_name, name, request)
    labels = members(members(entry.get("resource")).get("labels"))
    place = name or text(request.get("resource")) or text(request.get("name")) or ""
    if method_name in _ACCOUNT_WRITES or "/serviceAccounts/" in place or "email_id" in labels:
        account = text(labels.get("email_id")) or (place.partition("/serviceAccounts/")[2] or None)
        created = text(members(payload.get("response")).get("email"))
        if method_name == "CreateServiceAccount":
            return created or account or _new_account(place, labels, request)
        return account or created or place or None
    return place.removeprefix("//cloudresourcemanager.googleapis.com/") or None


def _new_account(place: str, labels: Entry, request: Entry) -> str | None:
    """Return the e-mail that a refused creation would have made: its response has none [API reference, accountId]."""
    new_id = text(request.get("accountId")) or text(request.get("account_id"))
    project = place.partition("projects/")[2].partition("/")[0] or text(labels.get("project_id"))
    return f"{new_id}@{project}.iam.gserviceaccount.com" if new_id and project else None


def _pool_or_provider(method_name: str, name: str | None, request: Entry) -> str | None:
    """Return the full name of a pool or provider. A create names the parent; the new id is in the request."""
    kind = "workloadIdentityPoolProvider" if method_name.endswith("Provider") else "workloadIdentityPool"
    collection = "/providers/" if method_name.endswith("Provider") else "/workloadIdentityPools/"
    created = text(members(request.get(kind)).get("name")) or text(request.get("name"))
    for candidate in (created, name):
        if candidate and collection in candidate:
            full = full_name(candidate).partition("/operations/")[0]
            return full.partition("/providers/")[0] if kind == "workloadIdentityPool" else full
    new_id = text(request.get(f"{kind}Id"))
    parent = text(request.get("parent")) or name
    return f"{full_name(parent)}{collection}{new_id}" if new_id and parent else None
