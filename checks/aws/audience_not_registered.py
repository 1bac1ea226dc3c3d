"""Audience not registered

Symptom
    InvalidIdentityToken: `The web identity token provided could not be validated`, in older reports `Incorrect token
    audience`.
Reason
    The token's audience is not among the client IDs of the OIDC provider. The comparison is exact: a scheme, a slash, a
    space or the audience of another partition makes it another value.
Confirm
    Compare `aud` (or `azp`, where the token has it) with ClientIDList of `aws iam get-open-id-connect-provider`.
Fix
    Register the token's audience, or request the token for one that is registered.
Source
    IAM User Guide, id_roles_providers_create_oidc; recorded STS calls, September 2026; public reports.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands, given, quoted


@cause("AWS014", "audience-not-registered", Kind.AUDIENCE_NOT_REGISTERED)
def audience_not_registered(refusal: Refusal) -> Words:
    """Name the audience that the provider's list lacks."""
    audience, provider = refusal.fact("audience"), refusal.fact("provider")
    add = "aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {} --client-id {}"
    subject = given("the token's audience, {},", quoted(audience, "")) or "the token's audience"
    return Words(
        f"{subject} is not in the OIDC provider's client ID list",
        "Add the token's audience to the OIDC provider's client IDs"
        + ("." if refusal.fact("fixed_by") else ", or request the token for one that is there."),
        commands(add, provider if provider.startswith("arn:") else "", audience),
    )
