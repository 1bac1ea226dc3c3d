"""Pool-wide member

Symptom
    None: the exchange works. Every identity of the pool may impersonate the service account.
Reason
    The member principalSet://…/POOL/* stands for all identities of the pool. The attribute condition of one provider
    is then the only lock, and a second provider in the pool, added later with a looser condition, opens this account
    too (inferred from how members are built: they do not name a provider).
Confirm
    gcloud iam service-accounts get-iam-policy SERVICE_ACCOUNT shows a member that ends in /*.
Fix
    Map an attribute that tells the workloads apart and bind principalSet://…/POOL/attribute.NAME/VALUE; or keep one
    pool per provider.
Source
    Google Cloud, Principal identifiers; Baseten, OIDC, whose set-up binds the whole pool.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from oidc_doctor.checkkit import AllowPolicy, Finding, Side, weakness

ROLES = ("roles/iam.workloadIdentityUser", "roles/iam.serviceAccountTokenCreator")
WHOLE_POOL = re.compile(r"principalSet://iam\.googleapis\.com/[^*]*/workloadIdentityPools/([^/*]+)/\*")


@weakness("GCP070", "pool-wide-member")
def pool_wide_member(service_account_policy: AllowPolicy) -> Iterator[Finding]:
    for binding in service_account_policy.bindings:
        for index, member in enumerate(binding.members):
            pool = WHOLE_POOL.fullmatch(member)
            if pool and binding.role in ROLES:
                yield Finding(
                    f"every identity of the pool {pool[1]} may impersonate the service account, whichever of the "
                    "pool's providers it comes through (inferred)",
                    "Bind a principalSet of a mapped attribute, or a single subject, in place of the whole pool.",
                    Side(member.removesuffix("*") + "attribute.NAME/VALUE"),
                    Side(member, service_account_policy.document.at(f"{binding.pointer}/members/{index}")),
                )
