"""Rows of the query as LogEntry objects, as Cloud Logging writes them in JSON.

Issuers, callers and administrators wrote the values. A document that is no JSON object is left out: what it says is
unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.documents.json_text import value_of
from oidc_doctor.logs.extract.file import COUNT

if TYPE_CHECKING:
    from collections.abc import Mapping

    Row = Mapping[str, Any]


def entry_of(row: Row) -> dict[str, Any]:
    """Return the entry of a row, whose columns are those of `google_query`, with only the members that it has.

    A row that stands for several attempts has no caller: theirs may differ.
    """
    count = row.get("attempts")
    several = isinstance(count, int) and count > 1
    return _present(
        insertId=row.get("event_id"),
        timestamp=row.get("event_time"),
        severity=row.get("severity"),
        logName=row.get("log_name"),
        resource=_present(
            type=row.get("resource_type"),
            labels=_present(project_id=row.get("project_id"), email_id=row.get("email_id")),
        ),
        operation=_present(
            id=row.get("operation_id"),
            first=row.get("operation_first") or None,
            last=row.get("operation_last") or None,
        ),
        protoPayload=_payload(row, several=several),
        **({COUNT: count} if several else {}),
    )


def _payload(row: Row, *, several: bool) -> dict[str, Any]:
    delegate = row.get("delegate")
    return _present(
        serviceName=row.get("service"),
        methodName=row.get("method"),
        resourceName=row.get("resource_name"),
        status=_present(code=row.get("status_code"), message=row.get("status_message")),
        authenticationInfo=_present(
            principalEmail=row.get("principal_email"),
            principalSubject=row.get("principal_subject"),
            serviceAccountDelegationInfo=[{"principalSubject": delegate}] if delegate else None,
        ),
        requestMetadata=_present(
            callerIp=None if several else row.get("caller_ip"),
            callerSuppliedUserAgent=None if several else row.get("user_agent"),
        ),
        **(_documents(row) if row.get("kind") == "change" else _members(row)),
    )


def _documents(row: Row) -> dict[str, Any]:
    """Return the documents of a write."""
    names = {"metadata": "metadata", "request": "request", "response": "response", "serviceData": "service_data"}
    documents = {member: _value(row.get(column)) for member, column in names.items()}
    return {member: value for member, value in documents.items() if isinstance(value, dict)}


def _members(row: Row) -> dict[str, Any]:
    """Return the members of an attempt's documents that are read."""
    return {
        "metadata": _present(
            mapped_principal=row.get("mapped_principal"),
            mappedPrincipal=row.get("mapped_workforce"),
            identityDelegationChain=_value(row.get("chain")),
        ),
        "request": _present(audience=row.get("audience"), lifetime=row.get("lifetime"), name=row.get("request_name")),
    }


def _value(text: Any) -> Any:
    return value_of(text) if isinstance(text, str) else None


def _present(**members: Any) -> dict[str, Any]:
    """Return the members that are neither null nor an empty object or list."""
    return {name: value for name, value in members.items() if value is not None and value not in ({}, [])}
