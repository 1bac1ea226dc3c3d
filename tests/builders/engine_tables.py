"""Tables of CloudTrail's records in the shapes in use, as the catalog describes them and as DuckDB holds them.

`described` gives the answer of glue:GetTable; `fill` reads the trail files of an archive into a table of that shape,
with typed structs, and the values of its partitions from the files' paths; `run` runs a query of Athena on it by way
of sqlglot. Shapes: Athena user guide, "Query AWS CloudTrail logs"; AWS samples; published organisation tables.
"""

from __future__ import annotations

import gzip
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import sqlglot

from oidc_doctor.logs.engines.athena_query import athena_query
from oidc_doctor.logs.engines.hive_types import HiveType, hive_type
from oidc_doctor.logs.engines.partitions import selection
from oidc_doctor.logs.engines.query import EngineQuery, Window
from oidc_doctor.logs.engines.table_shape import table_shape
from oidc_doctor.logs.extract.file import Header, write_extract

Json = dict[str, Any]

DATABASE, TABLE, BUCKET = "logs", "cloudtrail", "trail-of-the-organisation"
SHAPES = ("projected", "manual", "older", "organisation", "numbered", "console")
_FEDERATION = {
    "projected": (
        ",ec2roledelivery:string,webidfederationdata:struct<federatedprovider:string,attributes:map<string,string>>"
    ),
    "organisation": ",ec2roledelivery:string,webidfederationdata:map<string,string>",
}
_FEDERATION["manual"] = _FEDERATION["console"] = _FEDERATION["projected"]
_TEXTS = (
    "eventtime eventsource eventname awsregion sourceipaddress useragent errorcode errormessage requestparameters "
    "responseelements additionaleventdata requestid eventid eventtype apiversion readonly recipientaccountid "
    "serviceeventdetails sharedeventid vpcendpointid"
)
_PATH = re.compile(r"/AWSLogs/(?:(o-\w+)/)?(\d{12})/CloudTrail/([\w-]+)/(\d{4})/(\d\d)/(\d\d)/")
_PARTITIONS = {
    "projected": ("timestamp",),
    "manual": ("region", "year", "month", "day"),
    "older": ("date_partition", "region_partition", "account_partition"),
    "organisation": ("account", "region", "date"),
    "numbered": ("accountid", "region", "year", "month", "day"),
    "console": (),
}
_REGIONS = "us-east-1,us-east-2,us-west-2,eu-west-1,eu-central-1,ap-southeast-2"


def described(shape: str, *, account: str = "123456789012", bucket: str = BUCKET, organisation: str = "") -> Json:
    """The answer of glue:GetTable for a table of a shape, as boto3 returns it."""
    root = f"s3://{bucket}/AWSLogs/{organisation}/" if organisation else f"s3://{bucket}/AWSLogs/"
    columns = [{"Name": "eventversion", "Type": "string"}, {"Name": "useridentity", "Type": _identity(shape)}]
    columns += [{"Name": name, "Type": "string"} for name in _TEXTS.split()]
    columns.insert(14, {"Name": "resources", "Type": "array<struct<arn:string,accountid:string,type:string>>"})
    numbers = ("year", "month", "day") if shape == "numbered" else ()
    keys = [{"Name": name, "Type": "int" if name in numbers else "string"} for name in _PARTITIONS[shape]]
    return {
        "Table": {
            "Name": TABLE,
            "DatabaseName": DATABASE,
            "TableType": "EXTERNAL_TABLE",
            "StorageDescriptor": {
                "Columns": columns,
                "Location": f"{root}{account}/CloudTrail/eu-west-1" if shape == "projected" else root,
                "InputFormat": "com.amazon.emr.cloudtrail.CloudTrailInputFormat",
                "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                "SerdeInfo": {"SerializationLibrary": "org.apache.hive.hcatalog.data.JsonSerDe"},
            },
            "PartitionKeys": keys,
            "Parameters": _parameters(shape, root, account),
        }
    }


def _identity(shape: str) -> str:
    issuer = "struct<type:string,principalid:string,arn:string,accountid:string,username:string>"
    context = f"struct<attributes:struct<mfaauthenticated:string,creationdate:string>,sessionissuer:{issuer}"
    of_new = ",onbehalfof:struct<userid:string,identitystorearn:string>" if shape in ("projected", "manual") else ""
    return (
        "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,accesskeyid:string,"
        f"username:string{of_new},sessioncontext:{context}{_FEDERATION.get(shape, '')}>>"
    )


def _parameters(shape: str, root: str, account: str) -> dict[str, str]:
    dates = {
        "type": "date",
        "format": "yyyy/MM/dd",
        "range": "2020/01/01,NOW+10YEARS",
        "interval": "1",
        "interval.unit": "DAYS",
    }
    account_values = {"type": "enum", "values": account}
    projections: dict[str, dict[str, str]] = {}
    template = ""
    if shape == "projected":
        projections = {"timestamp": dates}
        template = f"{root}{account}/CloudTrail/eu-west-1/${{timestamp}}"
    elif shape == "older":
        projections = {
            "date_partition": dates,
            "region_partition": {"type": "enum", "values": _REGIONS},
            "account_partition": account_values,
        }
        template = f"{root}${{account_partition}}/CloudTrail/${{region_partition}}/${{date_partition}}/"
    elif shape == "organisation":
        projections = {"account": {"type": "injected"}, "region": {"type": "enum", "values": _REGIONS}, "date": dates}
        template = f"{root}${{account}}/CloudTrail/${{region}}/${{date}}"
    elif shape == "numbered":
        projections = {
            "accountid": account_values,
            "region": {"type": "enum", "values": _REGIONS},
            "year": {"type": "enum", "values": "2025,2026,2027"},
            "month": {"type": "integer", "range": "01,12", "digits": "2"},
            "day": {"type": "integer", "range": "01,31", "digits": "2"},
        }
        template = f"{root}${{accountid}}/CloudTrail/${{region}}/${{year}}/${{month}}/${{day}}"
    if not projections:
        return {"EXTERNAL": "TRUE"}
    properties = {f"projection.{key}.{name}": text for key, one in projections.items() for name, text in one.items()}
    return {"projection.enabled": "true", "storage.location.template": template} | properties


def fill(connection: duckdb.DuckDBPyConnection, answer: Json, folder: Path) -> None:
    """Make the table that is described, with the records of the trail files in a folder."""
    table = answer["Table"]
    columns = {one["Name"]: one["Type"] for one in (*table["StorageDescriptor"]["Columns"], *table["PartitionKeys"])}
    types = {name: parsed for name, text in columns.items() if (parsed := hive_type(text)) is not None}
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        for record, partition in _records(folder):
            lower = {name.lower(): value for name, value in record.items()} | partition
            file.write(json.dumps({name: _value(kind, lower.get(name)) for name, kind in types.items()}) + "\n")
        file.flush()
        spec = ", ".join(f"'{name}': '{_duckdb_type(kind)}'" for name, kind in types.items())
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{table["DatabaseName"]}"')
        rows = f"read_json('{file.name}', format='newline_delimited', columns={{{spec}}})"
        connection.execute(f'CREATE OR REPLACE TABLE "{table["DatabaseName"]}"."{table["Name"]}" AS FROM {rows}')


def _records(folder: Path) -> Iterator[tuple[Json, Json]]:
    for path in sorted(folder.rglob("*")):
        match = _PATH.search(path.as_posix())
        if not path.is_file() or match is None:
            continue
        data = path.read_bytes()
        _, account, region, year, month, day = match.groups()
        whole_date = f"{year}/{month}/{day}"
        partition = dict.fromkeys(("account", "accountid", "account_partition"), account)
        partition |= dict.fromkeys(("region", "region_partition"), region)
        partition |= dict.fromkeys(("timestamp", "date", "date_partition"), whole_date)
        partition |= {"year": year, "month": month, "day": day}
        for record in json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)["Records"]:
            yield record, partition


def _value(kind: HiveType, value: Any) -> Any:
    """A value as the reader of JSON gives it for a type."""
    if value is None:
        return None
    if kind.name == "struct":
        lower = {name.lower(): inner for name, inner in value.items()} if isinstance(value, dict) else {}
        return {name: _value(inner, lower.get(name)) for name, inner in kind.fields}
    if kind.name == "array":
        return [_value(kind.of[0], inner) for inner in value]
    if kind.name == "map":
        return {name: _value(kind.of[1], inner) for name, inner in value.items()}
    if kind.is_text and not isinstance(value, str):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return value


def _duckdb_type(kind: HiveType) -> str:
    if kind.name == "struct":
        fields = ", ".join(f'"{name}" {_duckdb_type(inner)}' for name, inner in kind.fields)
        return f"STRUCT({fields})"
    if kind.name == "array":
        return f"{_duckdb_type(kind.of[0])}[]"
    if kind.name == "map":
        return f"MAP({_duckdb_type(kind.of[0])}, {_duckdb_type(kind.of[1])})"
    return "INTEGER" if kind.name == "int" else "VARCHAR"


def translated(text: str) -> str:
    """A query of Athena in DuckDB's dialect."""
    return str(sqlglot.transpile(text, read="athena", write="duckdb")[0])


def run(connection: duckdb.DuckDBPyConnection, query: EngineQuery) -> list[dict[str, str | None]]:
    """The rows of a query as Athena returns them: texts."""
    cursor = connection.execute(translated(query.text), list(query.parameters))
    names = [column[0] for column in cursor.description or ()]
    rows = cursor.fetchall()
    return [
        {name: None if value is None else str(value) for name, value in zip(names, row, strict=True)} for row in rows
    ]


def extract_of_table(
    folder: Path, shape: str, window: Window, *, account: str | None = None, connection: Any = None
) -> bytes:
    """The extract that Athena's query returns for an archive's trail files in a table of a shape."""
    answer = described(shape, account=account or "123456789012")
    with connection or duckdb.connect() as database:
        fill(database, answer, folder)
        query = athena_query(table_shape(answer, DATABASE, TABLE), window, selection(window, account))
        records = [query.record_of(row) for row in run(database, query)]
    return write_extract(Header("cloudtrail", selective=True), records)
