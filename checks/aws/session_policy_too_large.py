"""Session policy too large

Symptom
    PackedPolicyTooLarge `Packed policy consumes N% of allotted space`, or a ValidationError at `policy`.
Reason
    The session policy, the session tags and the subject share one packed space; a policy of at most 2048 characters may
    still not fit. Tokens without any policy already used a quarter to a third of it in recorded calls.
Confirm
    Read PackedPolicySize in the answer to a successful call with a shorter policy.
Fix
    Shorten the session policy, or attach a managed policy to the role and send none.
Source
    STS API reference, AssumeRoleWithWebIdentity; recorded STS calls, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given


@cause("AWS005", "session-policy-too-large", Kind.SESSION_POLICY_TOO_LARGE)
def session_policy_too_large(refusal: Refusal) -> Words:
    """State the size and the limit."""
    figures = given(" (size {}, limit {})", refusal.fact("size"), refusal.fact("limit"))
    return Words(
        f"the session policy sent with it is too large{figures}",
        "Shorten the session policy, or attach its content to the role and send none.",
    )
