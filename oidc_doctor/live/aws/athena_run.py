"""A query at Amazon Athena: start it, wait for its end, and read its rows."""

from __future__ import annotations

import contextlib
import re
import threading
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.documents.json_text import printable
from oidc_doctor.live.aws.account import Account, member
from oidc_doctor.live.aws.client import with_call_errors
from oidc_doctor.live.byte_sizes import at_least, size_text
from oidc_doctor.live.collect import CallError, Collector
from oidc_doctor.live.pages import Paging, pages
from oidc_doctor.logs.engines.athena_query import parameter
from oidc_doctor.logs.extract.thinning import MOST_RECORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oidc_doctor.logs.engines.query import EngineQuery

_PAGE = 1_000  # rows [Athena API reference, GetQueryResults: MaxResults]
_PAGING = Paging("NextToken", "NextToken", most=MOST_RECORDS // _PAGE + 10)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.3, 5.0  # seconds between two looks at a running query
_STARTING = 4.0  # seconds that the end of a collection waits for the id of a query that is being started
_CODE = re.compile(r"[A-Z][A-Z0-9_]{3,60}(?=:)")
_CATALOG = "AwsDataCatalog"


class WorkGroup(NamedTuple):
    """What of a workgroup's configuration concerns a query."""

    name: str
    output: str | None  # s3://…, where results are written; None: the workgroup does not say
    cutoff: int | None  # bytes at which Athena cancels a query
    is_enforced: bool  # settings of a request are ignored
    is_managed: bool  # Athena keeps the results itself


class Finished(NamedTuple):
    """A query that succeeded."""

    id: str
    scanned: int  # bytes


def ask(account: Account, collector: Collector, service: str, region: str, operation: str, **parameters: Any) -> Any:
    """Return a response that is not shared with other readers. Raises CallError, which names a missing permission."""
    pacer = account.clients.learned_pacer(service, region)
    try:
        return account.ask(collector, service, region, operation, pacer=pacer, **parameters)
    except CallError as failure:
        if failure.outcome == "denied" and not failure.local and not failure.hint:
            failure.hint = f"allow {service}:{operation.title().replace('_', '')}"
        raise


def work_group(account: Account, collector: Collector, region: str, name: str) -> WorkGroup:
    """Return the workgroup. Raises CallError, also for one in which no SQL can run."""
    answer = ask(account, collector, "athena", region, "get_work_group", WorkGroup=name)
    found = member(answer, "WorkGroup", dict)
    if found.get("State") == "DISABLED":
        raise CallError("failed", "WorkGroupDisabled", f"the workgroup {name} is disabled; --athena-workgroup NAME")
    box = found.get("Configuration")
    box = box if isinstance(box, dict) else {}
    engine = str((box.get("EngineVersion") or {}).get("EffectiveEngineVersion") or "")
    if engine.startswith("PySpark") or "Spark" in engine:
        message = f"the workgroup {name} runs {printable(engine, 60)}, not SQL; --athena-workgroup NAME"
        raise CallError("failed", "NotSql", message)
    cutoff = box.get("BytesScannedCutoffPerQuery")
    return WorkGroup(
        name,
        str((box.get("ResultConfiguration") or {}).get("OutputLocation") or "") or None,
        cutoff if isinstance(cutoff, int) and cutoff > 0 else None,
        box.get("EnforceWorkGroupConfiguration") is True,
        (box.get("ManagedQueryResultsConfiguration") or {}).get("Enabled") is True,
    )


class AthenaRun:
    """One query of a table, in a workgroup."""

    def __init__(self, account: Account, collector: Collector, region: str, group: WorkGroup) -> None:
        self.account = account
        self.collector = collector
        self.region = region
        self.group = group
        self._id: str | None = None
        self._started = threading.Event()

    def rows(
        self, query: EngineQuery, database: str, *, output: str | None, most: int, shown: str
    ) -> tuple[list[dict[str, str | None]], Finished]:
        """Run the query and return its rows, the newest first. Raises CallError.

        `most`: bytes at which the query is stopped. It is also stopped if the collection ends before it.
        """
        request = self._request(query, database, output)
        with self.collector.cancellations.unless_done(self._stop):
            try:
                answer = self._of("start_query_execution", **request)
                self._id = str(member(answer, "QueryExecutionId", str))
            finally:
                self._started.set()
            finished = self._wait(self._id, most, shown)
        return self._results(finished.id), finished

    def _request(self, query: EngineQuery, database: str, output: str | None) -> dict[str, Any]:
        request: dict[str, Any] = {
            "QueryString": query.text,
            "ClientRequestToken": str(uuid.uuid4()),  # one query, even if the request is sent again
            "QueryExecutionContext": {"Database": database, "Catalog": _CATALOG},
            "WorkGroup": self.group.name,
            "ExecutionParameters": [parameter(value) for value in query.parameters],
        }
        if output and (self.group.is_enforced or self.group.is_managed):
            self.collector.warn(f"--athena-output {output}: the workgroup {self.group.name} enforces its own setting")
        elif output:
            request["ResultConfiguration"] = {"OutputLocation": output}
        elif not self.group.output and not self.group.is_managed:
            raise CallError(
                "failed",
                "NoOutputLocation",
                f"the workgroup {self.group.name} names no place for results; --athena-output s3://BUCKET/PREFIX does",
            )
        return request

    def _wait(self, query_id: str, most: int, shown: str) -> Finished:
        """Wait for the end of the query, and report its progress."""
        pause = _FIRST_PAUSE
        while True:
            found = member(self._of("get_query_execution", QueryExecutionId=query_id), "QueryExecution", dict)
            status = member(found, "Status", dict)
            state = member(status, "State", str)
            scanned = (found.get("Statistics") or {}).get("DataScannedInBytes")
            scanned = scanned if isinstance(scanned, int) else 0
            if state == "SUCCEEDED":
                return Finished(query_id, scanned)
            if state not in ("QUEUED", "RUNNING"):
                raise failed(state, status, self.group)
            if scanned > most:
                message = f"the query was stopped after {size_text(scanned)}, at the ceiling of {size_text(most)}"
                raise CallError("failed", "MaxBytes", f"{message}; --max-bytes {at_least(2 * scanned)} allows more")
            self.collector.say(f"{shown}: the query is {state.lower()}, {size_text(scanned)} scanned so far")
            self.collector.pause(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _results(self, query_id: str) -> list[dict[str, str | None]]:
        """Return all rows, page after page."""

        def ask(page: dict[str, Any]) -> Any:
            return self._of("get_query_results", QueryExecutionId=query_id, MaxResults=_PAGE, **page)

        rows: list[dict[str, str | None]] = []
        for answer in pages(ask, _PAGING, "pages of rows"):
            result = member(answer, "ResultSet", dict)
            columns = member(member(result, "ResultSetMetadata", dict), "ColumnInfo", list)
            names = [str(member(column, "Name", str)) for column in columns]
            for row in member(result, "Rows", list):
                values = [_text(value) for value in member(row, "Data", list)]
                if len(values) != len(names):
                    raise CallError("failed", "Malformed", "a row of the result has not the columns of the query")
                if values != names:  # the first row has the names of the columns
                    rows.append(dict(zip(names, values, strict=True)))
            self.collector.say(f"{len(rows):,} rows read")
        return rows

    def _of(self, operation: str, **parameters: Any) -> Any:
        return ask(self.account, self.collector, "athena", self.region, operation, **parameters)

    def _stop(self) -> None:
        """Stop the query; if it is being started, wait for its id first."""
        self._started.wait(_STARTING)
        if self._id is None:
            return
        with contextlib.suppress(CallError):
            client = self.account.clients.of("athena", self.region)
            with_call_errors(lambda: client.stop_query_execution(QueryExecutionId=self._id))


def failed(state: str, status: Mapping[str, Any], group: WorkGroup) -> CallError:
    """Return the failure of a query that Athena ended, with Athena's reason."""
    reason = str(status.get("StateChangeReason") or (status.get("AthenaError") or {}).get("ErrorMessage") or "")
    code = _CODE.match(reason)
    lower = reason.casefold()
    if "bytes scanned limit" in lower and group.cutoff is not None:
        limit = f"BytesScannedCutoffPerQuery, {size_text(group.cutoff)}"
        message = f"the workgroup {group.name} ended the query at its {limit}; a later --since needs less"
        return CallError("failed", "BytesScannedCutoff", message)
    if "access denied" in lower or "accessdenied" in lower or "not authorized" in lower or "permission" in lower:
        hint = "allow s3:GetObject on the bucket of the table, and s3:PutObject on that of the results"
        if "kms" in lower:
            hint = "allow kms:Decrypt on the key of the bucket"
        elif "lake formation" in lower or "lakeformation" in lower:
            hint = "grant SELECT on the table in AWS Lake Formation, and allow lakeformation:GetDataAccess"
        return CallError("denied", code[0] if code else "AccessDenied", reason, hint=hint, answered=True)
    if not reason:
        reason = "Athena gave no reason"
    return CallError("failed", code[0] if code else f"Query{state.title()}", reason, answered=True)


def _text(value: Any) -> str | None:
    found = value.get("VarCharValue") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None
