"""Access condition not met

Symptom
    AccessDenied from S3, ECR or KMS after an exchange that works, although a policy of the role names the action and
    the resource.
Reason
    The statement that allows the call has a Condition, and the session's call does not meet it: another Region, another
    VPC endpoint, a tag that the session does not have.
Confirm
    Compare each key of the Condition with the call. A key that the call does not have meets only a negated operator or
    one that ends in IfExists.
Fix
    Change the call or the session so that it meets the condition, or have the policy's owner add the value. Removing
    the condition allows every other use of the role as well.
Source
    IAM User Guide, AWS global condition context keys; IAM User Guide, policy evaluation logic.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given


@cause("ACC029", "access-condition-not-met", Kind.ACCESS_CONDITION_NOT_MET)
def access_condition_not_met(refusal: Refusal) -> Words:
    """Name the condition, the call and the policy."""
    permission, file = refusal.fact("permission") or "the call", refusal.fact("policy_file")
    return Words(
        f"the session lacks {permission} on {refusal.fact('on') or 'the resource'}: the statement that allows it does "
        f"not apply{given(', as {}', refusal.fact('reason'))}",
        f"Compare the Condition of that statement{given(' in {}', file)} with the call, and correct the value that "
        "differs; a statement without the Condition would allow more calls than this one.",
    )
