"""Access denied by a resource policy

Symptom
    The denial text of an AWS service ends in `because no resource-based policy allows …` or `with an explicit deny
    in a resource-based policy`.
Reason
    The bucket, repository or key has a policy of its own. It denies the call, or it belongs to another account and
    does not allow the caller: across accounts the policies of both sides must allow.
Confirm
    `aws s3api get-bucket-policy`, `aws ecr get-repository-policy` or `aws kms get-key-policy` in the resource's
    account.
Fix
    Change the policy of the bucket, repository or key, on the resource's side.
Source
    IAM User Guide, Troubleshoot access denied error messages; IAM User Guide, policy evaluation logic.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, credentials_first, denial, given


@cause("ACC018", "access-denied-by-resource-policy", Kind.ACCESS_DENIED_BY_RESOURCE_POLICY)
def access_denied_by_resource_policy(refusal: Refusal) -> Words:
    """Name the policy that denies, the permission and the resource."""
    return Words(
        denial(refusal, "resource-based policy"),
        credentials_first(
            refusal,
            f"Change the policy of the bucket, repository or key{given(' {}', refusal.fact('resource'))} to allow "
            f"{refusal.fact('caller') or 'the role'}; a permission of the role cannot replace it.",
        ),
    )
