"""What all tests share: settings of hypothesis, and the smallest bundle that decides an exchange."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# A slow machine is no bug: no example has a deadline, and how long its making takes is not judged.
hypothesis.settings.register_profile(
    "oidc-doctor", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("oidc-doctor")

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


@pytest.fixture
def write_bundle(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes `small_bundle`, without the files named by `without`, and gives its folder."""

    def write(*, without: str = "", **what: Any) -> Path:
        folder = tmp_path / "bundle"
        for name, value in small_bundle(**what).items():
            if name not in without.split():
                place = folder / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(json.dumps(value, indent=2), encoding="utf-8")
        return folder

    return write
