"""Auth method differs from trust

Symptom
    Weights or an image cannot be fetched, with AccessDenied, although the role's trust policy looks right.
Reason
    With AWS_ASSUME_ROLE Baseten calls sts:AssumeRole with its own principal and your external id, and sends no token;
    with AWS_OIDC the workload's token is sent with sts:AssumeRoleWithWebIdentity. The trust policy of the role allows
    only the call of the other method. Truss accepts the configuration.
Confirm
    Compare auth_method in config.yaml with the Action of the trust policy.
Fix
    Use the method that the role trusts. Or write a trust policy for the method: baseten org describe prints Baseten's
    role and the external id for AWS_ASSUME_ROLE, and oidc-doctor setup aws the trust policy for AWS_OIDC.
Source
    The published truss package, 0.18.27 and later; baseten org describe. CloudTrail then has AssumeRole, and no
    AssumeRoleWithWebIdentity (inferred).
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, trust_policy_commands


@cause("ACC034", "auth-method-differs-from-trust", Kind.AUTH_METHOD_DIFFERS_FROM_TRUST)
def auth_method_differs_from_trust(refusal: Refusal) -> Words:
    """Name the method, its call, and the call that the role allows."""
    method, other = refusal.fact("method", "its method"), refusal.fact("other", "the other method")
    call, allowed = refusal.fact("call", "another call"), refusal.fact("allowed", "the other call")
    return Words(
        f"the Truss configuration says {method}, which calls {call}, and the trust policy allows only {allowed}",
        f"Use auth_method: {other} with its keys, or write a trust policy for {method}.",
        trust_policy_commands(refusal),
    )
