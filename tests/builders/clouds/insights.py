"""CloudWatch Logs on this machine: log groups whose events are queried by the part of Insights' language that is used.

moto 5.2 answers StartQuery for a few commands only, and neither `jsonParse` nor StopQuery.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from clouds.aws import aws_error

Row = dict[str, str]
_FIELD = re.compile(r"(?:(jsonStringify|jsonParse)\()?([@\w.]+)\)? as (\w+)")
_TEST = re.compile(r'(?:ispresent\(([\w.]+)\)|([@\w.]+) (=|like|in) ("[^"]*"|\[[^]]*\]))')


@dataclass
class LogGroup:
    """A log group. `events` are epoch milliseconds and messages."""

    name: str
    events: list[tuple[int, str]] = field(default_factory=list)
    stored: int = 0
    created: int = 0
    days: int | None = None


@dataclass
class CloudWatchLogs:
    """The service of one Region. `whole_end`: the second that a range ends with is included whole, not only its begin.

    `looks`: so many looks at a query find it running. `status`: what a query ends with. `page`: rows of an answer.
    """

    groups: list[LogGroup] = field(default_factory=list)
    region: str = "us-east-1"
    most_rows: int = 10_000
    whole_end: bool = True
    looks: int = 0
    status: str = "Complete"
    page: int = 10_000
    statistics: bool = True
    queries: list[dict[str, Any]] = field(default_factory=list)  # as they were started
    stopped: list[str] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)  # somebody looked at a query
    _looked: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, operation: str, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Answer one request."""
        with self._lock:
            answer: Callable[[dict[str, Any]], dict[str, Any]] = getattr(self, f"_{operation}")
            if region != self.region:
                if operation == "DescribeLogGroups":
                    return {"logGroups": []}
                raise aws_error("ResourceNotFoundException", 400, json_style=True)
            return answer(asked)

    def _DescribeLogGroups(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - the operation's name
        prefix = asked["logGroupNamePrefix"]
        found = [group for group in self.groups if group.name.startswith(prefix)]
        start = int(asked.get("nextToken", "0"))
        page = {"nextToken": str(start + 1)} if start + 1 < len(found) else {}
        return {"logGroups": [_described(group) for group in found[start : start + 1]]} | page

    def _StartQuery(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        if not any(group.name == asked["logGroupName"] for group in self.groups):
            raise aws_error("ResourceNotFoundException", 400, json_style=True)
        self.queries.append(asked)
        return {"queryId": f"query-{len(self.queries)}"}

    def _GetQueryResults(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = asked["queryId"]
        self.asked.set()
        self._looked[name] = self._looked.get(name, 0) + 1
        query = self.queries[int(name.removeprefix("query-")) - 1]
        group = next(group for group in self.groups if group.name == query["logGroupName"])
        end = query["endTime"] * 1000 + (999 if self.whole_end else 0)
        inside = [(at, text) for at, text in group.events if query["startTime"] * 1000 <= at <= end]
        rows = run_query(query["queryString"], inside, self.most_rows)
        scanned = float(sum(len(text) for _, text in inside))
        answer: dict[str, Any] = {"status": self.status, "results": []}
        if self.statistics:
            answer["statistics"] = {"bytesScanned": scanned, "recordsMatched": float(len(rows))}
        if self._looked[name] <= self.looks:
            return answer | {"status": "Running"}
        start = int(asked.get("nextToken", "0"))
        kept = rows[: self.most_rows]
        if start + self.page < len(kept):
            answer["nextToken"] = str(start + self.page)
        pointed = (row | {"@ptr": f"{name}-{number}"} for number, row in enumerate(kept))
        page = itertools.islice(pointed, start, start + self.page)
        answer["results"] = [[{"field": key, "value": value} for key, value in row.items()] for row in page]
        return answer

    def _StopQuery(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        self.stopped.append(asked["queryId"])
        return {"success": True}


def _described(group: LogGroup) -> dict[str, Any]:
    described = {"logGroupName": group.name, "storedBytes": group.stored, "creationTime": group.created}
    return described | ({"retentionInDays": group.days} if group.days else {})


def run_query(text: str, events: Iterable[tuple[int, str]], most: int) -> list[Row]:
    """Return the rows of a query, the newest first, without its limit; `most` is what the limit must be."""
    shown: list[str] = []
    rows: list[dict[str, Any]] = [{"@timestamp": at, "@message": message} for at, message in events]
    for command in re.split(r"\n\| ", text):
        name, _, rest = command.partition(" ")
        name, rest = name.strip(), rest.strip()
        if command.startswith("fields"):
            columns = _FIELD.findall(command.removeprefix("fields"))
            assert len(columns) == command.count(" as "), command
            for row in rows:
                row.update({alias: _value(row, function, path) for function, path, alias in columns})
        elif name == "filter":
            rows = [row for row in rows if _holds(row, rest)]
        elif name == "sort":
            assert rest == "@timestamp desc"
            rows.sort(key=lambda row: int(row["@timestamp"]), reverse=True)
        elif name == "display":
            shown = rest.split(", ")
        else:
            assert (name, rest) == ("limit", "10000"), command
    assert most
    return [{name: written for name in shown if (written := _written(row.get(name))) is not None} for row in rows]


def _value(row: dict[str, Any], function: str, path: str) -> Any:
    found = _found(row, path)
    if function == "jsonParse":
        try:
            return json.loads(found)
        except ValueError:
            return None
    if function == "jsonStringify":
        return json.dumps(found) if isinstance(found, dict | list) else None
    return found


def _found(row: dict[str, Any], path: str) -> Any:
    value: Any = row
    for part in [path] if path.startswith("@") else path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _holds(row: dict[str, Any], condition: str) -> bool:
    """Evaluate a condition of tests, `and`, `or` and brackets."""

    def holds(match: re.Match[str]) -> str:
        if match[1]:
            return str(_found(row, match[1]) is not None)
        found, wanted = _found(row, match[2]), json.loads(match[4])
        if match[3] == "like":
            return str(wanted in found)
        return str(found == wanted if match[3] == "=" else found in wanted)

    words = _TEST.sub(holds, condition)
    assert re.fullmatch(r"(?:True|False|and|or|[() ])+", words), words
    return bool(eval(words))  # noqa: S307 - of four words and brackets


def _written(value: Any) -> str | None:
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)
