"""Thumbprint mismatch

Symptom
    AWS: `OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint`.
Reason
    AWS trusts the issuer by its library of public authorities, and by the provider's ThumbprintList only when that
    fails: a private authority, a chain it cannot read, or a host that speaks TLS 1.3 only. Then a renewed certificate
    makes an old thumbprint useless.
Confirm
    Compare the SHA-1 fingerprint of the top intermediate that the issuer's host sends with the ThumbprintList; a
    successful event in CloudTrail says IAMTrustStore or Thumbprint.
Fix
    Use a certificate from a public authority, or store the new thumbprint on the provider.
Source
    IAM User Guide, id_roles_providers_create_oidc; a public report with its confirmed fix.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands, given, quoted


@cause("ISS009", "thumbprint-mismatch", Kind.THUMBPRINT_MISMATCH)
def thumbprint_mismatch(refusal: Refusal) -> Words:
    """Say which thumbprints no longer fit."""
    stored = given(" (stored: {})", quoted(refusal.fact("thumbprints"), ""))
    present, arn = refusal.fact("thumbprint"), refusal.fact("provider_arn")
    return Words(
        f"the certificate of the issuer's host fits none of the thumbprints stored on the OIDC provider{stored}"
        f"{given(': {}', refusal.fact('reason'))}",
        "Store the thumbprint of the present chain with `aws iam update-open-id-connect-provider-thumbprint`, "
        "or serve a certificate from a public authority.",
        commands(
            "aws iam update-open-id-connect-provider-thumbprint --open-id-connect-provider-arn {} --thumbprint-list {}",
            arn,
            present,
        ),
    )
