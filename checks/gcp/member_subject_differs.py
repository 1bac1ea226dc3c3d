"""Member subject differs

Symptom
    The exchange works, then impersonation fails: Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or
    it may not exist). Without a service account: the bucket or repository denies the federated principal.
Reason
    The binding names one subject and the token has another: another branch, environment, deployment or letter case. The
    whole text is compared, literally.
Confirm
    Compare the part of the member after /subject/ with google.subject of the token, or with mapped_principal of the
    ExchangeToken log entry.
Fix
    Bind the subject that the token carries. Where it changes with each run or deployment, bind a principalSet of a
    mapped attribute instead, and narrow it in the attribute condition.
Source
    Google Cloud, Principal identifiers; google-github-actions/auth, Troubleshooting.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, bind_commands, bound_on, cause, given, names_a_deployment


@cause("GCP038", "member-subject-differs", Kind.MEMBER_SUBJECT_DIFFERS)
def member_subject_differs(refusal: Refusal) -> Words:
    segment, actual = refusal.fact("segment"), refusal.actual
    note = "" if actual and actual.spans else refusal.fact("note")  # the pair shows what differs
    principal = refusal.fact("principal")
    named = bool(segment) and not segment.startswith("segment ")  # an issuer without names for its segments
    expects = f"another {segment} in the subject" if named else "another subject"
    return Words(
        f"the binding on {bound_on(refusal)} expects {expects}"
        + (f" ({note})" if note else "")
        + given("; {}", refusal.fact("workspace")),
        "Bind a principalSet of a mapped attribute that names this workload: the next push changes its subject."
        if names_a_deployment(principal)
        else "Bind also the subject that the token carries, or a principalSet of a mapped attribute if it changes "
        "with each run.",
        bind_commands(refusal, principal),
    )
