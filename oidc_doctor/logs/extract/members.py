"""The members of a record that a report reads.

The readers of `logs.records` read these and no others; tests/logs/extract compares them on generated archives. A table
of names, each with the names inside it, or None for the whole value. A trail's response to an exchange holds the
session's credentials (CloudTrail user guide, log file examples), of which only the access key id is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.logs.records.cloudtrail import members

if TYPE_CHECKING:
    from collections.abc import Mapping


_EVENT: dict[str, Any] = dict.fromkeys(
    (
        "eventVersion", "eventTime", "eventID", "sharedEventID", "requestID", "eventSource", "eventName", "awsRegion",
        "recipientAccountId", "errorCode", "errorMessage",
    )
)  # fmt: skip

EXCHANGE: dict[str, Any] = _EVENT | {
    "sourceIPAddress": None,
    "userAgent": None,
    "userIdentity": dict.fromkeys(("type", "principalId", "userName", "identityProvider")),
    "requestParameters": dict.fromkeys(
        (
            "roleArn", "roleSessionName", "durationSeconds", "principalTags", "transitiveTagKeys", "sourceIdentity",
            "subjectFromWebIdentityToken",
        )
    ),
    "responseElements": {
        **dict.fromkeys(("provider", "audience", "subjectFromWebIdentityToken", "sourceIdentity")),
        "credentials": {"accessKeyId": None},
    },
    "additionalEventData": {"RoleAuthorizedByIdp": None},
    "resources": None,
}  # fmt: skip

DENIED_CALL: dict[str, Any] = _EVENT | {
    "userIdentity": {
        "type": None,
        "accessKeyId": None,
        "sessionContext": {"webIdFederationData": {"federatedProvider": None}, "sessionIssuer": {"arn": None}},
    },
    "requestParameters": dict.fromkeys(("bucketName", "key", "repositoryName", "keyId")),
    "resources": None,
}

_ENTRY: dict[str, Any] = dict.fromkeys(("timestamp", "receiveTimestamp", "insertId", "severity"))
_AUTHENTICATION: dict[str, Any] = {"principalEmail": None, "principalSubject": None}
_METADATA: dict[str, Any] = {"requestAttributes": {"time": None}}

# An exchange at Google's Security Token Service, or the impersonation that follows it.
GOOGLE_ATTEMPT: dict[str, Any] = _ENTRY | {
    "resource": {"labels": {"email_id": None}},
    "protoPayload": {
        **dict.fromkeys(("serviceName", "methodName", "resourceName", "status")),
        "authenticationInfo": _AUTHENTICATION | {"serviceAccountDelegationInfo": None},
        "requestMetadata": _METADATA | dict.fromkeys(("callerIp", "callerSuppliedUserAgent")),
        "metadata": dict.fromkeys(("mapped_principal", "mappedPrincipal", "identityDelegationChain")),
        "request": dict.fromkeys(("audience", "lifetime", "name")),
    },
}

GOOGLE_DENIED_CALL: dict[str, Any] = _ENTRY | {
    "protoPayload": {
        **dict.fromkeys(("serviceName", "methodName", "resourceName", "status")),
        "authenticationInfo": _AUTHENTICATION | {"serviceAccountDelegationInfo": None},
        "requestMetadata": _METADATA,
    },
}


def only(record: dict[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record's members that are wanted, under their own names. Names differ at most in case.

    Objects that were written as a text, as Athena writes them, become objects.
    """
    names = {name.casefold(): name for name in wanted}
    found: dict[str, Any] = {}
    for name, value in record.items():
        inside = names.get(name.casefold())
        if inside is None or value is None:
            continue
        within = wanted[inside]
        if within is None and (name.casefold() != "accesskeyid" or isinstance(value, str)):
            found[name] = value
        elif within is None:
            continue  # no id, and what it is may be a credential
        elif part := only(members(value), within):
            found[name] = part
        elif name.casefold() == "credentials" and value:
            found[name] = {"accessKeyId": ""}  # that credentials were issued is the outcome of the exchange
    return found
