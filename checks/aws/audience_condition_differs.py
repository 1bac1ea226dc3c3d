"""Audience condition differs

Symptom
    `Not authorized to perform sts:AssumeRoleWithWebIdentity`; the audience is registered, since otherwise STS would
    have called the token invalid.
Reason
    The trust policy's condition on `<issuer>:aud` expects another value than the token's audience. Frequent mix-ups:
    an owner's URL and `sts.amazonaws.com`, the `.cn` endpoint name in the China partition, `https://` before a bare
    host.
Confirm
    Compare the value under `:aud` with `aud` in the token (with `azp`, where the token has it).
Fix
    Expect the token's audience, or request the token for the expected one. An issuer with a fixed audience, such as
    Baseten, issues none for another.
Source
    IAM User Guide, condition keys for web identity federation; public reports with confirmed fixes.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted, trust_policy_commands


@cause("AWS026", "audience-condition-differs", Kind.AUDIENCE_CONDITION_DIFFERS)
def audience_condition_differs(refusal: Refusal) -> Words:
    """Name the audience that is expected and the one that came."""
    expected = quoted(refusal.expected.value if refusal.expected else "", "")
    actual = quoted(refusal.actual.value if refusal.actual else "", "")
    if refusal.fact("meant") == "sub":
        key = refusal.fact("key")
        return Words(
            f"the trust policy tests {quoted(key, 'the audience')} for a subject{given(', {}', expected)}",
            f"Move {expected or 'the subject'} to the key {quoted(key.removesuffix(':aud') + ':sub', '')}, and expect "
            f"{actual or 'the audience of the token'} under {quoted(key, 'the key of the audience')}.",
            trust_policy_commands(refusal),
        )
    both = given("the trust policy expects the audience {} and the token is for {}", expected, actual)
    fixed_by = refusal.fact("fixed_by")
    other = f"{fixed_by} issues no token for another one" if fixed_by else ""
    return Words(
        both or f"the trust policy expects another audience{given(' ({})', refusal.fact('note'))}",
        f"Expect {actual or 'the audience of the token'} in the trust policy"
        + (f"; {other}." if other else f", or request the token for {expected or 'the expected one'}."),
        trust_policy_commands(refusal),
    )
