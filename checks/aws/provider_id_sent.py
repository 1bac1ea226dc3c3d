"""ProviderId sent

Symptom
    `Unrecognized OAuth provider. Do not include a provider parameter when submitting OpenIDConnect ID tokens`,
    `Provided Token is not a Login With Amazon token`, or IDPRejectedClaim.
Reason
    ProviderId belongs to OAuth 2.0 access tokens of Login with Amazon and Facebook. With it, STS does not treat the
    token as an OIDC ID token.
Confirm
    Look for ProviderId (or `--provider-id`) in the call.
Fix
    Leave the parameter out; STS finds the OIDC provider by the token's `iss`.
Source
    STS API reference, AssumeRoleWithWebIdentity; recorded STS calls, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted


@cause("AWS002", "provider-id-sent", Kind.PROVIDER_ID_SENT)
def provider_id_sent(refusal: Refusal) -> Words:
    """Show the ProviderId that was sent."""
    value = given(" {}", quoted(refusal.fact("provider_id"), ""))
    return Words(
        f"the request carries the ProviderId{value}, which must not be sent with an OIDC token",
        "Leave ProviderId out of the call: STS finds the OIDC provider by the token's `iss`.",
    )
