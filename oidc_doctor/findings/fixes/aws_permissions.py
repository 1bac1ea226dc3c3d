"""Add the permissions that a role lacks for its workload's calls: an inline policy with the smallest statements.

Source: IAM API Reference, PutRolePolicy (which replaces a policy of the same name), GetRolePolicy, DeleteRolePolicy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from oidc_doctor.commands import aws_iam
from oidc_doctor.documents.trust_policy import parse_policy
from oidc_doctor.findings.fixes import terraform
from oidc_doctor.findings.fixes.commands import as_text, gaps
from oidc_doctor.findings.fixes.edit import Candidate, DocumentChange
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.aws.access import policy_allowing
from oidc_doctor.judge.aws.role_policies import with_inline_policy
from oidc_doctor.model.document import Document
from oidc_doctor.model.evidence import ROLE_POLICIES

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.refusal import Refusal


def policy_added(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Allow the denied calls of the refusal's service in a new policy, if the role's policies lack them.

    Calls to different services are refused separately, so each edit is small; another may follow.
    """
    aws, name = case.evidence.aws, refusal.fact("policy_name")
    needs = [row.need for row in evaluate(case).accesses if row.decision == "denied" and row.by == "PRINCIPAL"]
    policy = policy_allowing([need for need in needs if need.service == refusal.fact("service")])
    if aws is None or policy is None or not name:
        return
    answer = as_text({"PolicyName": name, "PolicyDocument": policy})
    document = parse_policy(answer, ROLE_POLICIES.replace("*", name))
    documents = with_inline_policy(aws.documents, document)
    words = "Add an inline policy that allows the denied calls."
    yield Candidate(case.evidence._replace(aws=aws._replace(documents=documents)), "create", words=words)


def role_policies(role: str, before: TargetEvidence, after: TargetEvidence) -> Iterator[DocumentChange]:
    """Yield the inline policies that an edit adds to this role."""
    known_files = {document.file for document in _read(before)}
    for document in _read(after):
        if document.file not in known_files:
            yield _added(role, document)


def _read(evidence: TargetEvidence) -> tuple[Document, ...]:
    """Return the role's policies that were read."""
    return evidence.aws.read(ROLE_POLICIES) if evidence.aws is not None else ()


def _added(role: str, document: Document) -> DocumentChange:
    name, policy = document.in_answer("PolicyName") or "", document.value
    return DocumentChange(
        document.file,
        "",
        as_text({"RoleName": role, "PolicyName": name, "PolicyDocument": policy}),  # as printed by get-role-policy
        [aws_iam("put-role-policy", RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))],
        terraform.resource(
            "aws_iam_role_policy",
            f"The inline policy {name} of the IAM role {role}",
            name=name,
            role=role,
            policy=terraform.Call("jsonencode", policy),
        ),
        [aws_iam("get-role-policy", RoleName=role, PolicyName=name)],
        [aws_iam("delete-role-policy", RoleName=role, PolicyName=name)],
        gaps(role),
        f"the inline policy {name} of {role}",
    )
