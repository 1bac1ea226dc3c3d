"""A trail's bucket: `AWSLogs/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/`, of an organization's trail below `AWSLogs/o-ID/`.

The day of a folder is that of the delivery [CloudTrail user guide, log file names], minutes after the event. So the
events of a window are in the folders of its days and of the day after. No other folder is listed.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from oidc_doctor.live.archive import DayFolder, begin_of, days, read_archive
from oidc_doctor.live.aws.account import member, not_of_owner
from oidc_doctor.live.aws.client import with_call_errors
from oidc_doctor.live.collect import CallError, Collector, Following, Grant, Reader
from oidc_doctor.live.pages import Paging, pages
from oidc_doctor.logs.archive.cache import DayCache
from oidc_doctor.logs.archive.day import LogObject

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.live.aws.account import Account

_LIST, _GET = "s3:ListBucket", "s3:GetObject"
_PAGING = Paging("ContinuationToken", "NextContinuationToken", truncated="IsTruncated")
_DAY = 86_400.0
_USUAL = 2 * _DAY  # without a window


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


def trail_reader(account: Account, place: str, path: str, regions: Callable[[], list[str]]) -> Reader:
    """Return the reader of a trail's bucket: it fills `path`, the file of an extract (logs/extract/file.py).

    `regions` returns the Regions whose folders are read, of all targets of the account.
    """
    bucket, prefix = bucket_of(place)
    arn = f"arn:{account.partition}:s3:::{bucket}"
    inside = f"{prefix}/AWSLogs/*" if prefix else "AWSLogs/*"
    grants = (Grant(_LIST, arn),)
    follows = (Following(path, (Grant(_GET, f"{arn}/{inside}"),)),)

    def read(collector: Collector) -> None:
        owner = account.account or collector.needed(account.name("caller"), "the account of the trail")
        first, until = collector.clocks.window(account.scope.since, account.scope.until, account.scope.back)
        since = first if first is not None else until - _USUAL
        root = f"{prefix}/AWSLogs/" if prefix else "AWSLogs/"
        trail = TrailBucket(account, collector, bucket)
        owners = [root, *trail.folders(f"{root}o-")]
        folders = [
            DayFolder(
                f"s3://{bucket}/{root} {owner} {region} {day}",
                tuple(f"{folder}{owner}/CloudTrail/{region}/{day}/" for folder in owners),
                begin_of(day),
            )
            for day in reversed(days(since, until + _DAY))
            for region in regions()
        ]
        cache = DayCache(account.scope.log_options.cache)
        found = read_archive(collector, trail, folders, "cloudtrail", cache, (since, until))
        collector.keep(path, found.file)
        collector.record(path, _LIST, "ok", filter=f"s3://{bucket}/{root}", **found.entry(until))

    return Reader(account.name(f"trail:{place}"), path, _LIST, read, (account.name("caller"),), grants, follows)


def bucket_of(place: str) -> tuple[str, str]:
    """Bucket and prefix of s3://bucket/prefix; the prefix ends before AWSLogs/."""
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    prefix = prefix.strip("/")
    head, whole_folder, _ = f"/{prefix}/".partition("/AWSLogs/")  # people paste the path of the full folder
    return bucket, head.strip("/") if whole_folder else prefix
