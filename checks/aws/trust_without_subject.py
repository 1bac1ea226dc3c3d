"""Trust without a subject

Symptom
    Nothing fails: every token of the issuer with the right audience is let in.
Reason
    An Allow statement for the OIDC provider does not ask for any value of `sub`, nor of another claim that tells
    workloads apart. Conditions that only forbid values, or that are true when the key is absent or misspelt, do not
    count. IAM insists on a subject only for the shared issuers that it knows, and Baseten's is not among them as far as
    is known; that such a role is open to every Baseten customer is inferred from its one audience for all.
Confirm
    Look under Condition for the key `<issuer>:sub` with StringEquals or StringLike.
Fix
    Add a StringLike condition on the subject that names organisation and team.
Source
    IAM User Guide, id_roles_providers_oidc_secure-by-default; Baseten's OIDC documentation.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import (
    Finding,
    Role,
    Side,
    TargetEvidence,
    allow_statements,
    bound_elsewhere,
    customers_of,
    policy_origin,
    weakness,
)

ANY_ISSUER = {"aud", "oaud", "sub", "amr", "email"}  # condition keys that every OIDC provider has (IAM user guide)


@weakness("AWS072", "trust-without-subject")
def trust_without_subject(role: Role, evidence: TargetEvidence, profile: object) -> Iterator[Finding]:
    """Find statements that any subject of the issuer satisfies."""
    own = {key.lower() for key in getattr(profile, "own_condition_keys", ())}
    for statement in allow_statements(role):
        never = any(  # a key of another provider, or of a claim that AWS does not export, is absent from the request
            test.positive
            and not test.holds_when_absent
            and (test.claim not in ANY_ISSUER | own if test.claim else test.key.lower().endswith(":sub"))
            for test in statement.tests
        )
        if statement.subject_tests or never or bound_elsewhere(statement):
            continue
        issuer = statement.issuers[0]
        vendor = customers_of(issuer, evidence, profile)
        whose = f", as far as is known the workloads of every {vendor} customer" if vendor else ""
        yield Finding(
            f"{statement.name} lets in any subject of {issuer}{whose}: no condition asks for one",
            f"Add a StringLike condition on {issuer}:sub that names whose workloads are meant.",
            actual=Side(statement.name, policy_origin(role, statement.pointer)),
        )
