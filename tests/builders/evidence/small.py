"""The smallest bundle that decides an exchange, as a mapping of files."""

from __future__ import annotations

from typing import Any

ACCOUNT = "arn:aws:iam::210987654321"


def small_bundle(
    subject: str = "job:blue:7",
    pattern: str | None = "job:blue:*",
    issuer: str = "oidc.example.com",
    audience: str = "sts.amazonaws.com",
    **claims: Any,
) -> dict[str, Any]:
    """Decoded claims, a role and its provider: accepted if the pattern fits. Without a pattern, any subject does."""
    condition: dict[str, Any] = {"StringEquals": {f"{issuer}:aud": audience}}
    if pattern is not None:
        condition["StringLike"] = {f"{issuer}:sub": pattern}
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"{ACCOUNT}:oidc-provider/{issuer}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    policy = {"Version": "2012-10-17", "Statement": statement}
    return {
        "manifest.json": {"collected_at": "2026-11-22T22:40:00Z"},
        "claims.json": {"iss": f"https://{issuer}", "sub": subject, "aud": audience, **claims},
        "aws/role.json": {"Role": {"Arn": f"{ACCOUNT}:role/Weights", "AssumeRolePolicyDocument": policy}},
        "aws/oidc-provider.json": {
            "Arn": f"{ACCOUNT}:oidc-provider/{issuer}",
            "Url": issuer,
            "ClientIDList": [audience],
        },
    }
