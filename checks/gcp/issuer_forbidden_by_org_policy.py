"""Issuer forbidden by organization policy

Symptom
    Creating or updating the provider fails with FAILED_PRECONDITION: Org Policy violated for value: 'ISSUER'.
Reason
    The constraint constraints/iam.workloadIdentityPoolProviders lists the issuers that providers may have, and this
    one is not among them. Whether it also stops providers that already exist is not documented.
Confirm
    gcloud org-policies describe iam.workloadIdentityPoolProviders --project=PROJECT --effective
Fix
    Have an administrator of the organization policy add the issuer, then create or update the provider again.
Source
    Google Cloud, Troubleshoot Workload Identity Federation; Manage workload identity pools and providers.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP011", "issuer-forbidden-by-org-policy", Kind.ISSUER_FORBIDDEN_BY_ORG_POLICY)
def issuer_forbidden_by_org_policy(refusal: Refusal) -> Words:
    issuer = refusal.fact("issuer") or "this issuer"
    return Words(
        f"the organization policy allows no workload identity pool provider for {issuer}",
        "Ask an organization policy administrator to add the issuer to constraints/iam.workloadIdentityPoolProviders.",
    )
