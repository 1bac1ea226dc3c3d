"""Trusts as people write them: trust policies and workload identity pool providers, with a subject of each."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

ACCOUNT = "210987654321"
GITHUB, GITLAB, BASETEN = "token.actions.githubusercontent.com", "gitlab.com", "oidc.baseten.co"
TERRAFORM, EKS = "app.terraform.io", "oidc.eks.eu-west-1.amazonaws.com/id/0F1E2D3C4B5A69788796A5B4C3D2E1F0"
OTHER = "ci.quince.example"
MAIN = "repo:quince/orchard:ref:refs/heads/main"
MODEL = "v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:model=Zb5Hc8Vy:deployment=Jm4Kt6Ng:environment=production:type=model_container"
POD = "system:serviceaccount:orders:reader"
RUN = "organization:quince:project:shop:workspace:network:run_phase:apply"
JOB = "project_path:quince/orchard:ref_type:branch:ref:main"
WORKFLOW = "quince/workflows/.github/workflows/deploy.yml@refs/heads/main"


class Trust(NamedTuple):
    """A document, and an entry of `accepted` that it meets.

    `covered` are parts of the subject that a wildcard leaves open. `open`: strangers pass.
    """

    document: dict[str, Any]
    accepted: str  # as in the file
    covered: tuple[str, ...] = ()
    open: bool = False

    @property
    def text(self) -> str:
        """The document as a file."""
        return json.dumps(self.document, indent=2)


def statement(issuer: str, conditions: dict[str, dict[str, Any]], effect: str = "Allow", **more: Any) -> dict[str, Any]:
    """A statement of a trust policy; the keys of its conditions are claims of the issuer, or whole keys."""
    block = {
        operator: {(key if ":" in key else f"{issuer}:{key}"): value for key, value in keys.items()}
        for operator, keys in conditions.items()
    }
    base = {
        "Effect": effect,
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
    }
    return base | ({"Condition": block} if block else {}) | more


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """A trust policy."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def provider(
    issuer: str, condition: str | None, mapping: dict[str, str] | None = None, audiences: tuple[str, ...] = ()
) -> dict[str, Any]:
    """A workload identity pool provider, as gcloud prints it."""
    value: dict[str, Any] = {
        "name": "projects/481516234210/locations/global/workloadIdentityPools/ci/providers/main",
        "state": "ACTIVE",
        "oidc": {"issuerUri": f"https://{issuer}"} | ({"allowedAudiences": list(audiences)} if audiences else {}),
        "attributeMapping": {"google.subject": "assertion.sub"} | (mapping or {}),
    }
    return value | ({"attributeCondition": condition} if condition else {})


def _github(sub: Any, operator: str = "StringEquals", **keys: Any) -> dict[str, Any]:
    conditions: dict[str, dict[str, Any]] = {"StringEquals": {"aud": "sts.amazonaws.com", **keys}}
    conditions.setdefault(operator, {})["sub"] = sub
    return statement(GITHUB, conditions)


def _baseten(pattern: str) -> dict[str, Any]:
    return statement(BASETEN, {"StringEquals": {"aud": BASETEN}, "StringLike": {"sub": pattern}})


def text(subject: str) -> str:
    """A subject as an entry of a list."""
    return json.dumps(subject)


POLICIES = {
    "branch": Trust(policy(_github(MAIN)), text(MAIN)),
    "branch without an audience": Trust(policy(statement(GITHUB, {"StringEquals": {"sub": MAIN}})), text(MAIN)),
    "claims": Trust(policy(_github(MAIN)), '{ repository = "quince/orchard", ref = "refs/heads/main" }'),
    "environment": Trust(
        policy(_github("repo:quince/orchard:environment:production")),
        text("repo:quince/orchard:environment:production"),
    ),
    "pull request": Trust(
        policy(_github("repo:quince/orchard:pull_request")), text("repo:quince/orchard:pull_request")
    ),
    "all branches": Trust(
        policy(_github("repo:quince/orchard:ref:refs/heads/*", "StringLike")), text(MAIN), covered=("ref",)
    ),
    "reusable workflow": Trust(
        policy(_github("repo:quince/*", "StringLike", job_workflow_ref=WORKFLOW)),
        f'{{ sub = "{MAIN}", job_workflow_ref = "{WORKFLOW}" }}',
        covered=("repository", "ref"),
        open=True,
    ),
    "list of subjects": Trust(
        policy(_github([MAIN, "repo:quince/pantry:ref:refs/heads/main"], "ForAnyValue:StringEquals")), text(MAIN)
    ),
    "without regard to case": Trust(
        policy(_github(MAIN, "StringEqualsIgnoreCase")), text(MAIN), covered=("case",), open=True
    ),
    "gitlab": Trust(policy(statement(GITLAB, {"StringEquals": {"aud": "https://gitlab.com", "sub": JOB}})), text(JOB)),
    "gitlab with an audience of its own": Trust(
        policy(
            statement("gitlab.quince.example", {"StringEquals": {"aud": "https://gitlab.quince.example", "sub": JOB}})
        ),
        text(JOB),
    ),
    "baseten team": Trust(
        policy(_baseten("v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:*")),
        text(MODEL),
        covered=("model", "deployment", "environment", "type"),
    ),
    "baseten model and environment": Trust(
        policy(_baseten("v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:model=Zb5Hc8Vy:deployment=*:environment=production:type=*")),
        text(MODEL),
        covered=("deployment", "type"),
    ),
    "terraform": Trust(
        policy(
            statement(
                TERRAFORM,
                {
                    "StringEquals": {"aud": "aws.workload.identity"},
                    "StringLike": {"sub": "organization:quince:project:shop:workspace:network:run_phase:*"},
                },
            )
        ),
        text(RUN),
        covered=("run_phase",),
    ),
    "eks": Trust(policy(statement(EKS, {"StringEquals": {"aud": "sts.amazonaws.com", "sub": POD}})), text(POD)),
    "several statements": Trust(
        policy(
            statement(TERRAFORM, {"StringEquals": {"aud": "aws.workload.identity", "sub": RUN}}),
            _github(MAIN),
            _baseten("v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:model=Zb5Hc8Vy:*"),
        ),
        text(MAIN),
    ),
    "deny": Trust(
        policy(
            _github("repo:quince/orchard:*", "StringLike"),
            statement(GITHUB, {"StringNotLike": {"sub": "repo:quince/orchard:ref:refs/heads/*"}}, "Deny"),
        ),
        text(MAIN),
        covered=("ref",),
    ),
    "issuer without a profile": Trust(
        policy(statement(OTHER, {"StringEquals": {"aud": "aws", "sub": "job:orchard:deploy"}})),
        text("job:orchard:deploy"),
    ),
    "no subject": Trust(
        policy(statement(GITHUB, {"StringEquals": {"aud": "sts.amazonaws.com"}})),
        text(MAIN),
        covered=("owner", "repository", "ref", "case"),
        open=True,
    ),
    "any owner": Trust(
        policy(_github("repo:*", "StringLike")), text(MAIN), covered=("owner", "repository", "ref", "case"), open=True
    ),
    "prefix of an owner": Trust(
        policy(_github("repo:quince*:ref:refs/heads/main", "StringLike")),
        text(MAIN),
        covered=("owner", "repository"),
        open=True,
    ),
}
PROVIDERS = {
    "repository and branch": Trust(
        provider(GITHUB, "assertion.repository == 'quince/orchard' && assertion.ref == 'refs/heads/main'"), text(MAIN)
    ),
    "owner": Trust(
        provider(
            GITHUB,
            "attribute.owner == 'quince'",
            {"attribute.owner": "assertion.repository_owner", "attribute.repository": "assertion.repository"},
        ),
        text(MAIN),
        covered=("repository", "ref"),
        open=True,
    ),
    "subject": Trust(provider(GITHUB, f"google.subject == '{MAIN}'"), text(MAIN)),
    "start of the subject": Trust(
        provider(
            BASETEN, "assertion.sub.startsWith('v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:')", audiences=("oidc.baseten.co",)
        ),
        text(MODEL),
        covered=("model", "deployment", "environment", "type"),
    ),
    "gitlab project": Trust(
        provider(GITLAB, "assertion.project_path == 'quince/orchard' && assertion.ref == 'main'"),
        text(JOB),
        covered=("ref_type",),
    ),
    "no condition": Trust(
        provider(GITHUB, None), text(MAIN), covered=("owner", "repository", "ref", "case"), open=True
    ),
}
TRUSTS = POLICIES | {f"google: {name}": trust for name, trust in PROVIDERS.items()}
