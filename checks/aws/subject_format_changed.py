"""Subject format changed

Symptom
    `Not authorized to perform sts:AssumeRoleWithWebIdentity` for a pattern that was right once, or was copied from an
    older page or tool.
Reason
    The issuer writes its subjects differently now. Baseten's format has `environment=` where tools before truss 0.14.1
    printed `env=`; GitHub puts ids into the subjects of repositories created, renamed or transferred after 15 July 2026
    (`repo:ORG@ID/REPO@ID:…`).
Confirm
    Compare the pattern with `sub` of a token made today.
Fix
    Rewrite the pattern in today's format; where both kinds of token are in use, list both patterns.
Source
    The published truss packages; GitHub's OIDC reference; public reports with confirmed fixes.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, trust_policy_commands


@cause("AWS023", "subject-format-changed", Kind.SUBJECT_FORMAT_CHANGED)
def subject_format_changed(refusal: Refusal) -> Words:
    """Say in what the two formats differ."""
    issuer, detail = refusal.fact("issuer_title", "the issuer"), refusal.fact("detail")
    return Words(
        refusal.fact("note")
        or f"the trust policy expects the subject in a format other than {issuer} issues for this workload today",
        f"Rewrite the pattern in the format of the token's subject{given(' ({})', detail)}; "
        "keep the old pattern as well while both occur.",
        trust_policy_commands(refusal),
    )
