"""Role assumes itself

Symptom
    `… is not authorized to perform: sts:AssumeRole` on the role that the caller already has.
Reason
    The OIDC exchange worked. Then the application read AWS_ROLE_ARN and called AssumeRole for the same role with the
    credentials it had just got; a trust policy that names only the OIDC provider does not allow that.
Confirm
    In CloudTrail the refused AssumeRole comes from a session of the very role that it asks for.
Fix
    Use the first credentials directly, and remove the second role with the same ARN from the SDK's configuration.
Source
    A public report with its confirmed fix.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, role_name


@cause("AWS008", "self-assume-not-allowed", Kind.SELF_ASSUME_NOT_ALLOWED)
def self_assume_not_allowed(refusal: Refusal) -> Words:
    """Say that the second assume is the one refused."""
    role = given(" `{}`", role_name(refusal))
    return Words(
        f"the role{role} already obtained with it is being assumed a second time, by its own session",
        "Use the credentials of AssumeRoleWithWebIdentity directly: remove the second assume-role, "
        "often made because AWS_ROLE_ARN is set, from the client's configuration.",
    )
