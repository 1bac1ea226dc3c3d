"""The query of Amazon Athena for CloudTrail's management events in Amazon Security Lake, and the records in its rows.

EXPERIMENTAL: no row of a real table was seen. The table's columns are those of OCSF; this module follows the published
mapping, and returns the columns of `athena_query`, so that thinning and the records are the same.

Seen in a published mapping or sample: type, principalId, userName, arn, accountId, accessKeyId, invokedBy and
sessionIssuer.arn in `actor`; eventName, eventSource, errorCode, errorMessage and requestID in `api`; awsRegion in
`cloud`; eventVersion and eventID in `metadata`; eventTime in `time` (milliseconds); sourceIPAddress in `src_endpoint`;
userAgent in `http_request`; identityProvider in `actor.idp.name`; the request and the response as JSON in
`api.request.data` and `api.response.data` (OCSF 1.1.0), or flattened in `unmapped`, under names with dots (both
versions: requestParameters.name, responseElements.user.arn, recipientAccountId, sharedEventID); the requested role in
`user.uid` (1.1.0) or `user.uuid` (1.0.0-rc.2), and the session's name in `user.name`, where the event is an exchange.

Inferred: that members of a response to an exchange are flattened in `unmapped` as those of other calls are; that
`actor.idp.name`, or `unmapped`, names the provider of a web identity's session (the mapping writes webIdFederationData
without sessionContext); that recipientAccountId is in `cloud.account.uid` where `unmapped` lacks it (seen for 1.5.0);
that partitions of version 1 are those of an event's day or of the day after; that `time_dt` prunes by day.

Not read from version 1: session tags, and lists in a request, whose flattened form joins their members by commas. A
write of version 1 whose role only `user.name` names is left out, since other members may be there as well.

Sources: OCSF, examples, mappings of AWS CloudTrail 1.0.0-rc.2, 1.1.0 and 1.5.0, with their samples; AWS samples,
"Amazon Security Lake Resources" (an UpdateTrail of 1.1.0) and "Amazon Security Lake Demo Queries"; Security Lake user
guide, "Security Lake queries for AWS source version 1" and "version 2" (time_dt, region and accountid prune).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from oidc_doctor.logs.engines import athena_query
from oidc_doctor.logs.engines.athena_query import ALIKE, COLUMNS
from oidc_doctor.logs.engines.partitions import literal, partition_predicate
from oidc_doctor.logs.engines.query import (
    NO_CREDENTIALS,
    EngineQuery,
    UnreadableTableError,
    is_write,
    literals,
    of_kinds,
    of_service,
)
from oidc_doctor.logs.extract.thinning import period_length, thinned_query
from oidc_doctor.logs.records.cloudtrail import EVENT_NAME, members
from oidc_doctor.model.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oidc_doctor.logs.engines.partitions import Selection
    from oidc_doctor.logs.engines.query import Row, Window
    from oidc_doctor.logs.engines.table_shape import TableShape

NOTE = (
    "experimental: Security Lake's columns are read by the published mapping, and no row of a real table was seen; "
    "members that were not found are unknown"
)

# Members of a record, the kinds of rows that have them (attempt, change, denial), and where they may be.
_EVENT = (
    ("eventversion", "acd", ("metadata.product.version",)),
    ("requestid", "acd", ("api.request.uid",)),
    ("eventsource", "acd", ("api.service.name",)),
    ("eventname", "acd", ("api.operation",)),
    ("awsregion", "acd", ("cloud.region",)),
    ("errorcode", "acd", ("api.response.error",)),
    ("errormessage", "acd", ("api.response.message",)),
    ("useragent", "ac", ("http_request.user_agent",)),
    ("identity_type", "acd", ("actor.user.type",)),
    ("identity_username", "ac", ("actor.user.name",)),
    ("identity_accountid", "c", ("actor.user.account.uid", "actor.user.account_uid")),
    ("identity_invokedby", "c", ("actor.invoked_by",)),
    ("identity_accesskeyid", "cd", ("actor.user.credential_uid",)),
    ("issuer_arn", "cd", ("actor.session.issuer",)),
)
# Principal, its ARN, and the role that an exchange requests: OCSF 1.1.0, and 1.0.0-rc.2.
_VERSION_2 = ("actor.user.uid_alt", "actor.user.uid", "user.uid")
_VERSION_1 = ("actor.user.uid", "actor.user.uuid", "user.uuid")
_UNMAPPED = "unmapped:"  # before the JSON of all that is unmapped
_NEEDED = (
    "api.operation", "api.service.name", "api.response.error", "api.response.message", "metadata.uid", "actor.user.uid"
)  # fmt: skip
_REQUEST, _RESPONSE, _ADDITIONAL = "requestParameters", "responseElements", "additionalEventData"
_DATA = {_REQUEST: "api.request.data", _RESPONSE: "api.response.data"}
_OF_ATTEMPT = (
    *((_REQUEST, name) for name in ("durationSeconds", "sourceIdentity", "subjectFromWebIdentityToken")),
    *((_RESPONSE, name) for name in ("audience", "subjectFromWebIdentityToken", "sourceIdentity")),
    (_ADDITIONAL, "RoleAuthorizedByIdp"),
)
_OF_DENIAL = ("bucketName", "key", "repositoryName", "keyId")
_VALUES = ("principalTags", "transitiveTagKeys")
_FEDERATION = "userIdentity.sessionContext.webIdFederationData.federatedProvider"
_NULL = "CAST(NULL AS varchar)"
_TOP = ("time", "metadata", "api", "actor", "cloud", "src_endpoint", "http_request", "unmapped", "user", "resources")
_DEEPEST = 16  # of a flattened name
_MILLISECONDS = re.compile(r"[0-9]{1,15}")
_SERVICE = "api.service.name"


def security_lake_query(shape: TableShape, window: Window, chosen: Selection) -> EngineQuery:
    """Return the query of a window. Raises UnreadableTableError, which names what the table lacks."""
    table = _Table(shape)
    kind = table.kind()
    columns = table.columns(period_length(window.until - window.since))
    where = [*table.partitions(chosen), "time BETWEEN CAST(? AS bigint) AND CAST(? AS bigint)"]
    read = ", ".join(f'"{name}"' for name in _TOP if name in shape.columns)
    events = (
        "  SELECT\n    " + ",\n    ".join(columns) + f"\n  FROM (\n    SELECT {read}, {kind} AS kind\n"  # noqa: S608
        f'    FROM "{shape.database}"."{shape.table}"\n    WHERE ' + "\n      AND ".join(where) + "\n  )\n"
        "  WHERE kind IS NOT NULL"
    )
    times = tuple(str(round(moment * 1000)) for moment in window)
    return EngineQuery(thinned_query(events, COLUMNS, ALIKE), times, record_of)


class _Table:
    """The expressions for what a table has."""

    def __init__(self, shape: TableShape) -> None:
        self.shape = shape
        for path in _NEEDED:
            kind = shape.column(path)
            if kind is None or not kind.is_text:
                raise UnreadableTableError(f"the query needs the column {path} as a string")
        time = shape.column("time")
        if time is None or time.name != "bigint":
            raise UnreadableTableError("the query needs the column time as a bigint, in milliseconds")
        # `uid` is the ARN in version 2, and the principal's id in version 1
        self.principal, self.arn, self.role = _VERSION_2 if self.has("actor.user.uid_alt") else _VERSION_1
        if not self.has(self.principal) or not self.has(self.arn):
            raise UnreadableTableError(
                "the table is of neither version of Security Lake: actor.user has no uid_alt or uuid"
            )
        unmapped = shape.column("unmapped")
        self.has_unmapped = (
            unmapped is not None and unmapped.name == "map" and all(kind.is_text for kind in unmapped.of)
        )
        if not self.has_unmapped and not self.has(_DATA[_REQUEST]):
            raise UnreadableTableError(
                "the table has the members of a request neither in api.request.data nor in unmapped, a map of strings"
            )

    def has(self, path: str) -> bool:
        """Whether the table has a column, or a field of one, as a text."""
        kind = self.shape.column(path)
        return kind is not None and kind.is_text

    def partitions(self, chosen: Selection) -> list[str]:
        """Return the predicates that restrict what is read.

        Version 2 has its partitions in Iceberg, where the catalog does not name them.
        """
        predicates = [found] if (found := partition_predicate(self.shape, chosen)) else []
        if not self.shape.partitions and chosen.account is not None and self.has("accountid"):
            predicates.append(f"accountid = {literal(chosen.account)}")
        moment = self.shape.column("time_dt")
        if moment is not None and moment.name.startswith("timestamp"):
            first, last = (literal(day.isoformat()) for day in (chosen.days[0], chosen.days[-1]))
            predicates += [f"time_dt >= TIMESTAMP {first}", f"time_dt < TIMESTAMP {last}"]
        return predicates

    def kind(self) -> str:
        """Return the expression for the kind of an event, NULL for an event that is not read."""
        return (
            f"CASE WHEN api.operation = '{EVENT_NAME}' AND {of_service(_SERVICE, 'sts')} THEN 'attempt'\n"
            f"      WHEN {is_write('api.operation', _SERVICE)} THEN 'change'\n"
            f"      WHEN api.response.error <> '' AND {self.federated()} <> '' THEN 'denial' END"
        )

    def federated(self) -> str:
        """Return the provider of a web identity's session."""
        named = f"CASE WHEN actor.user.type = 'AssumedRole' THEN {self.first('actor.idp.name')} END"
        return _first([*self.flat(_FEDERATION), named] if self.has("actor.user.type") else self.flat(_FEDERATION))

    def columns(self, period: int) -> list[str]:
        """Return the columns of the events: those of `athena_query`, and those of `thinned_query`."""
        seconds = {len("2026-11-30T10:0"): 600, len("2026-11-30T10"): 3_600}.get(period, 86_400)
        event_id = _text("metadata.uid")
        shared = _first([*self.flat("sharedEventID"), *self.flat("sharedEventId")])
        issued = self.issued()
        role = _first([*self.request("roleArn"), *self.requested_role()])
        provider = _first([*self.response("provider"), *self.all("actor.idp.name")])
        columns = {
            "kind": "kind",
            "event_id": f"CASE WHEN kind = 'denial' THEN coalesce({shared}, {event_id}) ELSE {event_id} END",
            "event_time": "CAST(time AS varchar)",
            "period": f"CAST(floor(time / {seconds}000.0) AS varchar)",
            "error_family": f"regexp_replace({_text('api.response.message')}, '[0-9]+', '#')",
            "eventtime": "CAST(time AS varchar)",
            "eventid": event_id,
            "sharedeventid": shared,
            "recipientaccountid": _first([*self.flat("recipientAccountId"), *self.all("cloud.account.uid")]),
            "sourceipaddress": of_kinds("ac", self.first("src_endpoint.ip", "src_endpoint.domain")),
            "federated_provider": of_kinds("cd", self.federated()),
            "requestparameters_rolearn": of_kinds("a", role),
            "requestparameters_rolesessionname": of_kinds(
                "a", _first([*self.request("roleSessionName"), *self.all("user.name")])
            ),
            "responseelements_provider": of_kinds("a", provider),
            "issued": of_kinds("a", issued),
            "issued_key": of_kinds("a", _first(self.response("credentials.accessKeyId"))),
            "known": f"CASE WHEN kind = 'attempt' AND coalesce(api.response.error, '') = '' AND {issued} IS NULL "
            "THEN 0 ELSE 1 END",
        }
        columns |= {name: of_kinds(kinds, self.first(*paths)) for name, kinds, paths in _EVENT}
        columns |= {
            "identity_principalid": of_kinds("ac", _text(self.principal)),
            "identity_arn": of_kinds("c", _text(self.arn)),
        }
        columns |= {
            f"{whole}_{name}".lower(): of_kinds("a", _first(self.member(whole, name))) for whole, name in _OF_ATTEMPT
        }
        columns |= {f"{_REQUEST}_{name}".lower(): of_kinds("d", _first(self.request(name))) for name in _OF_DENIAL}
        columns |= {f"{_REQUEST}_{name}".lower(): of_kinds("a", self.value(name)) for name in _VALUES}
        columns |= {
            f"whole_{name}".lower(): of_kinds("c", self.whole(name)) for name in (_REQUEST, _RESPONSE, _ADDITIONAL)
        }
        columns |= {"resource_arn": self.resources()}
        known = ("kind", "event_id", "event_time", "period", "error_family", "known")
        return [f"{columns.get(name, _NULL)} AS {name}" for name in dict.fromkeys((*known, *COLUMNS))]

    # ------------------------------------------------------------------------------------------------------ expressions

    def all(self, *paths: str) -> list[str]:
        """Return the columns that the table has."""
        return [_text(path) for path in paths if self.has(path)]

    def first(self, *paths: str) -> str:
        """Return the first value that is not empty, of the columns that the table has."""
        return _first(self.all(*paths))

    def flat(self, name: str) -> list[str]:
        """Return a member of the record that has no column."""
        return [f"nullif(element_at(unmapped, '{name}'), '')"] if self.has_unmapped else []

    def member(self, whole: str, path: str) -> list[str]:
        """Return where a member of the request, the response or the additional data may be."""
        places = [f"json_extract_scalar({_text(_DATA[whole])}, '$.{path}')"] if self.has(_DATA.get(whole, "")) else []
        places += self.flat(f"{whole}.{path}")
        return places + [f"json_extract_scalar({text}, '$.{path}')" for text in self.flat(whole)]

    def request(self, path: str) -> list[str]:
        """Return where a member of the request may be."""
        return self.member(_REQUEST, path)

    def response(self, path: str) -> list[str]:
        """Return where a member of the response may be."""
        return self.member(_RESPONSE, path)

    def value(self, name: str) -> str:
        """Return an object or a list of the request as JSON; its flattened form is not read."""
        places = [_text(_DATA[_REQUEST])] if self.has(_DATA[_REQUEST]) else []
        return _first(f"json_format(json_extract({text}, '$.{name}'))" for text in [*places, *self.flat(_REQUEST)])

    def whole(self, name: str) -> str:
        """Return the whole request or response of a write: JSON, or all that is unmapped, from which it is made."""
        places = [_text(_DATA[name])] if self.has(_DATA.get(name, "")) else []
        if name == _REQUEST and self.has_unmapped:
            places.append(f"concat('{_UNMAPPED}', json_format(CAST(unmapped AS JSON)))")
        return _first(places)

    def issued(self) -> str:
        """Return '1' where the response has credentials."""
        cases = []
        for text in [*self.all(_DATA[_RESPONSE]), *self.flat(_RESPONSE)]:
            credentials = f"json_format(json_extract({text}, '$.credentials'))"
            cases.append(f"CASE WHEN {credentials} NOT IN ({literals(NO_CREDENTIALS)}) THEN '1' END")
        for name in ("accessKeyId", "expiration"):
            cases += [f"CASE WHEN {text} <> '' THEN '1' END" for text in self.flat(f"{_RESPONSE}.credentials.{name}")]
        return _first(cases)

    def requested_role(self) -> list[str]:
        """Return the role where the event's `user` names one."""
        return [f"CASE WHEN {text} LIKE 'arn:%:iam::%:role/%' THEN {text} END" for text in self.all(self.role)]

    def resources(self) -> str:
        """Return the resources' ARNs as a list in JSON."""
        kind = self.shape.column("resources")
        uid = kind.of[0].field("uid") if kind is not None and kind.name == "array" and kind.of else None
        if uid is None or not uid.is_text:
            return _NULL
        return "json_format(CAST(transform(resources, r -> r.uid) AS JSON))"


def _text(path: str) -> str:
    """Return a column or a field of one, NULL where it is empty."""
    top, *fields = path.split(".")
    path_text = ".".join((f'"{top}"', *fields))
    return f"nullif({path_text}, '')"


def _first(places: Iterable[str]) -> str:
    found = list(places)
    return _NULL if not found else found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"


# --------------------------------------------------------------------------------------------------------- the records


def record_of(row: Row) -> dict[str, Any]:
    """Return the record of a row of this query or of that for CloudTrail's own columns. Strangers wrote the values."""
    values = dict(row)
    time = values.get("eventtime") or ""
    if _MILLISECONDS.fullmatch(time):
        values["eventtime"] = rfc3339(int(time) / 1000)
    whole = values.get("whole_requestparameters") or ""
    if whole.startswith(_UNMAPPED):
        values |= _unflattened(whole.removeprefix(_UNMAPPED))
    return athena_query.record_of(values)


def _unflattened(text: str) -> dict[str, str | None]:
    """Return the columns of a request and a response that were flattened.

    A name with [] is a list whose members were joined: its values are unknown.
    """
    nested: dict[str, Any] = {}
    for name, value in members(text).items():
        parts = name.split(".")
        if "[]" in name or len(parts) > _DEEPEST or parts[0] not in (_REQUEST, _RESPONSE):
            continue
        inside: Any = nested
        for part in parts[:-1]:
            inside = inside.setdefault(part, {}) if isinstance(inside, dict) else {}
        if isinstance(inside, dict):
            inside[parts[-1]] = value
    return {
        f"whole_{whole}".lower(): json.dumps(nested[whole]) if whole in nested else None
        for whole in (_REQUEST, _RESPONSE)
    }
