"""Trust in any tenant

Symptom
    Nothing fails: the tokens of strangers are let in as well.
Reason
    Many customers share one issuer, and the part of the subject that says whose workload it is stays open: `*`,
    `repo:*`, `v=1:org=*:…`, or on Google Cloud an attribute condition that tests only the audience, a branch or an
    environment. That Baseten has one issuer and one audience for everybody is documented; that a role or provider which
    asks for no more is open to all its customers is inferred from that.
Confirm
    Read the subject pattern up to its first wildcard: it must contain your organisation.
Fix
    Write the organisation (owner, group, tenant) as a fixed value, closed by its separator.
Source
    Baseten's OIDC documentation, which warns of `v=1:org=*:team=*:*`; IAM User Guide,
    id_roles_providers_oidc_secure-by-default.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from oidc_doctor.checkkit import (
    CelTest,
    Finding,
    Side,
    TargetEvidence,
    allow_statements,
    customers_of,
    is_nobodys,
    loose_tests,
    open_subjects,
    policy_origin,
    quoted,
    trust_documents,
    weakness,
)

# What stands before the tenant in the subjects of issuers that many customers share.
_BEFORE_TENANT = (
    "v=1:org=",
    "repo:",
    "repository_owner:",
    "project_path:",
    "organization:",
    "owner:",
    "modal:workspace_id:",
    "org/",
)
# A piece of a subject that can be the same in every tenant: an environment, a type, a branch, and nothing else.
_NOBODYS_PART = re.compile(r":?(environment|env|type|ref|ref_type|pull_request)\b(?!.*(org|team|repo|owner|project))")


def _names_no_tenant(start: str) -> bool:
    return any(before.startswith(start.lower()) for before in _BEFORE_TENANT)


def _open_pattern(pattern: str) -> bool:
    fixed = re.split(r"[*?]", pattern, maxsplit=1)[0]
    return fixed != pattern and _names_no_tenant(fixed)


def _binds(test: CelTest) -> bool:
    if test.claim == "sub" and test.operator in ("startsWith", "contains", "endsWith"):
        return not any(_names_no_tenant(text) or _NOBODYS_PART.match(text) for text in test.values)
    return not is_nobodys(test.claim)


@weakness("AWS070", "trust-any-tenant")
def trust_any_tenant(evidence: TargetEvidence, profile: object) -> Iterator[Finding]:
    """Find trust in whoever uses the issuer."""
    role, provider = trust_documents(evidence)
    for statement in allow_statements(role):
        for pattern, pointer in open_subjects(statement, _open_pattern, pasted=evidence.target.pasted):
            vendor = customers_of(statement.issuers[0], evidence, profile)
            whose = f"the workloads of any {vendor} customer" if vendor else f"any workload of {statement.issuers[0]}"
            yield Finding(
                f"{statement.name} lets in {whose}: {quoted(pattern, 'its subject pattern')} names no organisation",
                "Write your own organisation into the pattern as a fixed value, followed by its separator.",
                actual=Side(pattern, policy_origin(role, pointer)),
            )
    vendor = customers_of(provider.issuer_uri or "", evidence, profile) if provider else ""
    if provider and provider.condition and vendor and loose_tests(provider, _binds) is not None:
        yield Finding(
            f"the attribute condition lets in the workloads of any {vendor} customer, as far as is known: nothing in "
            "it names an organisation, and only the bindings of the service account are left to keep them out",
            "Test the organisation's own claim, or the beginning of the subject with the organisation in it.",
            actual=Side(provider.condition, provider.document.at("/attributeCondition")),
        )
