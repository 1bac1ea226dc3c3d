"""BigQuery's REST wire on the loopback: tables, dry runs, jobs, pages of rows, cancelling. Queries run in DuckDB.

What a query scans is a thousand bytes for each row of its tables in its period, so that partitions count.
"""

from __future__ import annotations

import re
import threading
import urllib.parse
from collections.abc import Callable
from datetime import datetime
from typing import Any

from clouds.google import error
from google_tables import Json, Warehouse, rest_fields, tables_named

BYTES_OF_A_ROW = 1_000
_PATH = re.compile(r"/bigquery/v2/projects/(?P<project>[^/]+)/(?P<rest>.+)")
_TYPES = {str: "STRING", int: "INTEGER", bool: "BOOLEAN"}


class BigQueryWire:
    """The answers, for `Google.fault`. `jobs` are those that were started, by id."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.jobs: dict[str, Json] = {}
        self.dry_runs: list[Json] = []
        self.cancelled: list[str] = []
        self.page_size = 50  # rows of a page, whatever a request asks for
        self.looks = 1  # at a job, until it has ended
        self.hides_bytes = False
        self.billed: int | None = None  # of a job; None: what it scans
        self.partitioning: dict[str, Json] = {}
        self.links: list[Any] = []
        self.fault: Callable[[str, str, Any], Any] | None = None
        self.lock = threading.Lock()

    def answer(self, method: str, path: str, body: Any) -> Any:
        """Status and body; None for what is not asked of BigQuery."""
        if path.endswith("/links"):
            return self.fault(method, path, body) if self.fault else (200, {"links": self.links})
        match = _PATH.fullmatch(path)
        if match is None:
            return None
        found = self.fault(method, match["rest"], body) if self.fault else None
        if found is not None:
            return found
        with self.lock:
            return self._answer(method, match["project"], match["rest"], body)

    def _answer(self, method: str, project: str, rest: str, body: Any) -> tuple[int, Any]:
        query = dict(urllib.parse.parse_qsl(body)) if isinstance(body, str) else {}
        parts = rest.split("/")
        if parts[0] == "datasets" and parts[2:] == ["tables"]:
            return self._tables(project, parts[1], query)
        if parts[0] == "datasets" and len(parts) == 4:
            return self._table(project, parts[1], parts[3])
        if rest == "jobs" and method == "POST":
            return self._insert(project, body)
        job = self.jobs.get(parts[1]) if len(parts) > 1 else None
        if job is None:
            return wrong(404, "notFound", f"Not found: Job {parts[-1]}")
        if parts[2:] == ["cancel"]:
            self.cancelled.append(parts[1])
            return 200, {"kind": "bigquery#jobCancelResponse", "job": self._resource(job)}
        if parts[0] == "queries":
            return self._rows(job, query)
        job["looks"] += 1
        return 200, self._resource(job)

    def _tables(self, project: str, dataset: str, query: Json) -> tuple[int, Any]:
        names = sorted(name for one, other, name in self.warehouse.schemas if (one, other) == (project, dataset))
        if not names:
            return wrong(404, "notFound", f"Not found: Dataset {project}:{dataset}")
        start = int(query.get("pageToken", 0))
        end = start + min(2, int(query.get("maxResults", 50)))
        tables = [{"kind": "bigquery#table", "tableReference": _reference(project, dataset, name)} for name in names]
        more = {"nextPageToken": str(end)} if end < len(names) else {}
        return 200, {"kind": "bigquery#tableList", "tables": tables[start:end], "totalItems": len(names)} | more

    def _table(self, project: str, dataset: str, name: str) -> tuple[int, Any]:
        fields = self.warehouse.schemas.get((project, dataset, name))
        if fields is None:
            return wrong(404, "notFound", f"Not found: Table {project}:{dataset}.{name}")
        found = {"kind": "bigquery#table", "tableReference": _reference(project, dataset, name), "location": "EU"}
        partitioning = {"timePartitioning": self.partitioning[name]} if name in self.partitioning else {}
        return 200, found | {"type": "TABLE", "schema": {"fields": rest_fields(fields)}} | partitioning

    def _insert(self, project: str, body: Json) -> tuple[int, Any]:
        asked = body["configuration"]["query"]
        assert asked["useLegacySql"] is False
        assert asked["parameterMode"] == "NAMED"
        size = 0 if self.hides_bytes else self._size(asked)
        if body["configuration"].get("dryRun"):
            self.dry_runs.append(body)
            found = {"kind": "bigquery#job", "configuration": body["configuration"], "status": {"state": "DONE"}}
            return 200, found | {"jobReference": {"projectId": project, "location": "EU"}, "statistics": _bytes(size)}
        job_id = body["jobReference"]["jobId"]
        if job_id in self.jobs:
            return wrong(409, "duplicate", f"Already Exists: Job {project}:EU.{job_id}")
        job: Json = {"project": project, "body": body, "looks": 0, "id": job_id, "size": self._size(asked), "rows": []}
        if job["size"] > int(asked["maximumBytesBilled"]):
            job["failure"] = (
                "bytesBilledLimitExceeded",
                f"Query exceeded limit for bytes billed: {job['size']} or more",
            )
        else:
            job["rows"] = self.warehouse.run(asked["query"], parameters_of(asked))
        self.jobs[job_id] = job
        return 200, self._resource(job)

    def _resource(self, job: Json) -> Json:
        ended = job["looks"] >= self.looks
        status: Json = {"state": "DONE" if ended else "RUNNING"}
        if ended and "failure" in job:
            reason, message = job["failure"]
            status["errorResult"] = {"reason": reason, "message": message}
            status["errors"] = [status["errorResult"]]
        return {
            "kind": "bigquery#job",
            "jobReference": {"projectId": job["project"], "jobId": job["id"], "location": "EU"},
            "configuration": job["body"]["configuration"],
            "status": status,
            "statistics": _bytes(job["size"], self.billed),
        }

    def _rows(self, job: Json, query: Json) -> tuple[int, Any]:
        rows = job["rows"]
        start = int(query.get("pageToken") or query.get("startIndex") or 0)
        end = start + min(self.page_size, int(query.get("maxResults", self.page_size)))
        names = list(rows[0]) if rows else ["kind"]
        kinds = {
            name: next((_TYPES[type(row[name])] for row in rows if row[name] is not None), "STRING") for name in names
        }
        page = [{"f": [{"v": _text(row[name])} for name in names]} for row in rows[start:end]]
        found = {
            "kind": "bigquery#getQueryResultsResponse",
            "jobReference": self._resource(job)["jobReference"],
            "schema": {"fields": [{"name": name, "type": kinds[name], "mode": "NULLABLE"} for name in names]},
            "jobComplete": True,
            "totalRows": str(len(rows)),
        }
        more = {"pageToken": str(end)} if end < len(rows) and page else {}
        return 200, found | ({"rows": page} if page else {}) | more

    def _size(self, asked: Json) -> int:
        """The bytes of the rows in the period, of the tables that the text names."""
        values = parameters_of(asked)
        number = 0
        for project, dataset, name in tables_named(asked["query"]):
            place = f"`{project}`.`{dataset}`.`{name}`"
            sql = f"SELECT count(*) AS n FROM {place} WHERE timestamp BETWEEN @since AND @until"  # noqa: S608 - as asked
            number += self.warehouse.run(sql, {part: values[part] for part in ("since", "until")})[0]["n"]
        return number * BYTES_OF_A_ROW


def parameters_of(asked: Json) -> dict[str, datetime]:
    """The values of a query's parameters, all of which are times."""
    found = asked["queryParameters"]
    assert {one["parameterType"]["type"] for one in found} == {"TIMESTAMP"}
    return {one["name"]: datetime.fromisoformat(one["parameterValue"]["value"]) for one in found}


def wrong(status: int, reason: str, message: str, name: str = "") -> tuple[int, Any]:
    """An error as BigQuery's API has it."""
    code, body = error(status, message, name)
    body["error"]["errors"] = [{"message": message, "domain": "global", "reason": reason}]
    return code, body


def _bytes(size: int, billed: int | None = None) -> Json:
    text = str(size)
    found = {"totalBytesProcessed": text, "totalBytesBilled": str(size if billed is None else billed)}
    return {"totalBytesProcessed": text, "query": found}


def _reference(project: str, dataset: str, name: str) -> Json:
    return {"projectId": project, "datasetId": dataset, "tableId": name}


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)
