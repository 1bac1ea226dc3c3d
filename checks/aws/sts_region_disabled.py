"""STS Region disabled

Symptom
    RegionDisabledException `STS is not activated in this region for account:…`.
Reason
    The call went to the STS endpoint of a Region that the role's account has not enabled, or in which its administrator
    has deactivated STS.
Confirm
    IAM console, Account settings, Security Token Service: the list of endpoints.
Fix
    Activate STS there, or point the client to the endpoint of an enabled Region.
Source
    STS API reference, AssumeRoleWithWebIdentity.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("AWS006", "sts-region-disabled", Kind.STS_REGION_DISABLED)
def sts_region_disabled(refusal: Refusal) -> Words:
    """Name the Region."""
    region = refusal.fact("region", "this Region")
    return Words(
        f"STS is not activated in {region} for the role's account",
        f"Activate STS in {region} in the IAM console's account settings, or call the endpoint of another Region.",
    )
