"""Mapping collides

Symptom
    None: the exchange works. Another workload becomes the same principal, and audit logs cannot distinguish the two.
Reason
    A member names one subject, and the mapping of google.subject maps more than one workload to that subject: it reads
    a claim that others share (an environment, an actor, an owner), cuts the subject short, or joins claims without a
    separator. Or a member names an attribute whose mapping is a constant, which every token gets. The finding names a
    synthetic subject of another tenant or team that passes the whole exchange with the same value.
Confirm
    gcloud iam workload-identity-pools providers describe PROVIDER --format='json(attributeMapping)'
Fix
    Map google.subject=assertion.sub, and bind the subject or an attribute that only your workload has.
Source
    Google Cloud, Workload Identity Federation, attribute mappings: google.subject is the identity of the principal.
    That another run can carry the same actor or user is inferred from these claims' being about a person.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Bindings, Finding, GcpProvider, Side, quoted, weakness


@weakness("GCP077", "mapping-collides", opens_trust=True)
def mapping_collides(gcp_provider: GcpProvider, bindings: Bindings) -> Iterator[Finding]:
    for passer in bindings.colliding():
        mapping = f"{passer.mapped}={passer.expression}"
        yield Finding(
            f"{quoted(mapping, 'the mapping of ' + passer.mapped)} maps {passer.subject} to {passer.value} "
            f"too, so {passer.whom} is the same principal for the binding on {passer.resource}",
            "Map google.subject=assertion.sub, and bind a subject or an attribute that only your workload has.",
            Side("google.subject=assertion.sub", gcp_provider.document.at("/attributeMapping")),
            Side(passer.member, passer.at),
            cloud="gcp",
            target=bindings.resource,
            opens_to=passer.whom,
        )
