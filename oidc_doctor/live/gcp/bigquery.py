"""Audit log entries in BigQuery: the tables of a sink, or a log bucket's linked dataset (Log Analytics).

The tables are listed and their columns read, a dry run says what the query would scan, and it is run if that is within
--max-bytes. Its rows become the file of an extract, which is read like a log.

The project of the place pays, unless GOOGLE_CLOUD_PROJECT names another one.
"""

from __future__ import annotations

import functools
import os
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.documents.json_text import printable
from oidc_doctor.live.byte_sizes import size_text
from oidc_doctor.live.collect import CallError, Collector, Grant, Reader
from oidc_doctor.live.gcp.bigquery_job import BigQuery, Job
from oidc_doctor.live.gcp.client import segment
from oidc_doctor.live.gcp.configuration import with_permission
from oidc_doctor.live.log_queries import beyond_ceiling, log_window, newest_only
from oidc_doctor.live.pages import Paging, pages
from oidc_doctor.logs.engines.google_columns import lacks
from oidc_doctor.logs.engines.google_query import queries
from oidc_doctor.logs.engines.google_rows import entry_of
from oidc_doctor.logs.engines.google_tables import (
    EVERY_LOG_VIEW,
    LogTable,
    has_logs,
    log_tables,
    missing_logs,
    view,
    with_schema,
)
from oidc_doctor.logs.extract.file import Header, write_extract
from oidc_doctor.logs.extract.thinning import MOST_RECORDS
from oidc_doctor.model.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.live.gcp.configuration import GcpReaders
    from oidc_doctor.model.log_place import LogPlace

_CALL = "bigquery.jobs.create"
_API = "bigquery.googleapis.com"
_LOGGING = "logging.googleapis.com"
_MOST_NAMES = 100_000  # tables of a dataset
_MOST_TABLES = 2_000  # of the window, each of which is described by a request
_LINKS = Paging("pageToken", "nextPageToken")
_LINKED = re.compile(
    rf"{re.escape(_API)}/projects/((?:[a-z0-9.-]+:)?[a-z0-9-]{{1,63}})/datasets/(\w{{1,1024}})", re.ASCII
)


def bigquery_reader(target: GcpReaders, place: LogPlace, path: str) -> Reader:
    """Return the reader of a dataset: it fills `path`, the file of an extract (logs/extract/file.py)."""

    def read(collector: Collector) -> None:
        _Dataset(target, place, collector).read(path)

    return Reader(target.name(f"logs:{place.text}"), path, _CALL, read, (), _grants_of(place))


def paying_project(place: LogPlace) -> str:
    """Return the project in which the jobs run, and which pays for them."""
    return os.environ.get("GOOGLE_CLOUD_PROJECT") or place.parts[0]


def _grants_of(place: LogPlace) -> tuple[Grant, ...]:
    """Return the grants: the job first. The name of a linked dataset is not known before a run."""
    project = place.parts[0]
    dataset = f"projects/{project}/datasets/{place.parts[1] if place.engine == 'bigquery' else '*'}"
    tables = (Grant(f"bigquery.tables.{call}", dataset, _API) for call in ("getData", "get", "list"))
    grants = (Grant(_CALL, f"projects/{paying_project(place)}", _API), *tables)
    return grants if place.engine == "bigquery" else (*grants, _link_grant(place))


def _link_grant(place: LogPlace) -> Grant:
    project, location, bucket, _ = place.parts
    return Grant("logging.links.list", f"projects/{project}/locations/{location}/buckets/{bucket}", _LOGGING)


class _Found(NamedTuple):
    """The tables of a place that are queried, and what is said about those that are not there."""

    tables: list[LogTable]
    location: str | None
    missing: str


class _Dataset:
    """One read of a place."""

    def __init__(self, target: GcpReaders, place: LogPlace, collector: Collector) -> None:
        self.target = target
        self.place = place
        self.collector = collector
        self.grants = _grants_of(place)
        self.api = BigQuery(target.clients, collector, paying_project(place))

    def read(self, path: str) -> None:
        """Fill the file. Raises CallError."""
        scope = self.target.scope
        since, until = log_window(self.collector, scope)
        found = self._found(since, until)
        most = max(1, scope.log_options.ceiling)
        jobs = [
            Job(self.api, query, found.location, most, self.grants[:2]) for query in queries(found.tables, since, until)
        ]
        estimate = self._estimate(jobs, most)
        entries: list[dict[str, Any]] = []
        left = most
        for job in jobs:
            rows = job.rows(left, MOST_RECORDS + 1 - len(entries), self.place.text)
            entries += [entry_of(row) for row in rows]
            left -= job.billed
            if len(entries) > MOST_RECORDS:
                break
        since = max(since, _first_day(found.tables, since))
        log: dict[str, Any] = {"from": rfc3339(since), "to": rfc3339(until)}
        notes = [f"{size_text(most - left)} billed", f"estimated {_size(estimate)}", f"paid by {self.api.project}"]
        if found.missing:
            log["truncated"] = True
            notes.insert(0, found.missing)
        if len(entries) > MOST_RECORDS:
            del entries[MOST_RECORDS:]
            log |= {"truncated": True, "from": str(entries[-1].get("timestamp"))}
            notes.insert(0, newest_only(MOST_RECORDS))
        is_whole = "truncated" not in log
        header = Header(
            "gcp-logs",
            selective=True,
            since=since if is_whole else None,
            until=until if is_whole else None,
            files=len(jobs),
        )
        self.collector.keep(path, write_extract(header, entries))
        self.collector.record(path, _CALL, "ok", **log, filter=self._shown(found), message=printable("; ".join(notes)))

    # --------------------------------------------------------------------------------------------------------- tables

    def _found(self, since: float, until: float) -> _Found:
        """Return the tables that have entries of the period, with their columns."""
        if self.place.engine == "loganalytics":
            project, dataset = self._linked()
            try:
                tables = [view(project, dataset, self.place.parts[3] or EVERY_LOG_VIEW)]
            except ValueError as error:
                raise CallError("failed", "BadName", str(error)) from None
            return self._described(tables, "")
        project, dataset = self.place.parts
        names = self._names(project, dataset)
        tables = log_tables(project, dataset, names, since, until)
        if not has_logs(names):
            raise CallError(
                "failed",
                "NoTables",
                f"none of the {len(names):,} tables of {project}.{dataset} is one of audit logs "
                "(cloudaudit_googleapis_com_…, or _AllLogs of a linked dataset)",
                hint=f"find the dataset to which a sink writes: gcloud logging sinks list --project={project}",
            )
        if len(tables) > _MOST_TABLES:
            message = f"the window has {len(tables):,} tables of one day each, and at most {_MOST_TABLES:,} are read"
            raise CallError("failed", "TooManyTables", f"{message}: a later --since needs fewer")
        missing = missing_logs(names)
        what = {"activity": "changes", "data_access": "token exchanges and impersonations"}
        notes = [f"the dataset has no table of the log {log}, so {what[log]} were not read" for log in missing]
        notes += [] if tables else ["the dataset has no table with entries of the window"]
        return self._described(tables, "; ".join(notes))

    def _names(self, project: str, dataset: str) -> list[str]:
        def send(client: Any, limit: float) -> list[str]:
            listed = client.list_tables(
                _reference(project, dataset),
                max_results=_MOST_NAMES,
                page_size=1_000,
                retry=None,
                timeout=limit,
            )
            return [str(table.table_id) for table in listed]

        names: list[str] = self.api.call("GET tables", send, (self.grants[3],))
        if len(names) >= _MOST_NAMES:
            raise CallError("failed", "TooManyTables", f"the dataset has {_MOST_NAMES:,} tables or more")
        return names

    def _described(self, tables: Sequence[LogTable], missing: str) -> _Found:
        """Return the tables with their columns and partitions."""
        found: list[LogTable] = []
        location: str | None = None
        calls = [functools.partial(self._describe, table) for table in tables]
        for table, answer in zip(tables, self.collector.side_by_side(calls, 8), strict=True):
            if isinstance(answer, CallError):
                raise answer
            described = with_schema(table, answer)
            if lacking := lacks(described):
                raise CallError(
                    "failed",
                    "OtherColumns",
                    f"{table.dataset}.{table.name} has no column {lacking[0]}, which tables of audit logs have",
                )
            found.append(described)
            location = location or answer.get("location")
        return _Found(found, location, missing)

    def _describe(self, table: LogTable) -> dict[str, Any]:
        """Return the table's resource of the API."""

        def send(client: Any, limit: float) -> dict[str, Any]:
            reference = _reference(table.project, table.dataset).table(table.name)
            resource: dict[str, Any] = client.get_table(reference, retry=None, timeout=limit).to_api_repr()
            return resource

        answer: dict[str, Any] = self.api.call("GET table", send, (self.grants[2],))
        return answer

    def _linked(self) -> tuple[str, str]:
        """Return project and dataset of the log bucket's link: BigQuery reads a bucket through it alone."""
        project, location, bucket, _ = self.place.parts
        name = f"projects/{segment(project)}/locations/{segment(location)}/buckets/{segment(bucket)}"

        def ask(page: dict[str, Any]) -> Any:
            return self.target.clients.get(self.collector, "logging", f"v2/{name}/links", **page)

        try:
            answers = list(pages(ask, _LINKS))
        except CallError as failure:
            if failure.outcome == "not_found":
                failure.outcome = "failed"
            raise with_permission(failure, (_link_grant(self.place),)) from None
        links = [link for answer in answers for link in answer.get("links") or () if isinstance(link, dict)]
        for link in links:
            linked = link.get("bigqueryDataset")
            text = linked.get("datasetId") if isinstance(linked, dict) else None
            match = _LINKED.fullmatch(text) if isinstance(text, str) else None
            if match and link.get("lifecycleState", "ACTIVE") == "ACTIVE":
                return match[1], match[2]
        raise CallError(
            "failed",
            "NoLinkedDataset",
            f"the log bucket {bucket} has no linked dataset, through which BigQuery reads it",
            hint=f"gcloud logging links create oidc_doctor --bucket={bucket} --location={location} --project={project}",
        )

    # ---------------------------------------------------------------------------------------------------------- bytes

    def _estimate(self, jobs: Sequence[Job], most: int) -> int | None:
        """Return what the jobs will scan. Raises CallError if it is more than the ceiling."""
        sizes = [job.estimate() for job in jobs]
        known = sum(size for size in sizes if size is not None)
        if known > most:
            raise beyond_ceiling(size_text(known), known, most)
        found = None if None in sizes else known
        self.collector.say(
            f"{self.place.text}: the query will scan {_size(found)}, at most {size_text(most)}; {self.api.project} pays"
        )
        return found

    def _shown(self, found: _Found) -> str:
        names = [f"{table.dataset}.{table.name}" for table in found.tables]
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""  # noqa: PLR2004 - the names of a line
        return f"{self.place.text}: {', '.join(names[:4])}{more}" if names else self.place.text


def _first_day(tables: Sequence[LogTable], otherwise: float) -> float:
    """Return the begin of the first day, where each table is of one: older tables may have expired."""
    first = min((table.day for table in tables), default="")
    return datetime.fromisoformat(f"{first}T00:00:00+00:00").timestamp() if first else otherwise


def _reference(project: str, dataset: str) -> Any:
    from google.cloud import bigquery

    make: Any = bigquery.DatasetReference
    return make(project, dataset)


def _size(size: int | None) -> str:
    return "an unknown number of bytes" if size is None else size_text(size)
