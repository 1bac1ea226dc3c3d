"""Subject of another form

Symptom
    `Not authorized to perform sts:AssumeRoleWithWebIdentity` in one job or workload, while another of the same
    repository or team is accepted.
Reason
    Issuers write different forms of subject for different circumstances. A GitHub job with an environment has
    `environment:NAME` instead of `ref:…`, and a pull request has `pull_request`; other issuers distinguish users,
    projects and machines likewise. The pattern expects one form, the token has another.
Confirm
    Compare the part after the repository (or project) in the pattern and in `sub`.
Fix
    Add a pattern for the form that this workload's tokens have.
Source
    GitHub's OIDC reference; public reports with confirmed fixes.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted, trust_policy_commands


@cause("AWS024", "subject-form-differs", Kind.SUBJECT_FORM_DIFFERS)
def subject_form_differs(refusal: Refusal) -> Words:
    """Report how the forms of pattern and subject differ."""
    subject = quoted(refusal.actual.value if refusal.actual else "", "the form of the token's subject")
    if refusal.fact("meant") == "aud":
        key, expected = refusal.fact("key"), quoted(refusal.expected.value if refusal.expected else "", "")
        return Words(
            f"the trust policy tests {quoted(key, 'the subject')} for an audience{given(', {}', expected)}",
            f"Move {expected or 'the audience'} to the key {quoted(key.removesuffix(':sub') + ':aud', '')}, and expect "
            f"{subject} under {quoted(key, 'the key of the subject')}.",
            trust_policy_commands(refusal),
        )
    return Words(
        refusal.fact("note", "the trust policy expects a subject of another form"),
        f"Add {subject} to the patterns of the trust policy, as narrow as the workload allows.",
        trust_policy_commands(refusal),
    )
