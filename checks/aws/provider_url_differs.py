"""Provider URL differs

Symptom
    InvalidIdentityToken: `The web identity token provided could not be validated`, in older reports `No OpenIDConnect
    provider found in your account for …`.
Reason
    The account has a provider that looks right, but its URL does not match the token's `iss` exactly. IAM keeps path,
    case and a trailing slash, and each makes it another provider; IAM drops `https://` and `:443`.
Confirm
    Compare the provider's ARN, from `oidc-provider/` on, with the token's `iss` without its scheme.
Fix
    Create a provider with the exact URL and use it in the trust policy: Principal and the prefix of the condition
    keys. The URL of an existing provider cannot be changed.
Source
    IAM User Guide; recorded calls of the provider API, September 2026; a public report with its confirmed fix.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands, given


@cause("AWS012", "provider-url-differs", Kind.PROVIDER_URL_DIFFERS)
def provider_url_differs(refusal: Refusal) -> Words:
    """Say in what the registered URL differs from the token's issuer."""
    issuer = refusal.fact("issuer") or (refusal.actual.value if refusal.actual else "")
    create = "aws iam create-open-id-connect-provider --url {} --client-id-list {}"
    return Words(
        f"the OIDC provider's URL is not exactly the token's issuer{given(' ({})', refusal.fact('note'))}",
        "Create an OIDC provider with the token's `iss` as its URL and use it in the trust policy: Principal and keys.",
        commands(create, given("https://{}", issuer.removeprefix("https://")), refusal.fact("audience")),
    )
