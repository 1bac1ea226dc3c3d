"""Convert CloudTrail records of written roles and policies to changes, and denied calls of sessions to session denials.

Sources: the IAM API reference for the members' names, which CloudTrail writes with a small first letter; published
events of CreateRole, UpdateAssumeRolePolicy and the role policy calls. No published event of the OIDC provider calls
was found, so their members are matched without regard to case (inferred from the API's names).
"""

from __future__ import annotations

import json
import re
import urllib.parse
from typing import TYPE_CHECKING, Any

from oidc_doctor.logs.records.cloudtrail import NO_TIME, epoch, members, text
from oidc_doctor.model.events import Change, SessionDenial

if TYPE_CHECKING:
    from oidc_doctor.model.document import Json, Origin

Record = dict[str, Any]

OF_ROLE = frozenset(
    {
        "CreateRole", "DeleteRole", "UpdateRole", "UpdateRoleDescription", "UpdateAssumeRolePolicy", "AttachRolePolicy",
        "DetachRolePolicy", "PutRolePolicy", "DeleteRolePolicy", "PutRolePermissionsBoundary",
        "DeleteRolePermissionsBoundary", "TagRole", "UntagRole",
    }
)  # fmt: skip
OF_PROVIDER = frozenset(
    {
        "CreateOpenIDConnectProvider", "DeleteOpenIDConnectProvider", "AddClientIDToOpenIDConnectProvider",
        "RemoveClientIDFromOpenIDConnectProvider", "UpdateOpenIDConnectProviderThumbprint", "TagOpenIDConnectProvider",
        "UntagOpenIDConnectProvider", "UpdateOpenIDConnectProvider",
    }
)  # fmt: skip
OF_POLICY = frozenset({"CreatePolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion"})
# Policies of what a session reads, with the service that logs them [API references of Amazon S3, Amazon ECR, AWS KMS].
OF_RESOURCE = {
    "PutBucketPolicy": "s3", "DeleteBucketPolicy": "s3", "SetRepositoryPolicy": "ecr", "DeleteRepositoryPolicy": "ecr",
    "PutKeyPolicy": "kms",
}  # fmt: skip
WRITES = OF_ROLE | OF_PROVIDER | OF_POLICY | OF_RESOURCE.keys()

# A denied write has no request parameters; the reason names the resource ["… on resource: role NAME because …"].
_DENIED = re.compile(r"on resource: (?:role |policy )?(\S{1,2048}?)(?:[.,]? because\b|[.,]?\s|$)")
_ARN = re.compile(r"arn:[^:\s]{1,64}:iam::([^:\s]{0,64}):\S{1,2048}")


def change(record: Record, origin: Origin) -> Change | None:
    """Return the write of a role, an OIDC provider or a managed policy's version in the record; else None."""
    method = record.get("eventName")
    if not isinstance(method, str) or method not in WRITES:
        return None
    source = record.get("eventSource")
    if isinstance(source, str) and not source.startswith(f"{OF_RESOURCE.get(method, 'iam')}."):
        return None
    request = Members(record.get("requestParameters"))
    response = Members(record.get("responseElements"))
    resource = _resource(method, request, response) or _named_elsewhere(record)
    if resource is None:
        return None
    identity = members(record.get("userIdentity"))
    time = epoch(record.get("eventTime"))
    event_id = text(record.get("eventID")) or f"{method}-{text(record.get('requestID')) or record.get('eventTime')}"
    return Change(
        cloud="aws",
        time=NO_TIME if time is None else time,
        what=method,
        resource=resource,
        account=_account(resource, record, identity),
        by=_by(identity),
        event_id=event_id,
        origin=origin._replace(event_id=event_id),
        error_code=text(record.get("errorCode")),
        error_message=text(record.get("errorMessage")),
        record=record,
    )


def session_denial(record: Record, origin: Origin) -> SessionDenial | None:
    """Return a denied call of a web identity's session [CloudTrail userIdentity element: webIdFederationData]."""
    code = text(record.get("errorCode"))
    if code is None:
        return None
    identity = members(record.get("userIdentity"))
    session = members(identity.get("sessionContext"))
    federation = members(session.get("webIdFederationData"))
    provider = text(federation.get("federatedProvider"))
    if provider is None:
        return None
    time = epoch(record.get("eventTime"))
    if time is None:
        return None
    event_id = text(record.get("eventID")) or ""
    return SessionDenial(
        cloud="aws",
        service=text(record.get("eventSource")) or "",
        action=text(record.get("eventName")) or "",
        target=text(members(session.get("sessionIssuer")).get("arn")),
        session=text(identity.get("accessKeyId")),
        provider=provider,
        error_code=code,
        error_message=text(record.get("errorMessage")),
        resource=_used(record),
        time=time,
        first_seen=time,
        count=1,
        event_ids=(event_id,),
        origin=origin._replace(event_id=event_id or None),
        shared_id=text(record.get("sharedEventID")),
    )


class Members:
    """An object's members, found by name without regard to case."""

    def __init__(self, value: Json) -> None:
        self.values = {str(name).casefold(): item for name, item in members(value).items()}

    def get(self, name: str) -> Json:
        """Return the member's value, None where there is none."""
        return self.values.get(name.casefold())

    def text(self, name: str) -> str | None:
        """Return the member if it is a text that is not empty."""
        return text(self.get(name))


def policy_text(value: Json) -> str | None:
    """Return a policy document as text: requests have plain text, responses URL-encoded text, some tools an object."""
    if isinstance(value, dict):
        return json.dumps(value, indent=2)
    if not isinstance(value, str) or not value.strip():
        return None
    return urllib.parse.unquote(value) if value.lstrip().startswith("%7B") else value


def _resource(method: str, request: Members, response: Members) -> str | None:
    if method in OF_ROLE:
        return request.text("roleName") or Members(response.get("role")).text("roleName")
    if method in OF_POLICY:
        return request.text("policyArn")
    if method in OF_RESOURCE:
        return request.text("bucketName") or request.text("repositoryName") or request.text("keyId")
    arn = request.text("openIDConnectProviderArn") or response.text("openIDConnectProviderArn")
    return arn or request.text("url")


def _named_elsewhere(record: Record) -> str | None:
    """Return the role's name or the resource's ARN, from the list of resources or from the reason of a denial."""
    listed = record.get("resources")
    for item in listed if isinstance(listed, list) else ():
        arn = text(members(item).get("ARN"))
        if arn:
            return _short(arn)
    match = _DENIED.search(text(record.get("errorMessage")) or "")
    return _short(match[1]) if match else None


def _short(name: str) -> str:
    """Return the name of a role's ARN; any other ARN as it is."""
    return name.rpartition("/")[2] if ":role/" in name else name


def _account(resource: str, record: Record, identity: Record) -> str | None:
    arn = _ARN.fullmatch(resource)
    return (
        (arn[1] or None if arn else None) or text(record.get("recipientAccountId")) or text(identity.get("accountId"))
    )


def _by(identity: Record) -> str | None:
    """Return the caller: the principal's ARN, or the service or user that the event names."""
    return (
        text(identity.get("arn"))
        or text(identity.get("invokedBy"))
        or text(identity.get("userName"))
        or text(identity.get("principalId"))
    )


def _used(record: Record) -> str | None:
    """Return the resource of the denied call."""
    listed = record.get("resources")
    for item in listed if isinstance(listed, list) else ():
        if arn := text(members(item).get("ARN")):
            return arn
    request = Members(record.get("requestParameters"))
    if bucket := request.text("bucketName"):
        key = request.text("key")
        return f"{bucket}/{key}" if key else bucket
    return request.text("repositoryName") or request.text("keyId")
