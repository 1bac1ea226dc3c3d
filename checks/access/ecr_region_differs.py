"""ECR Region differs

Symptom
    The exchange works, and the pull from ECR fails with an authorization error.
Reason
    A private registry of ECR belongs to a Region, which its host names. `aws_oidc_region` is the Region in which the
    credentials are requested; a token of another Region is probably not valid there (inferred).
Confirm
    Compare the Region in the host of the image with `aws_oidc_region`.
Fix
    Write the Region of the image as `aws_oidc_region`.
Source
    Amazon ECR User Guide, private registry authentication; Baseten's documentation of private registries.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, quoted


@cause("ACC028", "ecr-region-differs", Kind.ECR_REGION_DIFFERS)
def ecr_region_differs(refusal: Refusal) -> Words:
    """Name both Regions."""
    wanted = refusal.expected.value if refusal.expected else ""
    found = refusal.actual.value if refusal.actual else ""
    return Words(
        f"the token for ECR is requested in {quoted(found, 'one Region')}, and the image is in "
        f"{quoted(wanted, 'another')}",
        f"Write aws_oidc_region: {wanted}, the Region in the host of the image."
        if wanted
        else "Write the Region in the host of the image as aws_oidc_region.",
    )
