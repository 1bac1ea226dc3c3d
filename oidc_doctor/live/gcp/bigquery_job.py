"""A query as a job of BigQuery: what it would scan, its end, its rows. Every failure is a CallError.

The library's own retries are off: they wait for minutes where no server answers, and a collection has its own.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import uuid
from typing import TYPE_CHECKING, Any

from oidc_doctor.live.byte_sizes import at_least, size_text
from oidc_doctor.live.collect import CallError, Collector, Grant
from oidc_doctor.live.gcp.client import GcpClients, with_any_error, with_call_errors
from oidc_doctor.live.gcp.configuration import with_permission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from oidc_doctor.live.collect import Outcome
    from oidc_doctor.logs.engines.google_query import Query

PAGE = 5_000  # rows of a request
_ONE_REQUEST = 60.0  # seconds
_FIRST_PAUSE, _LONGEST_PAUSE = 0.3, 5.0  # seconds between two looks at a running job
_STARTING, _CANCELLING = 2.0, 2.5  # seconds of the end of a collection
_MOST_RUNS = 2  # of a job that fails by BigQuery's own fault
_STATES = ("PENDING", "RUNNING")  # of a job that has not ended
_NO_ESTIMATE = 0  # where a policy on rows hides what a query scans

# Reasons of errors [BigQuery, error messages]; others are told by the status of HTTP.
_OUTCOMES: dict[str, Outcome] = {
    "accessDenied": "denied",
    **dict.fromkeys(("rateLimitExceeded", "jobRateLimitExceeded", "quotaExceeded"), "throttled"),
    "timeout": "timeout",
    **dict.fromkeys(
        ("backendError", "internalError", "jobBackendError", "jobInternalError", "notFound", "invalid", "invalidQuery",
         "bytesBilledLimitExceeded", "billingNotEnabled", "billingTierLimitExceeded", "resourcesExceeded", "stopped"),
        "failed",
    ),
}  # fmt: skip
_HEAL = frozenset(
    {
        "rateLimitExceeded",
        "jobRateLimitExceeded",
        "backendError",
        "internalError",
        "jobBackendError",
        "jobInternalError",
    }
)


class BigQuery:
    """The BigQuery API with the login of a collection. `project` pays for the queries."""

    def __init__(self, clients: GcpClients, collector: Collector, project: str) -> None:
        self.clients = clients
        self.collector = collector
        self.project = project

    def call(self, kind: str, make: Callable[[Any, float], Any], grants: Sequence[Grant]) -> Any:
        """Return the result of `make`, which sends requests with the client and a time limit in seconds."""

        def once() -> Any:
            client = self.clients.bigquery(self.project)
            limit = self.collector.seconds_left(_ONE_REQUEST)
            return asked(lambda: make(client, limit))

        try:
            return self.collector.call(once, pacer=self.clients.learned_pacer("bigquery"), kind=kind)
        except CallError as failure:
            raise with_permission(failure, grants) from None


class Job:
    """A query of the tables in a location. `grants` are those that it needs; `ceiling` is the user's, in bytes."""

    def __init__(
        self, api: BigQuery, query: Query, location: str | None, ceiling: int, grants: Sequence[Grant]
    ) -> None:
        self.api = api
        self.query = query
        self.ceiling = ceiling  # bytes, of all queries together
        self.location = location
        self.grants = tuple(grants)
        self.billed = 0  # bytes, after a run

    def estimate(self) -> int | None:
        """Return the bytes that the query would scan, by a dry run; None if BigQuery does not say."""

        def send(client: Any, limit: float) -> Any:
            return client.query(
                self.query.sql, self._configuration(dry_run=True, use_query_cache=False), location=self.location,
                retry=None, job_retry=None, timeout=limit,
            ).total_bytes_processed  # fmt: skip

        scanned = self.api.call("POST dry run", send, self.grants)
        return scanned if isinstance(scanned, int) and scanned > _NO_ESTIMATE else None

    def rows(self, most_bytes: int, most_rows: int, shown: str) -> Iterator[dict[str, Any]]:
        """Run the query and yield its rows. `most_bytes` is a ceiling that BigQuery keeps; `shown` names the query.

        The job is cancelled if the collection ends before it.
        """
        if most_bytes < 1:  # BigQuery takes 0 for no ceiling (inferred: it is the default of the API's number)
            failure = CallError(
                "failed", "bytesBilledLimitExceeded", "the queries so far were billed the whole ceiling"
            )
            raise self._with_next_step(failure)
        for run in range(1, _MOST_RUNS + 1):
            try:
                job = self._run(most_bytes, shown)
                break
            except CallError as failure:
                if run == _MOST_RUNS or failure.code not in _HEAL or failure.outcome != "failed":
                    raise
        self.billed = job.total_bytes_billed or 0
        yield from self._pages(job, most_rows, shown)

    def _run(self, most_bytes: int, shown: str) -> Any:
        """Return the job when it has succeeded."""
        seconds = self.api.collector.seconds_left(86_400.0)
        configuration = self._configuration(maximum_bytes_billed=most_bytes, job_timeout_ms=int(seconds * 1000))
        job_id = f"oidc_doctor_{uuid.uuid4().hex}"
        collector = self.api.collector
        answered = threading.Event()
        with collector.cancellations.unless_done(functools.partial(self._cancel, job_id, answered)):
            try:
                job = self._insert(job_id, configuration)
            finally:
                answered.set()
            pause = _FIRST_PAUSE
            while job.state != "DONE":
                if job.state not in _STATES:
                    raise CallError("failed", "Malformed", "the answer is not a job")
                collector.say(f"{shown}: the query is {job.state.lower()}")
                collector.pause(pause)
                pause = min(pause * 1.5, _LONGEST_PAUSE)
                self.api.call("GET job", lambda _, limit: job.reload(retry=None, timeout=limit), ())
        if job.error_result:
            reason, message = (str(job.error_result.get(name) or "") for name in ("reason", "message"))
            failure = refined(CallError("failed", reason or "Failed", message, answered=True), reason)
            raise self._with_next_step(failure)
        return job

    def _insert(self, job_id: str, configuration: Any) -> Any:
        """Start the job once, however often the request is sent: its id is ours."""

        def send(client: Any, limit: float) -> Any:
            from google.api_core.exceptions import Conflict

            where = {"job_id": job_id, "location": self.location, "retry": None, "timeout": limit}
            try:
                return client.query(self.query.sql, configuration, job_retry=None, **where)
            except Conflict:  # an earlier request, whose answer was lost, has started it
                return client.get_job(**where)

        return self.api.call("POST job", send, self.grants)

    def _cancel(self, job_id: str, answered: threading.Event) -> None:
        """Ask BigQuery once to end the job, when the request that starts it is answered or has taken too long."""
        answered.wait(_STARTING)

        def send() -> None:
            client = self.api.clients.bigquery(self.api.project)
            client.cancel_job(job_id, location=self.location, retry=None, timeout=_CANCELLING)

        with contextlib.suppress(CallError):
            asked(send)

    def _pages(self, job: Any, most_rows: int, shown: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of the result, page after page: a page that fails is read again."""
        number, total = 0, 1
        while number < min(total, most_rows):

            def read(client: Any, limit: float, start: int = number) -> tuple[list[dict[str, Any]], int, int]:
                # a job remembers its first page, so that each page needs one of its own
                fresh = client.get_job(job.job_id, location=job.location, retry=None, timeout=limit)
                found = fresh.result(
                    start_index=start, max_results=PAGE, page_size=PAGE, retry=None, job_retry=None, timeout=limit
                )
                return [dict(row.items()) for row in found], found.total_rows or 0, len(found.schema or ())

            page, total, columns = self.api.call("GET rows", read, self.grants)
            if not columns:  # an answer without them is no result, and says nothing
                raise CallError("failed", "Malformed", "the answer is not the result of the query")
            if not page and total:
                message = f"the result has {total:,} rows, and ends after {number:,}"
                raise CallError("failed", "Malformed", message)
            number += len(page)
            self.api.collector.say(f"{shown}: {number:,} of {total:,} rows read")
            yield from page

    def _configuration(self, **settings: Any) -> Any:
        from google.cloud import bigquery

        values: Any = bigquery.ScalarQueryParameter
        make: Any = bigquery.QueryJobConfig  # it publishes types that its own arguments do not keep
        parameters = [values(name, "TIMESTAMP", value) for name, value in self.query.parameters.items()]
        return make(query_parameters=parameters, use_legacy_sql=False, **settings)

    def _with_next_step(self, failure: CallError) -> CallError:
        if failure.code == "bytesBilledLimitExceeded":
            failure.hint = f"allow more than {size_text(self.ceiling)}: --max-bytes {at_least(2 * self.ceiling)}"
        return with_permission(failure, self.grants)


def asked(make: Callable[[], Any]) -> Any:
    """Return the result of calls of google-cloud-bigquery. Raises CallError, with BigQuery's reason as its code."""
    reason = ""

    def once() -> Any:
        nonlocal reason
        from google.api_core.exceptions import GoogleAPICallError

        try:
            return make()
        except GoogleAPICallError as error:
            first = error.errors[0] if error.errors else None
            reason = str(first.get("reason") or "") if isinstance(first, dict) else ""
            raise

    try:
        return with_call_errors(lambda: with_any_error(once))
    except CallError as failure:
        raise refined(failure, reason) from None


def refined(failure: CallError, reason: str) -> CallError:
    """Return the failure as BigQuery's reason has it: its errors of HTTP 403 are not all denials.

    A dataset that does not exist is a failure: that a place has no logs says nothing about an account's logs.
    """
    if reason in _OUTCOMES and failure.code != "SERVICE_DISABLED" and not failure.local:
        failure.code = reason
        failure.outcome = _OUTCOMES[reason]
        failure.heals = reason in _HEAL
    elif failure.outcome == "not_found":
        failure.outcome = "failed"
    return failure
