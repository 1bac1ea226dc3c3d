"""Tags claim malformed

Symptom
    `Session tags passed in claim are not in correct format.` or `principal_tags passed in claim is not in correct
    format.`
Reason
    The token's `https://aws.amazon.com/tags` claim is not of the form that STS reads. In the nested form each tag's
    value is a list with one text; in the flat form, `https://aws.amazon.com/tags/principal_tags/KEY`, it is plain text.
Confirm
    Decode the middle part of the token and look at the claims whose names start with that URL.
Fix
    Have the issuer write the tags in one of the two forms.
Source
    IAM User Guide, session tags; recorded STS calls, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given


@cause("AWS040", "tags-claim-malformed", Kind.TAGS_CLAIM_MALFORMED)
def tags_claim_malformed(refusal: Refusal) -> Words:
    """Say what is wrong with the tags."""
    return Words(
        f"its session tags are not in the form that STS reads{given(': {}', refusal.fact('reason'))}",
        "Have the issuer write each value under principal_tags as a list with one text, or leave the tags claim out.",
    )
