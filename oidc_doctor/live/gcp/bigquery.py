"""Audit log entries in BigQuery: the tables of a sink, or a log bucket's linked dataset (Log Analytics)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.live.collect import CallError, Collector, Grant, Reader

if TYPE_CHECKING:
    from oidc_doctor.live.gcp.configuration import GcpReaders
    from oidc_doctor.model.log_place import LogPlace

_CALL = "bigquery.jobs.create"


def bigquery_reader(target: GcpReaders, place: LogPlace, path: str) -> Reader:
    """Return the reader of a dataset: it fills `path`, the file of an extract (logs/extract/file.py)."""

    def read(_: Collector) -> None:
        raise CallError("failed", "NotSupported", "BigQuery is not read yet")

    grants = (Grant(_CALL, f"projects/{place.parts[0]}", "bigquery.googleapis.com"),)
    return Reader(target.name(f"logs:{place.text}"), path, _CALL, read, (), grants)
