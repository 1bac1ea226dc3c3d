"""CloudTrail's events in a log group of Amazon CloudWatch Logs, to which a trail delivers them.

Sources: Amazon CloudWatch Logs API Reference, DescribeLogGroups (storedBytes, retentionInDays, creationTime); Amazon
CloudWatch pricing (Insights is paid by the gigabyte scanned); Service Authorization Reference, Amazon CloudWatch Logs.
The estimate is an inference: it spreads the stored bytes evenly over the days that the log group keeps, and the service
does not say whether they are counted compressed. So the bytes that were really scanned are held to the ceiling too.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.documents.json_text import printable
from oidc_doctor.live.aws.account import Account, member
from oidc_doctor.live.aws.insights import Insights, Unread
from oidc_doctor.live.byte_sizes import at_least, size_text
from oidc_doctor.live.collect import CallError, Collector, Grant, Reader
from oidc_doctor.live.log_queries import DAY, log_window
from oidc_doctor.live.pages import Paging, pages
from oidc_doctor.logs.engines.insights_query import attempts_query, changes_query
from oidc_doctor.logs.engines.query import Window
from oidc_doctor.logs.extract.file import Header, write_extract
from oidc_doctor.logs.extract.of_record import part_of
from oidc_doctor.logs.extract.thinner import Thinner
from oidc_doctor.model.times import rfc3339

if TYPE_CHECKING:
    from oidc_doctor.logs.engines.query import EngineQuery, Row
    from oidc_doctor.model.log_place import LogPlace

_CALL = "logs:StartQuery"
_PAGING = Paging("nextToken", "nextToken", most=20)
_QUERIES = 2  # over the window: attempts, and changes


class _LogGroup(NamedTuple):
    region: str
    stored: float  # bytes
    kept_from: float  # epoch seconds


def cloudwatch_reader(account: Account, place: LogPlace, path: str) -> Reader:
    """Return the reader of a log group: it fills `path`, the file of an extract (logs/extract/file.py)."""
    name = place.parts[0]
    group = f"arn:{account.partition}:logs:*:*:log-group:{name}:*"
    grants = (
        Grant("logs:DescribeLogGroups"), Grant(_CALL, group), Grant("logs:GetQueryResults"), Grant("logs:StopQuery")
    )  # fmt: skip

    def read(collector: Collector) -> None:
        _LogGroupReading(account, collector, place).save(path)

    return Reader(account.name(f"logs:{place.text}"), path, _CALL, read, (account.name("caller"),), grants)


class _Extract(NamedTuple):
    """The file of an extract, and the members of the manifest's entry."""

    file: bytes
    log: dict[str, Any]


class _LogGroupReading:
    """One reading of a log group."""

    def __init__(self, account: Account, collector: Collector, place: LogPlace) -> None:
        self.account = account
        self.collector = collector
        self.place = place
        self.thinner = Thinner()
        self.unreadable = 0

    def save(self, path: str) -> None:
        """Fill the file. Raises CallError where no part of the window was read.

        Targets of several accounts share a reading: a log group has the events of all.
        """
        group = self._log_group()
        window = log_window(self.collector, self.account.scope)
        found: _Extract = self.collector.shared(
            ("cloudwatch", self.place.text, group.region, window), lambda: self._extract(group, window)
        )
        self.collector.keep(path, found.file)
        self.collector.record(path, _CALL, "ok", filter=self.place.text, **found.log)

    def _extract(self, group: _LogGroup, asked: Window) -> _Extract:
        """Read the window."""
        window = Window(max(asked.since, group.kept_from), asked.until)
        if window.since >= window.until:
            raise CallError(
                "failed",
                "NotKept",
                f"the log group keeps no events before {rfc3339(group.kept_from)}, where the window ends: name a later "
                "one with --since and --until",
            )
        insights = self._insights(group, window)
        outcomes = [self._read(insights, query, window) for query in (changes_query(), attempts_query())]
        if all(outcome.is_empty for outcome in outcomes) and (failure := outcomes[0].failure):
            raise failure
        return self._written(group, window, outcomes, begins_later=window.since > asked.since)

    def _log_group(self) -> _LogGroup:
        """Find the log group: in the Regions of the target and of the credentials' profile, the first that has it."""
        name = self.place.parts[0]
        configured = self.account.clients.configured_region()
        named = (*self.account.regions, *([configured] if configured else []), self.account.home)
        regions = tuple(dict.fromkeys(named))
        failure: CallError | None = None
        for region in regions:
            try:
                found = self._in_region(name, region)
            except CallError as error:  # the log group may be in another one, where the call is allowed
                failure = failure or error
                continue
            if found is not None:
                return found
        if failure is not None:
            raise failure
        raise CallError(
            "failed",
            "ResourceNotFoundException",
            f"there is no log group {name} in {' or '.join(regions)}; --region names another Region",
        )

    def _in_region(self, name: str, region: str) -> _LogGroup | None:
        def ask(page: dict[str, Any]) -> Any:
            return self.account.ask(
                self.collector, "logs", region, "describe_log_groups", logGroupNamePrefix=name, **page
            )

        for answer in pages(ask, _PAGING, f"pages of log groups whose names begin with {name}"):
            for found in member(answer, "logGroups", list):
                if isinstance(found, dict) and found.get("logGroupName") == name:
                    return self._described(found, region)
        return None

    def _described(self, found: dict[str, Any], region: str) -> _LogGroup:
        days, stored, created = (found.get(key) for key in ("retentionInDays", "storedBytes", "creationTime"))
        days = days if isinstance(days, int) and days > 0 else None
        kept_from = created / 1000 if isinstance(created, int | float) and created > 0 else 0.0
        if days is not None:
            kept_from = max(kept_from, self.collector.clocks.now() - days * DAY)
        return _LogGroup(region, float(stored) if isinstance(stored, int | float) else 0.0, kept_from)

    def _insights(self, group: _LogGroup, window: Window) -> Insights:
        """Return the queries' runner. Raises CallError if the estimate is beyond the ceiling."""
        most = self.account.scope.log_options.ceiling
        insights = Insights(self.account, self.collector, group.region, self.place.parts[0], most=most)
        now = self.collector.clocks.now()
        share = (min(window.until, now) - window.since) / max(now - group.kept_from, 1.0)
        expected = group.stored * min(max(share, 0.0), 1.0)
        if _QUERIES * expected > most:
            raise CallError(
                "failed",
                "TooManyBytes",
                f"{_QUERIES} queries would scan about {size_text(_QUERIES * expected)} (estimated from the log group's "
                f"stored bytes), more than {size_text(most)}: read a shorter window with --since, or allow it with "
                f"--max-bytes {at_least(_QUERIES * expected)}",
            )
        insights.expect(expected, window)
        self.collector.say(
            f"{self.place.text}: about {size_text(_QUERIES * expected)} will be scanned (estimated), at most "
            f"{size_text(most)}"
        )
        return insights

    def _read(self, insights: Insights, query: EngineQuery, window: Window) -> Unread:
        def take(row: Row) -> None:
            record = query.record_of(row)
            part = part_of(record, "cloudtrail") if record else None
            if part is not None:
                self.thinner.add(part)
            elif not record:
                self.unreadable += 1

        return insights.read(query.text, window, take)

    def _written(self, group: _LogGroup, window: Window, outcomes: list[Unread], *, begins_later: bool) -> _Extract:
        cuts = [outcome.cut + 1 for outcome in outcomes if outcome.cut is not None]
        since = max([window.since, *map(float, cuts)])
        header = Header("cloudtrail", selective=True, since=since, until=window.until, files=_QUERIES)
        notes = [outcome.reason for outcome in outcomes if outcome.reason]
        log: dict[str, Any] = {"region": group.region, "from": rfc3339(window.since), "to": rfc3339(window.until)}
        if cuts:
            notes.append(f"not all events before {rfc3339(max(cuts))} were read")
            failure = next((outcome.failure for outcome in outcomes if outcome.failure), None)
            log |= {"truncated": True, "code": failure.code if failure else "TooManyEvents"}
        if self.thinner.left_out:
            notes.append(f"{self.thinner.left_out:,} events are beyond what an extract has, and were left out")
            log |= {"truncated": True}
        if begins_later:
            notes.append(f"the log group keeps no events before {rfc3339(window.since)}")
        if self.unreadable:
            notes.append(f"{self.unreadable:,} events could not be read")
            log |= {"truncated": True}
        log["message"] = printable("; ".join(dict.fromkeys(notes)))
        return _Extract(write_extract(header, map(json.loads, self.thinner.lines())), log)
