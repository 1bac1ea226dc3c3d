"""CloudTrail's events in a table of Amazon Athena.

The catalog describes the table, the objects under the partitions of the window are listed, and one query is run if they
are within --max-bytes. Its rows become the file of an extract, which is read like a log.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.documents.json_text import printable
from oidc_doctor.live.aws.athena_estimate import Estimate, check, estimate
from oidc_doctor.live.aws.athena_run import AthenaRun, WorkGroup, ask, work_group
from oidc_doctor.live.byte_sizes import size_text
from oidc_doctor.live.collect import CallError, Collector, Grant, Reader
from oidc_doctor.live.log_queries import log_window, newest_only
from oidc_doctor.logs.engines.athena_query import blind_spot
from oidc_doctor.logs.engines.partitions import days_without_partitions, partition_predicate, selection
from oidc_doctor.logs.engines.query import UnreadableTableError, Window
from oidc_doctor.logs.engines.security_lake_query import NOTE
from oidc_doctor.logs.engines.table_query import table_query
from oidc_doctor.logs.engines.table_shape import table_shape
from oidc_doctor.logs.extract.file import Header, write_extract
from oidc_doctor.logs.extract.thinning import MOST_RECORDS
from oidc_doctor.logs.records.cloudtrail import epoch
from oidc_doctor.model.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from oidc_doctor.live.aws.account import Account
    from oidc_doctor.logs.engines.partitions import Selection
    from oidc_doctor.logs.engines.table_shape import TableShape
    from oidc_doctor.model.log_place import LogPlace

BUCKET_OF_TABLE, BUCKET_OF_RESULTS = "BUCKET-OF-THE-TABLE", "BUCKET-OF-THE-RESULTS"
_CALL = "athena:StartQueryExecution"
_PRIMARY = "primary"  # the workgroup that every account has
_ACCOUNT = re.compile(r"[0-9]{12}")


def athena_reader(account: Account, place: LogPlace, path: str) -> Reader:
    """Return the reader of a table: it fills `path`, the file of an extract (logs/extract/file.py)."""

    def read(collector: Collector) -> None:
        try:
            _Table(account, place, collector).read(path)
        except UnreadableTableError as error:
            message = f"{error.message}; {error.next_step}" if error.next_step else error.message
            raise CallError("failed", "UnreadableTable", message) from None

    name = account.name(f"logs:{place.text}")
    return Reader(name, path, _CALL, read, (account.name("caller"),), grants_of(account, place))


def grants_of(account: Account, place: LogPlace) -> tuple[Grant, ...]:
    """Return the grants: the table and its partitions, the query, the objects of the table and of the results.

    Before a run the buckets are not known; a bucket's name has no capitals, so such an ARN matches none until the name
    is filled in.
    """
    options = account.scope.log_options
    database, table = place.parts
    region = next(iter(account.regions), "*")
    arn = f"arn:{account.partition}"
    catalog = (
        f"{arn}:glue:{region}:*:catalog",
        f"{arn}:glue:{region}:*:database/{database}",
        f"{arn}:glue:{region}:*:table/{database}/{table}",
    )
    group = f"{arn}:athena:{region}:*:workgroup/{options.workgroup or _PRIMARY}"
    results = (options.output or "").removeprefix("s3://").rstrip("/") or BUCKET_OF_RESULTS
    results_bucket = results.partition("/")[0]
    return (
        *(
            Grant(f"athena:{call}", group)
            for call in (
                "GetWorkGroup", "StartQueryExecution", "GetQueryExecution", "GetQueryResults", "StopQueryExecution",
            )
        ),
        *(Grant(f"glue:{call}", part) for call in ("GetTable", "GetPartitions", "GetDatabase") for part in catalog),
        *(
            Grant(f"s3:{call}", f"{arn}:s3:::{bucket}")
            for call in ("GetBucketLocation", "ListBucket")
            for bucket in (BUCKET_OF_TABLE, results_bucket)
        ),
        Grant("s3:GetObject", f"{arn}:s3:::{BUCKET_OF_TABLE}/*"),
        Grant("s3:GetObject", f"{arn}:s3:::{results}/*"),
        Grant("s3:PutObject", f"{arn}:s3:::{results}/*"),
    )  # fmt: skip


class _Result(NamedTuple):
    """What a query returned. `cut_at` is the time of the oldest record, if older ones were left out.

    `missing` says which days of the window have no partitions in the catalog.
    """

    records: list[dict[str, Any]]
    cut_at: str
    missing: str
    notes: tuple[str, ...]


class _Table:
    """One read of a table."""

    def __init__(self, account: Account, place: LogPlace, collector: Collector) -> None:
        self.account = account
        self.place = place
        self.collector = collector
        self.options = account.scope.log_options
        self.region = next(iter(account.regions), None) or account.clients.configured_region() or account.home

    def read(self, path: str) -> None:
        """Fill the file, or raise CallError or UnreadableTableError."""
        shape = self._shape()
        window = log_window(self.collector, self.account.scope)
        chosen = self._chosen(window)
        today = datetime.fromtimestamp(self.collector.clocks.now(), UTC).date()
        not_projected = _without_partitions(days_without_partitions(shape, chosen, today), shape, chosen)
        predicate = partition_predicate(shape, chosen)
        result: _Result = self.collector.shared(  # targets of several accounts may have the same query
            ("athena", self.place.text, self.region, predicate, window, chosen.account if shape.kind == "ocsf" else ""),
            lambda: self._result(shape, window, chosen),
        )
        log: dict[str, Any] = {"from": rfc3339(window.since), "to": rfc3339(window.until)}
        notes = list(result.notes)
        if result.cut_at:
            log |= {"truncated": True, "from": result.cut_at}
            notes.insert(0, newest_only(MOST_RECORDS))
        elif missing := not_projected or result.missing:
            log["truncated"] = True
            notes.insert(0, missing)
        is_whole = "truncated" not in log
        since, until = window if is_whole else (None, None)
        header = Header("cloudtrail", selective=True, since=since, until=until)
        self.collector.keep(path, write_extract(header, result.records))
        log["filter"] = f"{self.place.text}: {predicate}" if predicate else self.place.text
        self.collector.record(path, _CALL, "ok", **log, message=printable("; ".join(notes)))

    def _result(self, shape: TableShape, window: Window, chosen: Selection) -> _Result:
        """Run the query, if it may run."""
        query = table_query(shape, window, chosen)
        group = work_group(self.account, self.collector, self.region, self.options.workgroup or _PRIMARY)
        found = self._estimate(shape, chosen, group)
        missing = "" if isinstance(found, CallError) else _without_partitions(found.missing, shape, chosen)
        rows, finished = AthenaRun(self.account, self.collector, self.region, group).rows(
            query,
            shape.database,
            output=self.options.output,
            most=self.options.ceiling,
            shown=self.place.text,
        )
        records = [query.record_of(row) for row in rows[:MOST_RECORDS]]
        notes = [NOTE] if shape.kind == "ocsf" else []
        notes.append(f"{size_text(finished.scanned)} scanned")
        notes += [] if isinstance(found, CallError) else [f"estimated {found}"]
        notes += filter(None, [blind_spot(shape)])
        oldest = epoch(records[-1].get("eventTime")) if len(rows) > MOST_RECORDS else None
        cut_at = "" if oldest is None else rfc3339(oldest + 1)  # others of that second may have been left out
        return _Result(records, cut_at, missing, tuple(notes))

    def _chosen(self, window: Window) -> Selection:
        """Return the partitions, restricted to the account of the role; its Regions are for tables that need some."""
        account = self.account.account or ""
        regions = (self.account.home, *self.account.regions)
        return selection(window, account if _ACCOUNT.fullmatch(account) else None, regions)

    def _shape(self) -> TableShape:
        """Return the table's shape; that of its target, where the table is a resource link of AWS Lake Formation."""
        database, table = self.place.parts
        answer = self._described(self.region, DatabaseName=database, Name=table)
        link = (answer.get("Table") or {}).get("TargetTable")
        if isinstance(link, dict) and link.get("DatabaseName") and link.get("Name"):
            names = {name: str(link[name]) for name in ("CatalogId", "DatabaseName", "Name") if link.get(name)}
            answer = self._described(str(link.get("Region") or self.region), **names)
        return table_shape(answer, database, table)

    def _described(self, region: str, **names: str) -> Any:
        try:
            return ask(self.account, self.collector, "glue", region, "get_table", **names)
        except CallError as failure:
            if failure.code != "EntityNotFoundException":
                raise
            raise CallError(
                "failed",
                failure.code,
                f"the catalog has no table {self.place.text.removeprefix('athena:')} in {region}; --region names "
                "another Region, and oidc-doctor sql athena --ddl prints a table",
            ) from None

    def _estimate(self, shape: TableShape, chosen: Selection, group: WorkGroup) -> Estimate | CallError:
        """Return what the query will scan, or why that is not known. Raises CallError for a query that may not run."""
        self.collector.say(f"{self.place.text}: listing what the query would scan")
        found: Estimate | CallError
        try:
            found = estimate(self.account, self.collector, self.region, shape, chosen)
        except CallError as failure:
            if failure.code == "TimeIsUp":
                raise
            found = failure
        check(found, shape, self.options)
        if isinstance(found, CallError):
            self.collector.warn(f"{self.place.text}: what the query scans was not known before: {found}")
            return found
        if group.cutoff is not None and found.size > group.cutoff:
            raise CallError(
                "failed",
                "BytesScannedCutoff",
                f"no query was started: it would scan {found}, and the workgroup {group.name} ends queries at "
                f"{size_text(group.cutoff)}; a later --since needs less",
            )
        self.collector.say(f"{self.place.text}: the query will scan {found}")
        return found


def _without_partitions(days: Sequence[date], shape: TableShape, chosen: Selection) -> str:
    """Return a note on the days without partitions, which Athena does not read; "" for none.

    Raises UnreadableTableError if no day of the window has any.
    """
    if not days:
        return ""
    keys = [key.name for key in shape.partitions if key.meaning in ("date", "year", "month", "day")]
    where = ", ".join(f"projection.{name}" if shape.is_projected else name for name in keys)
    note = f"the table has no partitions for {days[0]}" + (f" to {days[-1]}" if len(days) > 1 else "")
    note += f" ({printable(where, 80)})"
    if len(days) >= (chosen.last - chosen.first).days + 1:
        raise UnreadableTableError(note)
    return note
