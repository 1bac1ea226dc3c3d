"""Principal differs

Symptom
    `Not authorized to perform sts:AssumeRoleWithWebIdentity`.
Reason
    The statement's Federated principal is not the ARN of the provider through which the token came: another issuer, a
    swapped or misspelled host, a missing path, a trailing slash, the bare host name, or an AWS principal. A `*` for AWS
    principals does not cover OIDC callers.
Confirm
    Compare Principal.Federated with the ARN that `aws iam list-open-id-connect-providers` prints for the issuer.
Fix
    Write that ARN into the statement. Where the statement names another role, this role is the second of a chain:
    present the token to the first role, and assume this role from it.
Source
    IAM User Guide, id_roles_create_for-idp_oidc; recorded STS calls, September 2026; public reports.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted, trust_policy_commands


@cause("AWS027", "principal-differs", Kind.PRINCIPAL_DIFFERS)
def principal_differs(refusal: Refusal) -> Words:
    """Say that the statement is about another principal."""
    provider = refusal.actual.value if refusal.actual else "the ARN of the token's OIDC provider"
    partitions = given(
        " (its partition is {}, the role's is {})", refusal.fact("partition"), refusal.fact("role_partition")
    )
    first = refusal.fact("assumed_by")
    if first:
        return Words(
            "the trust policy names another principal than the token's OIDC provider: this role is assumed by another "
            f"role, {quoted(first, 'which it names')}",
            f"Assume the first role, {first}, with the token, and this role from it (role chaining); or, if this "
            f"role should accept the token itself, set Principal.Federated to {provider}.",
            trust_policy_commands(refusal),
        )
    return Words(
        f"the trust policy names another principal than the token's OIDC provider{partitions}",
        f"Set Principal.Federated to {provider}.",
        trust_policy_commands(refusal),
    )
