"""The configuration of Google Cloud: provider, pool, service account, policies, APIs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.documents.provider import split_name
from oidc_doctor.live.collect import CallError, Collector, Grant, Reader
from oidc_doctor.live.gcp.client import GcpClients, role_with, segment
from oidc_doctor.live.pages import Paging, pages
from oidc_doctor.model.evidence import Target, TargetGcp, Token
from oidc_doctor.model.log_place import LogOptions, LogPlace

if TYPE_CHECKING:
    from collections.abc import Sequence

IAM, PROJECTS = "iam.googleapis.com", "cloudresourcemanager.googleapis.com"
_PAGING = Paging("pageToken", "nextPageToken", most=50)
_MOST_FOLDERS = 10  # Google allows ten levels
_POLICY_VERSION = {"options": {"requestedPolicyVersion": 3}}
_NAMED = re.compile(r"[^@\s/]+@([a-z0-9.:-]+)\.iam\.gserviceaccount\.com")
_DEFAULT = re.compile(r"(\d+)-compute@developer\.gserviceaccount\.com|([^@\s/]+)@appspot\.gserviceaccount\.com")
_PROJECT = re.compile(r"[a-z0-9][a-z0-9:.-]{0,62}")
_ID = re.compile(r"[A-Za-z0-9][\w-]{0,63}", re.ASCII)
_MAIL = re.compile(r"[\w.+-]{1,128}@[\w-][\w.-]{1,253}", re.ASCII)
_CONSTRAINT = "iam.workloadIdentityPoolProviders"


class GcpScope(NamedTuple):
    """The scope of reading for one Google target. Times are epoch seconds."""

    target: Target
    since: float | None = None  # of exchanges; changes are read as far back as they are kept
    until: float | None = None
    back: float | None = None  # of a window that ends now: its seconds
    max_pages: int = 40  # of one query
    places: tuple[LogPlace, ...] = ()  # further logs: datasets, buckets of sinks
    log_options: LogOptions = LogOptions()
    only_logs: bool = False  # read nothing but these logs
    lookup: bool = True
    attempt: Token | None = None  # present this token to Google
    prefix: str = ""  # targets/NAME/ where there are several
    oracles: bool = False  # ask Policy Troubleshooter


class GcpReaders:
    """The base of one Google target's readers."""

    def __init__(self, clients: GcpClients, scope: GcpScope) -> None:
        self.clients = clients
        self.scope = scope
        self.gcp = scope.target.gcp or TargetGcp()
        self.prefix = scope.prefix
        parts = split_name(self.gcp.provider or self.gcp.audience or "")
        project, self.location, pool, self.provider_id = parts or ("", "", "", None)
        ids = (self.location, pool, self.provider_id or "x")
        usable = bool(parts) and bool(_PROJECT.fullmatch(project)) and all(_ID.fullmatch(name) for name in ids)
        self.provider_project = project if usable else ""
        self.pool = (
            f"projects/{segment(project)}/locations/{segment(self.location)}/workloadIdentityPools/{segment(pool)}"
            if usable
            else ""
        )
        self.pool_id = pool
        account = self.gcp.service_account or ""
        self.email = account if _MAIL.fullmatch(account) else ""
        self.account_project = _project_of(self.email)
        self.policy_project = self.account_project or self.provider_project

    def name(self, short: str) -> str:
        """Return a reader's name, which is unique per target."""
        return f"{self.prefix}gcp.{short}"

    def path(self, short: str) -> str:
        """Return the bundle path of a gcp/ file."""
        return f"{self.prefix}gcp/{short}"

    def reader(self, short: str, path: str, call: str, read: Any, grants: tuple[Grant, ...], *needs: str) -> Reader:
        """Return a reader whose denial names the permission, and a role with it."""

        def guarded(collector: Collector) -> Any:
            try:
                return read(collector)
            except CallError as failure:
                raise with_permission(failure, grants) from None

        return Reader(
            self.name(short), self.path(path), call, guarded, tuple(self.name(need) for need in needs), grants
        )

    def unusable(self) -> list[Reader]:
        """Return readers that fail for an impossible name, such as an unexpanded variable, without a request."""

        def refuse(kind: str, name: str) -> Any:
            def read(_: Collector) -> None:
                raise CallError(
                    "failed", "BadName", f"{kind} {name!r} cannot be the name of one, so it was not asked for"
                )

            return read

        readers = []
        if self.gcp.provider and not self.pool:
            readers.append(self.reader("provider", "provider.json", "iam", refuse("provider", self.gcp.provider), ()))
        if self.gcp.service_account and not self.email:
            read = refuse("service account", self.gcp.service_account)
            readers.append(self.reader("service-account", "service-account.json", "iam", read, ()))
        return readers

    def listed(self, collector: Collector, path: str, items: str) -> list[Any]:
        """Return all pages of a list, including deleted resources. Raises CallError also for endless pages."""

        def ask(page: dict[str, Any]) -> Any:
            return self.clients.get(collector, "iam", path, showDeleted="true", pageSize=100, **page)

        elements: list[Any] = []
        for answer in pages(ask, _PAGING):
            listed = answer.get(items, [])
            if not isinstance(listed, list):
                raise CallError("failed", "Malformed", f"the answer's {items} is not a list")
            elements += listed
        return elements

    def is_missing(self, collector: Collector, path: str) -> bool:
        """Whether Google reported that the resource does not exist."""
        entry = collector.reads.get(self.path(path))
        return entry is not None and entry["outcome"] == "not_found"

    def one_project(self, collector: Collector) -> bool:
        """Whether the number and the ID belong to the same project, as far as known."""
        project = collector.answer(self.name("project")) or {}
        names = {str(project.get("name", "")).removeprefix("projects/"), project.get("projectId")}
        return {self.account_project, self.provider_project} <= names


class GcpConfiguration(GcpReaders):
    """The readers of the configuration. The docstring of each reader names its result."""

    def provider(self) -> Reader:
        """The provider as the API returns it; a deleted provider remains readable for 30 days."""

        def read(collector: Collector) -> dict[str, Any]:
            answer = self.clients.get(collector, "iam", f"v1/{self.pool}/providers/{segment(self.provider_id or '')}")
            _has(answer, "name")
            collector.save(self.path("provider.json"), "iam.workloadIdentityPoolProviders.get", answer)
            return answer

        call = "iam.workloadIdentityPoolProviders.get"
        return self.reader("provider", "provider.json", call, read, (Grant(call, self.pool, IAM),))

    def provider_list(self) -> Reader:
        """The pool's providers, the deleted among them: only where the target names none, or a missing one."""

        def read(collector: Collector) -> list[Any] | None:
            if self.provider_id and not self.is_missing(collector, "provider.json"):
                return None
            providers = self.listed(collector, f"v1/{self.pool}/providers", "workloadIdentityPoolProviders")
            collector.save(self.path("providers.json"), call, providers)
            return providers

        call = "iam.workloadIdentityPoolProviders.list"
        return self.reader("providers", "providers.json", call, read, (Grant(call, self.pool, IAM),), "provider")

    def pool_itself(self) -> Reader:
        """The pool."""

        def read(collector: Collector) -> dict[str, Any]:
            answer = self.clients.get(collector, "iam", f"v1/{self.pool}")
            _has(answer, "name")
            collector.save(self.path("pool.json"), call, answer)
            return answer

        call = "iam.workloadIdentityPools.get"
        return self.reader("pool", "pool.json", call, read, (Grant(call, self.pool, IAM),))

    def pool_list(self) -> Reader:
        """The project's pools, the deleted among them: only where the target's is not there."""

        def read(collector: Collector) -> None:
            if self.is_missing(collector, "pool.json"):
                place = f"v1/projects/{segment(self.provider_project)}/locations/{segment(self.location)}"
                pools = self.listed(collector, f"{place}/workloadIdentityPools", "workloadIdentityPools")
                collector.save(self.path("pools.json"), call, pools)

        call = "iam.workloadIdentityPools.list"
        grant = Grant(call, f"projects/{self.provider_project}", IAM)
        return self.reader("pools", "pools.json", call, read, (grant,), "pool")

    def project(self) -> Reader:
        """The pool's project: its number, its ID, and its parent."""

        def read(collector: Collector) -> dict[str, Any]:
            answer = self.clients.get(
                collector, "cloudresourcemanager", f"v3/projects/{segment(self.provider_project)}"
            )
            number = _has(answer, "name").removeprefix("projects/")
            _has(answer, "projectId")
            collector.save(self.path("project.json"), call, {"projectNumber": number, **answer})
            return answer

        call = "resourcemanager.projects.get"
        grant = Grant(call, f"projects/{self.provider_project}", PROJECTS)
        return self.reader("project", "project.json", call, read, (grant,))

    def services(self) -> Reader:
        """Whether the APIs are on: sts in the pool's project, iamcredentials in the service account's."""
        apis = {self.provider_project or self.account_project: ["sts.googleapis.com", IAM]}
        if self.email:
            place = self.account_project or self.provider_project
            apis.setdefault(place, []).append("iamcredentials.googleapis.com")

        def read(collector: Collector) -> None:
            states: list[Any] = []
            every = [name for names in apis.values() for name in names]
            places = {next(iter(apis)): every} if self.one_project(collector) else apis
            for project, names in places.items():
                place = f"projects/{segment(project)}"
                answer = self.clients.get(
                    collector,
                    "serviceusage",
                    f"v1/{place}/services:batchGet",
                    names=[f"projects/{project}/services/{name}" for name in names],
                )
                services = answer.get("services")
                if not isinstance(services, list):
                    raise CallError("failed", "Malformed", "the answer has no services")
                states += services
            collector.save(self.path("services.json"), call, states)

        call = "serviceusage.services.get"
        grants = tuple(Grant(call, f"projects/{project}", "serviceusage.googleapis.com") for project in apis)
        return self.reader("services", "services.json", call, read, grants, "project")

    def org_policy(self) -> Reader:
        """Read the issuers that the organization allows: the effective constraint in the pool's project."""

        def read(collector: Collector) -> None:
            place = f"projects/{segment(self.provider_project)}"
            answer = self.clients.get(collector, "orgpolicy", f"v2/{place}/policies/{_CONSTRAINT}:getEffectivePolicy")
            collector.save(self.path(path), call, answer)

        call, path = "orgpolicy.policy.get", f"org-policies/{_CONSTRAINT}.json"
        grant = Grant(call, f"projects/{self.provider_project}", "orgpolicy.googleapis.com")
        return self.reader("org-policy", path, call, read, (grant,))

    # --------------------------------------------------------------------------------------------- the service account

    def account_place(self) -> str:
        """The account's resource; with its project, because `-` makes a missing one look forbidden."""
        return f"v1/projects/{segment(self.account_project or '-')}/serviceAccounts/{segment(self.email)}"

    def service_account(self) -> Reader:
        """The service account: whether it is there, and enabled."""

        def read(collector: Collector) -> dict[str, Any]:
            answer = self.clients.get(collector, "iam", self.account_place())
            _has(answer, "email")
            collector.save(self.path("service-account.json"), call, answer)
            return answer

        call = "iam.serviceAccounts.get"
        grant = Grant(call, f"projects/{self.account_project or '-'}", IAM)
        return self.reader("service-account", "service-account.json", call, read, (grant,))

    def service_account_policy(self) -> Reader:
        """The service account's allow policy, conditions included."""

        def read(collector: Collector) -> dict[str, Any]:
            query = {"options.requestedPolicyVersion": 3}
            answer = self.clients.post(collector, "iam", f"{self.account_place()}:getIamPolicy", {}, **query)
            check_policy(answer)
            collector.save(self.path("service-account-policy.json"), call, answer)
            return answer

        call = "iam.serviceAccounts.getIamPolicy"
        grant = Grant(call, f"projects/{self.account_project or '-'}", IAM)
        return self.reader("service-account-policy", "service-account-policy.json", call, read, (grant,))

    # ---------------------------------------------------------------------------------------- inherited policies

    def project_policy(self) -> Reader:
        """The allow policy of the service account's project (of the pool's, without one), with its audit configs."""

        def read(collector: Collector) -> dict[str, Any]:
            policy = self.policy_of(collector, f"projects/{segment(self.policy_project)}")
            collector.save(self.path("project-policy.json"), call, policy)
            if {self.account_project, self.provider_project} - {"", self.policy_project} and not self.one_project(
                collector
            ):
                collector.warn(
                    f"the pool is in project {self.provider_project}, the service account in {self.account_project}: "
                    f"of the two, the policy of {self.policy_project} was read"
                )
            return policy

        call = "resourcemanager.projects.getIamPolicy"
        grant = Grant(call, f"projects/{self.policy_project}", PROJECTS)
        return self.reader("project-policy", "project-policy.json", call, read, (grant,), "project")

    def policy_of(self, collector: Collector, resource: str) -> dict[str, Any]:
        """The allow policy of a project, folder or organization."""
        policy = self.clients.post(collector, "cloudresourcemanager", f"v3/{resource}:getIamPolicy", _POLICY_VERSION)
        check_policy(policy)
        return policy

    def policies_above(self) -> list[Reader]:
        """The allow policies and audit configs of the folders and the organization."""

        def parents(collector: Collector) -> tuple[list[str], str]:
            """The folders above the project, the nearest first, and the organization."""
            project = collector.answer(self.name("project"))
            if not (project and self.policy_project in (project.get("projectId"), self.provider_project)):
                place = f"v3/projects/{segment(self.policy_project)}"
                project = self.clients.get(collector, "cloudresourcemanager", place)
            above = project.get("parent")
            folders: list[str] = []
            while isinstance(above, str) and above.startswith("folders/") and len(folders) < _MOST_FOLDERS:
                folders.append(above)
                above = self.clients.get(collector, "cloudresourcemanager", f"v3/{_resource(above)}").get("parent")
            organization = above if isinstance(above, str) and above.startswith("organizations/") else ""
            return folders, organization

        def read_folders(collector: Collector) -> tuple[list[str], str]:
            folders, organization = parents(collector)
            if folders:
                results = [self.policy_of(collector, _resource(folder)) for folder in folders]
                note = f"of {', '.join(folders)}" if len(folders) > 1 else None
                collector.save(self.path("folder-policy.json"), call, _together(results), message=note)
            return folders, organization

        def read_organization(collector: Collector) -> None:
            above = collector.needed(self.name("folder-policy"), "what the project lies in")
            if above[1]:
                policy = self.policy_of(collector, _resource(above[1]))
                collector.save(self.path("organization-policy.json"), over, policy)

        call, over = "resourcemanager.folders.getIamPolicy", "resourcemanager.organizations.getIamPolicy"
        of_folders = (
            Grant(call, "folders/*", PROJECTS),
            Grant("resourcemanager.folders.get", "folders/*", PROJECTS),
            Grant("resourcemanager.projects.get", f"projects/{self.policy_project}", PROJECTS),
        )
        of_organization = (Grant(over, "organizations/*", PROJECTS),)
        return [
            self.reader("folder-policy", "folder-policy.json", call, read_folders, of_folders, "project"),
            self.reader(
                "organization-policy", "organization-policy.json", over, read_organization, of_organization,
                "folder-policy",
            ),
        ]  # fmt: skip


def with_permission(failure: CallError, grants: Sequence[Grant]) -> CallError:
    """Add the permission and a role with it to a denial, if the service named neither."""
    if failure.outcome == "denied" and not failure.hint and grants:
        role = role_with(grants[0].permission)
        needed = dict.fromkeys(grant.permission for grant in grants)
        failure.hint = f"allow {', '.join(needed)}" + (f" ({role})" if role else "")
    return failure


def _project_of(email: str) -> str:
    """Return the project in an account's e-mail address; empty if there is none."""
    parts = _NAMED.fullmatch(email)
    if parts:
        return ":".join(reversed(parts[1].split("."))) if "." in parts[1] else parts[1]  # domain-scoped projects
    parts = _DEFAULT.fullmatch(email)
    return (parts[1] or parts[2]) if parts else ""


def _has(answer: dict[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise CallError("failed", "Malformed", f"the answer has no {name}")
    return value


def check_policy(answer: dict[str, Any]) -> None:
    """Raise CallError for an invalid policy: a policy has some known members, an empty policy only an etag."""
    if not answer.keys() & {"bindings", "etag", "version", "auditConfigs"}:
        raise CallError("failed", "Malformed", "the answer is not an allow policy")


def _resource(name: str) -> str:
    kind, _, number = name.partition("/")
    return f"{segment(kind)}/{segment(number)}"


def _together(policies: list[dict[str, Any]]) -> dict[str, Any]:
    """Merge policies that all apply."""
    if len(policies) == 1:
        return policies[0]
    joined: dict[str, Any] = {"version": 3}
    for name in ("bindings", "auditConfigs"):
        parts = [part for policy in policies for part in policy.get(name) or []]
        if parts:
            joined[name] = parts
    return joined
