"""Permission missing

Symptom
    AccessDenied from S3, ECR or KMS, or a 403 from Google Cloud Storage or Artifact Registry. The exchange itself
    worked.
Reason
    The token was accepted; the role or service account behind it may not do what the workload then asks. S3 answers 403
    instead of 404 for a missing object when s3:ListBucket is lacking. A KMS-encrypted object needs kms:Decrypt as well,
    a bucket or repository of another account a policy on its own side.
Confirm
    Find the refused call in the logs and compare its permission and resource with the policies of the role. Reads of
    objects are data events and are not logged by default.
Fix
    Grant this one permission on this one resource.
Source
    Baseten's OIDC documentation (permissions for ECR, S3, Artifact Registry, Cloud Storage); S3 API reference.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted


@cause("ACC001", "permission-missing", Kind.PERMISSION_MISSING)
def permission_missing(refusal: Refusal) -> Words:
    """Name the permission that the session lacks, and on what."""
    permission, resource = refusal.fact("permission"), refusal.fact("resource")
    holder = refusal.fact("holder") or ("the caller" if refusal.cloud == "gcp" else "the role")
    lacks = given("{} lacks {}", holder, permission) or f"{holder} lacks a permission"
    return Words(
        f"the exchange is not the fault: {lacks}{given(' on {}', quoted(resource, ''))}",
        f"Grant {holder} {permission or 'the permission that the error names'}"
        f"{given(' on {}', resource) or ' on the resource that it needs'}.",
    )
