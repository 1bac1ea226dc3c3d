"""Token not yet valid

Symptom
    AWS: `Token not yet valid: current date/time … must be after or equal to the not-before date/time …`.
Reason
    The `nbf` claim lies more than five minutes ahead of AWS's clock. The issuer's clock runs ahead, or the token was
    made for later use. `nbf` is optional; a token without it is not refused for this reason.
Confirm
    Compare `nbf` with the time of the call; the first time in the message is STS's clock plus five minutes.
Fix
    Synchronise the clock of the issuer, or wait until the time in `nbf`.
Source
    Recorded STS calls, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given


@cause("TOK005", "token-not-yet-valid", Kind.TOKEN_NOT_YET_VALID)
def token_not_yet_valid(refusal: Refusal) -> Words:
    """Say how far ahead the not-before time lies."""
    when, past = refusal.fact("when"), refusal.fact("past")
    return Words(
        f"the token's not-before time (`nbf`) is still to come{given(': {}', when)}{given(', {}', past)}",
        "Set the issuer's clock right (NTP), then get a fresh token.",
    )
