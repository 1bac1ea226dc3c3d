"""Claim not required

Symptom
    None: the condition refuses what it is meant to refuse, as long as each token has the claim.
Reason
    `…IfExists` and `ForAllValues:` hold for a token without the claim. STS accepts no token without `sub` and `aud`, so
    no token is known to pass without the claim now; but the protection rests on the issuer, not on the trust policy.
    Once the key is misspelled, or the issuer stops sending the claim, the condition is true for everyone
    (forallvalues-vacuous).
Confirm
    Look for IfExists or ForAllValues on the operator that the finding names.
Fix
    Remove IfExists or ForAllValues: StringEquals or StringLike refuses where the claim is absent.
Source
    IAM User Guide, ...IfExists condition operators and multivalued context keys. Measured: STS refuses a token without
    sub or aud.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, Reach, Side, quoted, weakness


@weakness("AWS076", "claim-not-required", effect="note")
def claim_not_required(reach: Reach) -> Iterator[Finding]:
    """Find IfExists and ForAllValues that no stranger is known to make use of."""
    for opening in reach.not_required() if reach.cloud == "aws" else ():
        key = quoted(opening.pattern, opening.pattern)
        yield Finding(
            f"{opening.clause} compares {key} with {opening.intended}: {opening.operator} makes the condition hold for "
            f"a token without that claim. No stranger is known who has such a token",
            f"Remove `{opening.operator}` from the operator, so that the trust policy itself asks for the claim.",
            actual=Side(opening.pattern, opening.at),
            cloud="aws",
            target=reach.resource,
        )
