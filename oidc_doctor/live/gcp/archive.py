"""Audit log entries in a bucket of Cloud Storage, as a sink writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.live.collect import CallError, Collector, Grant, Reader

if TYPE_CHECKING:
    from oidc_doctor.live.gcp.configuration import GcpReaders
    from oidc_doctor.model.log_place import LogPlace

_CALL = "storage.objects.list"


def gcs_reader(target: GcpReaders, place: LogPlace, path: str) -> Reader:
    """Return the reader of a sink's bucket: it fills `path`, the file of an extract (logs/extract/file.py)."""

    def read(_: Collector) -> None:
        raise CallError("failed", "NotSupported", "buckets of Cloud Storage are not read yet")

    grants = (Grant(_CALL, f"projects/_/buckets/{place.parts[0]}", "storage.googleapis.com"),)
    return Reader(target.name(f"logs:{place.text}"), path, _CALL, read, (), grants)
