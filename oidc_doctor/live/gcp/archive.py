"""Audit log entries in a bucket of Cloud Storage, as a sink writes them.

A name is `PREFIX/LOG_NAME/2026/11/29/08:00:00_08:59:59_S0.json`. The day is that of the entries; files of one hour have
several shards, and entries that arrive late are in files of their own [Cloud Logging, View logs routed to Cloud
Storage]. The folders of a window are those of its days and of the day after. An aggregated sink writes the entries of
all its projects to the same folders.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from oidc_doctor.live.archive import DayFolder, days_of_folders, read_archive
from oidc_doctor.live.collect import CallError, Collector, Following, Grant, Reader
from oidc_doctor.live.gcp.client import segment
from oidc_doctor.live.gcp.configuration import with_permission
from oidc_doctor.live.log_queries import log_window
from oidc_doctor.live.pages import Paging, pages
from oidc_doctor.logs.archive.cache import DayCache
from oidc_doctor.logs.archive.day import LogObject
from oidc_doctor.model.log_place import folder_above

if TYPE_CHECKING:
    from oidc_doctor.live.gcp.configuration import GcpReaders
    from oidc_doctor.model.log_place import LogPlace

_LIST, _GET = "storage.objects.list", "storage.objects.get"
_API = "storage.googleapis.com"
_AUDIT = "cloudaudit.googleapis.com"
_LOGS = ("data_access", "activity", "policy", "system_event")
_PAGING = Paging("pageToken", "nextPageToken")


class SinkBucket:
    """A sink's bucket, as `live/archive.py` reads it."""

    permission = _GET

    def __init__(self, target: GcpReaders, collector: Collector, bucket: str) -> None:
        self._clients = target.clients
        self._collector = collector
        self._path = f"storage/v1/b/{segment(bucket)}/o"

    def listed(self, prefix: str) -> list[LogObject]:
        """Return the log files of a folder."""
        fields = "items(name,size,generation),nextPageToken"
        page = functools.partial(self._page, prefix=prefix, fields=fields, maxResults=1_000)
        found = []
        for answer in pages(page, _PAGING, f"pages of files in {prefix}"):
            entries = answer.get("items", [])
            for entry in entries if isinstance(entries, list) else ():
                values = [
                    entry.get(name) if isinstance(entry, dict) else None for name in ("name", "size", "generation")
                ]
                name, size, generation = map(str, values)
                if None in values or not size.isdecimal():
                    raise CallError("failed", "Malformed", "the answer has an object that cannot be read")
                if name.endswith((".json", ".json.gz")):
                    found.append(LogObject(name, int(size), generation))
        return found

    def _page(self, page: dict[str, Any], **query: Any) -> Any:
        return self._clients.page(self._collector, "storage", self._path, **query, **page)

    def fetch(self, log: LogObject, span: tuple[int, int] | None) -> bytes:
        """Return an object's bytes, or a part of them, of the generation that was listed."""
        path = f"{self._path}/{segment(log.name)}"
        return self._clients.content(self._collector, "storage", path, span, alt="media", generation=log.tag)


def gcs_reader(target: GcpReaders, place: LogPlace, path: str) -> Reader:
    """Return the reader of a sink's bucket: it fills `path`, the file of an extract (logs/extract/file.py)."""
    bucket, root = bucket_of(place)
    resource = f"projects/_/buckets/{bucket}"
    grants = (Grant(_LIST, resource, _API),)
    follows = (Following(path, (Grant(_GET, resource, _API),)),)

    def read(collector: Collector) -> None:
        window = log_window(collector, target.scope)
        folders = [
            DayFolder(f"gs://{bucket}/{folder}", (folder,), begin)
            for day, begin in days_of_folders(window)
            for folder in (f"{root}{_AUDIT}/{name}/{day}/" for name in _LOGS)
        ]
        cache = DayCache(target.scope.log_options.cache)
        try:
            found = read_archive(collector, SinkBucket(target, collector, bucket), folders, "gcp-logs", cache, window)
        except CallError as failure:
            raise with_permission(failure, grants) from None
        collector.keep(path, found.file)
        collector.record(path, _LIST, "ok", filter=f"gs://{bucket}/{root}{_AUDIT}/", **found.entry(window.until))

    return Reader(target.name(f"logs:{place.text}"), path, _LIST, read, (), grants, follows)


def bucket_of(place: LogPlace) -> tuple[str, str]:
    """Return the bucket, and the folder in it that has the logs."""
    bucket, path = place.parts
    return bucket, folder_above(path, _AUDIT)
