"""Trust in any tenant

Symptom
    Nothing fails: the tokens of strangers are accepted as well.
Reason
    Many customers share one issuer, and the part of the subject that says whose workload it is stays open: `*`,
    `repo:*`, `v=1:org=*:…`, or on Google Cloud an attribute condition that tests only the audience, a branch or an
    environment. The finding names a synthetic subject of another tenant that the evaluation accepts. That the issuer
    issues such a token to another customer is inferred from its sharing one address and audience among all customers.
Confirm
    Run oidc-doctor --report BUNDLE --subject SUBJECT with the subject that the finding names.
Fix
    Write the organization (owner, group, tenant) as a fixed value, followed by its separator.
Source
    Baseten's OIDC documentation, which warns of `v=1:org=*:team=*:*`; IAM User Guide,
    id_roles_providers_oidc_secure-by-default.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, Opening, Reach, Side, quoted, weakness


@weakness("AWS070", "trust-any-tenant", opens_trust=True, other="GCP065")
def trust_any_tenant(reach: Reach) -> Iterator[Finding]:
    """Find trust in every customer of the issuer."""
    if reach.cloud == "gcp" and not reach.condition:
        return  # condition-absent says so
    for opening in reach.openings("anyone", "tenant"):
        if reach.cloud == "gcp":
            if opening.customers:
                yield _condition(reach, opening)
        elif opening.pattern:
            workloads = f"the workloads of {opening.whom}" if opening.customers else "any workload of the issuer"
            part = opening.segment or "workload"
            yield Finding(
                f"{opening.clause} accepts {workloads}: {quoted(opening.pattern, 'its subject pattern')} fixes no "
                f"{part}, and {opening.passes}{_shared(opening)}",
                opening.fixed,
                actual=Side(opening.pattern, opening.at),
                cloud="aws",
                target=reach.resource,
                opens_to=opening.opens_to,
            )


def _shared(opening: Opening) -> str:
    own = opening.shares
    return f" (that no other {opening.segment} has the same {own} id is inferred, not documented)" if own else ""


def _condition(reach: Reach, opening: Opening) -> Finding:
    bindings = "" if opening.bound else ", and only the bindings of the service account are left to refuse them"
    return Finding(
        f"the attribute condition accepts the workloads of {opening.whom}{bindings}: nothing in it fixes an "
        f"organization, and {opening.subject} passes",
        "Test the organization's own claim, or the beginning of the subject with the organization in it.",
        actual=Side(opening.pattern, opening.at),
        cloud="gcp",
        target=reach.resource,
        opens_to=opening.opens_to,
    )
