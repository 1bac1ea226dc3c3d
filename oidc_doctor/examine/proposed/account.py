"""The account of a change: a plan names it by a placeholder where only apply shows it, and the evidence knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.model.arns import ARN_FIELDS, account_of
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import AwsOidcProvider, Role
from oidc_doctor.model.placeholder import has_placeholder

if TYPE_CHECKING:
    from oidc_doctor.model.evidence import AwsEvidence, Documents

_ACCOUNT = 4  # the field of an ARN


def same_but_account(arn: str, other: str) -> bool:
    """Whether two ARNs are equal, or differ only in an account that at least one of them leaves open."""
    fields, others = arn.split(":", ARN_FIELDS - 1), other.split(":", ARN_FIELDS - 1)
    if len(fields) != ARN_FIELDS or len(others) != ARN_FIELDS:
        return arn == other
    accounts = (fields.pop(_ACCOUNT), others.pop(_ACCOUNT))
    return fields == others and (accounts[0] == accounts[1] or any(map(has_placeholder, accounts)))


def with_account(change: AwsEvidence, changed_arn: str | None, present_arn: str | None) -> AwsEvidence:
    """Return the change with the account of the role that it is about in place of the role's placeholder.

    The same placeholder is the same account: the role's own is that of the evidence.
    """
    gap, account = account_of(changed_arn or ""), account_of(present_arn or "")
    if not gap or not account or gap == account or not has_placeholder(gap) or has_placeholder(account):
        return change
    role, provider = change.role, change.provider
    if isinstance(role, Role):
        policy = role.trust_policy
        role = role._replace(
            arn=role.arn and role.arn.replace(gap, account),
            trust_policy=_filled(policy, gap, account) if isinstance(policy, Document) else policy,
        )
    if isinstance(provider, AwsOidcProvider):
        provider = _of_account(provider, gap, account)
    others = tuple(_of_account(other, gap, account) for other in change.other_providers)
    documents: dict[str, Documents] = {
        path: read if isinstance(read, Missing) else tuple(_filled(document, gap, account) for document in read)
        for path, read in change.documents.items()
    }
    return change._replace(role=role, provider=provider, other_providers=others, documents=documents)


def _of_account(provider: AwsOidcProvider, gap: str, account: str) -> AwsOidcProvider:
    arn = provider.arn and provider.arn.replace(gap, account)
    return provider._replace(arn=arn, document=_filled(provider.document, gap, account))


def _filled(document: Document, gap: str, account: str) -> Document:
    return document._replace(text=document.text.replace(gap, account), value=_value(document.value, gap, account))


def _value(value: Any, gap: str, account: str) -> Any:
    if isinstance(value, str):
        return value.replace(gap, account)
    if isinstance(value, list):
        return [_value(inner, gap, account) for inner in value]
    if isinstance(value, dict):
        return {name: _value(inner, gap, account) for name, inner in value.items()}
    return value
