"""Condition absent

Symptom
    None: the exchange works, and it works for every other customer of the same issuer.
Reason
    The provider has no attributeCondition, so each valid token of the issuer passes. Where many customers share an
    issuer, their workloads get federated identities in your pool; only the members of your bindings, if they are
    narrow, keep them out.
Confirm
    gcloud iam workload-identity-pools providers describe PROVIDER shows no attributeCondition.
Fix
    Set a condition on a claim that only your tenant has, for Baseten
    --attribute-condition="assertion.sub.startsWith('v=1:org=ORG:team=TEAM:')"
Source
    Google Cloud, IAM API, field attributeCondition; Best practices for Workload Identity Federation.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, GcpProvider, Side, weakness

# issuers that serve many customers under one URL, each with a condition that admits one of them
SHARED = {
    "oidc.baseten.co": "assertion.sub.startsWith('v=1:org=ORG:team=TEAM:')",
    "token.actions.githubusercontent.com": "assertion.repository_owner == 'ORG'",
    "gitlab.com": "assertion.namespace_path == 'GROUP'",
    "app.terraform.io": "assertion.terraform_organization_name == 'ORG'",
    "agent.buildkite.com": "assertion.organization_slug == 'ORG'",
    "oidc.modal.com": "assertion.workspace_id == 'WORKSPACE'",
    "oidc.vercel.com": "assertion.owner == 'TEAM'",
}


@weakness("GCP072", "condition-absent")
def condition_absent(gcp_provider: GcpProvider, profile: object) -> Iterator[Finding]:
    issuer = (gcp_provider.issuer_uri or "").removeprefix("https://").rstrip("/")
    shared = issuer in SHARED or (bool(issuer) and getattr(profile, "shared", False))
    if shared and not (gcp_provider.condition or "").strip():
        title = getattr(profile, "title", "") or issuer
        example = SHARED.get(issuer, "assertion.sub.startsWith('TENANT')")
        yield Finding(
            f"the provider has no attribute condition, so every customer of {title} gets a federated identity here",
            f"Set an attribute condition that admits only your tenant, for example {example}",
            Side(example),
            Side("no attributeCondition", gcp_provider.document.at()),
        )
