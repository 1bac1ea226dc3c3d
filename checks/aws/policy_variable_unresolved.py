"""Policy variable unresolved

Symptom
    `Not authorized to perform sts:AssumeRoleWithWebIdentity`; the condition's value contains `${…}`.
Reason
    A variable whose key is absent in the request makes the value match nothing (inferred for trust policies). With
    Version 2008-10-17, or none, `${…}` is not a variable at all but plain text.
Confirm
    Read Version at the top of the policy, and whether the key inside the braces exists for OIDC callers.
Fix
    Set Version to 2012-10-17, or replace the variable by the value.
Source
    IAM User Guide, policy variables.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted, trust_policy_commands


@cause("AWS033", "policy-variable-unresolved", Kind.POLICY_VARIABLE_UNRESOLVED)
def policy_variable_unresolved(refusal: Refusal) -> Words:
    """Name the variable and why it has no value."""
    variable = refusal.fact("variable")
    name = given("the variable {} in the trust policy", quoted(variable, "")) or "a variable in the trust policy"
    return Words(
        f"{name} has no value here{given(': {}', refusal.fact('reason'))}",
        f"Replace {quoted(variable, 'the variable')} by the value that is meant, "
        "and make sure that the policy's Version is 2012-10-17.",
        trust_policy_commands(refusal),
    )
