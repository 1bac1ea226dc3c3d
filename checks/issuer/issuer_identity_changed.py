"""Issuer's identity changed

Symptom
    Exchanges fail with the next token, or keep passing with keys from another place.
Reason
    The discovery document names another issuer, or another host for the keys, or the key set has another key under the
    id of a former one. None of these is a rotation of keys. Whoever controls that host, or that key, can sign tokens in
    the name of the issuer, for all clouds that fetch its keys; a Google provider with an uploaded key set does not.
    Providers of both clouds name the issuer's address, so its tokens are refused where the provider keeps the former
    one.
Confirm
    Compare the two files that the finding names, and ask the operator of the issuer.
Fix
    Create or update the providers for the new address where the issuer moved; else the operator of the issuer has to
    publish the former values again.
Source
    OpenID Connect Discovery 1.0, section 3; RFC 7517, section 4.5, of the key id; IAM User Guide,
    id_roles_providers_create_oidc.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from oidc_doctor.checkkit import Finding, IssuerChange, on, quoted, weakness

_ASK = "Ask the operator of the issuer whether "


@weakness("ISS021", "issuer-identity-changed", about="change")
def issuer_identity_changed(issuer_changes: Iterable[IssuerChange]) -> Iterator[Finding]:
    """Report another issuer, another host of its keys, and another key under a known id."""
    for change in issuer_changes:
        if change.part == "issuer":
            message = "the discovery document names another issuer"
            fix = f"{_ASK}it moved: a provider that names the former address refuses tokens with the new one."
        elif change.part == "host":
            message = "the discovery document names another host for the issuer's keys"
            fix = f"{_ASK}its keys moved: whoever controls that host can sign tokens that the clouds accept."
        elif change.part == "key":
            message = f"the issuer publishes another key under the id {quoted(change.name, 'of a former key')}"
            fix = f"{_ASK}it replaced the key: a rotation publishes a new key under an id of its own."
        else:
            continue
        yield Finding(f"{message} than {on(change.at)}", fix, change.then, change.now)
