"""Uploaded keys outdated

Symptom
    Google Cloud, once the issuer signs with its new key: `Error connecting to the given credential's issuer.`
Reason
    A key set was uploaded to the provider, so Google Cloud does not fetch the issuer's. The issuer published a key
    since the last time that the uploaded set does not contain. Tokens that the new key signs are refused.
Confirm
    Compare the `kid` values of the issuer's key set with those in the provider's `oidc.jwksJson`.
Fix
    Upload the issuer's present key set to the provider. It takes effect within seconds.
Source
    Google Cloud, workload identity federation, uploaded JWKS; measured notes, September 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from oidc_doctor.checkkit import Finding, IssuerChange, commands, on, quoted, weakness

_UPDATE = "gcloud iam workload-identity-pools providers update-oidc"


@weakness("ISS022", "uploaded-keys-outdated")
def uploaded_keys_outdated(issuer_changes: Iterable[IssuerChange]) -> Iterator[Finding]:
    """Report the issuer's new keys that the provider's uploaded key set lacks."""
    for change in issuer_changes:
        if change.part != "upload":
            continue
        many = len(change.added) > 1
        kids = ", ".join(quoted(kid, "(a long key id)") for kid in change.added[:3])
        keys = f"the {'keys' if many else 'key'} {kids}"
        upload = commands(f"{_UPDATE} {{}} --jwk-json-path=issuer/jwks.json", change.name)
        yield Finding(
            f"the key set uploaded to the provider lacks {keys}, which the issuer did not publish {on(change.at)}: "
            f"Google Cloud refuses the tokens that {'they sign' if many else 'it signs'}",
            f"Upload the issuer's present key set{f': `{upload[0]}`' if upload else ' to the provider'}.",
            change.then,
            change.now,
            cloud="gcp",
            target=change.name,
        )
