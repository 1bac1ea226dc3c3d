"""Queries of CloudWatch Logs Insights over the log group of a trail, and the records of their rows.

Two queries over one window. The first returns, of exchanges and of denied calls of their sessions, the members that a
report reads and no others: the response to an exchange holds the session's credentials. The second returns writes of
configuration whole. The text has no value of a user's or of a log's: the log group and the times are parameters of
StartQuery, and every name that is compared with comes from this program and passes `literal`.

Members are read by `jsonParse`. The fields that Insights discovers by itself are no substitute: at most 200 of an event
are discovered, only in log groups of the Standard class, and their names are those of the event's members, which the
token's issuer chose where they are session tags.

Sources: Amazon CloudWatch Logs User Guide, "Supported logs and discovered fields" (200 fields; the Standard class;
members by a dot), "Boolean, comparison, numeric, datetime, and other functions" (`jsonParse`, `jsonStringify` and
`ispresent`), "Fields that contain special characters", "limit" (10,000 events if a query names no number). Inferred, as
no answer of the service was seen: a member that is absent or null is absent from the row, or an empty text; a member
that is a boolean is written true or 1.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from oidc_doctor.logs.engines.query import EngineQuery
from oidc_doctor.logs.extract.members import DENIED_CALL, EXCHANGE
from oidc_doctor.logs.records import cloudtrail
from oidc_doctor.logs.records.cloudtrail_writes import WRITES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from oidc_doctor.logs.engines.query import Row
    from oidc_doctor.model.document import Json

MOST_ROWS = 10_000  # of one answer
_MESSAGE = "@message"
_LITERAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:-]{0,99}", re.ASCII)
_MEMBER = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}", re.ASCII)
_PREFIX = "x_"  # of a column, so that it has no name that Insights discovers
# Members that are objects or lists, which a row has as JSON.
_STRUCTURED = frozenset({"requestParameters.principalTags", "requestParameters.transitiveTagKeys", "resources"})
_BOOLEAN = frozenset({"additionalEventData.RoleAuthorizedByIdp"})
# Present wherever credentials were issued, and no credential itself: an outcome does not depend on the key id alone.
_EXPIRATION = "responseElements.credentials.expiration"
_PROVIDER = "userIdentity.sessionContext.webIdFederationData.federatedProvider"


def literal(name: str) -> str:
    """Return one of this program's names as a text of a query. Raises ValueError for any other text."""
    if not _LITERAL.fullmatch(name):
        raise ValueError(f"not a name for a query: {name[:100]!r}")
    return f'"{name}"'


def attempts_query() -> EngineQuery:
    """Return the query for exchanges and for denied calls of sessions with a web identity."""
    exchange = literal(cloudtrail.EVENT_NAME)
    columns = ",\n  ".join(f"{_expression(path)} as {_column(path)}" for path in _PATHS)
    text = f"""\
filter @message like {exchange} or @message like {literal("webIdFederationData")}
| fields jsonParse(@message) as record
| filter record.eventName = {exchange} or (ispresent(record.errorCode) and ispresent(record.{_PROVIDER}))
| fields
  {columns}
| sort @timestamp desc
| display {", ".join(_column(path) for path in _PATHS)}
| limit {MOST_ROWS}"""
    return EngineQuery(text, (), _record_of_members)


def changes_query() -> EngineQuery:
    """Return the query for writes of configuration."""
    text = f"""\
fields jsonParse(@message) as record
| filter record.eventName in [{", ".join(literal(name) for name in sorted(WRITES))}]
| sort @timestamp desc
| display @message
| limit {MOST_ROWS}"""
    return EngineQuery(text, (), _record_of_message)


def _paths(wanted: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, inside in wanted.items():
        if not _MEMBER.fullmatch(name):
            raise ValueError(f"not a member's name: {name!r}")
        if inside is None:
            yield above + name
        else:
            yield from _paths(inside, f"{above}{name}.")


_PATHS = tuple(dict.fromkeys((*_paths(EXCHANGE), *_paths(DENIED_CALL), _EXPIRATION)))


def _expression(path: str) -> str:
    return f"jsonStringify(record.{path})" if path in _STRUCTURED else f"record.{path}"


def _column(path: str) -> str:
    return _PREFIX + path.replace(".", "_")


def _record_of_members(row: Row) -> dict[str, Any]:
    """Return the record with the members of a row; an absent one stays absent."""
    record: dict[str, Any] = {}
    for path in _PATHS:
        value = _value(path, row.get(_column(path)))
        if value is None:
            continue
        *above, name = path.split(".")
        inside = record
        for part in above:
            inside = inside.setdefault(part, {})
        inside[name] = value
    return record


def _value(path: str, text: str | None) -> Json:
    if not text:
        return None
    if path in _BOOLEAN:
        return "true" if text in ("true", "1") else text
    if path not in _STRUCTURED:
        return text
    value = _json(text)
    return value if isinstance(value, dict | list) else None


def _record_of_message(row: Row) -> dict[str, Any]:
    """Return the record that is a row's message; {} where it is none."""
    value = _json(row.get(_MESSAGE) or "")
    return value if isinstance(value, dict) else {}


def _json(text: str) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
