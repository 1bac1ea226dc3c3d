"""Token lifetime over the limit

Symptom
    The issuer answers `Requested lifetime too high (requested: … max: …)` and the cloud is never asked; or the token
    lives longer than Google Cloud documents.
Reason
    Issuers cap the life of a token, and some clients use one setting for both the token's life and the length of the
    AWS session. Google documents at most 24 h between `iat` and `exp`, but was measured to accept far more: on Google's
    side this is a suspicion, not a certain cause.
Confirm
    Read the requested lifetime in the client's settings; or subtract `iat` from `exp`.
Fix
    Ask for a short-lived token and set the session's length separately.
Source
    A public report with its confirmed fix; Google's guide to federation with OIDC providers; measured notes, September
    2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, seconds


@cause("TOK013", "token-lifetime-over-limit", Kind.TOKEN_LIFETIME_OVER_LIMIT)
def token_lifetime_over_limit(refusal: Refusal) -> Words:
    """Compare the lifetime with the limit and say whose limit it is."""
    requested, limit = seconds(refusal.fact("requested")), seconds(refusal.fact("limit"))
    figures = given(" ({}, the limit is {})", requested, limit)
    if refusal.fact("who", "issuer") == "issuer":
        fault = f"the requested token lifetime is longer than the issuer grants{figures}, so no token was issued"
    else:
        fault = f"the token lives longer than {refusal.fact('who')} documents as the limit{figures}"
    return Words(
        fault,
        f"Request the token with a lifetime {given('of at most {}', limit) or 'within the limit'}; "
        "the length of the cloud session is a separate setting.",
    )
