"""Trust without a subject

Symptom
    Nothing fails: every token of the issuer with the right audience is accepted.
Reason
    An Allow statement for the OIDC provider does not ask for any value of `sub`, nor of another claim that
    distinguishes workloads. Conditions that only forbid values, or that are true when the key is absent or misspelled,
    do not count: the finding names a synthetic subject that the same evaluation accepts. IAM requires a subject only
    for the shared issuers that it knows, and Baseten's is not among them as far as is known; that such a role is open
    to every Baseten customer is inferred from its one audience for all.
Confirm
    Look under Condition for the key `<issuer>:sub` with StringEquals or StringLike.
Fix
    Add a StringLike condition on the subject that names organization and team.
Source
    IAM User Guide, id_roles_providers_oidc_secure-by-default; Baseten's OIDC documentation.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, Reach, Role, Side, weakness


@weakness("AWS072", "trust-without-subject", opens_trust=True)
def trust_without_subject(role: Role, reach: Reach) -> Iterator[Finding]:  # noqa: ARG001 - declares what is needed
    """Find statements that any subject of the issuer satisfies."""
    if reach.cloud != "aws":
        return
    for opening in reach.openings("anyone", "tenant"):
        if not opening.pattern:
            whose = (
                f", as far as is known the workloads of every {opening.customers} customer" if opening.customers else ""
            )
            yield Finding(
                f"{opening.clause} accepts any subject of the issuer{whose}: no condition asks for one, and "
                f"{opening.passes}",
                "Add a StringLike condition on the issuer's :sub key that names whose workloads are meant"
                + (f", such as {opening.narrow}." if opening.narrow else "."),
                actual=Side(opening.clause, opening.at),
                cloud="aws",
                target=reach.resource,
                opens_to=opening.opens_to,
            )
