"""Subject differs in case

Symptom
    `Not authorized to perform sts:AssumeRoleWithWebIdentity`; both subjects look the same at a glance.
Reason
    StringEquals and StringLike distinguish upper and lower case. The name in the trust policy was typed as it is spoken
    or shown, not as the issuer writes it: organizations and IDs keep their capitals in the token.
Confirm
    Compare the pattern with `sub` in the token, or with userName in the CloudTrail event.
Fix
    Copy the spelling from the token. StringEqualsIgnoreCase also exists, but does not support wildcards.
Source
    IAM User Guide, condition operators; a public report with its confirmed fix.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, trust_policy_commands


@cause("AWS022", "subject-case-differs", Kind.SUBJECT_CASE_DIFFERS)
def subject_case_differs(refusal: Refusal) -> Words:
    """Say which part differs only in case."""
    segment = refusal.fact("segment")
    return Words(
        f"the trust policy's subject differs only in upper and lower case{given(', in the {}', segment)}",
        f"Write {given('the {}', segment) or 'the subject'} in the trust policy exactly as the token has it.",
        trust_policy_commands(refusal),
    )
