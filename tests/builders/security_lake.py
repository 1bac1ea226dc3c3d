"""Tables of Security Lake with CloudTrail's management events, by the published mapping, in DuckDB.

Version 1 is OCSF 1.0.0-rc.2, whose request and response are flattened in `unmapped`; version 2 is OCSF 1.1.0, which has
them as JSON, or flattened in its first samples. Sources: OCSF, examples, mappings of AWS CloudTrail; AWS samples,
"Amazon Security Lake Resources".
"""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from oidc_doctor.logs.engines.hive_types import HiveType, hive_type

if TYPE_CHECKING:
    import duckdb

Json = dict[str, Any]
Version = Literal["1", "2", "2-flattened"]

LOCATION = "s3://aws-security-data-lake-us-east-1-abc/aws/CLOUD_TRAIL_MGMT/1.0/"
DATABASE = "amazon_security_lake_glue_db_us_east_1"
_ENDPOINT = "struct<ip:string,domain:string,uid:string>"
_METADATA = (
    "struct<product:struct<version:string,name:string,vendor_name:string,feature:struct<name:string>>,uid:string,"
    "profiles:array<string>,version:string{more}>"
)
_SESSION = "struct<issuer:string{more}>"
_API = (
    "struct<response:struct<error:string,message:string{data}>,operation:string,version:string,"
    "service:struct<name:string>,request:struct<uid:string{data}>>"
)
_USERS = {
    "1": "struct<type:string,name:string,uid:string,uuid:string,account_uid:string,credential_uid:string>",
    "2": "struct<type:string,name:string,uid:string,uid_alt:string,account:struct<uid:string>,credential_uid:string>",
}
_MAPPED = {"requestParameters", "responseElements", "userIdentity", "resources"}
_EVENT = {
    "eventSource", "apiVersion", "eventName", "awsRegion", "userAgent", "eventVersion", "eventID", "eventTime",
    "errorCode", "errorMessage", "requestID", "sourceIPAddress", "eventCategory",
}  # fmt: skip
_IDENTITY = {"accountId", "accessKeyId", "userName", "type", "principalId", "arn", "invokedBy", "identityProvider"}
_AUTHENTICATION = ("AssumeRoleWithWebIdentity", "AssumeRole", "AssumeRoleWithSAML", "ConsoleLogin")


def table_of(version: Version) -> str:
    """The name of the table."""
    return f"amazon_security_lake_table_us_east_1_cloud_trail_mgmt_{version[0]}_0"


def columns_of(version: Version) -> dict[str, str]:
    """The columns and their types, as the catalog writes them."""
    is_second = version[0] == "2"
    user = _USERS[version[0]]
    more = ",event_code:string" if is_second else ""
    session = ",created_time_dt:timestamp,is_mfa:boolean" if is_second else ",created_time:bigint,mfa:boolean"
    return {
        "metadata": _METADATA.replace("{more}", more),
        "time": "bigint",
        **({"time_dt": "timestamp"} if is_second else {}),
        "cloud": "struct<region:string,provider:string>",
        "api": _API.replace("{data}", ",data:string" if is_second else ""),
        "actor": f"struct<user:{user},session:{_SESSION.replace('{more}', session)},invoked_by:string,"
        "idp:struct<name:string>>",
        "http_request": "struct<user_agent:string>",
        "src_endpoint": _ENDPOINT,
        "user": user,
        "resources": "array<struct<uid:string,type:string>>",
        "class_uid": "int",
        "status": "string",
        "unmapped": "map<string,string>",
        **({"accountid": "string", "region": "string"} if is_second else {}),
    }


def described(version: Version) -> Json:
    """The answer of glue:GetTable."""
    keys = () if version[0] == "2" else ("region", "accountid", "eventday")
    table = {
        "Name": table_of(version),
        "DatabaseName": DATABASE,
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": kind} for name, kind in columns_of(version).items()],
            "Location": LOCATION,
        },
        "PartitionKeys": [{"Name": name, "Type": "string"} for name in keys],
        "Parameters": {"table_type": "ICEBERG"} if version[0] == "2" else {"EXTERNAL": "TRUE"},
    }
    return {"Table": table}


def converted(record: Json, version: Version) -> Json:
    """A row of the table for an event."""
    is_second = version[0] == "2"
    identity = record.get("userIdentity") or {}
    context = identity.get("sessionContext") or {}
    request, response = record.get("requestParameters") or {}, record.get("responseElements") or {}
    is_exchange = record["eventName"] in _AUTHENTICATION
    is_flat = version != "2"
    flat = {name: value for name, value in record.items() if name not in _MAPPED | _EVENT}
    flat |= {"userIdentity": {name: value for name, value in identity.items() if name not in _IDENTITY}}
    if is_flat:
        kept = {name: value for name, value in request.items() if not is_exchange or name not in _TO_USER}
        flat |= {"requestParameters": kept, "responseElements": response}
    unmapped = dict(_flattened(flat))
    federation = context.get("webIdFederationData") or {}
    provider = identity.get("identityProvider") or federation.get("federatedProvider")
    address = str(record.get("sourceIPAddress") or "")
    milliseconds = round(datetime.fromisoformat(record["eventTime"]).timestamp() * 1000)
    data = {} if is_flat else {"data": json.dumps(request) if record.get("requestParameters") else ""}
    data_back = {} if is_flat else {"data": json.dumps(response) if record.get("responseElements") else ""}
    return {
        "metadata": {"product": {"version": record.get("eventVersion")}, "uid": record.get("eventID")},
        "time": milliseconds,
        "time_dt": record["eventTime"],
        "cloud": {"region": record.get("awsRegion"), "provider": "AWS"},
        "api": {
            "response": {"error": record.get("errorCode"), "message": record.get("errorMessage"), **data_back},
            "operation": record["eventName"],
            "service": {"name": record["eventSource"]},
            "request": {"uid": record.get("requestID"), **data},
        },
        "actor": {
            "user": _user(identity, is_second=is_second),
            "session": {"issuer": (context.get("sessionIssuer") or {}).get("arn")},
            "invoked_by": identity.get("invokedBy"),
            "idp": {"name": provider},
        },
        "http_request": {"user_agent": record.get("userAgent")},
        "src_endpoint": {"ip" if address[:1].isdigit() else "domain": address},
        "user": _requested(identity, request, is_second=is_second) if is_exchange else None,
        "resources": [{"uid": one.get("ARN"), "type": one.get("type")} for one in record.get("resources") or ()],
        "status": "Failure" if record.get("errorCode") else "Success",
        "unmapped": unmapped,
        "accountid": record.get("recipientAccountId"),
        "region": record.get("awsRegion"),
        "eventday": record["eventTime"][:10].replace("-", ""),
    }


_TO_USER = ("roleArn", "roleSessionName")


def _user(identity: Json, *, is_second: bool) -> Json:
    user = {
        "type": identity.get("type"),
        "name": identity.get("userName"),
        "credential_uid": identity.get("accessKeyId"),
    }
    if is_second:
        account = {"uid": identity.get("accountId")}
        return user | {"uid": identity.get("arn"), "uid_alt": identity.get("principalId"), "account": account}
    account_uid = identity.get("accountId")
    return user | {"uid": identity.get("principalId"), "uuid": identity.get("arn"), "account_uid": account_uid}


def _requested(identity: Json, request: Json, *, is_second: bool) -> Json:
    role = request.get("roleArn") or identity.get("arn")
    principal = identity.get("principalId")
    return {
        "name": request.get("roleSessionName"),
        **({"uid": role, "uid_alt": principal} if is_second else {"uuid": role, "uid": principal}),
    }


def _flattened(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Members under names with dots; a list's are joined by commas, under a name with []."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flattened(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        joined: dict[str, list[str]] = {}
        for inner in value:
            for key, text in _flattened(inner, f"{name}[]"):
                joined.setdefault(key, []).append(text)
        yield from ((key, ",".join(texts)) for key, texts in joined.items())
    elif value is not None:
        yield name, value if isinstance(value, str) else json.dumps(value)


def partitions_of(records: Iterable[Json]) -> list[Json]:
    """The partitions of a table of version 1 that the catalog lists, as glue:CreatePartition accepts them."""
    rows = (converted(record, "1") for record in records)
    values = {(row["region"] or "", row["accountid"] or "", row["eventday"]) for row in rows}
    return [
        {
            "Values": [region, account, day],
            "StorageDescriptor": {"Location": f"{LOCATION}region={region}/accountId={account}/eventDay={day}/"},
        }
        for region, account, day in sorted(values)
    ]


def fill(connection: duckdb.DuckDBPyConnection, records: Iterable[Json], version: Version) -> None:
    """Make the table with the events."""
    types = columns_of(version) | (
        {} if version[0] == "2" else dict.fromkeys(("region", "accountid", "eventday"), "string")
    )
    spec = ", ".join(f"'{name}': '{_duckdb_type(kind)}'" for name, kind in types.items())
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        for record in records:
            row = converted(record, version)
            file.write(json.dumps({name: row.get(name) for name in types}) + "\n")
        file.flush()
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{DATABASE}"')
        source = f"read_json('{file.name}', format='newline_delimited', columns={{{spec}}})"
        table = f'"{DATABASE}"."{table_of(version)}"'
        connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {source}")  # noqa: S608 - names of our own


def _duckdb_type(kind: str) -> str:
    parsed = hive_type(kind)
    assert parsed is not None, kind
    return _written(parsed)


def _written(kind: HiveType) -> str:
    if kind.name == "struct":
        return "STRUCT(" + ", ".join(f'"{name}" {_written(inner)}' for name, inner in kind.fields) + ")"
    if kind.name == "array":
        return f"{_written(kind.of[0])}[]"
    if kind.name == "map":
        return f"MAP({_written(kind.of[0])}, {_written(kind.of[1])})"
    return {"string": "VARCHAR", "int": "INTEGER"}.get(kind.name, kind.name.upper())


def events_of(folder: Path) -> list[Json]:
    """The records of an archive's trail files."""
    found: list[Json] = []
    for path in sorted(folder.rglob("*.json*")):
        data = path.read_bytes()
        value = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
        found += value.get("Records", []) if isinstance(value, dict) else []
    return found
