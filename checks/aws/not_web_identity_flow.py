"""Not the web identity flow

Symptom
    An error about `sts:AssumeRole`, or no AssumeRoleWithWebIdentity event at all though the role trusts a provider.
Reason
    The client is set to another flow. In a Truss config.yaml `AWS_ASSUME_ROLE` means that Baseten's own AWS principal
    calls AssumeRole with an external ID; `AWS_OIDC` means the OIDC token. The role's trust policy must be written for
    the same flow.
Confirm
    Read the auth method of the client, and the event names in CloudTrail.
Fix
    Choose the OIDC method in the client, or write the trust policy for the flow that it uses.
Source
    The published truss package, 0.18.27 and later; that its AssumeRole shows as such in CloudTrail is inferred.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, quoted


@cause("AWS007", "not-web-identity-flow", Kind.NOT_WEB_IDENTITY_FLOW)
def not_web_identity_flow(refusal: Refusal) -> Words:
    """Name the call that was made instead."""
    call = quoted(refusal.fact("call"), "another call")
    return Words(
        f"the workload makes {call} instead of `sts:AssumeRoleWithWebIdentity`",
        "Set the client to its OIDC method (in a Truss config.yaml `auth_method: AWS_OIDC`), "
        "which sends the token to AssumeRoleWithWebIdentity.",
    )
