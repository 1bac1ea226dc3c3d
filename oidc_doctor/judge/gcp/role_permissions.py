"""Predefined roles with the permissions that a workload needs.

Cloud Storage documentation, IAM roles for Cloud Storage; Artifact Registry documentation, access control with IAM
(November 2026). The contents of custom roles, of basic roles and of roles of other services are not in this table.
"""

from __future__ import annotations

_READS = frozenset(
    f"roles/storage.{name}"
    for name in ("objectViewer", "objectUser", "objectAdmin", "admin", "legacyObjectReader", "legacyObjectOwner")
)
_LISTS = frozenset(
    f"roles/storage.{name}"
    for name in (
        *("objectViewer", "objectUser", "objectAdmin", "admin"),
        *("legacyBucketReader", "legacyBucketWriter", "legacyBucketOwner"),
    )
)
_PULLS = frozenset(
    f"roles/artifactregistry.{name}"
    for name in ("reader", "writer", "repoAdmin", "admin", "createOnPushWriter", "createOnPushRepoAdmin")
)
_HOLD = {
    "storage.objects.get": _READS,
    "storage.objects.list": _LISTS,
    "artifactregistry.repositories.downloadArtifacts": _PULLS,
}
# Roles of the set-ups that Baseten documents, which have none of these permissions.
_OTHERS = frozenset(
    (
        *("roles/iam.workloadIdentityUser", "roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountUser"),
        *("roles/storage.objectCreator", "roles/storage.bucketViewer"),
    )
)
_KNOWN = _READS | _LISTS | _PULLS | _OTHERS
SMALLEST = {
    "storage.objects.get": "roles/storage.objectViewer",
    "storage.objects.list": "roles/storage.objectViewer",
    "artifactregistry.repositories.downloadArtifacts": "roles/artifactregistry.reader",
}
"""The least privileged role with a permission (Baseten's documentation of OIDC)."""


def holds(role: str, permission: str) -> bool | None:
    """Whether the role has the permission; None for a role outside this table."""
    if role in _HOLD[permission]:
        return True
    return False if role in _KNOWN else None
