"""Session tag missing

Symptom
    AccessDenied `Not authorized to perform sts:AssumeRoleWithWebIdentity`, and the trust policy tests a session tag.
Reason
    The condition key `aws:RequestTag/KEY` has a value only if the token carries the tag KEY in the claim
    `https://aws.amazon.com/tags`. The token has no such tag, so the condition does not hold.
Confirm
    Read the token's claims: the tag must be among `principal_tags` of `https://aws.amazon.com/tags`.
Fix
    Let the issuer add the tag to its tokens, or test a claim that the issuer's tokens have, such as the subject.
Source
    IAM User Guide, Pass session tags in AWS STS; STS API reference, AssumeRoleWithWebIdentity.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted


@cause("AWS054", "session-tag-missing", Kind.SESSION_TAG_MISSING)
def session_tag_missing(refusal: Refusal) -> Words:
    """Name the tag that the token lacks."""
    key = refusal.expected.value if refusal.expected else ""
    tag = key.partition("/")[2]
    return Words(
        f"the trust policy tests the session tag{given(' {}', quoted(tag, ''))}, and the token carries no such tag",
        f"Let the issuer add the tag{given(' {}', tag)} to the claim https://aws.amazon.com/tags of its tokens, "
        "or test the subject in that condition.",
    )
