"""Token over the size limit

Symptom
    The request is refused before anything in the token is judged: on AWS a ValidationError at `webIdentityToken`.
Reason
    AWS accepts a web identity token of 4 to 20,000 characters; Google Cloud documents at most 12,288 bytes. Long lists
    of groups or roles are the usual reason for a longer token.
Confirm
    Count the token's characters: `wc -c < token.jwt`.
Fix
    Have the issuer leave out the claims that the cloud does not read, group lists first.
Source
    STS API reference, AssumeRoleWithWebIdentity; Google STS API description.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, cloud_name, given


@cause("TOK003", "token-over-size-limit", Kind.TOKEN_OVER_SIZE_LIMIT)
def token_over_size_limit(refusal: Refusal) -> Words:
    """Name the token's size and the limit."""
    size, limit = refusal.fact("size"), refusal.fact("limit")
    unit = "bytes" if refusal.cloud == "gcp" else "characters"
    figures = given(" ({} {}, the limit is {})", size, unit, limit)
    return Words(
        f"the token is longer than {cloud_name(refusal)} accepts{figures}",
        "Have the issuer leave out large claims that the cloud does not read; group lists are the usual ones.",
    )
