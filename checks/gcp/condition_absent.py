"""Condition absent

Symptom
    None: the exchange works, and it works for every other customer of the same issuer.
Reason
    The provider has no attributeCondition, so each valid token of the issuer passes. Where many customers share an
    issuer, their workloads get federated identities in your pool. Where the bindings were read and refuse them, there
    is no finding, but the note bindings-refuse-alone.
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

from oidc_doctor.checkkit import Bindings, Finding, GcpProvider, Reach, Side, weakness


@weakness("GCP072", "condition-absent", opens_trust=True)
def condition_absent(gcp_provider: GcpProvider, reach: Reach, bindings: Bindings) -> Iterator[Finding]:
    if reach.condition or not bindings.customers:
        return
    for opening in reach.openings("anyone", "tenant"):
        if not opening.customers:
            continue
        last = "" if opening.bound else "; only the bindings of the service account are left to refuse the others"
        yield Finding(
            f"the provider has no attribute condition, so every customer of {opening.customers} gets a federated "
            f"identity here, for example {opening.subject}{last}",
            f"Set an attribute condition that admits only your tenant, for example {reach.example}",
            Side(reach.example),
            Side("no attributeCondition", gcp_provider.document.at()),
            cloud="gcp",
            target=reach.resource,
            opens_to=opening.opens_to,
        )
