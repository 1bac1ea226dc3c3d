"""Evidence from another account

Symptom
    Documents contradict each other, or a role and a provider that surely exist are called missing.
Reason
    Some of the evidence was read while signed in to another AWS account than the role's. STS looks for the OIDC
    provider in the role's account, so lists and providers of another account say nothing about this role.
Confirm
    `aws sts get-caller-identity --query Account` and the 12 digits in the role's ARN.
Fix
    Read the evidence again with credentials of the role's account.
Source
    IAM User Guide, id_roles_providers_create_oidc.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import (
    AwsOidcProvider,
    Finding,
    NotReadError,
    Role,
    Side,
    TargetEvidence,
    account_of,
    log_check,
)


def _accounts(evidence: TargetEvidence) -> Iterator[tuple[str, Side]]:
    """Each account that a provider or the list is of. The caller's is judged: see evidence-contradicts."""
    aws = evidence.aws
    if aws is None:
        return
    if isinstance(aws.provider, AwsOidcProvider) and aws.provider.arn:
        yield account_of(aws.provider.arn), Side(aws.provider.arn, aws.provider.document.at())
    if isinstance(aws.provider_arns, tuple):
        document = aws.provider_arns_document
        for arn in aws.provider_arns:
            yield account_of(arn), Side(arn, document.at() if document else None)


@log_check("LOG004", "evidence-from-other-account", about="evidence")
def evidence_from_other_account(evidence: TargetEvidence) -> Iterator[Finding]:
    """Say which documents are of another account than the role's."""
    role = evidence.aws.role if evidence.aws else None
    sent = evidence.target.aws.role_arn if evidence.target.aws else None
    arn = (role.arn if isinstance(role, Role) else None) or sent
    home = account_of(arn)
    if not home or not arn:
        msg = "the account of the role is not known"
        raise NotReadError(msg)
    reported: set[tuple[str, str]] = set()
    for account, side in _accounts(evidence):
        file = side.at.file if side.at else "the AWS evidence"
        if account and account != home and (account, file) not in reported:
            reported.add((account, file))
            yield Finding(
                f"{file} is of account {account}, the role of account {home}: it says nothing about this role",
                "Read the evidence again with credentials of the role's account.",
                expected=Side(arn, role.origin if isinstance(role, Role) else None),
                actual=side,
            )
