"""Amazon Athena on this machine: moto's catalog, buckets and queries, whose results DuckDB computes.

moto runs no query: it returns results that were queued beforehand. `AthenaTables` translates each query that is
started, runs it on the tables of engine_tables.py with the parameters that were sent, and queues the rows.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import engine_tables
from clouds.aws import REGION, Broken, Cloud

if TYPE_CHECKING:
    import duckdb

_DAY = re.compile(r"AWSLogs/(?:o-\w+/)?(\d{12})/CloudTrail/([\w-]+)/(\d{4})/(\d\d)/(\d\d)/")


@dataclass
class AthenaTables:
    """The tables, and the requests that reached them."""

    cloud: Cloud
    connection: duckdb.DuckDBPyConnection
    started: list[dict[str, Any]] = field(default_factory=list)
    runs: bool = True  # the queries; else they have no rows
    further: Callable[[str, int], Broken | None] = lambda _operation, _number: None  # faults of other calls
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.cloud.fault = self._fault

    def _fault(self, name: str, number: int) -> Broken | None:
        broken = self.further(name, number)
        if broken is None and name == "athena:StartQueryExecution":
            with self._lock:
                request = json.loads(self.cloud.last_body)
                self.started.append(request)
                if self.runs:
                    self._queue(request)
        return broken

    def _queue(self, request: dict[str, Any]) -> None:
        parameters = [text[1:-1].replace("''", "'") for text in request["ExecutionParameters"]]
        cursor = self.connection.cursor().execute(engine_tables.translated(request["QueryString"]), parameters)
        names = [column[0] for column in cursor.description or ()]
        rows = [names, *cursor.fetchall()]
        queue_rows(self.cloud, names, rows)

    def make(self, answer: dict[str, Any], folder: Path, *, objects: bool = True, rows: bool = True) -> None:
        """Make the table that glue:GetTable describes, with the trail files of a folder: its `objects`, and `rows`."""
        import boto3

        self.runs = rows
        if rows:
            engine_tables.fill(self.connection, answer, folder)
        table = dict(answer["Table"])
        database = table.pop("DatabaseName")
        glue = boto3.client("glue", REGION)
        glue.create_database(DatabaseInput={"Name": database})
        glue.create_table(DatabaseName=database, TableInput=table)
        bucket = table["StorageDescriptor"]["Location"].removeprefix("s3://").partition("/")[0]
        s3 = boto3.client("s3", REGION)
        s3.create_bucket(Bucket=bucket)
        partitions: dict[tuple[str, ...], str] = {}
        for path in sorted(folder.rglob("*")):
            match = _DAY.search(path.as_posix())
            if path.is_file() and match:
                key = path.as_posix()[match.start() :]
                if objects:
                    s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
                partitions[match.groups()[1:]] = f"s3://{bucket}/{key.rpartition('/')[0]}"
        if [key["Name"] for key in table["PartitionKeys"]] == ["region", "year", "month", "day"]:
            for values, location in partitions.items():
                described = {"Values": list(values), "StorageDescriptor": {"Location": location}}
                glue.create_partition(DatabaseName=database, TableName=table["Name"], PartitionInput=described)
        self.cloud.calls.clear()


def queue_rows(cloud: Cloud, names: list[str], rows: list[Any]) -> None:
    """Queue the rows of moto's next query; the first has the names of the columns, as Athena's has."""
    result = {
        "rows": [{"Data": [{} if value is None else {"VarCharValue": str(value)} for value in row]} for row in rows],
        "column_info": [{"Name": name, "Type": "varchar"} for name in names],
    }
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=30)
    connection.request("POST", "/moto-api/static/athena/query-results", json.dumps({"results": [result]}))
    assert connection.getresponse().status == 201
    connection.close()
