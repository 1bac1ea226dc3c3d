"""Token issued in the future

Symptom
    AWS: `Token issued in the future: …`.
Reason
    The `iat` claim lies more than five minutes ahead of AWS's clock, which nearly always means that the clock of the
    machine that made the token runs ahead.
Confirm
    Compare `iat` with the true time at which the token was made.
Fix
    Synchronise the clock of the issuer and get a fresh token.
Source
    Recorded STS calls, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given


@cause("TOK006", "token-issued-in-future", Kind.TOKEN_ISSUED_IN_FUTURE)
def token_issued_in_future(refusal: Refusal) -> Words:
    """Say how far ahead the time of issue lies."""
    when, past = refusal.fact("when"), refusal.fact("past")
    return Words(
        f"the token's time of issue (`iat`) lies in the future{given(': {}', when)}{given(', {}', past)}",
        "Set the issuer's clock right (NTP), then get a fresh token.",
    )
