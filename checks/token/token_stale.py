"""Token stale

Symptom
    Google Cloud: `ID Token issued at … is stale to sign-in.`, with `null` for the time when there is no `iat`.
Reason
    One sentence for several faults of time: `exp` missing or past, `iat` missing or ahead. Measured tolerance is about
    a minute on either side. A limit of 24 h is documented as well, but longer-lived tokens were accepted when it was
    measured, so that alone is only a suspicion.
Confirm
    Read `iat` and `exp` and compare them with `requestAttributes.time` of the audit log entry.
Fix
    Get a fresh token with both claims from an issuer whose clock is right.
Source
    Google Cloud: measured notes, September 2026; STS API description.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("TOK007", "token-stale", Kind.TOKEN_STALE)
def token_stale(refusal: Refusal) -> Words:
    """Say which of the token's times is at fault."""
    reason = refusal.fact("reason", "`iat` or `exp` is missing, or the token was not made just now")
    return Words(
        f"the token is stale by Google's rules: {reason}",
        "Get a newly issued token for each exchange, past any cache of the SDK, with both `iat` and `exp` in it.",
    )
