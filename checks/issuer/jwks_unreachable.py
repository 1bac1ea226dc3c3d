"""Key set unreachable

Symptom
    AWS: `Couldn't retrieve verification key from your identity provider`. Google Cloud: `Error connecting to the given
    credential's issuer.`
Reason
    The discovery document answers, but the address in its `jwks_uri` does not: often an internal host name, or a path
    that the public gateway does not forward. The cloud's network can perhaps fetch a key set that this network could
    not.
Confirm
    Fetch `jwks_uri` from outside your own network and time it.
Fix
    Serve the key set on a public https address and name that address in the discovery document.
Source
    AWS knowledge center on InvalidIdentityToken; Google's troubleshooting page for workload identity federation.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands, given, quoted


@cause("ISS003", "jwks-unreachable", Kind.JWKS_UNREACHABLE)
def jwks_unreachable(refusal: Refusal) -> Words:
    """Say which address did not answer, and how."""
    url, reason = refusal.fact("url"), refusal.fact("reason")
    place = given(" from {}", quoted(url, ""))
    doubt = refusal.fact("doubt")
    return Words(
        f"the cloud may not get the issuer's key set (JWKS): {doubt}"
        if doubt
        else f"the issuer's key set (JWKS) could not be fetched{place}{given(': {}', reason)}",
        "Make the address in `jwks_uri` answer 200 within five seconds to anyone on the internet.",
        commands("curl -gsSi --max-time 5 --url {}", url),
    )
