"""Issuer's certificate untrusted

Symptom
    AWS: a sentence about the verification key, the connection or the thumbprint. Google Cloud: `Error connecting to the
    given credential's issuer.`
Reason
    The issuer's TLS certificate does not chain to a public authority: it is self-signed, from a private authority,
    expired, for another name, or sent without its intermediates. AWS then falls back to the provider's thumbprints.
Confirm
    `openssl s_client -showcerts -connect HOST:443 -servername HOST` and read the chain and its dates.
Fix
    Serve a certificate from a public authority with its full chain, in order.
Source
    IAM User Guide, id_roles_providers_create_oidc; Google's troubleshooting page for workload identity federation.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given


@cause("ISS008", "certificate-untrusted", Kind.CERTIFICATE_UNTRUSTED)
def certificate_untrusted(refusal: Refusal) -> Words:
    """Say why the certificate is not trusted."""
    return Words(
        f"the issuer's TLS certificate is not trusted{given(': {}', refusal.fact('reason'))}",
        "Serve a certificate from a public authority on the issuer's host, with all intermediates in order.",
    )
