"""What a query of Google's audit logs reads of a table: two maps of columns, with the same names.

Sources of the maps: the queries of Google's Community Security Analytics for both, and published schemas of
cloudaudit_googleapis_com_activity and of _AllLogs. `status` is NULL where a call succeeded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.logs.engines.google_tables import LogTable, Shape


class _Read(NamedTuple):
    """The expression of a column, and the dotted path that a table must have for it."""

    path: str
    expression: str
    kind: str = "STRING"


def _column(path: str, kind: str = "STRING") -> _Read:
    return _Read(path, path, kind)


_LOG = "protopayload_auditlog."
_AUDIT = "proto_payload.audit_log."
_DELEGATION, _DELEGATIONS = (
    f"{_LOG}authenticationInfo.serviceAccountDelegationInfo",
    f"{_AUDIT}authentication_info.service_account_delegation_info",
)


def _documents(metadata: str, request: str) -> dict[str, _Read]:
    """Return the members that an attempt has in its two documents, which are a text or JSON."""
    values = {
        "mapped_principal": (metadata, "mapped_principal"),
        "mapped_workforce": (metadata, "mappedPrincipal"),
        "audience": (request, "audience"),
        "lifetime": (request, "lifetime"),
        "request_name": (request, "name"),
    }
    reads = {name: _Read(path, f"JSON_VALUE({path}, '$.{member}')") for name, (path, member) in values.items()}
    chain = f"TO_JSON_STRING(JSON_VALUE_ARRAY({metadata}, '$.identityDelegationChain'))"
    return reads | {"chain": _Read(metadata, chain)}


_SINK: dict[str, _Read] = {
    "event_id": _column("insertId"),
    "logged_at": _column("timestamp", "TIMESTAMP"),
    "severity": _column("severity"),
    "log_name": _column("logName"),
    "resource_type": _column("resource.type"),
    "project_id": _column("resource.labels.project_id"),
    "email_id": _column("resource.labels.email_id"),
    "operation_id": _column("operation.id"),
    "operation_first": _column("operation.first", "BOOL"),
    "operation_last": _column("operation.last", "BOOL"),
    "service": _column(f"{_LOG}serviceName"),
    "method": _column(f"{_LOG}methodName"),
    "resource_name": _column(f"{_LOG}resourceName"),
    "status_code": _column(f"{_LOG}status.code", "INT64"),
    "status_message": _column(f"{_LOG}status.message"),
    "principal_email": _column(f"{_LOG}authenticationInfo.principalEmail"),
    "principal_subject": _column(f"{_LOG}authenticationInfo.principalSubject"),
    "delegate": _Read(f"{_DELEGATION}.principalSubject", f"{_DELEGATION}[SAFE_OFFSET(0)].principalSubject"),
    "caller_ip": _column(f"{_LOG}requestMetadata.callerIp"),
    "user_agent": _column(f"{_LOG}requestMetadata.callerSuppliedUserAgent"),
    **_documents(f"{_LOG}metadataJson", f"{_LOG}requestJson"),
    "metadata": _column(f"{_LOG}metadataJson"),
    "request": _column(f"{_LOG}requestJson"),
    "response": _column(f"{_LOG}responseJson"),
    "service_data": _Read(f"{_LOG}servicedata_v1_iam", f"TO_JSON_STRING({_LOG}servicedata_v1_iam)"),
}

_ANALYTICS: dict[str, _Read] = {
    "event_id": _column("insert_id"),
    "logged_at": _column("timestamp", "TIMESTAMP"),
    "severity": _column("severity"),
    "log_name": _column("log_name"),
    "resource_type": _column("resource.type"),
    "project_id": _Read("resource.labels", "JSON_VALUE(resource.labels, '$.project_id')"),
    "email_id": _Read("resource.labels", "JSON_VALUE(resource.labels, '$.email_id')"),
    "operation_id": _column("operation.id"),
    "operation_first": _column("operation.first", "BOOL"),
    "operation_last": _column("operation.last", "BOOL"),
    "service": _column(f"{_AUDIT}service_name"),
    "method": _column(f"{_AUDIT}method_name"),
    "resource_name": _column(f"{_AUDIT}resource_name"),
    "status_code": _column(f"{_AUDIT}status.code", "INT64"),
    "status_message": _column(f"{_AUDIT}status.message"),
    "principal_email": _column(f"{_AUDIT}authentication_info.principal_email"),
    "principal_subject": _column(f"{_AUDIT}authentication_info.principal_subject"),
    "delegate": _Read(f"{_DELEGATIONS}.principal_subject", f"{_DELEGATIONS}[SAFE_OFFSET(0)].principal_subject"),
    "caller_ip": _column(f"{_AUDIT}request_metadata.caller_ip"),
    "user_agent": _column(f"{_AUDIT}request_metadata.caller_supplied_user_agent"),
    **_documents(f"{_AUDIT}metadata", f"{_AUDIT}request"),
    "metadata": _Read(f"{_AUDIT}metadata", f"TO_JSON_STRING({_AUDIT}metadata)"),
    "request": _Read(f"{_AUDIT}request", f"TO_JSON_STRING({_AUDIT}request)"),
    "response": _Read(f"{_AUDIT}response", f"TO_JSON_STRING({_AUDIT}response)"),
    "service_data": _Read(f"{_AUDIT}service_data", f"TO_JSON_STRING({_AUDIT}service_data)"),
}

_MAPS: dict[Shape, dict[str, _Read]] = {"sink": _SINK, "analytics": _ANALYTICS}
NAMES = tuple(_SINK)
DOCUMENTS = ("metadata", "request", "response", "service_data")  # JSON texts, of writes only

# Writes of configuration are in the Admin Activity log [Cloud Audit Logs overview], and a query pays for a column.
_OF_WRITES = ("response", "service_data")


def reads(table: LogTable) -> Iterator[str]:
    """Yield the lines of a SELECT that reads the columns NAMES of a table; a column that it lacks is NULL."""
    for name, column in _MAPS[table.shape].items():
        left_out = table.log == "data_access" and name in _OF_WRITES
        has = table.columns is None or column.path.lower() in table.columns
        expression = column.expression if has and not left_out else f"CAST(NULL AS {column.kind})"
        yield f"{expression} AS {name}"


def lacks(table: LogTable) -> tuple[str, ...]:
    """Return the columns without which nothing can be read of a table, and which it does not have."""
    needed = (_MAPS[table.shape][name].path for name in ("event_id", "logged_at", "service", "method"))
    return tuple(path for path in needed if table.columns is not None and path.lower() not in table.columns)
