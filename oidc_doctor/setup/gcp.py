"""The documents of a set-up on Google Cloud: the provider of a pool, and the bindings on account and resources.

Baseten, OIDC: its script maps the whole subject, which may pass the limit of google.subject with a long environment,
binds the whole pool, and grants roles on the project. This set-up maps a part of the subject, binds the team or the
model, and grants roles on the one bucket and repository. Google Cloud, Workload Identity Federation with other
providers: google.subject has at most 127 bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.setup.wanted import AUDIENCE, ISSUER, TYPES

if TYPE_CHECKING:
    from oidc_doctor.setup.wanted import GcpWanted

USER = "roles/iam.workloadIdentityUser"
VIEWER = "roles/storage.objectViewer"
READER = "roles/artifactregistry.reader"
SERVICES = ("iam.googleapis.com", "sts.googleapis.com", "iamcredentials.googleapis.com")


def mapping(wanted: GcpWanted) -> dict[str, str]:
    """Return the attribute mapping. Four claims distinguish a team's workloads; the condition tests org and team."""
    parts = ("assertion.model", "assertion.deployment", "assertion.environment", "assertion.type")
    attributes = {"google.subject": " + '/' + ".join(parts), "attribute.team": "assertion.team"}
    return attributes | ({"attribute.model": "assertion.model"} if wanted.workload.model else {})


def condition(wanted: GcpWanted) -> str:
    """Return the attribute condition: who may exchange a token at all."""
    workload = wanted.workload
    start = f"v=1:org={workload.org}:team={workload.team}:"
    start += f"model={workload.model}:" if workload.model else ""
    clauses = [f"assertion.sub.startsWith('{start}')"]
    if workload.environment:
        clauses.append(f"assertion.environment == '{workload.environment}'")
    if workload.types != TYPES:
        clauses += [f"assertion.type == '{name}'" for name in workload.types]
    return " && ".join(clauses)


def member(wanted: GcpWanted) -> str:
    """Return the principals that may impersonate the service account."""
    workload = wanted.workload
    attribute = f"attribute.model/{workload.model}" if workload.model else f"attribute.team/{workload.team}"
    return f"principalSet://iam.googleapis.com/{wanted.pool_name}/{attribute}"


def provider(wanted: GcpWanted) -> dict[str, Any]:
    """Return the provider as gcloud describes it."""
    return {
        "name": wanted.provider_name,
        "state": "ACTIVE",
        "attributeMapping": mapping(wanted),
        "attributeCondition": condition(wanted),
        "oidc": {"issuerUri": ISSUER, "allowedAudiences": [AUDIENCE]},
    }


def _policy(role: str, holder: str) -> dict[str, Any]:
    return {"version": 1, "bindings": [{"role": role, "members": [holder]}]}


def files(wanted: GcpWanted) -> dict[str, Any]:
    """Return the set-up as bundle files: gcloud's output after the set-up."""
    account = f"serviceAccount:{wanted.email}"
    documents: dict[str, Any] = {
        "gcp/pool.json": {"name": wanted.pool_name, "state": "ACTIVE"},
        "gcp/provider.json": provider(wanted),
        "gcp/project.json": {"projectId": wanted.project, "projectNumber": wanted.project_number},
        "gcp/service-account.json": {"email": wanted.email, "uniqueId": "100000000000000000001"},
        "gcp/service-account-policy.json": _policy(USER, member(wanted)),
        "gcp/services.json": [{"config": {"name": name}, "state": "ENABLED"} for name in SERVICES],
        "gcp/project-policy.json": {"version": 1, "bindings": []},
    }
    if wanted.bucket:
        documents["gcp/bucket-policy.json"] = _policy(VIEWER, account)
    if wanted.repository:
        documents["gcp/repository-policy.json"] = _policy(READER, account)
    return documents


def target(wanted: GcpWanted) -> dict[str, str]:
    """Return the workload's request and needs, as in oidc-doctor.toml."""
    values = {"provider": wanted.provider_name, "service_account": wanted.email, "gcs_bucket": wanted.bucket}
    repository = wanted.artifact_repository
    if repository:
        image = f"{repository.location}-docker.pkg.dev/{repository.project}/{repository.name}/image"
        values["artifact_repository"] = image
    return {name: value for name, value in values.items() if value}
