"""Not a JWT

Symptom
    AWS: `The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)`. Google Cloud:
    `Unable to parse the ID Token.`
Reason
    Both clouds accept a compact JWT only: three base64url parts joined by dots, the first two being JSON objects.
    Common values sent instead: an opaque access token, the path of the token file, a JSON answer that merely contains
    the token, a `Bearer ` prefix, a value cut or wrapped by the shell.
Confirm
    Count the dots of what is sent: two. The first part, base64url-decoded, must read like {"alg":"RS256",...}.
Fix
    Send the content of the token file, or the one field of the issuer's answer that holds the ID token.
Source
    AWS: recorded STS calls, September 2026. Google Cloud: a public bug report with this sentence.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given


@cause("TOK001", "not-a-jwt", Kind.NOT_A_JWT)
def not_a_jwt(refusal: Refusal) -> Words:
    """Say what is wrong with the text that was sent."""
    return Words(
        f"the value that was sent is not a JWT{given(': {}', refusal.fact('fault'))}",
        "Send the ID token itself, three dot-separated parts on one line: not an access token, not a file path, "
        "no `Bearer ` prefix and no JSON around it.",
    )
