"""Principal differs

Symptom
    `Not authorized to perform sts:AssumeRoleWithWebIdentity`.
Reason
    The statement's Federated principal is not the ARN of the provider through which the token came: another issuer, a
    swapped or misspelt host, a missing path, a trailing slash, the bare host name, or an AWS principal. A `*` for AWS
    principals does not cover OIDC callers.
Confirm
    Compare Principal.Federated with the ARN that `aws iam list-open-id-connect-providers` prints for the issuer.
Fix
    Write that ARN into the statement.
Source
    IAM User Guide, id_roles_create_for-idp_oidc; recorded STS calls, September 2026; public reports.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, trust_policy_commands


@cause("AWS027", "principal-differs", Kind.PRINCIPAL_DIFFERS)
def principal_differs(refusal: Refusal) -> Words:
    """Say that the statement is about another principal."""
    provider = refusal.actual.value if refusal.actual else "the ARN of the token's OIDC provider"
    return Words(
        "the trust policy names another principal than the token's OIDC provider",
        f"Set Principal.Federated to {provider}.",
        trust_policy_commands(refusal),
    )
