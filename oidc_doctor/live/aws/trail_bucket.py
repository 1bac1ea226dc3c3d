"""A trail's bucket: `AWSLogs/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/`, of an organization's trail below `AWSLogs/o-ID/`.

The day of a folder is that of the delivery [CloudTrail user guide, log file names], minutes after the event. So the
events of a window are in the folders of its days and of the day after. No other folder is listed.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from oidc_doctor.live.archive import DayFolder, days_of_folders, read_archive
from oidc_doctor.live.aws.account import member, not_of_owner
from oidc_doctor.live.aws.client import with_call_errors
from oidc_doctor.live.collect import CallError, Collector, Following, Grant, Reader
from oidc_doctor.live.log_queries import DAY, log_window
from oidc_doctor.live.pages import Paging, pages
from oidc_doctor.logs.archive.cache import DayCache
from oidc_doctor.logs.archive.day import LogObject
from oidc_doctor.model.log_place import folder_above

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.live.aws.account import Account
    from oidc_doctor.model.log_place import LogPlace

_LOGS = "AWSLogs"
_LIST, _GET = "s3:ListBucket", "s3:GetObject"
_PAGING = Paging("ContinuationToken", "NextContinuationToken", truncated="IsTruncated")
_USUAL = 2 * DAY  # without a window


class TrailBucket:
    """A bucket that an account owns, as `live/archive.py` reads it."""

    permission = _GET

    def __init__(self, account: Account, collector: Collector, bucket: str) -> None:
        self._account = account
        self._collector = collector
        self._bucket = bucket
        self._pacer = account.clients.learned_pacer("s3", account.region)

    def folders(self, prefix: str) -> list[str]:
        """Return the folders whose names begin so."""
        answers = pages(functools.partial(self._page, prefix, Delimiter="/"), _PAGING, f"pages of folders {prefix}")
        entries = [entry for answer in answers for entry in answer.get("CommonPrefixes") or []]
        return [member(entry, "Prefix", str) for entry in entries]

    def listed(self, prefix: str) -> list[LogObject]:
        """Return the log files of a folder."""
        answers = pages(functools.partial(self._page, prefix), _PAGING, f"pages of files in {prefix}")
        entries = [entry for answer in answers for entry in answer.get("Contents") or []]
        found = [
            LogObject(member(entry, "Key", str), member(entry, "Size", int), member(entry, "ETag", str))
            for entry in entries
        ]
        return [log for log in found if log.name.endswith((".json", ".json.gz"))]

    def _page(self, prefix: str, page: dict[str, Any], **more: Any) -> Any:
        return self._account.bucket(
            self._collector, "list_objects_v2", self._bucket, _LIST, Prefix=prefix, pacer=self._pacer, **more, **page
        )

    def fetch(self, log: LogObject, span: tuple[int, int] | None) -> bytes:
        """Return an object's bytes, or a part of them."""
        client = self._account.clients.of("s3", self._account.region)
        owner = self._account.owner_of(self._collector, self._bucket)
        part = {"Range": f"bytes={span[0]}-{span[1]}"} if span else {}
        asked = {"Bucket": self._bucket, "Key": log.name, "IfMatch": log.tag, "ExpectedBucketOwner": owner, **part}

        def get() -> bytes:
            data: bytes = client.get_object(**asked)["Body"].read()
            return data

        try:
            return bytes(self._collector.call(lambda: with_call_errors(get), pacer=self._pacer, kind="get_object"))
        except CallError as failure:
            raise not_of_owner(failure, self._bucket, owner, _GET) from None


def trail_reader(account: Account, place: LogPlace, path: str, regions: Callable[[], list[str]]) -> Reader:
    """Return the reader of a trail's bucket: it fills `path`, the file of an extract (logs/extract/file.py).

    `regions` returns the Regions whose folders are read, of all targets of the account.
    """
    bucket, root = bucket_of(place)
    arn = f"arn:{account.partition}:s3:::{bucket}"
    grants = (Grant(_LIST, arn),)
    follows = (Following(path, (Grant(_GET, f"{arn}/{root}*"),)),)

    def read(collector: Collector) -> None:
        owner = account.account or collector.needed(account.name("caller"), "the account of the trail")
        window = log_window(collector, account.scope, _USUAL)
        trail = TrailBucket(account, collector, bucket)
        owners = [root, *trail.folders(f"{root}o-")]
        folders = [
            DayFolder(
                f"s3://{bucket}/{root} {owner} {region} {day}",
                tuple(f"{folder}{owner}/CloudTrail/{region}/{day}/" for folder in owners),
                begin,
            )
            for day, begin in days_of_folders(window)
            for region in regions()
        ]
        cache = DayCache(account.scope.log_options.cache)
        found = read_archive(collector, trail, folders, "cloudtrail", cache, window)
        collector.keep(path, found.file)
        collector.record(path, _LIST, "ok", filter=f"s3://{bucket}/{root}", **found.entry(window.until))

    return Reader(account.name(f"trail:{place.text}"), path, _LIST, read, (account.name("caller"),), grants, follows)


def bucket_of(place: LogPlace) -> tuple[str, str]:
    """Return the bucket, and the folder AWSLogs/ in it."""
    bucket, path = place.parts
    return bucket, f"{folder_above(path, _LOGS)}{_LOGS}/"
