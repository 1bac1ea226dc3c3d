"""What a query of Athena will scan: the objects under the partitions of its window, which are listed beforehand.

Athena has no dry run. It bills the bytes that it reads from Amazon S3, compressed as they are. That these are all bytes
of the objects under the partitions is inferred: a trail's files are compressed JSON, which is read as a whole.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.live.aws.athena_run import ask
from oidc_doctor.live.byte_sizes import at_least, size_text
from oidc_doctor.live.collect import CallError, Collector
from oidc_doctor.live.log_queries import beyond_ceiling
from oidc_doctor.live.pages import Paging, pages
from oidc_doctor.logs.engines.partitions import Listed, catalog_expression, locations
from oidc_doctor.model import limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet
    from datetime import date

    from oidc_doctor.live.aws.account import Account
    from oidc_doctor.logs.engines.partitions import Selection
    from oidc_doctor.logs.engines.table_shape import TableShape
    from oidc_doctor.model.log_place import LogOptions

_MOST_LISTINGS = limits.TABLE_LISTINGS.most  # about twenty seconds, and less than two US cents
_OBJECTS = Paging("ContinuationToken", "NextContinuationToken", truncated="IsTruncated", most=_MOST_LISTINGS)
_PARTITIONS = Paging("NextToken", "NextToken", most=200)
_ON_THE_WAY = 500  # listings between two lines of progress


class Estimate(NamedTuple):
    """The objects that a query reads. `missing` are the days of the events that have no partition in the catalog."""

    objects: int
    size: int  # bytes
    locations: int
    missing: tuple[date, ...] = ()

    def __str__(self) -> str:
        """Return it as a part of a sentence."""
        return f"{size_text(self.size)} in {self.objects:,} objects of {self.locations:,} partitions"


def has_dates(shape: TableShape) -> bool:
    """Return whether a window restricts the partitions of the table."""
    return any(shape.keys(meaning) for meaning in ("date", "year"))


def estimate(account: Account, collector: Collector, region: str, shape: TableShape, chosen: Selection) -> Estimate:
    """List the objects of the window. Raises CallError, and UnreadableTableError for unknown partitions."""
    without = set(chosen.days[:-1]) if has_dates(shape) and not shape.is_projected else set()
    places: dict[str, None] = {}
    for location, days in _locations(account, collector, region, shape, chosen):
        places[location] = None
        without -= days
    listed = _Listed(account, collector)
    for result in collector.side_by_side([functools.partial(listed.add, place) for place in places]):
        if isinstance(result, CallError):
            raise result
    return Estimate(listed.objects, listed.size, len(places), tuple(sorted(without)))


def check(found: Estimate | CallError, shape: TableShape, options: LogOptions) -> None:
    """Raise CallError for a query that may scan more than the ceiling, or more than is known without one."""
    if isinstance(found, CallError):
        if options.max_bytes is None:
            raise CallError(
                found.outcome,
                found.code,
                f"no query was started: the bytes that it would scan could not be listed ({found.message})",
                hint=f"{found.hint or 'allow s3:ListBucket on the bucket of the table'}, or set a ceiling at which the "
                f"query is stopped: --max-bytes {at_least(options.ceiling)}",
                local=found.local,
            )
        return
    if options.max_bytes is None and not has_dates(shape):
        raise CallError(
            "failed",
            "NoPartitions",
            f"no query was started: the table has no partitions by date, so a query scans all of it, "
            f"{size_text(found.size)} in {found.objects:,} objects; --max-bytes {at_least(found.size)} allows it, and "
            "oidc-doctor sql athena --ddl prints a table with partitions",
        )
    if found.size > options.ceiling:
        raise beyond_ceiling(str(found), found.size, options.ceiling)


def _locations(
    account: Account, collector: Collector, region: str, shape: TableShape, chosen: Selection
) -> Iterator[tuple[str, AbstractSet[date]]]:
    """Yield the locations that a query reads, with their days where the catalog lists them."""
    if not shape.partitions or shape.is_iceberg:
        yield shape.location, frozenset()
        return
    if shape.is_projected:
        for projected in locations(shape, chosen):
            yield projected, frozenset()
        return
    listed = Listed(shape, chosen)
    expression = catalog_expression(shape, chosen)
    named: dict[str, Any] = {"DatabaseName": shape.database, "TableName": shape.table, "ExcludeColumnSchema": True}
    named |= {"Expression": expression} if expression else {}

    def page_of(page: dict[str, Any]) -> Any:
        return ask(account, collector, "glue", region, "get_partitions", **named, **page)

    for answer in pages(page_of, _PARTITIONS, "pages of partitions"):
        for partition in answer.get("Partitions") or []:
            values = dict(zip((key.name for key in shape.partitions), partition.get("Values") or (), strict=False))
            location = (partition.get("StorageDescriptor") or {}).get("Location")
            days = listed.days(values)
            if days and isinstance(location, str):
                yield location, days


class _Listed:
    """The sum of the listings so far, which several threads make."""

    def __init__(self, account: Account, collector: Collector) -> None:
        self.objects = self.size = 0
        self._requests = 0
        self._account = account
        self._collector = collector
        self._lock = threading.Lock()

    def add(self, location: str) -> None:
        """Add the objects below a location."""
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        if not location.startswith("s3://") or not bucket:
            raise CallError("failed", "Malformed", "the table has a partition that is in no bucket of Amazon S3")
        folder = prefix.rstrip("/") + "/" if prefix.strip("/") else ""
        for answer in pages(functools.partial(self._page, bucket, folder), _OBJECTS, "pages of objects"):
            sizes = [int(entry.get("Size") or 0) for entry in answer.get("Contents") or []]
            with self._lock:
                self.objects += len(sizes)
                self.size += sum(sizes)

    def _page(self, bucket: str, folder: str, page: dict[str, Any]) -> Any:
        with self._lock:
            self._requests += 1
            number, size = self._requests, self.size
        if number > _MOST_LISTINGS:
            raise CallError("failed", "TooMany", f"more than {_MOST_LISTINGS:,} pages of objects")
        if number % _ON_THE_WAY == 0:
            self._collector.say(f"listing what the query would scan: {size_text(size)} so far")
        pacer = self._account.clients.learned_pacer("s3", self._account.region)
        return self._account.bucket(
            self._collector, "list_objects_v2", bucket, "s3:ListBucket", pacer=pacer, Prefix=folder, **page
        )
