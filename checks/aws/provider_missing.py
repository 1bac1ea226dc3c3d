"""OIDC provider missing

Symptom
    InvalidIdentityToken: `The web identity token provided could not be validated`, in older reports `No OpenIDConnect
    provider found in your account for …`. CloudTrail usually has no event for it.
Reason
    STS looks for an OIDC provider for the token's `iss` in the account of the role, and there is none. A provider in
    another account does not count, however the trust policy names it.
Confirm
    `aws iam list-open-id-connect-providers`, signed in to the role's account.
Fix
    Create the provider with the issuer's URL exactly as in `iss`, and with the token's audience as client ID: without
    `--client-id-list` the list stays empty. A provider that a plan deletes or replaces is kept in the configuration.
Source
    IAM User Guide, id_roles_providers_create_oidc; AWS knowledge center on InvalidIdentityToken; reports of July and
    August 2026 for the new wording.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands, given, quoted


@cause("AWS010", "provider-missing", Kind.PROVIDER_MISSING)
def provider_missing(refusal: Refusal) -> Words:
    """Name the account and the issuer for which it has no provider."""
    account, issuer = refusal.fact("account"), refusal.fact("issuer")
    address, planned = refusal.fact("planned_at"), refusal.fact("planned")
    if address:
        again = (
            "add the provider of the new URL under another address"
            if planned == "replaces"
            else "or forget it with a removed block (destroy = false)"
        )
        return Words(
            f"the plan {planned} {address}, and the account then has no OIDC provider for "
            f"{quoted(issuer, 'the issuer of the token')}",
            f"Keep {address} as it is in the configuration, {again}, and plan again.",
        )
    create = "aws iam create-open-id-connect-provider --url {} --client-id-list {}"
    return Words(
        f"{given('account {}', account) or 'the account of the role'} has no OIDC provider for "
        f"{quoted(issuer, 'the issuer of the token')}",
        "Create the OIDC provider in the account of the role, with the token's audience as its client ID.",
        commands(create, f"https://{issuer}" if issuer else "", refusal.fact("audience")),
    )
