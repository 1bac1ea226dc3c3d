"""Derive resources that an edit creates, undeletes or enables: pool and provider, with their commands.

Source: gcloud reference, iam workload-identity-pools (create, update, undelete) and its providers (create-oidc,
undelete); a resource that was deleted can be undeleted for 30 days.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from oidc_doctor.commands import command
from oidc_doctor.documents.provider import service_states
from oidc_doctor.findings.fixes.commands import gcloud_list, gcloud_map
from oidc_doctor.findings.fixes.edit import DocumentChange
from oidc_doctor.model.document import Document
from oidc_doctor.model.evidence import GcpEvidence, GcpPool, GcpProvider, ServiceAccount

if TYPE_CHECKING:
    from oidc_doctor.model.evidence import TargetEvidence

_POOLS = ("gcloud", "iam", "workload-identity-pools")


def created(before: TargetEvidence, after: TargetEvidence) -> Iterator[DocumentChange]:
    """Yield pool and provider if they were missing, deleted or, for the pool, disabled."""
    if before.gcp is None or after.gcp is None:
        return
    pool, new_pool = before.gcp.pool, after.gcp.pool
    if isinstance(new_pool, GcpPool) and new_pool.name and pool != new_pool:
        name = new_pool.name
        if not isinstance(pool, GcpPool):
            yield _create(new_pool.document.value, "gcp/pool.json", (*_POOLS,), name, [])
        elif pool.state != new_pool.state:
            yield _undelete(pool.document.file, (*_POOLS,), name)
    yield from _account_and_apis(before.gcp, after.gcp)
    provider, new = before.gcp.provider, after.gcp.provider
    if isinstance(new, GcpProvider) and new.name and provider != new:
        words = (*_POOLS, "providers")
        if not isinstance(provider, GcpProvider) or provider.name != new.name:
            options = [f"--issuer-uri={new.issuer_uri}"]
            mapping = new.mapping if isinstance(new.mapping, dict) else {}
            options.append(f"--attribute-mapping={gcloud_map(mapping)}")
            options += [f"--attribute-condition={new.condition}"] if new.condition else []
            if new.allowed_audiences:
                options.append(f"--allowed-audiences={gcloud_list(new.allowed_audiences)}")
            yield _create(_as_written(new), new.document.file, words, new.name, options)
        elif provider.state != new.state:
            yield _undelete(provider.document.file, words, new.name)


def _as_written(provider: GcpProvider) -> dict[str, Any]:
    """Return a provider as gcloud describes it."""
    oidc: dict[str, Any] = {"issuerUri": provider.issuer_uri}
    if provider.allowed_audiences:
        oidc["allowedAudiences"] = list(provider.allowed_audiences)
    return {
        "name": provider.name,
        "state": provider.state,
        "attributeMapping": provider.mapping,
        "attributeCondition": provider.condition,
        "oidc": oidc,
    }


def _account_and_apis(before: GcpEvidence, after: GcpEvidence) -> Iterator[DocumentChange]:
    """Yield an enabled service account, and enabled APIs."""
    account, enabled = before.service_account, after.service_account
    if isinstance(account, ServiceAccount) and isinstance(enabled, ServiceAccount):
        email = enabled.email or "SERVICE_ACCOUNT"
        if account.disabled and not enabled.disabled and account.email == enabled.email:
            words = ("gcloud", "iam", "service-accounts")
            texts = json.dumps({"disabled": True}, indent=2), json.dumps({"disabled": False}, indent=2)
            gaps = [] if enabled.email else [email]
            describe, undo = [command(*words, "describe", email)], [command(*words, "disable", email)]
            run = [command(*words, "enable", email)]
            yield DocumentChange(account.document.file, texts[0], texts[1], run, "", describe, undo, gaps)
    services, listed = before.services, after.services
    if isinstance(services, Document) and isinstance(listed, Document) and services.value != listed.value:
        old, new = service_states(services), service_states(listed)
        project = after.project_id or after.project_number or "PROJECT_ID"
        for api in [api for api in new if new[api] != old.get(api)]:
            states = [json.dumps({"name": api, "state": states_of.get(api)}, indent=2) for states_of in (old, new)]
            run = [command("gcloud", "services", "enable", api, f"--project={project}")]
            verify = [command("gcloud", "services", "list", "--enabled", f"--filter={api}", f"--project={project}")]
            undo = [command("gcloud", "services", "disable", api, f"--project={project}")]
            gaps = [project] if project == "PROJECT_ID" else []
            yield DocumentChange(services.file, states[0], states[1], run, "", verify, undo, gaps)


def _create(value: Any, file: str, words: tuple[str, ...], name: str, options: list[str]) -> DocumentChange:
    verb = "create-oidc" if words[-1] == "providers" else "create"
    return DocumentChange(
        file,
        "",
        json.dumps(value, indent=2),
        [command(*words, verb, name, *options)],
        "",
        [command(*words, "describe", name)],
        [command(*words, "delete", name)],
        [],
    )


def _undelete(file: str, words: tuple[str, ...], name: str) -> DocumentChange:
    before, after = json.dumps({"state": "DELETED"}, indent=2), json.dumps({"state": "ACTIVE"}, indent=2)
    undo = [command(*words, "delete", name)]
    describe = [command(*words, "describe", name)]
    return DocumentChange(file, before, after, [command(*words, "undelete", name)], "", describe, undo, [])
