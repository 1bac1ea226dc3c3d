"""Expression invalid

Symptom
    The provider cannot be saved, or an exchange is rejected by the condition or for want of google.subject.
Reason
    The attribute condition or a mapping is not a CEL expression that Google can evaluate: a syntax error, a name other
    than assertion, google and attribute, an unknown function, a result of the wrong type, or too long a text. That
    saving already reports most of these is inferred.
Confirm
    Compare with the limits (condition 4,096 characters, one mapping 2,048) and with the functions that Google names:
    CEL's standard ones, extract, split and join.
Fix
    Correct the expression at the reported place; a condition must return true or false.
Source
    Google Cloud, IAM API, attributeMapping and attributeCondition; Workload Identity Federation, attribute mappings.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP023", "expression-invalid", Kind.EXPRESSION_INVALID)
def expression_invalid(refusal: Refusal) -> Words:
    which, message = refusal.fact("which"), refusal.fact("message")
    compiler = refusal.fact("compiler")  # the compiler's own words, which name neither the condition nor a mapping
    if compiler:
        return Words(
            f"the attribute condition or a mapping is not an expression that can be evaluated: {compiler}",
            "Correct the expression and save the provider again; expressions read claims as assertion.NAME.",
        )
    condition = which in ("", "attributeCondition")
    what = "the attribute condition" if condition else f"the mapping of {which}"
    read = refusal.fact("read")
    if read:
        return Words(
            f"{what} fails on this token: {read}, and there is {message}"
            if message.startswith("no such")
            else f"{what} fails on this token: {read}; {message}",
            f"Correct {what} for a value of that type, or convert it: string(…), int(…), [0] of a list.",
        )
    if refusal.fact("saved"):
        return Words(
            f"{what} has a part that this token does not reach and that is not valid: {message}",
            f"Read the provider again, or correct this part of {what}: Google checks all of it when it is saved.",
        )
    return Words(
        f"{what} is not an expression that can be evaluated" + (f": {message}" if message else ""),
        f"Correct {what}: claims are assertion.NAME, and the result is {'true or false' if condition else 'text'}.",
    )
