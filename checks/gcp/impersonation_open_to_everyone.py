"""Impersonation open to everyone

Symptom
    None: nothing has to be federated, and no token of the issuer is needed.
Reason
    A role that lets its members impersonate the service account is granted to allUsers (anyone on the internet) or to
    allAuthenticatedUsers (anyone with a Google Account, and every service account; identities of pools are not among
    them).
Confirm
    gcloud iam service-accounts get-iam-policy SERVICE_ACCOUNT shows the member.
Fix
    Remove the member, and bind the workload's own principal.
Source
    Google Cloud, Principal identifiers.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import AllowPolicy, Bindings, Finding, Side, weakness

WHO = {"allUsers": "anyone on the internet", "allAuthenticatedUsers": "anyone with a Google Account"}


@weakness("GCP076", "impersonation-open-to-everyone")
def impersonation_open_to_everyone(
    service_account_policy: AllowPolicy,  # noqa: ARG001 - declares what is needed
    bindings: Bindings,
) -> Iterator[Finding]:
    for passer in bindings.everyone():
        yield Finding(
            f"{passer.member} has {passer.role} on {passer.resource}: {WHO[passer.member]} may impersonate the service "
            "account, without any token of the issuer",
            f"Remove {passer.member} from the binding, and name the workload's own principal there.",
            actual=Side(passer.member, passer.at),
            cloud="gcp",
            target=bindings.resource,
            opens_to=WHO[passer.member],
        )
