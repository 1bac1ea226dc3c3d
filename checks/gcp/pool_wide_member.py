"""Pool-wide member

Symptom
    None: the exchange works. Strangers may impersonate the service account as well.
Reason
    The member principalSet://…/POOL/* means all identities of the pool, so the attribute conditions of its providers
    are the only restriction. The finding names a synthetic subject of another customer that the condition accepts, and
    that the same evaluation allows to impersonate the account. Where the condition refuses all strangers, as in
    Baseten's own set-up, there is no finding; a provider that is added to the pool later opens this account too if its
    condition is looser (inferred from how members are built: they do not name a provider).
Confirm
    Run oidc-doctor --report BUNDLE --subject SUBJECT with the subject that the finding names.
Fix
    Map an attribute that distinguishes the workloads and bind principalSet://…/POOL/attribute.NAME/VALUE; and let the
    attribute condition admit only your tenant.
Source
    Google Cloud, Principal identifiers; Baseten, OIDC, whose set-up binds the whole pool behind a condition.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import AllowPolicy, Bindings, Finding, GcpProvider, Reach, Side, weakness


@weakness("GCP070", "pool-wide-member", opens_trust=True)
def pool_wide_member(
    service_account_policy: AllowPolicy,  # noqa: ARG001 - declares what is needed
    gcp_provider: GcpProvider,  # noqa: ARG001 - declares what is needed
    reach: Reach,
    bindings: Bindings,
) -> Iterator[Finding]:
    for passer in bindings.whole_pool():
        whom = f"{passer.whom} may" if passer.customers else "any identity of the issuer may"
        why = "the attribute condition accepts" if reach.condition else "no attribute condition refuses"
        yield Finding(
            f"{whom} impersonate the service account: {why} {passer.subject}, and the member means every identity "
            "of the pool",
            "Bind a principalSet of a mapped attribute, or a single subject, instead of the whole pool.",
            Side(passer.member.removesuffix("*") + "attribute.NAME/VALUE"),
            Side(passer.member, passer.at),
            cloud="gcp",
            target=bindings.resource,
            opens_to=passer.whom,
        )
