"""OIDC provider in another account

Symptom
    InvalidIdentityToken `The web identity token provided could not be validated`, or `Not authorized to perform
    sts:AssumeRoleWithWebIdentity` when a provider exists in both accounts.
Reason
    Role and OIDC provider must be in the same account: the account in the role's ARN decides where STS looks. A trust
    policy copied from another account still names the provider there.
Confirm
    Compare the 12 digits of the role's ARN with those of the Federated principal and of the provider's ARN.
Fix
    Create the provider in the role's account and name that one in the trust policy.
Source
    IAM User Guide, id_roles_providers_create_oidc; a public report with its confirmed fix.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, trust_policy_commands


@cause("AWS011", "provider-in-other-account", Kind.PROVIDER_IN_OTHER_ACCOUNT)
def provider_in_other_account(refusal: Refusal) -> Words:
    """Name both accounts."""
    role_account, provider_account = refusal.fact("role_account"), refusal.fact("provider_account")
    fault = given("the OIDC provider is in account {}, the role in account {}", provider_account, role_account)
    return Words(
        fault or "the OIDC provider is in another account than the role",
        f"Name the OIDC provider of {given('account {}', role_account) or 'the account of the role'} in the trust "
        "policy, and create it there if it is missing.",
        trust_policy_commands(refusal),
    )
