"""Subject over limit

Symptom
    STS answers invalid_request: The size of mapped attribute google.subject exceeds the 127 bytes limit.
Reason
    The mapped subject is longer than 127 bytes: a long branch, environment or workspace name inside sub, which is
    mapped unshortened. Bytes count, not characters.
Confirm
    Decode the token and count the bytes that the mapping of google.subject produces, with printf %s 'SUB' | wc -c
Fix
    Map something shorter that still names one workload, for the subjects over the limit alone, or shorten the name:
    size(assertion.sub) <= 127 ? assertion.sub : assertion.sub.extract('model={value}:'). Change a member that binds the
    long subject accordingly; a condition may read assertion.sub.
Source
    Google Cloud, Troubleshoot Workload Identity Federation; google-github-actions/auth issue 124.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP027", "subject-over-limit", Kind.SUBJECT_OVER_LIMIT)
def subject_over_limit(refusal: Refusal) -> Words:
    size = refusal.fact("bytes")
    length = f"{size} bytes long, over" if size else "longer than"
    return Words(
        f"google.subject is {length} the limit of {refusal.fact('limit') or '127'} bytes",
        "Map a shorter value to google.subject for subjects over the limit: conditions and members that use a "
        "shorter one keep working.",
    )
