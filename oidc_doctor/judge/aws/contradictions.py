"""Find contradictions in AWS evidence: roles and providers that were read twice, and output from another account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from oidc_doctor.judge.contradictions import Contradiction, different, repeated_members
from oidc_doctor.judge.exchange import same
from oidc_doctor.model.arns import account_of
from oidc_doctor.model.document import Document, Json, Missing, Origin
from oidc_doctor.model.evidence import AwsOidcProvider, Role
from oidc_doctor.model.placeholder import account_is_redacted, has_placeholder
from oidc_doctor.model.refusal import Side

LEAST_MAXIMUM = 3600  # seconds: the least MaxSessionDuration of a role, and the default (IAM API, CreateRole)

if TYPE_CHECKING:
    from oidc_doctor.judge.aws.state import AwsExchange


def contradictions(exchange: AwsExchange) -> Iterator[Contradiction]:
    """Return the contradictions of an exchange with AWS. Of a duplicate claim, STS reads the last (recorded)."""
    aws, issuer = exchange.aws, exchange.case.evidence.issuer
    role = aws.role
    if isinstance(role, Role):
        yield from repeated_members(_policy(role), {}, "authorise")
        yield from _repeated_around(role)
        yield from _roles(exchange, role)
        yield from _names_of(role)
        yield from _maximum_of(exchange, role)
    if exchange.provider is not None:
        yield from repeated_members(exchange.provider.document, {"ClientIDList": "audience"}, "provider")
        yield from _providers(exchange, exchange.provider)
        yield from repeated_members(aws.provider_arns_document, {}, "provider")
    for document in (issuer.discovery, issuer.jwks):
        yield from repeated_members(document, {}, "keys")
    yield from _other_account(exchange)


def _policy(role: Role) -> Document | None:
    return role.trust_policy if isinstance(role.trust_policy, Document) else None


def _repeated_around(role: Role) -> Iterator[Contradiction]:
    """Members around the trust policy that the file has twice: of the role, or those that the role is a part of."""
    document, place = role.document, role.origin.pointer
    if document is None:
        return
    read = {f"{place}/{name}" for name in ("Arn", "RoleName", "Path")}
    twice = [pointer for pointer in document.duplicates if f"{place}/".startswith(pointer + "/") or pointer in read]
    yield from repeated_members(document._replace(duplicates=tuple(twice), value=None), {}, "authorise")


def _maximum_of(exchange: AwsExchange, role: Role) -> Iterator[Contradiction]:
    """A MaxSessionDuration that the role has twice, where the request asks for more than every role allows."""
    name, seconds = "MaxSessionDuration", exchange.request.duration_seconds
    if seconds is None or seconds <= LEAST_MAXIMUM or role.document is None:
        return
    place = f"{role.origin.pointer}/{name}"
    at = Origin(role.origin.file, place, role.origin.line)
    if place in role.document.duplicates:
        yield Contradiction("duration", f"{name}, which {role.origin.file} has twice", Side(name, at))
    one, other = (role.raw.get(spelling) for spelling in (name, name[0].lower() + name[1:]))
    if None not in (one, other):
        yield from different("duration", f"the role's {name}", (one, other), (at, at))


def _names_of(role: Role) -> Iterator[Contradiction]:
    """Find a role whose ARN disagrees with its RoleName or Path, or that has one of these in two spellings."""
    for name in ("Arn", "RoleName", "Path"):
        other = role.raw.get(name[0].lower() + name[1:])
        if isinstance(role.raw.get(name), str) and isinstance(other, str):
            place = Origin(role.origin.file, f"{role.origin.pointer}/{name}", role.origin.line)
            yield from different("authorise", f"the role's {name}", (role.raw[name], other), (place, place))
    path, written = role.raw.get("Path"), role.raw.get("RoleName")
    if not role.arn or not isinstance(written, str) or has_placeholder(role.arn + written + str(path)):
        return
    named = role.arn.partition(":role/")[2]
    below = path if isinstance(path, str) and path != "/" else ""  # people who write a role by hand keep the default
    if named and (named.rpartition("/")[2] != written or (below and below + written != "/" + named)):
        yield Contradiction(
            "authorise",
            f"the role: {role.origin.file} has the Arn of one role and the RoleName or Path of another",
            Side(role.arn, Origin(role.origin.file, role.origin.pointer + "/Arn")),
            Side(f"{path or ''}{written}", Origin(role.origin.file, role.origin.pointer + "/RoleName")),
        )


def _roles(exchange: AwsExchange, role: Role) -> Iterator[Contradiction]:
    """Find another reading of the target's role with a different trust policy."""
    policy = _policy(role)
    for near in exchange.aws.near_roles:
        other = _policy(near)
        if role.arn and near.arn and near.arn != role.arn and _is_other_path(near.arn, role.arn):
            places = (role.origin._replace(pointer=role.origin.pointer + "/Arn"), near.origin)
            yield from different(
                "authorise", "the path of the role, whose name is unique", (role.arn, near.arn), places
            )
        meant = (
            near.arn == (role.arn or exchange.request.role_arn) if near.arn else near.name and near.name == role.name
        )
        if meant and policy and other and _canonical(policy.value) != _canonical(other.value):
            places = (policy.at(), other.at())
            about = f"the trust policy of {near.arn or near.name}"
            yield from different("authorise", about, (policy.value, other.value), places)


def _canonical(policy: Json) -> Json:
    """Normalise a policy: tools differ in lists of one element and in the order of members."""
    if isinstance(policy, dict):
        return {name: _canonical(value) for name, value in policy.items()}
    if isinstance(policy, list):
        values = [_canonical(value) for value in policy]
        return values[0] if len(values) == 1 else sorted(values, key=repr)
    return policy


def _is_other_path(left: str, right: str) -> bool:
    """Whether two ARNs have the same account and role name, but different paths."""
    (account, _, name), (other_account, _, other_name) = (arn.partition(":role/") for arn in (left, right))
    return account == other_account and name.rpartition("/")[2] == other_name.rpartition("/")[2]


def _providers(exchange: AwsExchange, provider: AwsOidcProvider) -> Iterator[Contradiction]:
    """Find another reading of the provider, or a list of the account's providers without it."""
    aws = exchange.aws
    path = (provider.arn or "").partition(":oidc-provider/")[2]
    if path and same(path, provider.url, pasted=exchange.either_pasted) is False:
        places = (provider.document.at("/Arn"), provider.document.at("/Url"))
        yield from different("provider", "the provider's address", (path, provider.url), places)
    for other in (aws.provider, *aws.other_providers):
        if not isinstance(other, AwsOidcProvider) or other is provider or other.url != provider.url:
            continue
        if None not in (other.arn, provider.arn) and other.arn != provider.arn:
            continue  # of another account
        ids = [
            list(reading.client_ids) if isinstance(reading.client_ids, tuple) else None for reading in (provider, other)
        ]
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
    """Find a caller whose account, and so whose IAM output, is not the role's."""
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
