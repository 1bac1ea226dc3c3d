"""Endpoint partition differs

Symptom
    Different sentences of STS: `No OpenIDConnect provider found in your account`, `The security token included in the
    request is invalid`, `Not authorized to perform sts:AssumeRoleWithWebIdentity`; role, provider and token look right.
Reason
    AWS is several clouds: the partition aws, aws-us-gov (GovCloud), aws-cn (China) and others. Each has its own
    accounts, roles, OIDC providers and STS endpoints, and no partition knows those of another. The role ARN is of one
    partition; the Region, the STS endpoint or the OIDC provider is of another. Often a Region is carried over from a
    configuration of the other partition.
Confirm
    Compare the second field of the role ARN (arn:aws-us-gov:…) with the Region that the client is set to
    (us-gov-west-1).
Fix
    Call STS in a Region of the role's partition, or send the ARN of a role in the partition that is called. The OIDC
    provider has to be in the role's partition too.
Source
    AWS General Reference, ARNs and partitions; GovCloud and China user guides; public reports. What STS answers across
    partitions was not recorded.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted


@cause("AWS016", "endpoint-partition-differs", Kind.ENDPOINT_PARTITION_DIFFERS)
def endpoint_partition_differs(refusal: Refusal) -> Words:
    """Name the two partitions, and what is of the other one."""
    what, found = refusal.fact("what", "the endpoint"), quoted(refusal.fact("found"), "")
    partition, role_partition = refusal.fact("partition"), refusal.fact("role_partition")
    other = f"{what}{given(' {}', found)} in {partition or 'another one'}"
    if "provider" in what:
        fix = f"Create the OIDC provider in the partition {role_partition or 'of the role'}, in the role's account."
    else:
        example = given(" (such as {})", refusal.fact("example"))
        fix = (
            f"Call STS in a Region of {role_partition or 'the partition of the role'}{example}, or send the ARN of a "
            f"role in {partition or 'the other partition'}."
        )
    return Words(f"the role is in the partition {role_partition or 'of another cloud'} and {other}", fix)
