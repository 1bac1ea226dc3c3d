"""LookupEvents at its limit: the pages of one query, and the events of several roles read by one query."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.documents.json_text import printable
from oidc_doctor.live.aws.account import Account, member
from oidc_doctor.live.collect import CallError, Collector
from oidc_doctor.logs.records import cloudtrail, cloudtrail_writes
from oidc_doctor.model.document import Origin
from oidc_doctor.model.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from oidc_doctor.model.log_place import LogPlace

_KEPT = 90 * 86_400.0  # CloudTrail's event history
CALL = "cloudtrail:LookupEvents"
EXCHANGE = "AssumeRoleWithWebIdentity"
_NOWHERE = Origin("")


class PagedEvents:
    """The events of a query, newest first, page after page."""

    def __init__(
        self, account: Account, collector: Collector, region: str, attribute: str, value: str, *, changes: bool
    ) -> None:
        scope = account.scope
        first, until = collector.clocks.window(scope.since, None if changes else scope.until, scope.back)
        self.since, self.until = max(until - _KEPT, 0 if changes or first is None else first), until
        self.events: list[Any] = []
        self.log: dict[str, Any] = {
            "region": region,
            "from": rfc3339(self.since),
            "to": rfc3339(until),
            "filter": f"{attribute}={value}",
        }
        self._query = {
            "LookupAttributes": [{"AttributeKey": attribute, "AttributeValue": value}],
            "StartTime": datetime.fromtimestamp(self.since, UTC),
            "EndTime": datetime.fromtimestamp(until, UTC),
            "MaxResults": 50,
        }
        self._account = account
        self._collector = collector
        self._region = region
        self._next: str | None = None
        self._pages = 0

    def first(self) -> None:
        """Read the first page. Raises CallError."""
        self._read({})

    def pages(self) -> int:
        """Return how many pages there are, as far as the time between the events of the first page shows."""
        if self._next is None:
            return 1
        times = [event["EventTime"] for event in self.events if isinstance(event.get("EventTime"), datetime)]
        seconds = self.until - min(times).timestamp() if times else 0.0
        estimate = math.ceil((self.until - self.since) / seconds) if seconds > 0 else self._account.scope.max_pages
        return max(2, min(estimate, self._account.scope.max_pages))

    def rest(self, label: str) -> None:
        """Read the other pages. The log says if there are more than were read."""
        most = self._account.scope.max_pages
        while self._next is not None:
            if self._pages == most:
                cut = f"more than --max-pages {most} pages; events before the oldest were not read"
                self.log |= {"truncated": True, "message": cut}
                return
            self._collector.say(f"{label}: page {self._pages}, {len(self.events)} events")
            asked = self._next
            try:
                self._read({"NextToken": asked})
            except CallError as failure:
                if not self.events:
                    raise
                self.log |= {"truncated": True, "code": failure.code, "message": printable(failure.message)}
                return
            if self._next == asked:
                self.log |= {"truncated": True, "code": "Malformed", "message": "a page names itself as the next one"}
                return
        self._collector.say(f"{label}: page {self._pages}, {len(self.events)} events")

    def _read(self, token: dict[str, Any]) -> None:
        pacer = self._account.clients.pacer(self._region)
        answer = self._account.ask(
            self._collector, "cloudtrail", self._region, "lookup_events", pacer=pacer, **self._query, **token
        )
        self.events += member(answer, "Events", list)
        self._next = answer.get("NextToken") or None
        self._pages += 1


class FoundTogether(NamedTuple):
    """The events of several roles that were read together, and the manifest's members about the read."""

    events: dict[str, list[Any]]  # by role: its ARN, or its name in lower case; "": those of exchanges without a role
    log: dict[str, Any]


class RoleGroup:
    """The targets of a run that are read with the same credentials.

    Two LookupEvents a second are allowed for an account and Region, so the events of many roles are looked up by the
    events' names if that takes fewer requests than one query for each role.
    """

    def __init__(self) -> None:
        self.targets: list[Account] = []
        self.places: dict[tuple[LogPlace, str | None], str] = {}  # the path of each place and account that is read

    def exchanges(self, reader: Account, collector: Collector, region: str) -> FoundTogether | None:
        """Return the exchanges of a Region by role ARN; None if each role is to be looked up. Raises CallError."""
        arns = {
            str(target.aws.role_arn)
            for target in self._readable(reader, collector)
            if region in (target.home, *target.regions)
        }
        if len(arns) < 2:  # noqa: PLR2004 - one role is looked up by its name
            return None

        def read() -> FoundTogether | None:
            found = PagedEvents(reader, collector, region, "EventName", EXCHANGE, changes=False)
            found.first()
            if found.pages() > len(arns):
                return None
            found.rest(f"the exchanges of {len(arns)} roles in {region}")
            by_role = _by(found.events, _role_of_exchange)
            kept = {arn: by_role.get(arn, []) for arn in ("", *arns)}
            return FoundTogether(kept, _all_roles(found.log, found.events))

        found: FoundTogether | None = _once(collector, (self, "exchanges", region), read)
        return found

    def role_changes(self, reader: Account, collector: Collector) -> FoundTogether | None:
        """Return the writes of roles by role name; None if each role is to be looked up. Raises CallError."""
        writes = sorted(cloudtrail_writes.OF_ROLE)
        names = {str(target.role_name).casefold() for target in self._readable(reader, collector)}
        if len(names) <= len(writes):
            return None

        def read() -> FoundTogether | None:
            queries = [
                PagedEvents(reader, collector, reader.home, "EventName", write, changes=True) for write in writes
            ]
            for query in queries:
                query.first()
            if sum(query.pages() for query in queries) > len(names):
                return None
            for query in queries:
                query.rest(f"the changes of {len(names)} roles")
            cut = next((query for query in queries if query.log.get("truncated")), queries[0])
            by_role = _by([event for query in queries for event in query.events], _role_of_write)
            log = _all_roles(cut.log, cut.events) | {"filter": f"EventName={' or '.join(writes)}"}
            return FoundTogether({name: by_role.get(name, []) for name in names}, log)

        found: FoundTogether | None = _once(collector, (self, "role-changes"), read)
        return found

    def _readable(self, reader: Account, collector: Collector) -> list[Account]:
        """Return the targets with a role in the account of the credentials."""
        account = collector.answer(reader.name("caller"))
        own = (None, account)
        return [target for target in self.targets if target.role_name and (account is None or target.account in own)]


def save_part(collector: Collector, path: str, found: FoundTogether, key: str, name: str) -> None:
    """Save a role's part of the events that were read together; `name` is the member of the events that names it."""
    part = f"{name}={key}" if key else f"those without {name}"
    log = found.log | {"filter": f"{found.log['filter']}, of these {part}"}
    collector.save(path, CALL, {"Events": found.events.get(key, [])}, **log)


def save_query(collector: Collector, account: Account, path: str, region: str, query: tuple[str, str, bool]) -> None:
    """Save the events of one query, which several targets may make: attribute, value, and whether of changes."""
    attribute, value, changes = query

    def read() -> tuple[bytes, dict[str, Any]]:
        found = PagedEvents(account, collector, region, attribute, value, changes=changes)
        found.first()
        found.rest(path)
        return json.dumps({"Events": found.events}, indent=2, default=_plain).encode(), found.log

    content, log = _once(collector, (account.clients, region, *query), read)
    collector.save(path, CALL, content, **log)


def _once(collector: Collector, key: Any, read: Callable[[], Any]) -> Any:
    """Return a log that is read once for all targets, so that it counts as the time of none."""
    with collector.watches.stopped():
        return collector.shared(key, read)


def _by(events: Iterable[Any], key_of: Callable[[dict[str, Any]], str | None]) -> dict[str, list[Any]]:
    """Return the events by what their records are about; "" if it is not known, without those of other calls."""
    parts: dict[str, list[Any]] = {}
    for event in events:
        for record, _ in cloudtrail.records(event, _NOWHERE, lambda *_: None):
            key = key_of(record)
            if key is not None:
                parts.setdefault(key, []).append(event)
    return parts


def _role_of_exchange(record: dict[str, Any]) -> str | None:
    attempt = cloudtrail.attempt(record, _NOWHERE)
    return None if attempt is None else attempt.target or ""


def _role_of_write(record: dict[str, Any]) -> str | None:
    change = cloudtrail_writes.change(record, _NOWHERE)
    return None if change is None else change.resource.rpartition("/")[2].casefold()


def _all_roles(log: dict[str, Any], events: list[Any]) -> dict[str, Any]:
    """Return the members of the manifest's entry, whose message says from when on a truncated log was read."""
    times = [event["EventTime"] for event in events if isinstance(event.get("EventTime"), datetime)]
    if not log.get("truncated") or not times:
        return log
    message = f"{log['message']} (of all roles together, back to {rfc3339(min(times).timestamp())})"
    return log | {"message": message}


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    raise TypeError(type(value).__name__)
