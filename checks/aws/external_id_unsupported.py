"""External ID not supported

Symptom
    `Unexpected key 'ExternalId' found in params`, or a trust policy that asks for `sts:ExternalId` and never matches.
Reason
    ExternalId is a parameter of AssumeRole. AssumeRoleWithWebIdentity has none, so the condition key `sts:ExternalId`
    never has a value.
Confirm
    Look for an external ID in the client's configuration and for `sts:ExternalId` in the trust policy.
Fix
    Remove it on both sides and restrict the role by the token's `sub` and `aud`.
Source
    STS API reference; a public report with its confirmed fix.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("AWS009", "external-id-unsupported", Kind.EXTERNAL_ID_UNSUPPORTED)
def external_id_unsupported(refusal: Refusal) -> Words:  # noqa: ARG001  # no fact is needed
    """Say that the call has no external ID."""
    return Words(
        "an external ID is used, which AssumeRoleWithWebIdentity does not have",
        "Remove the external ID from the client and the trust policy; restrict the role by `sub` and `aud` instead.",
    )
