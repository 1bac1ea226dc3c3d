"""Object missing, shown as denied

Symptom
    `An error occurred (403) when calling the HeadObject operation: Forbidden`, or a 403 for an object that should
    exist.
Reason
    A caller without permission to list the bucket does not learn whether an object exists: S3 answers 403 for a
    missing key, Google Cloud Storage `… denied (or it may not exist)`. A typo in the key therefore looks like a
    lack of permission.
Confirm
    List the prefix with an identity that may list the bucket; if the object is there, a permission is missing.
Fix
    Correct the key, or grant the permission to read this object.
Source
    S3 API reference, HeadObject and GetObject (permissions); Cloud Storage, HTTP status codes.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted


@cause("ACC016", "object-missing-shown-as-denied", Kind.OBJECT_MISSING_SHOWN_AS_DENIED)
def object_missing_shown_as_denied(refusal: Refusal) -> Words:
    """Name both readings, and the call that distinguishes them."""
    operation, resource = refusal.fact("operation"), refusal.fact("resource")
    bucket = operation == "HeadBucket"
    subject = "the bucket" if bucket else "the object"
    return Words(
        f"{subject}{given(' {}', quoted(resource, ''))} does not exist, or the caller may not read it: "
        "without permission to list, the answer is the same",
        "Check the name first: list the prefix with an identity that may list the bucket. If the name is right, "
        f"grant {'s3:ListBucket on the bucket' if bucket else 's3:GetObject on the object'} "
        "(on Google Cloud storage.objects.get).",
    )
