"""Cloud Logging's entries of several targets, read by one query for each project.

60 reads a minute are allowed, whatever their filter, and a filter may have 20,000 characters (Cloud Logging, quotas).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from oidc_doctor.model.log_place import LogPlace

Kind = Literal["exchanges", "impersonations", "changes"]

_LONGEST = 15_000  # characters of names in a filter, which has a fixed part and the times as well
_PROVIDER = re.compile(r"/workloadIdentityPools/([^/]+)(?:/providers/([^/]+))?")
_DATA = 'log_id("cloudaudit.googleapis.com/data_access")'
_ACTIVITY = 'log_id("cloudaudit.googleapis.com/activity")'
_PROJECTS = "cloudresourcemanager.googleapis.com"
_ACCOUNT_METHODS = (
    "SetIAMPolicy",
    "DisableServiceAccount",
    "EnableServiceAccount",
    "DeleteServiceAccount",
    "UndeleteServiceAccount",
)


class About(NamedTuple):
    """The resource that an entry is about; all empty: the project's policy."""

    pool: str = ""
    provider: str = ""
    email: str = ""

    def folded(self) -> About:
        """Return the names as filters compare them, without regard to case."""
        return About(self.pool.casefold(), self.provider.casefold(), self.email.casefold())


def filters(kind: Kind, abouts: Iterable[About]) -> list[str]:
    """Return filters for the entries about these resources: one, or several where it would be too long."""
    found = []
    for part in _parts({about._replace(provider="") for about in abouts}):
        pools = dict.fromkeys(about.pool for about in part if about.pool)
        emails = dict.fromkeys(about.email for about in part if about.email)
        if kind == "exchanges":
            found.append(_exchanges([f"/workloadIdentityPools/{pool}/providers/" for pool in pools]))
        elif kind == "impersonations":
            found.append(_impersonations(emails))
        else:
            names = [f"/workloadIdentityPools/{pool}" for pool in pools]
            found.append(_changes(names, emails, of_project=About() in part))
    return found


def _exchanges(names: Iterable[str]) -> str:
    """Every exchange with a provider of the pools: those with another name are separated from the target's later."""
    return (
        f'{_DATA} AND protoPayload.serviceName="sts.googleapis.com"'
        ' AND protoPayload.methodName="google.identity.sts.v1.SecurityTokenService.ExchangeToken"'
        f" AND protoPayload.resourceName:{_any_of(names)}"
    )


def _impersonations(emails: Iterable[str]) -> str:
    """Access and ID tokens for the service accounts."""
    return (
        f'{_DATA} AND protoPayload.serviceName="iamcredentials.googleapis.com"'
        ' AND protoPayload.methodName:("GenerateAccessToken" OR "GenerateIdToken")'
        f" AND resource.labels.email_id={_any_of(emails)}"
    )


def _changes(names: Iterable[str], emails: Iterable[str], *, of_project: bool) -> str:
    """Changes of pools and providers, of accounts and their policies, and of the project's policy."""
    parts = []
    if of_project:
        parts.append(f'(protoPayload.serviceName="{_PROJECTS}" AND protoPayload.methodName="SetIamPolicy")')
    if names:
        name = _any_of(names)
        parts.append(f'(protoPayload.methodName:"WorkloadIdentityPool" AND protoPayload.resourceName:{name})')
    if emails:
        methods = " OR ".join(f'"google.iam.admin.v1.{method}"' for method in _ACCOUNT_METHODS)
        parts.append(f"(protoPayload.methodName=({methods}) AND resource.labels.email_id={_any_of(emails)})")
    return f"{_ACTIVITY} AND ({' OR '.join(parts)})"


def about_of(kind: Kind, entry: Any) -> Iterator[About]:
    """Yield the resources that an entry is about, as the filters name them."""
    payload = _members(_members(entry).get("protoPayload"))
    email = _members(_members(_members(entry).get("resource")).get("labels")).get("email_id")
    name = _PROVIDER.search(str(payload.get("resourceName") or ""))
    if kind == "exchanges" and name:
        yield About(name[1])
        yield About(name[1], name[2] or "")
    elif kind == "changes" and payload.get("serviceName") == _PROJECTS:
        yield About()
    elif kind == "changes" and name:
        yield About(name[1])
    elif kind != "exchanges" and isinstance(email, str):
        yield About(email=email)


class SharedEntries:
    """The entries of several targets, by what they are about, as the bytes of files."""

    def __init__(self, kind: Kind, entries: list[Any], wanted: frozenset[About]) -> None:
        parts: dict[About, list[Any]] = {about.folded(): [] for about in wanted}
        for entry in entries:
            for about in dict.fromkeys(about.folded() for about in about_of(kind, entry)):
                if about in parts:
                    parts[about].append(entry)
        self._files = {about: json.dumps(part, indent=2).encode() for about, part in parts.items()}

    def file(self, about: About) -> bytes:
        """Return the file of the entries about a resource."""
        return self._files[about.folded()]


class LogTarget(Protocol):
    """A target whose logs are read."""

    def abouts(self, kind: Kind) -> list[About]:
        """Return the resources whose entries concern the target."""

    def log_projects(self, kind: Kind) -> list[str]:
        """Return the projects in whose logs these entries are."""


class ProjectGroup:
    """The targets of a run that are read with the same login."""

    def __init__(self) -> None:
        self.targets: list[LogTarget] = []
        self.places: set[LogPlace] = set()  # the further logs that are read

    def is_shared(self, kind: Kind, project: str) -> bool:
        """Return whether several targets have entries of this kind in the project's logs."""
        return sum(project in target.log_projects(kind) for target in self.targets) > 1

    def abouts(self, kind: Kind, project: str) -> frozenset[About]:
        """Return the resources of all targets with entries of this kind in the project's logs."""
        targets = [target for target in self.targets if project in target.log_projects(kind)]
        return frozenset(about for target in targets for about in target.abouts(kind))


def _parts(abouts: Iterable[About]) -> Iterator[list[About]]:
    """Yield the resources in parts whose names fit into a filter."""
    part: list[About] = []
    length = 0
    for about in sorted(abouts):
        size = len(f"/workloadIdentityPools/{about.pool}/providers/" if about.pool else about.email) + len(' OR ""')
        if part and length + size > _LONGEST:
            yield part
            part, length = [], 0
        part.append(about)
        length += size
    if part:
        yield part


def _any_of(texts: Iterable[str]) -> str:
    quoted = [_quoted(text) for text in texts]
    return quoted[0] if len(quoted) == 1 else f"({' OR '.join(quoted)})"


def _quoted(text: str) -> str:
    """Quote a text as a string of the filter language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _members(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
