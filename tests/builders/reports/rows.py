"""Rows of a report with valid default values, some of which a test overrides."""

from __future__ import annotations

from typing import Any

from oidc_doctor.bundle.contract import deciding
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Coverage
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Clause, Refusal, Side
from oidc_doctor.model.report import AttemptRow, Cause, CheckRow, Exchange, NamedRefusal, Report, StepRow, Timing
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
    """Return every step of the cloud: passed by default, not reached after a refusal."""
    rows: list[StepRow] = []
    refused = False
    for step in STEPS[cloud]:
        state: Any = states.get(step.id.replace("-", "_"), "not-reached" if refused else "passed")
        refused = refused or state == "refused"
        rows.append(StepRow(step.id, state, f"{cloud}/{step.id}.json:3", f"the {step.title} was looked at"))
    return rows


def exchange(cloud: Any = "aws", **changes: Any) -> Exchange:
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
        "decided_by": deciding(cloud),
        "token": {"header": {"alg": "RS256"}, "claims": {"iss": "https://oidc.baseten.co", "sub": SUBJECT}},
    }
    return Exchange(**(values | changes))


def cause(**changes: Any) -> Cause:
    at = PATTERN.index("y:*")
    values: dict[str, Any] = {
        "code": "AWS021",
        "name": "subject-segment-differs",
        "cloud": "aws",
        "exchange": "weights/aws",
        "position": "first",
        "confidence": "proven",
        "status": "active",
        "headline": "the trust policy expects another team",
        "clause": Clause(statement=0, operator="StringLike", key="oidc.baseten.co:sub"),
        "expected": Side(PATTERN, Origin("aws/role.json", "/Role", 14), ((at, at + 1),)),
        "actual": Side(SUBJECT, Origin("claims.json", "/sub", 4, claim="sub", of_token=True), ((at, at + 1),)),
        "step": "authorise",
        "where": Origin("aws/role.json", "/Role", 14),
        "fix": "Put the team back into the pattern.",
        "commands": ("aws iam get-role --role-name ModelWeights --query Role.AssumeRolePolicyDocument",),
    }
    return flat_cause(values | changes)


def flat_cause(values: dict[str, Any]) -> Cause:
    """Return a cause from its JSON fields, and `expected`, `actual` and `headline`."""
    confidence = values["confidence"]
    refusal = Refusal(
        values["cloud"],
        values["step"],
        values.get("kind", Kind.SUBJECT_SEGMENT_DIFFERS),
        values["expected"],
        values["actual"],
        certain=confidence != "suspected",
        clause=values["clause"],
        where=values["where"],
        settle=values.get("settle", ""),
        named_by_error=confidence == "proven",
    )
    named = NamedRefusal(
        refusal, values["code"], values["name"], values["headline"], values["fix"], tuple(values["commands"])
    )
    timing = Timing(**{name: values[name] for name in Timing._fields if name in values})
    return Cause(
        values["exchange"],
        named,
        timing,
        tuple(values.get("confirmed_by", ())),
        values["position"],
        values["status"],
        values.get("contradicts_observed", False),
    )


def change_cause(report: Report, index: int = 0, **changes: Any) -> None:
    """Override fields of a cause of the report, by the names of `cause`."""
    cause = report.causes[index]
    values: dict[str, Any] = {
        "code": cause.code,
        "name": cause.name,
        "cloud": cause.cloud,
        "exchange": cause.exchange,
        "position": cause.position,
        "confidence": cause.confidence,
        "status": cause.status,
        "kind": cause.named.refusal.kind,
        "headline": cause.named.headline,
        "clause": cause.clause,
        "expected": cause.expected,
        "actual": cause.actual,
        "step": cause.step,
        "where": cause.named.refusal.where,
        "fix": cause.named.fix,
        "commands": cause.named.commands,
        "settle": cause.named.refusal.settle,
        "confirmed_by": cause.confirmed_by,
        "contradicts_observed": cause.contradicts_observed,
        **cause.timing._asdict(),
    }
    report.causes[index] = flat_cause(values | changes)


def report(**changes: Any) -> Report:
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
    return Report(**(values | changes))


def attempt(**changes: Any) -> AttemptRow:
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
    return AttemptRow(**(values | changes))
