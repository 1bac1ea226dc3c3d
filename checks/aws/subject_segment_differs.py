"""Subject segment differs

Symptom
    `Not authorized to perform sts:AssumeRoleWithWebIdentity`.
Reason
    Pattern and subject have the same form, and one part of them differs: another team, model, repository, branch,
    namespace, or workload type. For Baseten weights the type often differs: the documentation and the published
    recipes disagree on whether the mirroring of weights presents model_container or model_build.
Confirm
    Read both values part by part; CloudTrail's userName is the subject that AWS saw.
Fix
    If this workload should have access, put the token's value into the pattern.
Source
    IAM User Guide, condition operators; Baseten's OIDC documentation and recipes; public reports.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, trust_policy_commands


@cause("AWS025", "subject-segment-differs", Kind.SUBJECT_SEGMENT_DIFFERS)
def subject_segment_differs(refusal: Refusal) -> Words:
    """Name the segment that differs."""
    segment = refusal.fact("segment")
    return Words(
        f"the trust policy expects another {segment or 'subject'}{given('; {}', refusal.fact('workspace'))}",
        f"If this workload should have access, put the token's {segment or 'subject'} into the trust policy's pattern"
        + given("; truss whoami --show-oidc prints {}", refusal.fact("workspace_ids"))
        + ".",
        trust_policy_commands(refusal),
    )
