"""Cloud Logging's entries: exchanges, impersonations, and changes of the resources that they depend on."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any

from oidc_doctor.documents.json_text import printable
from oidc_doctor.live.collect import CallError, Collector, Grant, Reader
from oidc_doctor.live.gcp.client import with_any_error, with_call_errors
from oidc_doctor.live.gcp.configuration import GcpReaders, with_permission

_DAY = 86_400.0
_USUAL = 7 * _DAY
_KEPT = 400 * _DAY  # admin activity; data access is kept for 30 days unless configured otherwise
_PAGE = 1000  # entries; the API's most
_LOGGING = "logging.googleapis.com"
_DATA = 'log_id("cloudaudit.googleapis.com/data_access")'
_ACTIVITY = 'log_id("cloudaudit.googleapis.com/activity")'
_ACCOUNT_METHODS = (
    "SetIAMPolicy",
    "DisableServiceAccount",
    "EnableServiceAccount",
    "DeleteServiceAccount",
    "UndeleteServiceAccount",
)


class GcpLogs(GcpReaders):
    """The readers of the logs."""

    def lookups(self) -> list[Reader]:
        """Exchanges of the pool, impersonations of the service account, and changes of either."""
        readers: list[Reader] = []
        if self.pool:
            readers.append(self.lookup("exchanges", self.provider_project, self.exchanges(), private=True))
        if self.email:
            project = self.account_project or self.provider_project
            if project:
                readers.append(self.lookup("impersonations", project, self.impersonations(), private=True))
        first, second = self.policy_project, self.provider_project
        readers.append(self.lookup("changes", first, self.changes(), changes=True))
        if second and second != first:
            readers.append(self.elsewhere(self.lookup("changes-2", second, self.changes(), changes=True)))
        return readers

    def elsewhere(self, lookup: Reader) -> Reader:
        """Return a lookup in the pool's project, unless it is the service account's project under its other name."""

        def read(collector: Collector) -> None:
            if not self.one_project(collector):
                lookup.read(collector)

        return lookup._replace(read=read, needs=(self.name("project"),))

    def exchanges(self) -> str:
        """Every exchange with a provider of the pool: those with another name are separated from the target's later."""
        return (
            f'{_DATA} AND protoPayload.serviceName="sts.googleapis.com"'
            ' AND protoPayload.methodName="google.identity.sts.v1.SecurityTokenService.ExchangeToken"'
            f" AND protoPayload.resourceName:{_quoted(f'/workloadIdentityPools/{self.pool_id}/providers/')}"
        )

    def impersonations(self) -> str:
        """Access and ID tokens for the service account."""
        return (
            f'{_DATA} AND protoPayload.serviceName="iamcredentials.googleapis.com"'
            ' AND protoPayload.methodName:("GenerateAccessToken" OR "GenerateIdToken")'
            f" AND resource.labels.email_id={_quoted(self.email)}"
        )

    def changes(self) -> str:
        """Changes of pool and providers, of the account and its policy, and of the project's policy."""
        service = 'protoPayload.serviceName="cloudresourcemanager.googleapis.com"'
        parts = [f'({service} AND protoPayload.methodName="SetIamPolicy")']
        if self.pool:
            name = _quoted(f"/workloadIdentityPools/{self.pool_id}")
            parts.append(f'(protoPayload.methodName:"WorkloadIdentityPool" AND protoPayload.resourceName:{name})')
        if self.email:
            methods = " OR ".join(f'"google.iam.admin.v1.{method}"' for method in _ACCOUNT_METHODS)
            parts.append(f"(protoPayload.methodName=({methods}) AND resource.labels.email_id={_quoted(self.email)})")
        return f"{_ACTIVITY} AND ({' OR '.join(parts)})"

    def lookup(self, short: str, project: str, query: str, *, private: bool = False, changes: bool = False) -> Reader:
        """A query, newest entries first, page after page."""
        path, call = self.path(f"logs/{short}.json"), "logging.entries.list"
        permission = "logging.privateLogEntries.list" if private else "logging.logEntries.list"
        grants = (Grant(permission, f"projects/{project}", _LOGGING),)

        def read(collector: Collector) -> None:
            try:
                self.pages(collector, path, project, query, changes=changes)
            except CallError as failure:
                raise with_permission(failure, grants) from None

        return Reader(self.name(short), path, call, read, (), grants)

    def pages(self, collector: Collector, path: str, project: str, query: str, *, changes: bool) -> None:
        """Save the entries of one query; the manifest records the entries that were cut off."""
        ahead = collector.clocks.ahead()
        first, until = collector.clocks.window(self.scope.since, None if changes else self.scope.until, self.scope.back)
        since = until - _USUAL if first is None else first
        if changes:
            since = until - _KEPT
        filtered = query
        # always with times: otherwise the client library silently limits to the last 24 hours
        query += f' AND timestamp>="{_rfc3339(since)}" AND timestamp<="{_rfc3339(until)}"'
        body: dict[str, Any] = {
            "resourceNames": [f"projects/{project}"],
            "filter": query,
            "orderBy": "timestamp desc",
            "pageSize": _PAGE,
        }
        log: dict[str, Any] = {"from": _rfc3339(since), "to": _rfc3339(until), "filter": query}
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
                self.pages(collector, path, project, filtered, changes=changes)
                return
            entries += page_entries
            collector.say(f"{path}: page {page}, {len(entries)} entries")
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
        collector.save(path, "logging.entries.list", entries, **log)

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


def _quoted(text: str) -> str:
    """Quote a text as a string of the filter language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _rfc3339(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
