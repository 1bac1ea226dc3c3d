"""What is planted in Google archives: one project with a pool, a provider, a service account, and neighbours."""

from __future__ import annotations

import copy
import json

import gcp_shapes
import log_shapes as shapes
from archive_world import HOURS, START, Signal, World, baseten, timeline
from gcp_shapes import CONDITION_FALSE
from log_shapes import Json

NO_TARGET = (
    'The target service indicated by the "audience" parameters is invalid. This might either be because the pool or '
    "provider is disabled or deleted or because it doesn't exist."
)


class GcpArchive:
    """One project with a pool, a provider and a service account."""

    def __init__(self, world: World) -> None:
        rng = world.rng
        self.world = world
        self.project = f"acme-ml-{shapes.letters(rng, 5)}"
        self.number = str(rng.randrange(10**11, 10**12))
        self.pool = f"projects/{self.number}/locations/global/workloadIdentityPools/baseten-pool"
        self.provider = f"{self.pool}/providers/baseten"
        email = f"baseten-oidc@{self.project}.iam.gserviceaccount.com"
        self.account = (email, str(rng.randrange(10**20, 10**21)))
        self.family = baseten(rng, environment="production")
        self.team, self.org = self.family.claims["team"], self.family.claims["org"]
        self.caller = shapes.address(rng)
        self.config: Json = {
            "name": self.provider,
            "displayName": "Baseten",
            "state": "ACTIVE",
            "attributeMapping": {
                "google.subject": "assertion.sub",
                "attribute.team": "assertion.sub.extract('team={value}:')",
            },
            "attributeCondition": f"google.subject.startsWith('v=1:org={self.org}:')",
            "oidc": {"issuerUri": "https://oidc.baseten.co", "allowedAudiences": ["oidc.baseten.co"]},
        }
        self.member = f"principalSet://iam.googleapis.com/{self.pool}/attribute.team/{self.team}"

    def bindings(self, *members: str) -> list[Json]:
        """The account's policy; the first binding is nobody's business here."""
        deployer = f"serviceAccount:deploy-pipeline@{self.project}.iam.gserviceaccount.com"
        found: list[Json] = [{"members": [deployer], "role": "roles/iam.serviceAccountUser"}]
        if members:
            found.append({"members": list(members), "role": "roles/iam.workloadIdentityUser"})
        return found

    def activity(self, *entries: Json, innocent: str = "", at: float) -> str:
        """Admin Activity entries; the insertId of the first."""
        for offset, entry in enumerate(entries):
            self.world.signals.append(Signal(at + 2.4 * offset, entry, log="activity"))
            if innocent:
                self.world.result.innocent[entry["insertId"]] = innocent
        for entry in entries[1:]:
            self.world.result.innocent[entry["insertId"]] = "the second entry of an operation"
        return str(entries[0]["insertId"])

    def update(self, at: float, mask: str, changes: Json, *, innocent: str = "", masked: bool = False) -> str:
        """UpdateWorkloadIdentityPoolProvider; with `masked` the request holds only what the mask names."""
        rng = self.world.rng
        whole = {key: value for key, value in copy.deepcopy(self.config).items() if key != "state"} | changes
        sent = {"name": self.provider} | changes if masked else whole
        request = {"updateMask": mask, "workloadIdentityPoolProvider": sent}
        made = gcp_shapes.pool_write(
            rng, at, self.project, "deploy-pipeline", "UpdateWorkloadIdentityPoolProvider", self.provider, request
        )
        return self.activity(*made, innocent=innocent, at=at)

    def attempt(self, at: float, *, exchanged: str = "", impersonated: bool = True, subject: str = "") -> None:
        """An exchange, refused with a sentence where one is given, and the impersonation after it."""
        world, rng = self.world, self.world.rng
        subject = subject or self.family.subject(rng)
        entry = gcp_shapes.exchange(
            rng, at, self.project, self.provider, subject, message=exchanged, caller=self.caller
        )
        world.signals.append(Signal(at, entry))
        world.asked(subject, accepted=impersonated and not exchanged)
        if exchanged:
            return
        after = at + rng.uniform(0.07, 0.17)
        principal = f"principal://iam.googleapis.com/{self.pool}/subject/{subject}"
        entry = gcp_shapes.impersonation(
            rng, after, self.project, self.account, principal, accepted=impersonated,
            inner_shape=rng.random() < 0.3, caller=self.caller,
        )  # fmt: skip
        world.signals.append(Signal(after, entry))

    def present(self, *, members: tuple[str, ...], pool: Json | None = None, account: Json | None = None) -> None:
        """The configuration at the end, as gcloud prints it."""
        files = self.world.files
        files["gcp/provider.json"] = self.config
        files["gcp/pool.json"] = {"name": self.pool, "state": "ACTIVE"} | (pool or {})
        files["gcp/project.json"] = {"projectId": self.project, "projectNumber": self.number}
        audited = [{"logType": "ADMIN_READ"}]
        files["gcp/project-policy.json"] = {
            "bindings": [],
            "version": 1,
            "auditConfigs": [
                {"service": service, "auditLogConfigs": audited}
                for service in ("iam.googleapis.com", "sts.googleapis.com")
            ],
        }
        files["gcp/service-account.json"] = {
            "name": f"projects/{self.project}/serviceAccounts/{self.account[0]}",
            "email": self.account[0],
            "projectId": self.project,
            "uniqueId": self.account[1],
        } | (account or {})
        files["gcp/service-account-policy.json"] = {"bindings": self.bindings(*members), "etag": "BwYx=", "version": 1}
        files["oidc-doctor.toml"] = (
            '[[target]]\nname = "weights"\nissuer = "https://oidc.baseten.co"\n[target.gcp]\n'
            f'provider = "{self.provider}"\nservice_account = "{self.account[0]}"\n'
        )


def _gcp_created(gcp: GcpArchive) -> None:
    """A first write in the logs from which the configuration before the change is known; or none."""
    world, rng = gcp.world, gcp.world.rng
    world.result.known_before = rng.random() < 0.65
    if not world.result.known_before:
        return
    whole = {key: value for key, value in copy.deepcopy(gcp.config).items() if key != "state"}
    request = {"workloadIdentityPoolProvider": whole, "workloadIdentityPoolProviderId": "baseten", "parent": gcp.pool}
    made = gcp_shapes.pool_write(
        rng, START + 60, gcp.project, "deploy-pipeline", "CreateWorkloadIdentityPoolProvider", gcp.provider, request
    )
    gcp.activity(*made, innocent="the provider's creation", at=START + 60)
    delta = {"action": "ADD", "role": "roles/iam.workloadIdentityUser", "member": gcp.member}
    if world.plant == "gcp-project-binding-removed":
        bound: list[Json] = [{"role": "roles/iam.workloadIdentityUser", "members": [gcp.member]}]
        entry = gcp_shapes.set_project_policy(rng, START + 90, gcp.project, "deploy-pipeline", bound, [delta])
    else:
        entry = gcp_shapes.set_account_policy(
            rng, START + 90, gcp.project, "deploy-pipeline", gcp.account, gcp.bindings(gcp.member), [delta]
        )
    gcp.activity(entry, innocent="the first binding", at=START + 90)


def _gcp_neighbours(gcp: GcpArchive) -> None:
    """Another provider, another account, other edits; some close to the change."""
    world, rng = gcp.world, gcp.world.rng
    other_pool = gcp.pool.replace("baseten-pool", "github-pool")
    other = f"{other_pool}/providers/github"
    at = world.between(0, 0.03)
    while at < START + HOURS * 3600:
        broken = CONDITION_FALSE if rng.random() < 0.1 else ""
        subject = f"repo:acme/site:ref:refs/heads/{rng.choice(('main', 'next'))}"
        entry = gcp_shapes.exchange(rng, at, gcp.project, other, subject, message=broken)
        world.signals.append(Signal(at, entry))
        at += rng.uniform(0.4, 2) * 3600
    unrelated = (f"nightly-report@{gcp.project}.iam.gserviceaccount.com", str(rng.randrange(10**20, 10**21)))
    for near in (world.between(0.05, 0.95), world.change_at - 15, world.change_at + 4):
        request = {"updateMask": "attributeCondition", "workloadIdentityPoolProvider": {
            "name": other, "attributeCondition": "assertion.repository_owner == 'acme'"}}  # fmt: skip
        made = gcp_shapes.pool_write(
            rng, near, gcp.project, "ci-admin", "UpdateWorkloadIdentityPoolProvider", other, request
        )
        gcp.activity(*made, innocent="an edit of another provider", at=near)
        delta = {"action": "REMOVE", "role": "roles/iam.workloadIdentityUser", "member": gcp.member}
        entry = gcp_shapes.set_account_policy(
            rng, near + 1, gcp.project, "ci-admin", unrelated, gcp.bindings(), [delta]
        )
        gcp.activity(entry, innocent="an edit of another account", at=near + 1)
    gcp.update(world.between(0.05, 0.95), "displayName", {"displayName": "Baseten"}, innocent="a name", masked=True)


def _gcp_refused_writes(gcp: GcpArchive) -> None:
    """Writes that would have broken it, had they not been denied; and a harmless one in the gap."""
    world, rng = gcp.world, gcp.world.rng
    for at in (world.between(0.1, 0.3), world.change_at - 22):
        if rng.random() < 0.5:
            request = {"updateMask": "attributeCondition", "workloadIdentityPoolProvider": {
                "name": gcp.provider, "attributeCondition": "google.subject == 'nobody'"}}  # fmt: skip
            first, _ = gcp_shapes.pool_write(
                rng, at, gcp.project, "dev-console", "UpdateWorkloadIdentityPoolProvider", gcp.provider, request
            )
            del first["operation"]
            denied = "Permission 'iam.workloadIdentityPoolProviders.update' denied on resource (or it may not exist)."
            first["protoPayload"]["status"] = {"code": 7, "message": denied}
            first["protoPayload"]["authorizationInfo"][0].pop("granted")
            first["severity"] = "ERROR"
            gcp.activity(first, innocent="a write that was denied", at=at)
    if rng.random() < 0.4:
        described = {"description": "Tokens of Baseten deployments"}
        gcp.update(world.change_at - 8, "description", described, innocent="a description", masked=True)


def gcp_change(world: World) -> GcpArchive:
    """A change of the configuration breaks what worked."""
    gcp = GcpArchive(world)
    rng, at = world.rng, world.change_at
    _gcp_created(gcp)
    _gcp_refused_writes(gcp)
    masked = rng.random() < 0.3
    members: tuple[str, ...] = (gcp.member,)
    message, impersonated, silent = "", True, False
    pool: Json = {}
    account: Json = {}
    changes: Json = {}
    plant = world.plant
    if plant == "gcp-condition-tightened":
        text = gcp.config["attributeCondition"] + " && google.subject.contains(':environment=staging:')"
        changes, message, causes = {"attributeCondition": text}, CONDITION_FALSE, {"attribute-condition-false"}
        blamed = gcp.update(at, "attributeCondition", changes, masked=masked)
    elif plant == "gcp-mapping-changed":
        mapping = gcp.config["attributeMapping"] | {"attribute.team": "assertion.sub.extract('org={value}:')"}
        changes, impersonated = {"attributeMapping": mapping}, False
        causes = {"member-attribute-differs", "impersonation-binding-missing"}
        blamed = gcp.update(at, "attributeMapping", changes, masked=masked)
    elif plant == "gcp-audiences-changed":
        changes = {"oidc": gcp.config["oidc"] | {"allowedAudiences": ["https://oidc.baseten.co"]}}
        message = "The audience in ID Token [oidc.baseten.co] does not match the expected audience."
        causes = {"audience-not-allowed"}
        blamed = gcp.update(at, "oidc.allowedAudiences", changes, masked=masked)
    elif plant == "gcp-provider-disabled":
        changes, silent, causes = {"disabled": True}, True, {"provider-disabled"}
        blamed = gcp.update(at, "disabled", changes, masked=masked)
    elif plant == "gcp-pool-disabled":
        pool, silent, causes = {"disabled": True}, True, {"pool-disabled"}
        request = {"updateMask": "disabled", "workloadIdentityPool": {"name": gcp.pool, "disabled": True}}
        made = gcp_shapes.pool_write(
            rng, at, gcp.project, "deploy-pipeline", "UpdateWorkloadIdentityPool", gcp.pool, request
        )
        blamed = gcp.activity(*made, at=at)
    elif plant == "gcp-provider-deleted":
        silent, causes = True, {"provider-deleted"}
        made = gcp_shapes.pool_write(
            rng, at, gcp.project, "deploy-pipeline", "DeleteWorkloadIdentityPoolProvider", gcp.provider,
            {"name": gcp.provider},
        )  # fmt: skip
        blamed = gcp.activity(*made, at=at)
        changes = {"state": "DELETED", "expireTime": shapes.stamp(at + 30 * 86_400)}
    elif plant == "gcp-project-binding-removed":
        members, impersonated, causes = (), False, {"impersonation-binding-missing"}
        delta = {"action": "REMOVE", "role": "roles/iam.workloadIdentityUser", "member": gcp.member}
        viewer: list[Json] = [{"role": "roles/viewer", "members": [f"serviceAccount:{gcp.account[0]}"]}]
        entry = gcp_shapes.set_project_policy(rng, at, gcp.project, "deploy-pipeline", viewer, [delta])
        blamed = gcp.activity(entry, at=at)
    elif plant == "gcp-binding-removed":
        members, impersonated, causes = (), False, {"impersonation-binding-missing"}
        delta = {"action": "REMOVE", "role": "roles/iam.workloadIdentityUser", "member": gcp.member}
        entry = gcp_shapes.set_account_policy(
            rng, at, gcp.project, "deploy-pipeline", gcp.account, gcp.bindings(), [delta]
        )
        blamed = gcp.activity(entry, at=at)
    else:
        account, impersonated, causes = {"disabled": True}, False, {"service-account-disabled"}
        blamed = gcp.activity(
            gcp_shapes.account_write(rng, at, gcp.project, "deploy-pipeline", gcp.account, "Disable"), at=at
        )
    for when in timeline(world):
        if world.accepted_at(when):
            gcp.attempt(when)
        elif not silent:
            gcp.attempt(when, exchanged=message, impersonated=impersonated)
    _gcp_neighbours(gcp)
    gcp.config |= changes
    gcp.present(members=members, pool=pool, account=account)
    world.result.blamed, world.result.causes, world.result.by = (blamed,), frozenset(causes), "deploy-pipeline"
    if silent:
        body = {"error": "invalid_target", "error_description": NO_TARGET}
        said = f"('Error code invalid_target: {NO_TARGET}', '{json.dumps(body)}')"
        world.files["error.txt"] = f"google.auth.exceptions.OAuthError: {said}\n"
        world.result.basis = "change"
    return gcp


def gcp_mended(world: World) -> GcpArchive:
    """A tightened condition, loosened again."""
    gcp = GcpArchive(world)
    _gcp_created(gcp)
    text = gcp.config["attributeCondition"] + " && google.subject.contains(':environment=staging:')"
    blamed = gcp.update(world.change_at, "attributeCondition", {"attributeCondition": text})
    mended_at = world.change_at + world.rng.uniform(2, 5) * 3600
    back = {"attributeCondition": gcp.config["attributeCondition"]}
    gcp.update(mended_at, "attributeCondition", back, innocent="the mending edit")
    times = timeline(world)
    for at in times:
        good = world.accepted_at(at) or at >= mended_at + world.lag
        gcp.attempt(at, exchanged="" if good else CONDITION_FALSE)
    _gcp_neighbours(gcp)
    gcp.present(members=(gcp.member,))
    world.result.blamed, world.result.by = (blamed,), "deploy-pipeline"
    world.result.causes, world.result.status = frozenset({"attribute-condition-false"}), "past"
    later = [at for at in times if at >= mended_at + world.lag]
    world.result.until = (max(at for at in times if at < mended_at + world.lag), min(later))
    return gcp


def gcp_steady(world: World) -> GcpArchive:
    """Nothing changes in the configuration: accepted or refused all along, or only the subject's form changes."""
    gcp = GcpArchive(world)
    rng = world.rng
    form = world.plant == "gcp-subject-format"
    if form:
        gcp.family = baseten(rng, key="env", environment="production")
        gcp.team, gcp.org = gcp.family.claims["team"], gcp.family.claims["org"]
        gcp.member = f"principalSet://iam.googleapis.com/{gcp.pool}/attribute.team/{gcp.team}"
        text = f"google.subject.startsWith('v=1:org={gcp.org}:') && google.subject.contains(':env=production:')"
        gcp.config["attributeCondition"] = text
    elif world.plant == "gcp-denied-all-along":
        gcp.config["attributeCondition"] = f"google.subject.startsWith('v=1:org={gcp.org}X:')"
    _gcp_created(gcp)
    for at in timeline(world):
        subject = gcp.family.subject(rng)
        message = "" if world.plant == "gcp-healthy" else CONDITION_FALSE
        if form and at < world.change_at:
            message = ""
        elif form:
            subject = subject.replace(":env=", ":environment=")
        gcp.attempt(at, exchanged=message, subject=subject)
    _gcp_neighbours(gcp)
    gcp.present(members=(gcp.member,))
    causes = {"gcp-healthy": set(), "gcp-denied-all-along": {"attribute-condition-false"}}
    world.result.causes = frozenset(causes.get(world.plant, {"attribute-condition-false", "subject-format-changed"}))
    world.result.token_change = form
    return gcp
