"""Endpoint policy denies the exchange

Symptom
    AccessDenied on AssumeRoleWithWebIdentity, but only from inside a VPC that has an endpoint for STS.
Reason
    AssumeRoleWithWebIdentity is unsigned. A policy of the STS endpoint that allows only by aws:PrincipalOrgID or
    aws:PrincipalAccount, or whose Principal is not "*", therefore denies each such call.
Confirm
    `aws ec2 describe-vpc-endpoints --filters Name=service-name,Values=com.amazonaws.REGION.sts`; run the exchange
    outside the VPC.
Fix
    Allow sts:AssumeRoleWithWebIdentity for Principal "*" in the endpoint policy, limited by aws:ResourceAccount or
    aws:ResourceOrgID.
Source
    AWS STS documentation, VPC endpoint policies.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("AWS053", "endpoint-policy-denies-exchange", Kind.ENDPOINT_POLICY_DENIES_EXCHANGE)
def endpoint_policy_denies_exchange(refusal: Refusal) -> Words:
    """Say which policy denies, and the condition key that fits an unsigned call."""
    reason = refusal.fact("reason")  # of a policy that was read; the caller's error names no value of it
    if reason:
        return Words(reason, "Exempt sts:AssumeRoleWithWebIdentity from the Deny in the policy of this endpoint.")
    return Words(
        "the policy of the VPC endpoint for STS denies AssumeRoleWithWebIdentity, an unsigned call",
        'Allow sts:AssumeRoleWithWebIdentity for Principal "*" in the endpoint policy, limited by '
        "aws:ResourceAccount or aws:ResourceOrgID: aws:PrincipalOrgID is absent from an unsigned call.",
    )
