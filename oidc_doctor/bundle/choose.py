"""Choose the resources of the target in a bundle, and derive target values that the user did not state."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from oidc_doctor.documents.provider import split_name
from oidc_doctor.documents.truss import ECR_IMAGE, TrussAuth, truss_auths
from oidc_doctor.model.arns import without_redacted_accounts
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
from oidc_doctor.model.placeholder import has_placeholder, may_equal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from oidc_doctor.documents.setup_output import SetupOutput

Found = TypeVar("Found")

_IMPERSONATION = re.compile(r"/serviceAccounts/([^/]+):generate(?:AccessToken|IdToken)$")
_AUDIENCE_HOST = "//iam.googleapis.com/"


class Resources(NamedTuple):
    """The resources of a bundle's folder, including the target's."""

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
    setup: SetupOutput | None = None


# ------------------------------------------------------------------------------------------------ the target's values


@dataclass
class _Draft:
    """A target's values as found, the first source first."""

    aws: dict[str, Any] = field(default_factory=dict)
    gcp: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)

    def put(self, cloud: str, name: str, value: object, origin: Origin) -> None:
        values = self.aws if cloud == "aws" else self.gcp
        if value not in (None, "") and name not in values:
            values[name] = value
            self.origins[f"{cloud}.{name}"] = origin


def derive(target: Target, resources: Resources) -> Target:
    """Fill the open values of `target`: first from the client's configuration, then from the resources read.

    A resource that contradicts the configuration does not belong to the target.
    """
    draft = _Draft()
    if resources.credentials:
        _from_credentials(draft, resources.credentials, target)
    if resources.truss:
        _from_truss(draft, resources.truss, target, resources)
    roles = [role for role in resources.roles if role.arn]
    if roles:
        draft.put("aws", "role_arn", roles[0].arn, _arn_origin(roles[0]))
    providers = [provider for provider in resources.gcp_providers or resources.listed_gcp_providers if provider.name]
    if len(providers) == 1 or (providers and resources.gcp_providers):
        draft.put("gcp", "provider", providers[0].name, providers[0].document.at("/name"))
    if resources.service_account:
        account = resources.service_account
        draft.put("gcp", "service_account", account.email, account.document.at("/email"))
    if resources.setup:
        _from_setup(draft, resources.setup)
    issuer, issuer_origin = (target.issuer, None) if target.issuer else _issuer(resources)
    origins = draft.origins | ({"issuer": issuer_origin} if issuer_origin else {})
    return target._replace(
        issuer=issuer,
        aws=_filled(target.aws, TargetAws, draft.aws),
        gcp=_filled(target.gcp, TargetGcp, draft.gcp),
        origins=origins | target.origins,
    )


def _arn_origin(role: Role) -> Origin:
    """Return the place of the ARN of a role; with its line if the policy is part of the same text."""
    pointer = role.origin.pointer + ("/Arn" if "Arn" in role.raw else "/arn")
    policy = role.trust_policy
    if isinstance(policy, Missing) or policy.inner:
        return role.origin._replace(pointer=pointer)
    return role.origin._replace(pointer=pointer, line=line_of(policy.text, pointer))


Cloud = TypeVar("Cloud", TargetAws, TargetGcp)


def _filled(stated: Cloud | None, make: type[Cloud], values: dict[str, Any]) -> Cloud | None:
    """Fill the open values of `stated` from `values`; None if both are empty."""
    if stated is None:
        return make(**values) if values else None
    return stated._replace(**{name: value for name, value in values.items() if getattr(stated, name) is None})


def _from_setup(draft: _Draft, output: SetupOutput) -> None:
    """Draft the names of resources that a set-up script reports as created, if no file names them."""
    at = Origin("setup/output.txt")
    draft.put("aws", "role_arn", output.role_arn, at)
    draft.put("gcp", "provider", output.provider, at)
    draft.put("gcp", "service_account", output.service_account, at)


def _from_credentials(draft: _Draft, document: Document, target: Target) -> None:
    """Draft the values of an external_account configuration, which Google's own libraries send."""
    configuration = document.value if isinstance(document.value, dict) else {}
    audience = configuration.get("audience")
    stated = target.gcp.provider if target.gcp else None
    if isinstance(audience, str) and audience and (stated is None or same_name(stated, audience)):
        draft.put("gcp", "audience", audience, document.at("/audience"))
        if split_name(audience):
            draft.put("gcp", "provider", audience.removeprefix(_AUDIENCE_HOST), document.at("/audience"))
    url = configuration.get("service_account_impersonation_url")
    account = _IMPERSONATION.search(url) if isinstance(url, str) else None
    if account:
        draft.put("gcp", "service_account", account[1], document.at("/service_account_impersonation_url"))
    options = configuration.get("service_account_impersonation")
    lifetime = options.get("token_lifetime_seconds") if isinstance(options, dict) else None
    if isinstance(lifetime, int) and not isinstance(lifetime, bool):
        place = "/service_account_impersonation/token_lifetime_seconds"
        draft.put("gcp", "access_token_lifetime", lifetime, document.at(place))


def _from_truss(draft: _Draft, document: Document, target: Target, resources: Resources) -> None:
    """Draft the identity of a Truss configuration: the identity whose resource was read, otherwise the first.

    If the role or provider of the target is known already, only entries with the same role or provider count.
    """
    auths = truss_auths(document)
    role = target.aws.role_arn if target.aws else None
    provider = (target.gcp.provider if target.gcp else None) or draft.gcp.get("provider")
    aws = [auth for auth in auths if auth.aws_role_arn and (role is None or _like_arn(role, auth.aws_role_arn))]
    gcp = [auth for auth in auths if auth.gcp_provider or auth.gcp_service_account]
    if provider:
        gcp = [auth for auth in gcp if same_name(provider, auth.gcp_provider or provider)]
    arns = [role.arn for role in resources.roles if role.arn]
    names = [provider.name for provider in resources.gcp_providers if provider.name]
    for auth in _preferred(aws, lambda auth: any(_like_arn(auth.aws_role_arn or "", arn) for arn in arns)):
        draft.put("aws", "role_arn", auth.aws_role_arn, document.at(auth.source.place("aws_oidc_role_arn")))
        draft.put("aws", "region", auth.aws_region, document.at(auth.source.place("aws_oidc_region")))
        for same in (auth, *(other for other in aws if other.aws_role_arn == auth.aws_role_arn)):
            bucket = re.match(r"s3://([^/]+)", same.resource or "")
            if bucket:
                draft.put("aws", "s3_bucket", bucket[1], _resource_origin(document, same))
            if same.resource and ECR_IMAGE.match(same.resource):
                draft.put("aws", "ecr_repository", same.resource, _resource_origin(document, same))
    for auth in _preferred(gcp, lambda auth: any(same_name(auth.gcp_provider or "", name) for name in names)):
        place = auth.source.place("gcp_oidc_workload_id_provider")
        draft.put("gcp", "provider", auth.gcp_provider, document.at(place))
        place = auth.source.place("gcp_oidc_service_account")
        draft.put("gcp", "service_account", auth.gcp_service_account, document.at(place))
        bucket = re.match(r"gs://([^/]+)", auth.resource or "")
        if bucket:
            draft.put("gcp", "gcs_bucket", bucket[1], _resource_origin(document, auth))


def further_targets(document: Document, first: Target) -> list[Target]:
    """Return a target for each further role, and each further provider with its account, in a Truss file."""
    role = first.aws.role_arn if first.aws else None
    identity = (first.gcp.provider, first.gcp.service_account) if first.gcp else (None, None)
    by_identity: dict[object, Target] = {}
    for auth in truss_auths(document):
        if has_placeholder(f"{auth.aws_role_arn}{auth.gcp_provider}{auth.gcp_service_account}"):
            continue
        if auth.auth_method == "AWS_OIDC" and auth.aws_role_arn and role and not _like_arn(role, auth.aws_role_arn):
            at = document.at(auth.source.place("aws_oidc_role_arn"))
            aws = TargetAws(role_arn=auth.aws_role_arn, region=auth.aws_region)
            name = auth.aws_role_arn.rpartition("/")[2]
            by_identity.setdefault(auth.aws_role_arn, Target(name, aws=aws, origins={"aws.role_arn": at}))
        other = (auth.gcp_provider, auth.gcp_service_account)
        same_provider = same_name(identity[0] or "", auth.gcp_provider or "")
        is_first = same_provider and auth.gcp_service_account == identity[1]
        if auth.auth_method == "GCP_OIDC" and all(other) and all(identity) and not is_first:
            at = document.at(auth.source.place("gcp_oidc_service_account"))
            gcp = TargetGcp(provider=auth.gcp_provider, service_account=auth.gcp_service_account)
            name = str(auth.gcp_service_account).partition("@")[0]
            by_identity.setdefault(other, Target(name, gcp=gcp, origins={"gcp.service_account": at}))
    return list(by_identity.values())


def _preferred(auths: list[TrussAuth], read: Callable[[TrussAuth], bool]) -> list[TrussAuth]:
    return [auth for auth in auths if read(auth)][:1] or auths[:1]


def _resource_origin(document: Document, auth: TrussAuth) -> Origin:
    return document.at(auth.source.resource_pointer)


def _issuer(resources: Resources) -> tuple[str | None, Origin | None]:
    """Return the issuer and its place: first from the claim of the token."""
    for token in resources.tokens:
        issuer = token.claims.get("iss")
        if isinstance(issuer, str) and issuer:
            return issuer, token.origin
    if len({aws.url for aws in resources.aws_providers}) == 1:  # of several, the subject shows which issuer is meant
        aws = resources.aws_providers[0]
        if not _is_of_another(f"https://{aws.url}", resources.tokens):
            return f"https://{aws.url}", aws.document.at("/Url")
    for gcp in resources.gcp_providers:
        if gcp.issuer_uri and not _is_of_another(gcp.issuer_uri, resources.tokens):
            return gcp.issuer_uri, gcp.document.at("/oidc/issuerUri")
    for document in (resources.discovery, resources.whoami):
        issuer = document.value.get("issuer") if document and isinstance(document.value, dict) else None
        if document and isinstance(issuer, str) and issuer:
            return issuer, document.at("/issuer")
    return None, None


def _is_of_another(issuer: str, tokens: Sequence[Token]) -> bool:
    """Whether a known issuer writes no such subject as a hypothetical token has, and another known issuer does."""
    subjects = [token.subject for token in tokens if token.kind == "hypothetical"]
    if not subjects:
        return False
    from oidc_doctor.issuers import profile_for  # late: few bundles are read for a subject alone

    profile = profile_for(issuer, None)
    return profile is not None and any(
        not profile.recognises(subject) and profile_for(None, subject) is not None for subject in subjects
    )


# ---------------------------------------------------------------------------------------------- the target's resources


def choose_role(target: Target, resources: Resources) -> tuple[Role | None, tuple[Role, ...]]:
    """Return the role of the target, and the others that were read; of a list, only those with the same name."""
    arn = target.aws.role_arn if target.aws else None
    if arn is None:
        return _first(resources.roles, lambda _: True)
    sent = arn
    same = _like_arn if target.pasted else str.__eq__
    role, near = _exact_or_like(
        resources.roles, lambda role: role.arn in (None, sent), lambda role: same(role.arn or sent, sent)
    )
    name = sent.rpartition("/")[2].lower()
    listed, others = _first(resources.listed_roles, lambda role: role.arn == sent)
    near_arns = {role.arn for role in near}
    if role is not None and listed is not None:
        near += (listed,)  # another reading of the same role
    near += tuple(role for role in others if (role.name or "").lower() == name and role.arn not in near_arns)
    return role or listed, near


def choose_aws_provider(
    target: Target, resources: Resources
) -> tuple[AwsOidcProvider | None, tuple[AwsOidcProvider, ...]]:
    """Return the provider of the target's issuer; a single provider is accepted whatever its url."""
    issuers = [token.claims.get("iss") for token in resources.tokens] + [target.issuer]
    urls = {issuer.removeprefix("https://") for issuer in issuers if isinstance(issuer, str)}
    hosts = {url.partition("/")[0].lower() for url in urls}
    for fits in (
        lambda provider: provider.url in urls,
        lambda provider: provider.url.partition("/")[0].lower() in hosts,
        lambda _: True,
    ):
        provider, others = _first(resources.aws_providers, fits)
        if provider:
            return provider, others
    return None, ()


def choose_gcp_provider(target: Target, resources: Resources) -> tuple[GcpProvider | None, tuple[GcpProvider, ...]]:
    """Return the provider of the target, and the others that were read; of a list, only those of the same pool."""
    name = target.gcp.provider if target.gcp else None
    if name is None:
        return _first(resources.gcp_providers, lambda _: True)
    sent = name
    exact, near = _exact_or_like(
        resources.gcp_providers,
        lambda provider: provider.name in (None, sent),
        lambda provider: same_name(sent, provider.name or sent, target, resources.project),
    )
    listed, others = _first(
        resources.listed_gcp_providers, lambda provider: _is_named(provider.name, sent, target, resources)
    )
    pool = (split_name(sent) or ("", "", "", None))[2]
    near_names = {provider.name for provider in near} | {exact.name if exact else None}
    if exact is not None and listed is not None:
        near += (listed,)  # another reading of the same provider
    return exact or listed, near + tuple(
        provider
        for provider in others
        if provider.name and provider.name not in near_names and f"/workloadIdentityPools/{pool}/" in provider.name
    )


def choose_gcp_pool(target: Target, resources: Resources) -> tuple[GcpPool | None, tuple[GcpPool, ...]]:
    """Return the pool of the target's provider, and the others that were read."""
    name = target.gcp.provider if target.gcp else None
    parts = split_name(name) if name else None
    if parts is None:
        return _first(resources.gcp_pools, lambda _: True)
    pool_name = f"projects/{parts[0]}/locations/{parts[1]}/workloadIdentityPools/{parts[2]}"
    exact, near = _exact_or_like(
        resources.gcp_pools,
        lambda pool: pool.name in (None, pool_name),
        lambda pool: same_name(pool_name, pool.name or pool_name, target, resources.project),
    )
    listed = _first(resources.listed_gcp_pools, lambda pool: _is_named(pool.name, pool_name, target, resources))[0]
    return exact or listed, near


def choose_service_account(target: Target, resources: Resources) -> ServiceAccount | Missing | None:
    """Return the service account of the target; Missing, with a reason, if the file describes another account."""
    account = resources.service_account
    email = target.gcp.service_account if target.gcp else None
    if account is None or not email or not account.email or email in (account.email, account.unique_id):
        return account
    if target.pasted and _like(email, account.email):
        return account
    return Missing(account.document.file, f"the file is about {account.email}, not about the target's service account")


def same_name(
    sent: str, name: str, target: Target | None = None, project: tuple[str | None, str | None] = (None, None)
) -> bool:
    """Return whether a provider or pool name may be the one that the client sends, even if malformed.

    A project's number and its ID are one unless project.json says otherwise; a name of impossible form, or one that
    stops at the pool, is not another resource's.
    """
    client, read = split_name(sent), split_name(name)
    if client is None or read is None:
        return True
    like = _like if target is None or target.pasted else str.__eq__
    projects = {client[0], read[0]}
    if len(projects) > 1 and not like(client[0], read[0]):
        numbers = sum(part.isdecimal() for part in projects)
        names = {part for part in project if part}
        if numbers != 1 or (len(names) > 1 and projects != names):
            return False
    return all(like(left, right) for left, right in zip(client[1:], read[1:], strict=True) if left and right)


def _like(text: str, other: str) -> bool:
    """Return whether some value of the placeholders makes the texts equal."""
    return may_equal(text, other) is not False


def _like_arn(arn: str, other: str) -> bool:
    """Return `_like` for ARNs, in which an account that is not 12 digits was redacted."""
    return _like(*without_redacted_accounts(arn, other))


def _is_named(name: str | None, sent: str, target: Target, resources: Resources) -> bool:
    """Return whether a list entry is the named resource. A malformed name matches no entry of a list."""
    return bool(name and split_name(sent) and same_name(sent, name, target, resources.project))


def _exact_or_like(
    candidates: Sequence[Found], exact: Callable[[Found], bool], like: Callable[[Found], bool]
) -> tuple[Found | None, tuple[Found, ...]]:
    chosen, others = _first(candidates, exact)
    return (chosen, others) if chosen is not None else _first(candidates, like)


def _first(candidates: Iterable[Found], fits: Callable[[Found], bool]) -> tuple[Found | None, tuple[Found, ...]]:
    """Return the first candidate that fits, and all others."""
    resources = tuple(candidates)
    for index, candidate in enumerate(resources):
        if fits(candidate):
            return candidate, resources[:index] + resources[index + 1 :]
    return None, resources
