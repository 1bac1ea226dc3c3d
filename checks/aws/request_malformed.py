"""Request malformed

Symptom
    ValidationError, as in `1 validation error detected: Value '…' at 'roleSessionName' failed to satisfy constraint`.
Reason
    A parameter of the call is outside its documented form: RoleSessionName is 2 to 64 characters of letters, digits and
    `_=,.@-+`, DurationSeconds 900 to 43200, an inline Policy a document of at most 2048 characters, PolicyArns at most
    ten. A session name built from a branch or a subject brings in `/` and `:`.
Confirm
    Read the parameter that the error names in the client's configuration.
Fix
    Set the parameter to a value of the documented form.
Source
    STS API reference, AssumeRoleWithWebIdentity.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted


@cause("AWS001", "request-malformed", Kind.REQUEST_MALFORMED)
def request_malformed(refusal: Refusal) -> Words:
    """Name the parameter, its value, and the wanted form."""
    parameter, value, wanted = refusal.fact("parameter"), refusal.fact("found"), refusal.fact("wanted")
    name = given("the request's {}", parameter) or "a parameter of the request"
    return Words(
        f"{name} has a value that STS does not accept{given(': {}', quoted(value, ''))}",
        f"Set {parameter or 'the parameter that the error names'} to {wanted or 'a value of the documented form'}.",
    )
