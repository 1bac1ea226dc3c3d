"""Token expired

Symptom
    AWS: ExpiredTokenException, `Token expired: current date/time … must be before the expiration date/time …`.
    Google Cloud: `ID Token issued at … is stale to sign-in.`
Reason
    The token's `exp` has passed. AWS grants five minutes after it, Google Cloud about one minute (measured). A token
    that was read once and kept, a job longer than the token's life, or an issuer whose clock is wrong causes this.
    `ExpiredToken` from S3 or ECR is something else: there the role session has ended. A token that was saved for a
    report soon expires: where a new one would be refused as well, that cause comes first, unless an observed error or
    `--at` is about the expiry.
Confirm
    Compare `exp` with the time of the call; on AWS the first time in the message is STS's clock minus five minutes.
Fix
    Fetch or re-read the token for each exchange; issuers and kubelets renew the token file before it expires.
Source
    AWS: recorded STS calls, September 2026, and the IAM User Guide on OIDC federation. Google Cloud: measured notes,
    September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given


@cause("TOK004", "token-expired", Kind.TOKEN_EXPIRED)
def token_expired(refusal: Refusal) -> Words:
    """Say how long ago the token expired."""
    when, tolerance = refusal.fact("when"), refusal.fact("tolerance")
    if refusal.fact("saved"):
        return Words(
            f"the saved token expired at {refusal.fact('expired')}, and a new one would be refused as well",
            "Fix the other cause, then try again with a fresh token.",
        )
    return Words(
        (given("the token expired {}", when) or "the token has expired") + given(", past {}", tolerance),
        "Get a fresh token for every exchange: read the token file again instead of keeping its content."
        + given(
            " To see the decision at a time when this token was valid, add --at {} to the command.",
            refusal.fact("last_valid"),
        ),
    )
