"""Source identity not allowed

Symptom
    AccessDenied as soon as the token carries a source identity; the text may or may not name sts:SetSourceIdentity.
Reason
    A token with the claim `https://aws.amazon.com/source_identity` needs sts:SetSourceIdentity in the trust policy,
    next to sts:AssumeRoleWithWebIdentity. Without it the whole call fails.
Confirm
    Look for the claim in the token and for sts:SetSourceIdentity in the statement's Action.
Fix
    Add sts:SetSourceIdentity to the Action of the same statement.
Source
    IAM User Guide, source identity. Which text STS answers for web identities is not verified.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted, trust_policy_commands


@cause("AWS042", "source-identity-not-allowed", Kind.SOURCE_IDENTITY_NOT_ALLOWED)
def source_identity_not_allowed(refusal: Refusal) -> Words:
    """Say that the source identity needs a permission of its own."""
    identity = given(" ({})", quoted(refusal.fact("source_identity"), ""))
    return Words(
        f"the token carries a source identity{identity} and the trust policy does not allow sts:SetSourceIdentity",
        "Add sts:SetSourceIdentity to the Action of the statement that allows sts:AssumeRoleWithWebIdentity.",
        trust_policy_commands(refusal),
    )
