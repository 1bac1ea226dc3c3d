"""Cloud Logging's entries: exchanges, impersonations, and changes of the resources that they depend on."""

from __future__ import annotations

import functools
from typing import Any

from oidc_doctor.documents.json_text import printable
from oidc_doctor.live.collect import CallError, Collector, Grant, Reader
from oidc_doctor.live.gcp.archive import gcs_reader
from oidc_doctor.live.gcp.bigquery import bigquery_reader
from oidc_doctor.live.gcp.client import GcpClients, with_any_error, with_call_errors
from oidc_doctor.live.gcp.configuration import GcpReaders, GcpScope, with_permission
from oidc_doctor.live.gcp.shared_logs import About, Kind, ProjectGroup, SharedEntries, filters
from oidc_doctor.logs.extract.file import ENDING
from oidc_doctor.model.times import rfc3339

_DAY = 86_400.0
_USUAL = 7 * _DAY
_KEPT = 400 * _DAY  # admin activity; data access is kept for 30 days unless configured otherwise
_PAGE = 1000  # entries; the API's most
_LOGGING = "logging.googleapis.com"
_CALL = "logging.entries.list"


class GcpLogs(GcpReaders):
    """The readers of the logs."""

    def __init__(self, clients: GcpClients, scope: GcpScope, group: ProjectGroup) -> None:
        super().__init__(clients, scope)
        self.group = group

    def lookups(self) -> list[Reader]:
        """Exchanges of the pool, impersonations of the service account, and changes of either.

        Where a sink's bucket is read, only changes, further back than the window: of many attempts alike it returns the
        first, the last and the number of the others, which would count twice.
        """
        readers: list[Reader] = []
        self.group.targets.append(self)
        kinds: tuple[Kind, ...] = ("exchanges", "impersonations")
        is_sink_read = any(place.engine == "gs" for place in self.scope.places)
        for kind in () if is_sink_read else kinds:
            readers += [self.lookup(kind, kind, project) for project in self.log_projects(kind)]
        first, *others = self.log_projects("changes")
        readers.append(self.lookup("changes", "changes", first))
        readers += [self.elsewhere(self.lookup("changes", "changes-2", project)) for project in others]
        return readers

    def places(self) -> list[Reader]:
        """Readers of further logs, each once for all targets: their files are shared."""
        readers = []
        for number, place in enumerate(self.scope.places, 1):
            if place not in self.group.places:
                self.group.places.add(place)
                read = gcs_reader if place.engine == "gs" else bigquery_reader
                reader = read(self, place, f"gcp/logs/{place.engine}-{number}{ENDING}")
                readers.append(reader._replace(named=place.text))
        return readers

    def log_projects(self, kind: Kind) -> list[str]:
        """Return the projects in whose logs entries of this kind are."""
        if kind == "exchanges":
            return [self.provider_project] if self.pool else []
        if kind == "impersonations":
            project = self.account_project or self.provider_project
            return [project] if self.email and project else []
        return list(dict.fromkeys([self.policy_project, *filter(None, [self.provider_project])]))

    def abouts(self, kind: Kind) -> list[About]:
        """Return the resources whose entries of this kind concern the target."""
        if kind == "exchanges":  # an impersonation is joined to its exchange, which may be any of the pool
            return [About(self.pool_id, "" if self.email else self.provider_id or "")]
        if kind == "impersonations":
            return [About(email=self.email)]
        pool = [About(self.pool_id)] if self.pool else []
        return [About(), *pool, *([About(email=self.email)] if self.email else [])]

    def elsewhere(self, lookup: Reader) -> Reader:
        """Return a lookup in the pool's project, unless it is the service account's project under its other name."""

        def read(collector: Collector) -> None:
            if not self.one_project(collector):
                lookup.read(collector)

        return lookup._replace(read=read, needs=(self.name("project"),))

    def lookup(self, kind: Kind, short: str, project: str) -> Reader:
        """The entries of one kind, read alone or with those of other targets."""
        path = self.path(f"logs/{short}.json")
        permission = "logging.logEntries.list" if kind == "changes" else "logging.privateLogEntries.list"
        grants = (Grant(permission, f"projects/{project}", _LOGGING),)

        def read(collector: Collector) -> None:
            try:
                if self.group.is_shared(kind, project):
                    self.save_shared(collector, kind, short, project)
                else:
                    (query,) = filters(kind, self.abouts(kind))
                    entries, log = self.entries(collector, path, project, query, changes=kind == "changes")
                    collector.save(path, _CALL, entries, **log)
            except CallError as failure:
                raise with_permission(failure, grants) from None

        return Reader(self.name(short), path, _CALL, read, (), grants, lane=_CALL)

    def save_shared(self, collector: Collector, kind: Kind, short: str, project: str) -> None:
        """Save the target's part of the entries, which are read once for all targets of the project."""
        wanted = self.group.abouts(kind, project)

        def read() -> tuple[SharedEntries, dict[str, Any]]:
            label = f"{kind} of {project}"
            found = [
                self.entries(collector, label, project, query, changes=kind == "changes")
                for query in filters(kind, wanted)
            ]
            log = next((log for _, log in found if log.get("truncated")), found[0][1])
            every = [entry for entries, _ in found for entry in entries]
            oldest = min((str(entry.get("timestamp")) for entry in every if isinstance(entry, dict)), default="")
            if log.get("truncated"):
                log |= {"message": f"{log['message']} (of all targets together, back to {printable(oldest, 40)})"}
            return SharedEntries(kind, every, wanted), log

        with collector.watches.stopped():  # it counts as the time of no target
            shared, log = collector.shared((self.group, kind, project), read)
        for about in self.abouts(kind):
            part = "-of-pool" if about.pool else "-of-account" if about.email else ""
            place = self.path(f"logs/{short}{part if kind == 'changes' else ''}.json")
            (query,) = filters(kind, [about])
            own = log | {"filter": query + _between(log["from"], log["to"])}
            collector.save(place, _CALL, shared.file(about), **own)

    def entries(
        self, collector: Collector, label: str, project: str, query: str, *, changes: bool
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return the entries of one query, the newest first, and the manifest's members, which say what was cut off."""
        ahead = collector.clocks.ahead()
        first, until = collector.clocks.window(self.scope.since, None if changes else self.scope.until, self.scope.back)
        since = until - _USUAL if first is None else first
        if changes:
            since = until - _KEPT
        filtered = query
        # always with times: otherwise the client library silently limits to the last 24 hours
        query += _between(rfc3339(since), rfc3339(until))
        body: dict[str, Any] = {
            "resourceNames": [f"projects/{project}"],
            "filter": query,
            "orderBy": "timestamp desc",
            "pageSize": _PAGE,
        }
        log: dict[str, Any] = {"from": rfc3339(since), "to": rfc3339(until), "filter": query}
        entries: list[Any] = []
        token = ""
        pacer = self.clients.pacer
        for page in range(1, self.scope.max_pages + 1):
            asks = body | ({"pageToken": token} if token else {})
            try:
                ask = functools.partial(self.page, collector, project, asks)
                answer = collector.call(functools.partial(with_call_errors, ask), pacer=pacer)
                page_entries = _entries(answer)
            except CallError as failure:
                if page == 1:
                    raise
                log |= {"truncated": True, "code": failure.code, "message": printable(failure.message)}
                break
            if page == 1 and collector.clocks.has_moved(ahead):  # the first response with Google's time
                return self.entries(collector, label, project, filtered, changes=changes)
            entries += page_entries
            collector.say(f"{label}: page {page}, {len(entries)} entries")
            following = answer.get("nextPageToken")
            if not following:
                break  # an empty page with a token is not the last page
            if not isinstance(following, str) or following == token:
                log |= {"truncated": True, "code": "Malformed", "message": "a page names itself as the next one"}
                break
            token = following
        else:
            cut = f"more than --max-pages {self.scope.max_pages} pages; entries before the oldest were not read"
            log |= {"truncated": True, "message": cut}
        return entries, log

    def page(self, collector: Collector, project: str, body: dict[str, Any]) -> Any:
        """A page as the API returns it, through google-cloud-logging, by REST: gRPC has no loopback and more weight."""
        client = self.clients.logging(project)
        timeout = collector.seconds_left(30.0)
        ask = functools.partial(client.logging_api.api_request, method="POST", path="/entries:list", data=body)
        return with_any_error(lambda: ask(timeout=timeout))


def _entries(answer: Any) -> list[Any]:
    entries = answer.get("entries", []) if isinstance(answer, dict) else None
    if not isinstance(entries, list):
        raise CallError("failed", "Malformed", "the answer's entries are not a list")
    return entries


def _between(since: str, until: str) -> str:
    return f' AND timestamp>="{since}" AND timestamp<="{until}"'
