"""Which resources of a bundle are the target's, and what the target is where nobody said."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from oidc_doctor.documents.provider import split_name
from oidc_doctor.documents.truss import TrussAuth, truss_auths
from oidc_doctor.iam.arns import without_redacted_accounts
from oidc_doctor.model.document import Document, Missing, Origin
from oidc_doctor.model.evidence import (
    AwsOidcProvider,
    GcpPool,
    GcpProvider,
    Role,
    ServiceAccount,
    Target,
    TargetAws,
    TargetGcp,
    Token,
)
from oidc_doctor.model.json_pointer import line_of
from oidc_doctor.model.placeholder import may_equal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Found = TypeVar("Found")

_IMPERSONATION = re.compile(r"/serviceAccounts/([^/]+):generate(?:AccessToken|IdToken)$")
_ECR_IMAGE = re.compile(r"\d{12}\.dkr[.-]ecr(?:-fips)?\.[a-z0-9-]+\.")
_AUDIENCE_HOST = "//iam.googleapis.com/"


class Resources(NamedTuple):
    """What one folder of a bundle holds that a target may be about."""

    tokens: tuple[Token, ...] = ()
    roles: tuple[Role, ...] = ()  # of role.json
    listed_roles: tuple[Role, ...] = ()
    aws_providers: tuple[AwsOidcProvider, ...] = ()
    gcp_providers: tuple[GcpProvider, ...] = ()  # of provider.json
    listed_gcp_providers: tuple[GcpProvider, ...] = ()
    gcp_pools: tuple[GcpPool, ...] = ()
    listed_gcp_pools: tuple[GcpPool, ...] = ()
    project: tuple[str | None, str | None] = (None, None)  # number and ID
    service_account: ServiceAccount | None = None
    credentials: Document | None = None
    truss: Document | None = None
    whoami: Document | None = None
    discovery: Document | None = None


# ------------------------------------------------------------------------------------------------ the target's values


@dataclass
class _Draft:
    """A target's values as they are found, the first source first."""

    aws: dict[str, Any] = field(default_factory=dict)
    gcp: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)

    def put(self, cloud: str, name: str, value: object, origin: Origin) -> None:
        values = self.aws if cloud == "aws" else self.gcp
        if value not in (None, "") and name not in values:
            values[name] = value
            self.origins[f"{cloud}.{name}"] = origin


def derive(target: Target, held: Resources) -> Target:
    """`target` with what it leaves open: first as the client is configured, then as the resources that were read.

    A configuration may say something else than was read: then what was read is not the target's.
    """
    draft = _Draft()
    if held.credentials:
        _from_credentials(draft, held.credentials, target)
    if held.truss:
        _from_truss(draft, held.truss, target, held)
    roles = [role for role in held.roles if role.arn]
    if roles:
        draft.put("aws", "role_arn", roles[0].arn, _arn_origin(roles[0]))
    providers = [one for one in held.gcp_providers or held.listed_gcp_providers if one.name]
    if len(providers) == 1 or (providers and held.gcp_providers):
        draft.put("gcp", "provider", providers[0].name, providers[0].document.at("/name"))
    if held.service_account:
        account = held.service_account
        draft.put("gcp", "service_account", account.email, account.document.at("/email"))
    issuer, issuer_origin = (target.issuer, None) if target.issuer else _issuer(held)
    origins = draft.origins | ({"issuer": issuer_origin} if issuer_origin else {})
    return target._replace(
        issuer=issuer,
        aws=_filled(target.aws, TargetAws, draft.aws),
        gcp=_filled(target.gcp, TargetGcp, draft.gcp),
        origins=origins | target.origins,
    )


def _arn_origin(role: Role) -> Origin:
    """Where a role's ARN was read; its line where the policy stands in the same text."""
    pointer = role.origin.pointer + ("/Arn" if "Arn" in role.raw else "/arn")
    policy = role.trust_policy
    if isinstance(policy, Missing) or policy.inner:
        return role.origin._replace(pointer=pointer)
    return role.origin._replace(pointer=pointer, line=line_of(policy.text, pointer))


Cloud = TypeVar("Cloud", TargetAws, TargetGcp)


def _filled(known: Cloud | None, make: type[Cloud], found: dict[str, Any]) -> Cloud | None:
    """`known` with what was found for the values that it leaves open; None where there is neither."""
    if known is None:
        return make(**found) if found else None
    return known._replace(**{name: value for name, value in found.items() if getattr(known, name) is None})


def _from_credentials(draft: _Draft, document: Document, target: Target) -> None:
    """An external_account configuration: what Google's own libraries send."""
    box = document.value if isinstance(document.value, dict) else {}
    audience = box.get("audience")
    said = target.gcp.provider if target.gcp else None
    if isinstance(audience, str) and audience and (said is None or same_name(said, audience)):
        draft.put("gcp", "audience", audience, document.at("/audience"))
        if split_name(audience):
            draft.put("gcp", "provider", audience.removeprefix(_AUDIENCE_HOST), document.at("/audience"))
    url = box.get("service_account_impersonation_url")
    found = _IMPERSONATION.search(url) if isinstance(url, str) else None
    if found:
        draft.put("gcp", "service_account", found[1], document.at("/service_account_impersonation_url"))
    options = box.get("service_account_impersonation")
    lifetime = options.get("token_lifetime_seconds") if isinstance(options, dict) else None
    if isinstance(lifetime, int) and not isinstance(lifetime, bool):
        place = "/service_account_impersonation/token_lifetime_seconds"
        draft.put("gcp", "access_token_lifetime", lifetime, document.at(place))


def _from_truss(draft: _Draft, document: Document, target: Target, held: Resources) -> None:
    """The identities that a Truss configuration names: of several, the one whose resource was read, else the first.

    Where the target's role or provider is known already, only what stands beside the same one is taken.
    """
    auths = truss_auths(document)
    role = target.aws.role_arn if target.aws else None
    provider = (target.gcp.provider if target.gcp else None) or draft.gcp.get("provider")
    aws = [auth for auth in auths if auth.aws_role_arn and (role is None or _like_arn(role, auth.aws_role_arn))]
    gcp = [auth for auth in auths if auth.gcp_provider or auth.gcp_service_account]
    if provider:
        gcp = [auth for auth in gcp if same_name(provider, auth.gcp_provider or provider)]
    arns = [role.arn for role in held.roles if role.arn]
    names = [provider.name for provider in held.gcp_providers if provider.name]
    for auth in _preferred(aws, lambda one: any(_like_arn(one.aws_role_arn or "", arn) for arn in arns)):
        draft.put("aws", "role_arn", auth.aws_role_arn, document.at(auth.pointer + "/aws_oidc_role_arn"))
        draft.put("aws", "region", auth.aws_region, document.at(auth.pointer + "/aws_oidc_region"))
        for same in (auth, *(one for one in aws if one.aws_role_arn == auth.aws_role_arn)):
            bucket = re.match(r"s3://([^/]+)", same.resource or "")
            if bucket:
                draft.put("aws", "s3_bucket", bucket[1], _resource_origin(document, same))
            if same.resource and _ECR_IMAGE.match(same.resource):
                draft.put("aws", "ecr_repository", same.resource, _resource_origin(document, same))
    for auth in _preferred(gcp, lambda one: any(same_name(one.gcp_provider or "", name) for name in names)):
        place = auth.pointer + "/gcp_oidc_workload_id_provider"
        draft.put("gcp", "provider", auth.gcp_provider, document.at(place))
        place = auth.pointer + "/gcp_oidc_service_account"
        draft.put("gcp", "service_account", auth.gcp_service_account, document.at(place))
        bucket = re.match(r"gs://([^/]+)", auth.resource or "")
        if bucket:
            draft.put("gcp", "gcs_bucket", bucket[1], _resource_origin(document, auth))


def _preferred(auths: list[TrussAuth], read: Callable[[TrussAuth], bool]) -> list[TrussAuth]:
    return [auth for auth in auths if read(auth)][:1] or auths[:1]


def _resource_origin(document: Document, auth: TrussAuth) -> Origin:
    image = auth.pointer.startswith("/base_image/")
    return document.at(auth.pointer.rpartition("/")[0] + ("/image" if image else "/source"))


def _issuer(held: Resources) -> tuple[str | None, Origin | None]:
    """The issuer, and where it was read: the token's own word first."""
    for token in held.tokens:
        found = token.claims.get("iss")
        if isinstance(found, str) and found:
            return found, token.origin
    for aws in held.aws_providers:
        return f"https://{aws.url}", aws.document.at("/Url")
    for gcp in held.gcp_providers:
        if gcp.issuer_uri:
            return gcp.issuer_uri, gcp.document.at("/oidc/issuerUri")
    for document in (held.discovery, held.whoami):
        found = document.value.get("issuer") if document and isinstance(document.value, dict) else None
        if document and isinstance(found, str) and found:
            return found, document.at("/issuer")
    return None, None


# ---------------------------------------------------------------------------------------------- the target's resources


def choose_role(target: Target, held: Resources) -> tuple[Role | None, tuple[Role, ...]]:
    """The target's role, and the others that were read; of a list only those of the same name."""
    arn = target.aws.role_arn if target.aws else None
    if arn is None:
        return _first(held.roles, lambda _: True)
    wanted = arn
    same = _like_arn if target.pasted else str.__eq__
    own, near = _exact_or_like(
        held.roles, lambda role: role.arn in (None, wanted), lambda role: same(role.arn or wanted, wanted)
    )
    name = wanted.rpartition("/")[2].lower()
    listed, others = _first(held.listed_roles, lambda role: role.arn == wanted)
    seen = {role.arn for role in near}
    near += tuple(role for role in others if (role.name or "").lower() == name and role.arn not in seen)
    return own or listed, near


def choose_aws_provider(target: Target, held: Resources) -> tuple[AwsOidcProvider | None, tuple[AwsOidcProvider, ...]]:
    """The provider of the target's issuer where several were read; one alone is it, whatever its url."""
    issuers = [token.claims.get("iss") for token in held.tokens] + [target.issuer]
    urls = {issuer.removeprefix("https://") for issuer in issuers if isinstance(issuer, str)}
    hosts = {url.partition("/")[0].lower() for url in urls}
    for fits in (
        lambda one: one.url in urls,
        lambda one: one.url.partition("/")[0].lower() in hosts,
        lambda _: True,
    ):
        own, others = _first(held.aws_providers, fits)
        if own:
            return own, others
    return None, ()


def choose_gcp_provider(target: Target, held: Resources) -> tuple[GcpProvider | None, tuple[GcpProvider, ...]]:
    """The target's provider, and the others that were read; of a list only those of the same pool."""
    name = target.gcp.provider if target.gcp else None
    if name is None:
        return _first(held.gcp_providers, lambda _: True)
    wanted = name
    own, near = _exact_or_like(
        held.gcp_providers,
        lambda one: one.name in (None, wanted),
        lambda one: same_name(wanted, one.name or wanted, target, held.project),
    )
    listed, others = _first(held.listed_gcp_providers, lambda one: _is_named(one.name, wanted, target, held))
    pool = (split_name(wanted) or ("", "", "", None))[2]
    seen = {one.name for one in near} | {own.name if own else None}
    return own or listed, near + tuple(
        one for one in others if one.name and one.name not in seen and f"/workloadIdentityPools/{pool}/" in one.name
    )


def choose_gcp_pool(target: Target, held: Resources) -> tuple[GcpPool | None, tuple[GcpPool, ...]]:
    """The pool of the target's provider, and the others that were read."""
    name = target.gcp.provider if target.gcp else None
    parts = split_name(name) if name else None
    if parts is None:
        return _first(held.gcp_pools, lambda _: True)
    wanted = f"projects/{parts[0]}/locations/{parts[1]}/workloadIdentityPools/{parts[2]}"
    own, near = _exact_or_like(
        held.gcp_pools,
        lambda one: one.name in (None, wanted),
        lambda one: same_name(wanted, one.name or wanted, target, held.project),
    )
    listed = _first(held.listed_gcp_pools, lambda one: _is_named(one.name, wanted, target, held))[0]
    return own or listed, near


def choose_service_account(target: Target, held: Resources) -> ServiceAccount | Missing | None:
    """The target's service account; Missing, with its reason, where the file is about another one."""
    account = held.service_account
    wanted = target.gcp.service_account if target.gcp else None
    if account is None or not wanted or not account.email or wanted in (account.email, account.unique_id):
        return account
    if target.pasted and _like(wanted, account.email):
        return account
    return Missing(account.document.file, f"the file is about {account.email}, not about the target's service account")


def same_name(
    wanted: str, name: str, target: Target | None = None, project: tuple[str | None, str | None] = (None, None)
) -> bool:
    """Whether a provider's or pool's name could be the one that the client sends, whatever is wrong with how it does.

    A project's number and its ID are one unless project.json says otherwise; a name of impossible form, or one that
    stops at the pool, is not another resource's.
    """
    one, two = split_name(wanted), split_name(name)
    if one is None or two is None:
        return True
    like = _like if target is None or target.pasted else str.__eq__
    projects = {one[0], two[0]}
    if len(projects) > 1 and not like(one[0], two[0]):
        numbers = sum(part.isdecimal() for part in projects)
        known = {part for part in project if part}
        if numbers != 1 or (len(known) > 1 and projects != known):
            return False
    return all(like(left, right) for left, right in zip(one[1:], two[1:], strict=True) if left and right)


def _like(one: str, other: str) -> bool:
    """Whether some filling of the placeholders makes the texts equal."""
    return may_equal(one, other) is not False


def _like_arn(one: str, other: str) -> bool:
    """The same for ARNs, in which an account that is not 12 digits was taken out."""
    return _like(*without_redacted_accounts(one, other))


def _is_named(name: str | None, wanted: str, target: Target, held: Resources) -> bool:
    """Whether an entry of a list is the wanted one: a list holds many, so a form that is unclear names none."""
    return bool(name and split_name(wanted) and same_name(wanted, name, target, held.project))


def _exact_or_like(
    found: Sequence[Found], exact: Callable[[Found], bool], like: Callable[[Found], bool]
) -> tuple[Found | None, tuple[Found, ...]]:
    own, others = _first(found, exact)
    return (own, others) if own is not None else _first(found, like)


def _first(found: Iterable[Found], fits: Callable[[Found], bool]) -> tuple[Found | None, tuple[Found, ...]]:
    """The first that fits, and all the others."""
    everything = tuple(found)
    for index, one in enumerate(everything):
        if fits(one):
            return one, everything[:index] + everything[index + 1 :]
    return None, everything
