"""Evidence of AWS that contradicts itself: roles and providers that were read twice, and another account's answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from oidc_doctor.judge.contradictions import Contradiction, different, repeated_members
from oidc_doctor.judge.exchange import same
from oidc_doctor.model.arns import account_of
from oidc_doctor.model.document import Document, Missing, Origin
from oidc_doctor.model.evidence import AwsOidcProvider, Role
from oidc_doctor.model.placeholder import account_is_redacted
from oidc_doctor.model.refusal import Side

if TYPE_CHECKING:
    from oidc_doctor.judge.aws.state import AwsExchange


def contradictions(exchange: AwsExchange) -> Iterator[Contradiction]:
    """The contradictions of an exchange with AWS. Of a claim that a token has twice, STS reads the last (recorded)."""
    aws, issuer = exchange.aws, exchange.case.evidence.issuer
    role = aws.role
    if isinstance(role, Role):
        yield from repeated_members(_policy(role), {}, "authorise")
        yield from _roles(exchange, role)
    if exchange.provider is not None:
        yield from repeated_members(exchange.provider.document, {"ClientIDList": "audience"}, "provider")
        yield from _providers(exchange, exchange.provider)
    for document in (issuer.discovery, issuer.jwks):
        yield from repeated_members(document, {}, "keys")
    yield from _other_account(exchange)


def _policy(role: Role) -> Document | None:
    return role.trust_policy if isinstance(role.trust_policy, Document) else None


def _roles(exchange: AwsExchange, role: Role) -> Iterator[Contradiction]:
    """Another reading of the target's role whose trust policy differs."""
    policy = _policy(role)
    for near in exchange.aws.near_roles:
        other = _policy(near)
        if near.arn and near.arn == (role.arn or exchange.request.role_arn) and policy and other:
            places = (policy.at(), other.at())
            yield from different("authorise", f"the trust policy of {near.arn}", (policy.value, other.value), places)


def _providers(exchange: AwsExchange, provider: AwsOidcProvider) -> Iterator[Contradiction]:
    """Another reading of the provider, or a list of the account's providers in which it is missing."""
    aws = exchange.aws
    for other in (aws.provider, *aws.other_providers):
        if not isinstance(other, AwsOidcProvider) or other is provider or other.url != provider.url:
            continue
        if None not in (other.arn, provider.arn) and other.arn != provider.arn:
            continue  # of another account
        ids = [list(one.client_ids) if isinstance(one.client_ids, tuple) else None for one in (provider, other)]
        if None not in ids:
            places = (provider.document.at("/ClientIDList"), other.document.at("/ClientIDList"))
            yield from different("audience", f"the ClientIDList of {provider.url}", (ids[0], ids[1]), places)
    wanted = exchange.provider_arn
    if isinstance(aws.provider_arns, Missing) or not wanted:
        return
    at_home = [arn for arn in aws.provider_arns if account_of(arn) in (account_of(wanted), None)]
    of_another = bool(aws.provider_arns) and not at_home
    listed = any(same(arn, wanted, pasted=exchange.either_pasted) is not False for arn in aws.provider_arns)
    if not listed and not of_another:
        document = aws.provider_arns_document
        yield Contradiction(
            "provider",
            f"the provider {provider.url}, which the list of the account's providers lacks",
            Side(provider.url, provider.document.at("/Url")),
            Side(", ".join(aws.provider_arns) or "[]", document.at() if document else None),
            settle="aws iam list-open-id-connect-providers",
        )


def _other_account(exchange: AwsExchange) -> Iterator[Contradiction]:
    """The caller that read the evidence, where IAM answers it about another account than the role's."""
    caller, account = exchange.aws.caller_account, exchange.account
    if not caller or not account or caller == account or account_is_redacted(caller) or account_is_redacted(account):
        return
    yield Contradiction(
        "authorise",
        f"the account: the evidence was read as account {caller}, and the role is of account {account}",
        Side(account, exchange.case.evidence.target.origins.get("aws.role_arn")),
        Side(caller, Origin("aws/caller-identity.json", "/Account")),
        settle="the same evidence, read with credentials of the role's account",
    )
