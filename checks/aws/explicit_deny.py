"""Explicit Deny

Symptom
    `Not authorized to perform sts:AssumeRoleWithWebIdentity`, although an Allow statement fits.
Reason
    A Deny statement of the trust policy matches too, and a Deny always wins. Negated operators (StringNotEquals,
    StringNotLike) are also true when their key is absent, which often makes a Deny wider than it was meant.
Confirm
    Read the Deny statements and evaluate each condition for this token.
Fix
    Narrow the Deny so that it no longer covers this workload: under a negated operator add the workload's value, under
    any other use a narrower pattern.
Source
    IAM User Guide, policy evaluation logic and condition operators.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted, trust_policy_commands


@cause("AWS034", "explicit-deny", Kind.EXPLICIT_DENY)
def explicit_deny(refusal: Refusal) -> Words:
    """Name the Deny statement and its clause."""
    sid, statement, clause = refusal.fact("sid"), refusal.fact("statement"), refusal.fact("clause")
    if statement.isdigit():
        statement = f"Statement[{statement}]"
    name = given(" {}", quoted(sid, "")) or given(" at {}", statement)
    caught = refusal.fact("caught")
    return Words(
        f"the trust policy's Deny statement{name} matches the token{given(': {}', clause)}{given(' ({})', caught)}",
        "If this workload should have access, add its value to those that the Deny exempts."
        if refusal.fact("exempts")
        else "If this workload should have access, narrow this Deny so that it no longer covers the workload.",
        trust_policy_commands(refusal),
    )
