"""The workload identity pool providers of a plan, and the service accounts that their tokens impersonate.

The files are what gcloud prints. Source: hashicorp/google, Resources google_iam_workload_identity_pool,
google_iam_workload_identity_pool_provider and google_service_account: their arguments and attributes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.model.evidence import Target, TargetGcp
from oidc_doctor.model.planned import PlannedChange
from oidc_doctor.plans.gaps import Symbolic
from oidc_doctor.plans.grants import Grant, grants_of, is_of, refers_to
from oidc_doctor.plans.masked import Open, first_open
from oidc_doctor.plans.projects import Projects
from oidc_doctor.plans.references import source_of
from oidc_doctor.plans.target_files import TargetFiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.plans.gaps import Gaps
    from oidc_doctor.plans.plan import Plan, Resource

POOL, PROVIDER = "google_iam_workload_identity_pool", "google_iam_workload_identity_pool_provider"
ACCOUNT = "google_service_account"
_POOL_FILE, _PROVIDER_FILE, _ACCOUNT_FILE = "gcp/pool.json", "gcp/provider.json", "gcp/service-account.json"
_POLICY_FILE, _PROJECT_FILE = "gcp/service-account-policy.json", "gcp/project-policy.json"
_USER = "roles/iam.workloadIdentityUser"
_KINDS = ("aws", "oidc", "saml", "x509")
_UNSEEN = Open("members", "unmanaged")  # members of a policy that exist without being in the plan
_MAIL = ".iam.gserviceaccount.com"


class Account(NamedTuple):
    """A service account: its resource in the plan, if any, and its address as far as it is known."""

    resource: Resource | None
    email: str
    granted_by: Resource | None = None  # of an account that the plan leaves open: the grant that is on it

    @property
    def name(self) -> str:
        """Its address in the plan, or that of the grant on it, or its e-mail address."""
        known = self.resource or self.granted_by
        return known.address if known else self.email


class GcpPart:
    """The targets of Google Cloud in a plan."""

    def __init__(self, plan: Plan, gaps: Gaps) -> None:
        self.plan = plan
        self.gaps = gaps
        self.projects = Projects(plan)
        self.pools = plan.of_type(POOL)
        self.accounts = [
            Account(resource, self._email(resource))
            for resource in (*plan.of_type(ACCOUNT), *plan.of_type(ACCOUNT, mode="data"))
        ]
        self.grants = grants_of(plan, f"{ACCOUNT}_iam")
        self.project_grants = grants_of(plan, "google_project_iam")

    def targets(self) -> Iterator[TargetFiles]:
        """Yield the files of each provider with each service account that trusts its pool."""
        for provider in self.plan.of_type(PROVIDER):
            accounts = self._accounts_of(provider)
            if len(accounts) > 1:
                for account in accounts:
                    yield self._target(provider, account, f"{provider.address} {account.name}")
            else:
                yield self._target(provider, accounts[0] if accounts else None, provider.address)

    def _target(self, provider: Resource, account: Account | None, name: str) -> TargetFiles:
        full = self._full_name(provider)
        target = TargetGcp(provider=full, service_account=account.email if account else None)
        part = TargetFiles(Target(name, gcp=target), self.plan, self.gaps)
        part.changes.append(
            _planned(provider, _PROVIDER_FILE, self._name_in(provider.before), full if provider.after else "")
        )
        part.changes += self._created_again(
            provider, ("workload_identity_pool_id", "workload_identity_pool_provider_id")
        )
        pool = self._pool_of(provider)
        gone = next((one for one in (provider, pool) if one and one.after is None and not one.doubt), None)
        if provider.doubt:
            part.leave_out(_PROVIDER_FILE, provider)
        elif gone is not None:  # a provider goes with its pool
            part.delete(_PROVIDER_FILE, gone.address)
        else:
            self._put_provider(part, provider, full)
        if provider.before is not None and not provider.doubt and provider.is_changed:
            self._put_provider(part, provider, self._name_in(provider.before) or full, earlier=True)
        self._put_pool(part, provider, Symbolic(full.rpartition("/providers/")[0]))
        if account is not None:
            self._put_account(part, account)
            self._put_policy(part, account)
        return part

    def _created_again(self, resource: Resource, ids: tuple[str, ...]) -> list[PlannedChange]:
        """Return the resources that the plan creates with the ids of one that it deletes."""
        old = resource.before or {}
        name = self._name_in(old)
        if resource.after is not None or not name:
            return []
        return [
            _planned(other, _PROVIDER_FILE if other.type == PROVIDER else _POOL_FILE, "", name)
            for other in self.plan.of_type(resource.type)
            if other.actions == ("create",) and all((other.after or {}).get(part) == old.get(part) for part in ids)
        ]

    # Names

    def _full_name(self, provider: Resource) -> str:
        values = provider.values
        name = self._name_in(values)
        if name:
            return name
        ids = [
            value if isinstance(value, str) and value else self.gaps.text(provider.address, attribute)
            for attribute in ("workload_identity_pool_id", "workload_identity_pool_provider_id")
            for value in (values.get(attribute),)
        ]
        number = self.projects.number(provider)
        return Symbolic(f"projects/{number}/locations/global/workloadIdentityPools/{ids[0]}/providers/{ids[1]}")

    def _name_in(self, values: dict[str, Any] | None) -> str:
        name = (values or {}).get("name")
        return name if isinstance(name, str) and name.startswith("projects/") else ""

    def _email(self, account: Resource) -> str:
        """Return the address of an account, which is open in some plans although its parts are known."""
        values = account.values
        email, name = values.get("email"), values.get("account_id")
        if isinstance(email, str) and email:
            return email
        if not isinstance(name, str) or not name:
            return self.gaps.text(account.address, "email")
        if "@" in name:  # of a data source, whose account_id may be the whole address
            return name.rpartition("/")[2]
        project = self.projects.id(account)
        if not project or ":" in project:  # the address of an account in a domain's project has another form
            return Symbolic(f"{name}@{self.gaps.text(account.address, 'project')}{_MAIL}")
        return f"{name}@{project}{_MAIL}"

    # Pool and provider

    def _put_provider(self, part: TargetFiles, provider: Resource, full: str, *, earlier: bool = False) -> None:
        values = (provider.before if earlier else provider.after) or {}
        kinds = [kind for kind in _KINDS if values.get(kind) not in (None, [])]
        blocks = [values.get(kind) for kind in kinds]
        blocking = first_open([values.get("attribute_condition"), _switch(values)])
        pool = self._pool_of(provider)
        of_pool = None if pool is None or earlier else first_open(_switch(pool.after or {}))
        if of_pool is not None and pool is not None:  # a provider of a disabled pool accepts no token
            part.leave_open(_PROVIDER_FILE, pool, of_pool)
            return
        oidc = _only(blocks[0]) if kinds == ["oidc"] else None
        if blocking is None and kinds == ["oidc"] and oidc is None:
            blocking = first_open(blocks) or Open("oidc", "shape")
        if blocking is None and oidc is not None and isinstance(oidc.get("jwks_json"), Open):
            blocking = oidc["jwks_json"]
        if blocking is None and len(kinds) != 1:
            blocking = first_open(blocks) or Open("oidc", "shape")
        if blocking is not None:
            if not earlier:
                part.leave_open(_PROVIDER_FILE, provider, blocking)
            return
        box: dict[str, Any] = {"name": full}
        if isinstance(values.get("state"), str):
            box["state"] = values["state"]
        if isinstance(values.get("disabled"), bool):
            box["disabled"] = values["disabled"]
        mapping = values.get("attribute_mapping")
        if isinstance(mapping, dict) and first_open(mapping) is None:
            box["attributeMapping"] = mapping
        elif not earlier and first_open(mapping) is not None:
            part.name_unknown(provider, first_open(mapping), _PROVIDER_FILE)
        if values.get("attribute_condition") not in (None, ""):
            box["attributeCondition"] = values["attribute_condition"]
        box[kinds[0]] = _oidc(oidc) if oidc is not None else {}
        part.put(_PROVIDER_FILE, box, provider, earlier=earlier)

    def _put_pool(self, part: TargetFiles, provider: Resource, full: str) -> None:
        pool = self._pool_of(provider)
        if pool is None:
            return
        part.changes.append(_planned(pool, _POOL_FILE, self._name_in(pool.before), full if pool.after else ""))
        part.changes += self._created_again(pool, ("workload_identity_pool_id",))
        if pool.doubt:
            part.leave_out(_POOL_FILE, pool)
            return
        if pool.after is None:
            part.delete(_POOL_FILE, pool.address)
            return
        blocking = first_open(_switch(pool.after))
        if blocking is not None:
            part.leave_open(_POOL_FILE, pool, blocking)
            return
        box: dict[str, Any] = {"name": full, "disabled": pool.after.get("disabled") is True}
        if isinstance(pool.after.get("state"), str):
            box["state"] = pool.after["state"]
        part.put(_POOL_FILE, box, pool)

    def _pool_of(self, provider: Resource) -> Resource | None:
        """Return the provider's pool: the one that its block refers to, or the one of its project with its id."""
        candidates = self._pools_of(provider)
        return candidates[0] if len(candidates) == 1 and self._is_certain(candidates[0], provider) else None

    def _pools_of(self, provider: Resource) -> list[Resource]:
        """Return the pools that may be the provider's, because of what the plan leaves open."""
        named = self._named_pool(provider)
        if named is not None and named.type == POOL:
            return [named]
        certain = [pool for pool in self.pools if self._is_certain(pool, provider)]
        return certain or [pool for pool in self.pools if self._may_be_of(pool, provider)]

    def _named_pool(self, provider: Resource) -> Resource | None:
        """Return the resource that the provider's block refers to as its pool."""
        source = source_of(self.plan, provider, "workload_identity_pool_id")
        return source.resource if source is not None else None

    def _is_certain(self, pool: Resource, provider: Resource) -> bool:
        ids = [part.values.get("workload_identity_pool_id") for part in (pool, provider)]
        named = self._named_pool(provider)
        if named is not None and named.address == pool.address:
            return True
        same_project = self.projects.key_of(pool) == self.projects.key_of(provider)
        return isinstance(ids[0], str) and ids[0] == ids[1] and same_project

    def _may_be_of(self, pool: Resource, provider: Resource) -> bool:
        ids = [part.values.get("workload_identity_pool_id") for part in (pool, provider)]
        return ids[0] == ids[1] or any(not isinstance(part, str) for part in ids)

    # Service accounts

    def _accounts_of(self, provider: Resource) -> list[Account]:
        """Return the accounts whose members name the provider's pool, by their texts or by their references."""
        addresses = frozenset(part.address for part in (*self._pools_of(provider), provider))
        pool_id = provider.values.get("workload_identity_pool_id")
        mark = f"/workloadIdentityPools/{pool_id}/" if isinstance(pool_id, str) else "/workloadIdentityPools/"
        accounts: dict[str, Account] = {}
        for grant in self.grants:
            named = any(isinstance(member, str) and mark in member for member in grant.members)
            if not named and refers_to(self.plan, grant, addresses) is False:
                continue
            account = self._account_of(grant)
            if account is not None:
                accounts.setdefault(account.name, account)
        return list(accounts.values())

    def _account_of(self, grant: Grant) -> Account | None:
        for account in self.accounts:
            then = (account.resource.before or {}).get("email") if account.resource else None
            names = self._names(account.email) | (self._names(then) if isinstance(then, str) else frozenset())
            if is_of(self.plan, grant, account.resource, "service_account_id", names):
                return account
        value = grant.resource.values.get("service_account_id")
        email = value.rpartition("/")[2] if isinstance(value, str) else ""
        if "@" not in email and not grant.is_gone:
            return Account(None, self.gaps.text(grant.resource.address, "service_account_id"), grant.resource)
        return Account(None, email) if "@" in email else None

    def _names(self, email: str) -> frozenset[str]:
        """Return the forms in which a grant names an account."""
        project = email.partition("@")[2].removesuffix(_MAIL)
        return frozenset((email, f"projects/-/serviceAccounts/{email}", f"projects/{project}/serviceAccounts/{email}"))

    def _put_account(self, part: TargetFiles, account: Account) -> None:
        resource = account.resource
        if resource is None:
            return
        before, after = (resource.before or {}).get("email"), account.email if resource.after is not None else ""
        part.changes.append(_planned(resource, _ACCOUNT_FILE, before, after))
        if resource.doubt:
            part.leave_out(_ACCOUNT_FILE, resource)
            part.leave_out(_POLICY_FILE, resource)
            return
        if resource.after is None:
            part.delete(_ACCOUNT_FILE, resource.address)
            part.delete(_POLICY_FILE, resource.address)
            return
        disabled = _switch(resource.after)
        if isinstance(disabled, Open):
            part.leave_open(_ACCOUNT_FILE, resource, disabled)
            part.leave_open(_POLICY_FILE, resource, disabled)  # no policy matters while the account may be disabled
            return
        box: dict[str, Any] = {"email": Symbolic(account.email), "disabled": disabled is True}
        unique_id = resource.after.get("unique_id")
        if isinstance(unique_id, str) and unique_id:
            box["uniqueId"] = unique_id
        part.put(_ACCOUNT_FILE, box, resource)

    def _put_policy(self, part: TargetFiles, account: Account) -> None:
        if any(read["path"] == _POLICY_FILE for read in part.reads):
            return
        names = self._names(account.email)
        bindings: list[tuple[Resource, dict[str, Any]]] = []
        is_whole = account.resource is not None and "create" in account.resource.actions
        for grant in self.grants:
            applies = is_of(self.plan, grant, account.resource, "service_account_id", names)
            if applies is False:
                continue
            if applies:
                part.changes.append(_granted(grant))
            if grant.is_gone:
                continue
            is_whole = is_whole or (grant.is_whole and applies is True)
            bindings += [(grant.resource, binding if applies else _doubted(binding)) for binding in grant.bindings]
        if not is_whole:
            unmanaged = {"role": _USER, "members": [_UNSEEN]}
            bindings.append((account.resource or account.granted_by or bindings[0][0], unmanaged))
        part.put_bindings(_POLICY_FILE, bindings, account.name)
        self._put_project_policy(part, account)

    def _put_project_policy(self, part: TargetFiles, account: Account) -> None:
        """Write the members of a pool that the plan grants a role on the account's project."""
        project = account.email.partition("@")[2].removesuffix(_MAIL)
        bindings: list[tuple[Resource, dict[str, Any]]] = []
        for grant in self.project_grants:
            if grant.is_gone:
                continue
            named = self.projects.id(grant.resource)
            if named and project and not project.startswith("<") and named != project:
                continue
            is_same = bool(named) and named == project
            bindings += [
                (grant.resource, binding if is_same else _doubted(binding))
                for binding in grant.bindings
                if any(
                    not isinstance(member, str) or "workloadIdentityPools" in member for member in binding["members"]
                )
            ]
        if bindings:
            part.put_bindings(_PROJECT_FILE, bindings, "the project's members in the plan")


def _switch(values: dict[str, Any]) -> bool | Open:
    """Return whether a resource is disabled; an Open for a value that is open or of another type."""
    disabled = values.get("disabled")
    if disabled is None or isinstance(disabled, bool):
        return bool(disabled)
    return disabled if isinstance(disabled, Open) else Open("disabled", "shape")


def _only(block: Any) -> dict[str, Any] | None:
    value = block[0] if isinstance(block, list) and len(block) == 1 else block
    return value if isinstance(value, dict) else None


def _oidc(block: dict[str, Any]) -> dict[str, Any]:
    box: dict[str, Any] = {"issuerUri": block.get("issuer_uri")}
    audiences = block.get("allowed_audiences")
    if isinstance(audiences, Open):
        box["allowedAudiences"] = [audiences]
    elif isinstance(audiences, list) and audiences:
        box["allowedAudiences"] = audiences
    elif audiences not in (None, []):
        box["allowedAudiences"] = [Open("oidc[0].allowed_audiences", "shape")]
    if block.get("jwks_json") not in (None, ""):
        box["jwksJson"] = block["jwks_json"]
    return box


def _doubted(binding: dict[str, Any]) -> dict[str, Any]:
    """Return a binding of which it is open whether it is on this resource: its members are open."""
    return {"role": binding["role"], "members": [_UNSEEN]}


def _granted(grant: Grant) -> PlannedChange:
    texts = [", ".join(member for member in grant.members if isinstance(member, str))]
    before = "" if grant.resource.before is None else texts[0]
    return _planned(grant.resource, _POLICY_FILE, before, "" if grant.is_gone else texts[0])


def _planned(resource: Resource, place: str, before: Any, after: Any) -> PlannedChange:
    texts = [value if isinstance(value, str) else "" for value in (before, after)]
    return PlannedChange(resource.address, resource.type, resource.actions, place, resource.why, *texts)
