"""Access denied by an organization policy

Symptom
    The denial text of an AWS service ends in `because no service control policy allows …` or `with an explicit deny
    in a service control policy`.
Reason
    A policy of the organization, a service control policy of the caller's account or a resource control policy of
    the resource's account, denies the call. No policy inside the account can overrule it.
Confirm
    `aws organizations list-policies-for-target` in the management account, for the account and its units.
Fix
    Have the organization's administrator change the policy, or work in an account or Region that it allows.
Source
    IAM User Guide, Troubleshoot access denied error messages; IAM User Guide, policy evaluation logic.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, credentials_first, denial


@cause("ACC021", "access-denied-by-organization-policy", Kind.ACCESS_DENIED_BY_ORGANIZATION_POLICY)
def access_denied_by_organization_policy(refusal: Refusal) -> Words:
    """Name the policy that denies, the permission and the resource."""
    return Words(
        denial(refusal, "service control policy"),
        credentials_first(
            refusal,
            "Ask the administrator of the organization to change this policy: no policy of the role can overrule it.",
        ),
    )
