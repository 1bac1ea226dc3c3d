"""Issuer unreachable

Symptom
    AWS: `Couldn't retrieve verification key from your identity provider` or IDPCommunicationError.
    Google Cloud: `Error connecting to the given credential's issuer.`
Reason
    The cloud fetches `<issuer>/.well-known/openid-configuration` over the public internet. A private address, a
    firewall or geographic rule, an answer other than 200, a redirect or an answer slower than about five seconds stops
    it. A fetch from here shows what this network sees; the cloud's network may see something else.
Confirm
    Fetch the document from outside your own network and time it.
Fix
    Publish the document on a public https address; for Google Cloud the key set can also be uploaded to the provider.
Source
    AWS knowledge center on InvalidIdentityToken; IAM User Guide, id_roles_providers_create_oidc; Google's
    troubleshooting page for workload identity federation.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands, given, quoted


@cause("ISS001", "issuer-unreachable", Kind.ISSUER_UNREACHABLE)
def issuer_unreachable(refusal: Refusal) -> Words:
    """Say which address did not answer, and how."""
    url, reason = refusal.fact("url"), refusal.fact("reason")
    place = given(" from {}", quoted(url, ""))
    doubt = refusal.fact("doubt")
    return Words(
        f"the cloud may not get the issuer's discovery document: {doubt}"
        if doubt
        else f"the issuer's discovery document could not be fetched{place}{given(': {}', reason)}",
        "Make the issuer's /.well-known/openid-configuration answer 200 within five seconds to anyone on the internet.",
        commands("curl -gsSi --max-time 5 --url {}", url),
    )
