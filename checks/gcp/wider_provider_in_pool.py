"""Wider provider in the pool

Symptom
    None: the exchange works. Tokens of another provider of the same pool may impersonate the service account as well.
Reason
    A member names a pool and never a provider. An identity that another provider of the pool maps is the same principal
    where subject or attribute have the same value, and all of them are in principalSet://…/POOL/*. A condition on one
    provider does not hold for the other. The finding names a synthetic subject that the other provider accepts, that
    gets such a principal, and that the target's own provider does not accept.
Confirm
    gcloud iam workload-identity-pools providers list shows the other provider's attributeCondition and mapping.
Fix
    Give each provider a pool of its own, or let the other provider's attribute condition admit only your tenant.
Source
    Google Cloud, Principal identifiers; Best practices for using Workload Identity Federation, which advises one
    provider per pool.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import AllowPolicy, Bindings, Finding, GcpProvider, Side, weakness


@weakness("GCP074", "wider-provider-in-pool", opens_trust=True)
def wider_provider_in_pool(
    service_account_policy: AllowPolicy,  # noqa: ARG001 - declares what is needed
    gcp_provider: GcpProvider,  # noqa: ARG001 - declares what is needed
    bindings: Bindings,
) -> Iterator[Finding]:
    for passer in bindings.other_providers():
        name = passer.provider.rpartition("/")[2]
        value = f" and gets {passer.mapped}={passer.value}" if passer.mapped else ""
        yield Finding(
            f"the provider {name} of the same pool opens {passer.resource} too: {passer.subject} passes its condition"
            f"{value}, and the member does not distinguish the pool's providers",
            f"Give {name} a pool of its own, or an attribute condition that admits only your tenant.",
            actual=Side(passer.member, passer.at),
            cloud="gcp",
            target=bindings.resource,
            opens_to=passer.whom,
        )
