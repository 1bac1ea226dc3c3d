"""Condition value differs

Symptom
    `Not authorized to perform sts:AssumeRoleWithWebIdentity`; subject and audience match.
Reason
    Another condition of the statement is false: a provider-specific claim, sts:RoleSessionName, aws:SourceIp, a time.
    For OIDC callers some keys differ from what one expects: the source address is the issuer's or vendor's egress, and
    keys about an AWS principal are mostly absent.
Confirm
    Compare the value in the condition with the request: token, session name, caller's address in CloudTrail.
Fix
    Correct the value, or remove the condition if it was meant for AWS principals.
Source
    IAM User Guide, global condition keys and condition operators; recorded STS calls, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted, trust_policy_commands


@cause("AWS031", "condition-value-differs", Kind.CONDITION_VALUE_DIFFERS)
def condition_value_differs(refusal: Refusal) -> Words:
    """Name the key whose value is not the expected one."""
    key, actual = quoted(refusal.fact("key"), "one of its condition keys"), refusal.actual
    note = "" if actual and actual.spans else refusal.fact("note")  # the pair shows what differs
    return Words(
        f"the trust policy expects another value of {key}{given(' ({})', note)}",
        f"Correct the value expected of {quoted(refusal.fact('key'), 'this key')}, or remove that condition.",
        trust_policy_commands(refusal),
    )
