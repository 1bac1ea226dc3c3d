"""Access denied by a VPC endpoint policy

Symptom
    The denial text of an AWS service ends in `because no VPC endpoint policy allows …` or `with an explicit deny in
    a VPC endpoint policy`.
Reason
    The request passes through a VPC endpoint, whose policy does not allow it. The same request from outside the VPC
    is not affected.
Confirm
    `aws ec2 describe-vpc-endpoints` in the VPC of the workload; ECR layers come from S3 and use its endpoint.
Fix
    Have the owner of the VPC allow the role, action and resource in the policy of the endpoint.
Source
    IAM User Guide, Troubleshoot access denied error messages; IAM User Guide, policy evaluation logic.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, credentials_first, denial, given


@cause("ACC022", "access-denied-by-endpoint-policy", Kind.ACCESS_DENIED_BY_ENDPOINT_POLICY)
def access_denied_by_endpoint_policy(refusal: Refusal) -> Words:
    """Name the policy that denies, the permission and the resource."""
    return Words(
        denial(refusal, "VPC endpoint policy"),
        credentials_first(
            refusal,
            f"Allow {refusal.fact('permission') or 'the action'}{given(' on {}', refusal.fact('resource'))} "
            "in the policy of the VPC endpoint that the request uses.",
        ),
    )
