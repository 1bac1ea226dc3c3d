"""The query of Amazon Athena for a table with CloudTrail's records, and the records in its rows.

One scan returns three kinds of rows: exchanges (thinned by `thinned_query`), writes of configuration with their whole
request and response, and refused calls of the sessions that exchanges opened. No table in use has `identityProvider`,
and some lack `webIdFederationData`: the exchange that returned a session's access key names the provider as well.

The text has names of columns and our own constants. Times are parameters; values of partitions are literals that
`partitions.literal` writes. A response's credentials are not read, apart from the access key id.
"""

from __future__ import annotations

import json
import re
import string
from typing import TYPE_CHECKING, Any

from oidc_doctor.logs.engines.partitions import partition_predicate
from oidc_doctor.logs.engines.query import (
    NO_CREDENTIALS,
    EngineQuery,
    UnreadableTableError,
    is_write,
    literals,
    of_kinds,
    of_service,
)
from oidc_doctor.logs.extract.file import COUNT
from oidc_doctor.logs.extract.thinning import period_length, thinned_query
from oidc_doctor.logs.records.cloudtrail import EVENT_NAME, attempt
from oidc_doctor.model.document import Origin
from oidc_doctor.model.times import rfc3339

if TYPE_CHECKING:
    from oidc_doctor.logs.engines.partitions import Selection
    from oidc_doctor.logs.engines.query import Row, Window
    from oidc_doctor.logs.engines.table_shape import TableShape
    from oidc_doctor.model.document import Json

# The members of a record that are columns of the table, and the kinds of rows that have them: attempt, change, denial.
_EVENT = (
    ("eventVersion", "acd"), ("eventTime", "acd"), ("eventID", "acd"), ("sharedEventID", "acd"), ("requestID", "acd"),
    ("eventSource", "acd"), ("eventName", "acd"), ("awsRegion", "acd"), ("recipientAccountId", "acd"),
    ("errorCode", "acd"), ("errorMessage", "acd"), ("sourceIPAddress", "ac"), ("userAgent", "ac"),
)  # fmt: skip
_IDENTITY = (
    ("type", "acd"), ("principalId", "ac"), ("userName", "ac"), ("arn", "c"), ("accountId", "c"), ("invokedBy", "c"),
    ("accessKeyId", "cd"),
)  # fmt: skip
_FEDERATION = "useridentity.sessioncontext.webidfederationdata"
_ISSUER = "useridentity.sessioncontext.sessionissuer.arn"
# The members that are read of the three columns with JSON texts.
_SCALARS = (
    ("requestParameters", "roleArn", "a"), ("requestParameters", "roleSessionName", "a"),
    ("requestParameters", "durationSeconds", "a"), ("requestParameters", "sourceIdentity", "a"),
    ("requestParameters", "subjectFromWebIdentityToken", "a"),
    ("requestParameters", "bucketName", "d"), ("requestParameters", "key", "d"),
    ("requestParameters", "repositoryName", "d"), ("requestParameters", "keyId", "d"),
    ("responseElements", "provider", "a"), ("responseElements", "audience", "a"),
    ("responseElements", "subjectFromWebIdentityToken", "a"), ("responseElements", "sourceIdentity", "a"),
    ("additionalEventData", "RoleAuthorizedByIdp", "a"),
)  # fmt: skip
_VALUES = (("requestParameters", "principalTags", "a"), ("requestParameters", "transitiveTagKeys", "a"))
_WHOLE = ("requestParameters", "responseElements", "additionalEventData")  # of a write
_RESOURCES = ("ARN", "accountId", "type")
_OPENED = ("opened_principal", "opened_user", "opened_provider")  # of the exchange that opened the session
_COUNT = re.compile(r"[0-9]{1,9}")
_NOWHERE = Origin("")
_SERVICE = "eventsource"


def _name(table_column: str, member: str) -> str:
    return f"{table_column}_{member}".lower()


COLUMNS = (
    "kind", *(name.lower() for name, _ in _EVENT), *(_name("identity", name) for name, _ in _IDENTITY), "issuer_arn",
    "federated_provider", *_OPENED, *(_name(column, name) for column, name, _ in (*_SCALARS, *_VALUES)), "issued",
    "issued_key", *(_name("resource", name) for name in _RESOURCES), *(_name("whole", name) for name in _WHOLE),
)  # fmt: skip
# What attempts alike differ in. A write is a row of its own.
_UNLIKE = frozenset(
    {
        "kind", "eventversion", "eventtime", "eventid", "sharedeventid", "requestid", "errormessage", "sourceipaddress",
        "useragent", "requestparameters_rolesessionname", "issued_key",
        *(_name("whole", name) for name in _WHOLE),
    }
)  # fmt: skip
ALIKE = ("error_family", *(name for name in COLUMNS if name not in _UNLIKE))


def athena_query(shape: TableShape, window: Window, chosen: Selection) -> EngineQuery:
    """Return the query of a table's window. Raises UnreadableTableError, which names what the table lacks."""
    _check_columns(shape)
    events = _EVENTS.substitute(
        columns=",\n      ".join(_columns(period_length(window.until - window.since))),
        read=", ".join(_read()),
        federated=_federated(shape),
        kind=_kind(shape),
        table=f'"{shape.database}"."{shape.table}"',
        where="\n        AND ".join(filter(None, (partition_predicate(shape, chosen), "eventtime BETWEEN ? AND ?"))),
    )
    times = (rfc3339(window.since), rfc3339(window.until))
    return EngineQuery(thinned_query(events, COLUMNS, ALIKE), times, record_of)


def blind_spot(shape: TableShape) -> str:
    """Return what a query of the table cannot see; "" for nothing."""
    if shape.kind != "cloudtrail" or shape.column(_FEDERATION) is not None:
        return ""
    return (
        "useridentity lacks webidfederationdata, so refused calls of sessions that were opened before the window are "
        "not known"
    )


def parameter(value: str) -> str:
    """Return a text as a value of ExecutionParameters: an SQL literal [Athena user guide, execution parameters]."""
    return "'" + value.replace("'", "''") + "'"


# ------------------------------------------------------------------------------------------------------------ the text

_EVENTS = string.Template("""\
  SELECT * FROM (
    SELECT *,
      max(CASE WHEN issued_key <> '' THEN identity_principalid END) OVER (PARTITION BY session_key)
        AS opened_principal,
      max(CASE WHEN issued_key <> '' THEN identity_username END) OVER (PARTITION BY session_key)
        AS opened_user,
      max(CASE WHEN issued_key <> '' THEN responseelements_provider END) OVER (PARTITION BY session_key)
        AS opened_provider
    FROM (
      SELECT
      $columns
      FROM (
        SELECT $read, $federated AS federated_provider,
        $kind AS kind
        FROM $table
        WHERE $where
      )
      WHERE kind IS NOT NULL
    )
  )
  WHERE kind <> 'denial' OR federated_provider <> '' OR coalesce(opened_principal, opened_provider) <> ''""")


def _read() -> list[str]:
    """Return the table's columns that are read."""
    return [name.lower() for name, _ in _EVENT] + ["useridentity", "resources", *(name.lower() for name in _WHOLE)]


def _kind(shape: TableShape) -> str:
    """Return the expression for the kind of an event, NULL for an event that is not read."""
    in_session = f"(useridentity.accesskeyid <> '' OR {_federated(shape)} <> '')"
    return (
        f"CASE WHEN eventname = '{EVENT_NAME}' AND {of_service('eventsource', 'sts')} THEN 'attempt'\n"
        f"          WHEN {is_write('eventname', _SERVICE)} THEN 'change'\n"
        f"          WHEN errorcode <> '' AND {in_session} THEN 'denial' END"
    )


def _columns(period: int) -> list[str]:
    """Return the columns of the events, each for the kinds of rows that have it."""
    # copies of a refused call in several accounts have one shared id; a log may lack the id of an exchange
    same = {"denial": "sharedeventid, eventid", "attempt": "eventid, requestid"}
    cases = " ".join(f"WHEN '{kind}' THEN coalesce({names})" for kind, names in same.items())
    event_id = f"CASE kind {cases} ELSE eventid END"
    columns = [
        "kind",
        f"{event_id} AS event_id",
        "eventtime AS event_time",
        f"substr(eventtime, 1, {period}) AS period",
        "regexp_replace(errormessage, '[0-9]+', '#') AS error_family",
        *(_of(kinds, name.lower(), name.lower()) for name, kinds in _EVENT),
        *(_of(kinds, f"useridentity.{name.lower()}", _name("identity", name)) for name, kinds in _IDENTITY),
        _of("cd", _ISSUER, "issuer_arn"),
        _of("cd", "federated_provider", "federated_provider"),
    ]
    for column, name, kinds in _SCALARS:
        columns.append(_of(kinds, f"json_extract_scalar({column.lower()}, '$.{name}')", _name(column, name)))
    for column, name, kinds in _VALUES:
        columns.append(_of(kinds, f"json_format(json_extract({column.lower()}, '$.{name}'))", _name(column, name)))
    credentials = "json_format(json_extract(responseelements, '$.credentials'))"
    issued = f"CASE WHEN {credentials} NOT IN ({literals(NO_CREDENTIALS)}) THEN '1' END"
    key = "json_extract_scalar(responseelements, '$.credentials.accessKeyId')"
    without_outcome = f"kind = 'attempt' AND coalesce(errorcode, '') = '' AND {issued} IS NULL"
    columns += [
        _of("a", issued, "issued"),
        _of("a", key, "issued_key"),
        *(
            _of("acd" if name == "ARN" else "c", _list(f"r.{name.lower()}"), _name("resource", name))
            for name in _RESOURCES
        ),
        *(_of("c", name.lower(), _name("whole", name)) for name in _WHOLE),
        f"coalesce(CASE WHEN kind = 'attempt' THEN {key} ELSE useridentity.accesskeyid END, eventid) AS session_key",
        f"CASE WHEN {without_outcome} OR kind = 'change' AND requestparameters IS NULL THEN 0 ELSE 1 END AS known",
    ]
    return columns


def _of(kinds: str, expression: str, name: str) -> str:
    """Return a column that is NULL in rows of other kinds."""
    column = of_kinds(kinds, expression)
    return column if column == name else f"{column} AS {name}"


def _list(expression: str) -> str:
    return f"json_format(CAST(transform(resources, r -> {expression}) AS JSON))"


def _federated(shape: TableShape) -> str:
    """Return the provider that the session's record names, where the table has it."""
    kind = shape.column(_FEDERATION)
    if kind is None:
        return "CAST(NULL AS varchar)"
    if kind.name == "map":
        spellings = ("federatedProvider", "federatedprovider")  # readers of JSON differ in the names of a map's keys
        found = ", ".join(f"element_at({_FEDERATION}, '{name}')" for name in spellings)
        return f"coalesce({found})"
    return f"{_FEDERATION}.federatedprovider"


def _check_columns(shape: TableShape) -> None:
    """Raise UnreadableTableError for a column that the query needs and the table has not, or not as a text."""
    texts = [
        *(name.lower() for name, _ in _EVENT),
        *(name.lower() for name in _WHOLE),
        *(f"useridentity.{name.lower()}" for name, _ in _IDENTITY),
        _ISSUER,
    ]
    for path in texts:
        kind = shape.column(path)
        if kind is None or not kind.is_text:
            raise _unreadable(shape, path, "a string")
    resources = shape.column("resources")
    fields = resources.of[0] if resources is not None and resources.of else None
    if fields is None or any((fields.field(name.lower()) or fields).is_text is False for name in _RESOURCES):
        raise _unreadable(shape, "resources", "an array of structs with arn, accountid and type")
    federation = shape.column(_FEDERATION)
    provider = federation.field("federatedprovider") if federation is not None else None
    if federation is not None and not (
        (federation.name == "map" and all(kind.is_text for kind in federation.of)) or (provider and provider.is_text)
    ):
        raise _unreadable(shape, _FEDERATION, "a struct with federatedprovider, or a map of strings")


def _unreadable(shape: TableShape, path: str, wanted: str) -> UnreadableTableError:
    kind = shape.column(path)
    found = "the table does not have it" if kind is None else f"the table has it as {str(kind)[:80]}"
    return UnreadableTableError(
        f"the query needs the column {path} as {wanted}: {found}",
        "oidc-doctor sql athena --ddl prints a table with the columns that are read",
    )


# --------------------------------------------------------------------------------------------------------- the records


def record_of(row: Row) -> dict[str, Any]:
    """Return the record of a row in CloudTrail's JSON shape. The values were written by strangers."""
    count = row.get("attempts") or ""
    several = int(count) if _COUNT.fullmatch(count) else 1
    caller = () if several == 1 else ("sourceIPAddress", "userAgent")
    record: dict[str, Any] = {name: row.get(name.lower()) for name, _ in _EVENT if name not in caller}
    record["userIdentity"] = _identity(row)
    whole = {name: _parsed(row.get(_name("whole", name))) for name in _WHOLE}
    if row.get("kind") == "change":
        record |= whole
    else:
        for column, name, _ in (*_SCALARS, *_VALUES):
            value = row.get(_name(column, name))
            if value is not None and not (several > 1 and name == "roleSessionName"):
                value_of = _parsed(value) if (column, name, "a") in _VALUES else value
                record.setdefault(column, {})[name] = value_of
        if row.get("issued"):
            record.setdefault("responseElements", {})["credentials"] = {"accessKeyId": row.get("issued_key") or ""}
    record["resources"] = _resources(row)
    if several > 1:
        record[COUNT] = several
    return {name: value for name, value in record.items() if value is not None}


def _identity(row: Row) -> dict[str, Any]:
    identity: dict[str, Any] = {name: row.get(_name("identity", name)) for name, _ in _IDENTITY}
    context: dict[str, Any] = {}
    if issuer := row.get("issuer_arn"):
        context["sessionIssuer"] = {"arn": issuer}
    if row.get("kind") != "attempt" and (provider := row.get("federated_provider") or _opened_by(row)):
        context["webIdFederationData"] = {"federatedProvider": provider}
    if context:
        identity["sessionContext"] = context
    return {name: value for name, value in identity.items() if value is not None}


def _opened_by(row: Row) -> str | None:
    """Return the provider of the exchange that opened the session."""
    exchange = {
        "eventName": EVENT_NAME,
        "userIdentity": {"principalId": row.get("opened_principal"), "userName": row.get("opened_user")},
        "responseElements": {"provider": row.get("opened_provider")},
    }
    opened = attempt(exchange, _NOWHERE)
    return opened.provider if opened is not None else None


def _resources(row: Row) -> list[dict[str, Any]] | None:
    """Return the resources, whose members are in one list each."""
    lists = {name: _parsed(row.get(_name("resource", name))) for name in _RESOURCES}
    number = max((len(values) for values in lists.values() if isinstance(values, list)), default=0)
    resources = [
        {name: values[index] for name, values in lists.items() if isinstance(values, list) and index < len(values)}
        for index in range(number)
    ]
    return resources or None


def _parsed(text: str | None) -> Json:
    """Return the JSON value that a text is; the text itself where it is none."""
    if text is None:
        return None
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value
