"""Rows of a report with sound values, of which a test changes some."""

from __future__ import annotations

from typing import Any

from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Coverage
from oidc_doctor.model.refusal import Side
from oidc_doctor.model.report import (
    AttemptRow,
    Cause,
    CheckRow,
    Exchange,
    Report,
    StepRow,
)
from oidc_doctor.model.steps import STEPS

NOW = "2026-11-22T22:40:00Z"
ROLE = "arn:aws:iam::210987654321:role/ModelWeights"
PROVIDER = "projects/482910375566/locations/global/workloadIdentityPools/baseten/providers/oidc"
SUBJECT = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:deployment=4be1c07:environment=<none>:type=model_build"
PATTERN = "v=1:org=Org8Kd2P:team=Tq7LmZ2y:*"
NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"

BIND = (
    "gcloud iam service-accounts add-iam-policy-binding loader@models-prod.iam.gserviceaccount.com "
    "--role=roles/iam.workloadIdentityUser --member='principalSet://iam.googleapis.com/"
    "projects/482910375566/locations/global/workloadIdentityPools/baseten/*'"
)


def steps(cloud: Any, **states: str) -> list[StepRow]:
    """Every step of the cloud, passed where nothing else is said; after a refusal, not reached."""
    rows: list[StepRow] = []
    refused = False
    for step in STEPS[cloud]:
        state: Any = states.get(step.id.replace("-", "_"), "not-reached" if refused else "passed")
        refused = refused or state == "refused"
        rows.append(StepRow(step.id, state, f"{cloud}/{step.id}.json:3", f"the {step.title} was looked at"))
    return rows


def exchange(cloud: Any = "aws", **given: Any) -> Exchange:
    values: dict[str, Any] = {
        "id": f"weights/{cloud}",
        "cloud": cloud,
        "target_name": "weights",
        "resource": ROLE if cloud == "aws" else PROVIDER,
        "subject": SUBJECT,
        "claims_from": "token",
        "prediction": "accepted",
        "step": None,
        "error": None,
        "assumed": [],
        "steps": steps(cloud),
        "trace": {"steps": []},
        "token": {"header": {"alg": "RS256"}, "claims": {"iss": "https://oidc.baseten.co", "sub": SUBJECT}},
    }
    return Exchange(**(values | given))


def cause(**given: Any) -> Cause:
    at = PATTERN.index("y:*")
    values: dict[str, Any] = {
        "code": "AWS021",
        "name": "subject-segment-differs",
        "cloud": "aws",
        "exchange": "weights/aws",
        "position": "first",
        "confidence": "proven",
        "status": "active",
        "summary": "the trust policy expects another team",
        "location": "Statement[0] · StringLike · oidc.baseten.co:sub",
        "expected": Side(PATTERN, Origin("aws/role.json", "/Role", 14), ((at, at + 1),)),
        "actual": Side(SUBJECT, Origin("claims.json", "/sub", 4), ((at, at + 1),)),
        "step": "authorise",
        "at": "aws/role.json:14",
        "fix": "Put the team back into the pattern.",
        "commands": (
            "aws iam update-assume-role-policy --role-name ModelWeights --policy-document file://trust-policy.json",
        ),
    }
    return Cause(**(values | given))


def report(**given: Any) -> Report:
    values: dict[str, Any] = {
        "verdict": "healthy",
        "exit_code": 0,
        "evaluated_at": NOW,
        "tool": {"name": "oidc-doctor", "version": "0.1.0"},
        "target": [{"name": "weights", "aws": {"role_arn": {"value": ROLE, "at": "oidc-doctor.toml:3"}}}],
        "window": {"from": None, "to": None, "basis": ""},
        "exchanges": [exchange()],
        "causes": [],
        "checks": [
            CheckRow("TOK002", "token-expired", "passed", "blocks", ""),
            CheckRow("LOG001", "silence", "skipped", "note", "no logs were given"),
        ],
        "fixes": [],
        "attempts": [],
        "timeline": [],
        "coverage": [
            Coverage("token", "read"),
            Coverage("trust policy", "read"),
            Coverage("issuer", "not-asked", "offline"),
            Coverage("role permissions", "missing", "not in the bundle"),
            Coverage("permissions boundary", "missing", "not in the bundle"),
        ],
    }
    return Report(**(values | given))


def attempt(**given: Any) -> AttemptRow:
    values: dict[str, Any] = {
        "cloud": "aws",
        "target": ROLE,
        "provider": "arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co",
        "subject": SUBJECT,
        "audience": "oidc.baseten.co",
        "outcome": "refused",
        "error": "AccessDenied",
        "count": 87,
        "first_seen": "2026-11-22T13:28:10Z",
        "last_seen": "2026-11-22T22:31:00Z",
        "replay": {"decision": "refused", "revision": 2},
        "cause": "AWS021",
        "event_ids": ["5c0e5a0e-9d5f-4a7e-8a3c-1f0f8a1f2b11"],
    }
    return AttemptRow(**(values | given))
