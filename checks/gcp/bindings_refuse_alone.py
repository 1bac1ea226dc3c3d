"""Bindings refuse alone

Symptom
    None: strangers get a federated identity of the pool, and the service account is closed to them.
Reason
    The attribute condition accepts workloads of other customers, and only the members of the bindings refuse them. The
    next binding that is wider, or a role that is granted to the whole pool elsewhere, opens access to them.
Confirm
    Run oidc-doctor --report BUNDLE --subject SUBJECT with the subject that the finding names.
Fix
    Let the attribute condition admit only your tenant as well.
Source
    Google Cloud, Best practices for using Workload Identity Federation: attribute conditions for multi-tenant issuers.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import AllowPolicy, Bindings, Finding, GcpProvider, Reach, Side, weakness


@weakness("GCP079", "bindings-refuse-alone", "note")
def bindings_refuse_alone(
    service_account_policy: AllowPolicy,  # noqa: ARG001 - declares what is needed
    gcp_provider: GcpProvider,
    reach: Reach,
    bindings: Bindings,
) -> Iterator[Finding]:
    for opening in bindings.refused_by_bindings_alone():
        if not opening.customers:
            continue
        why = "the attribute condition accepts" if reach.condition else "no attribute condition refuses"
        yield Finding(
            f"only the bindings of the service account refuse the workloads of {opening.whom}: {why} {opening.subject}",
            f"Set an attribute condition that admits only your tenant, for example {reach.example}",
            Side(reach.example),
            Side(reach.condition or "no attributeCondition", opening.at or gcp_provider.document.at()),
            cloud="gcp",
            target=bindings.resource,
        )
        return
