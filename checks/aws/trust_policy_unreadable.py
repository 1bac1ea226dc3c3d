"""Trust policy unreadable

Symptom
    The report cannot say whether AWS accepts the token: a part of the trust policy is not what IAM stores.
Reason
    IAM checks the grammar of a trust policy when it is written: Effect is Allow or Deny, in these letters; a statement
    names a Principal and an Action and has no Resource; an Action is one of the six of STS ("AssumeRole policy may only
    specify STS AssumeRole actions"), and a principal is an ARN, an account or a domain name; members have IAM's names
    in IAM's letters; the Version is 2012-10-17 or 2008-10-17. The text that was read breaks this grammar, so IAM stores
    another text: the one that was read was shortened, redacted or edited by hand, or it was never stored. A statement
    that cannot be read may allow the token as well as deny it.
Confirm
    `aws iam get-role --role-name ROLE --query Role.AssumeRolePolicyDocument`
Fix
    Read the trust policy again as IAM stores it, or correct the part that IAM would refuse.
Source
    IAM User Guide, grammar of the IAM JSON policy language and JSON policy element reference; Access Analyzer policy
    checks (ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL, ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE); recorded policy
    writes, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted, trust_policy_commands


@cause("AWS035", "trust-policy-unreadable", Kind.TRUST_POLICY_UNREADABLE)
def trust_policy_unreadable(refusal: Refusal) -> Words:
    """Name the part that IAM would not store."""
    part = refusal.fact("part", "a part")
    value = quoted(refusal.actual.value if refusal.actual else "", "")
    if refusal.fact("absent"):
        fault = "is missing"
    elif refusal.fact("twice"):
        fault = "is in the same block in a second spelling, with another value"
    else:
        fault = f"is not valid in IAM{given(': {}', value)}"
    return Words(
        f"the trust policy's {part} {fault}",
        "Read the trust policy as IAM stores it, and replace this text with it.",
        trust_policy_commands(refusal),
    )
