"""Session tags not allowed

Symptom
    AccessDenied as soon as the token carries session tags; the text may or may not name sts:TagSession.
Reason
    A token with the claim `https://aws.amazon.com/tags` needs two permissions in the trust policy:
    sts:AssumeRoleWithWebIdentity and sts:TagSession. Without the second the whole call fails.
Confirm
    Look for the tags claim in the token and for sts:TagSession in the statement's Action.
Fix
    Add sts:TagSession to the Action of the same statement.
Source
    IAM User Guide, session tags; a public report. Which text STS answers for web identities is not verified.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted, trust_policy_commands


@cause("AWS041", "session-tags-not-allowed", Kind.SESSION_TAGS_NOT_ALLOWED)
def session_tags_not_allowed(refusal: Refusal) -> Words:
    """Say that the tags need a permission of their own."""
    tags = given(" ({})", quoted(refusal.fact("tags"), ""))
    return Words(
        f"the token carries session tags{tags} and the trust policy does not allow sts:TagSession",
        "Add sts:TagSession to the Action of the statement that allows sts:AssumeRoleWithWebIdentity.",
        trust_policy_commands(refusal),
    )
