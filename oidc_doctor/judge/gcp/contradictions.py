"""Find contradictions in Google evidence: resources that were read twice, and the client's own configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from oidc_doctor.commands import command
from oidc_doctor.judge.contradictions import Contradiction, different, repeated_claims, repeated_members
from oidc_doctor.judge.exchange import same, shown
from oidc_doctor.judge.gcp.impersonate import uses_the_token_directly
from oidc_doctor.judge.gcp.names import read_audience
from oidc_doctor.judge.gcp.target import listed
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import AllowPolicy, GcpPool, GcpProvider, ServiceAccount
from oidc_doctor.model.refusal import Side

if TYPE_CHECKING:
    from oidc_doctor.judge.gcp.state import GcpExchange

_STEPS = {
    "issuerUri": "issuer",
    "allowedAudiences": "audience",
    "jwksJson": "keys",
    "attributeCondition": "condition",
    "attributeMapping": "mapping",
}
# Google Cloud, AIP-4117 and locational endpoints: the addresses in a configuration of type external_account
_GOOGLE = r"(?:mtls\.|[a-z0-9-]+\.rep\.)?googleapis\.com"
_TOKEN_URL = rf"https://sts\.{_GOOGLE}/v1(?:beta)?/token"
_IMPERSONATION_URL = (
    rf"https://iamcredentials\.{_GOOGLE}/v1/projects/[^/]+/serviceAccounts/[^/:?#]+:generateAccessToken"
)
_EXAMPLES = {
    "token_url": "https://sts.googleapis.com/v1/token",
    "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
    "EMAIL:generateAccessToken",
    "universe_domain": "googleapis.com",
}
# The token types that an OIDC provider exchanges (Google Cloud, STS API, method token, field subjectTokenType).
_TOKEN_TYPES = ("urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token")


def contradictions(exchange: GcpExchange) -> Iterator[Contradiction]:
    """Return the contradictions of an exchange with Google."""
    gcp, issuer = exchange.gcp, exchange.case.evidence.issuer
    yield from repeated_claims(exchange)
    if exchange.provider is not None:
        yield from repeated_members(exchange.provider.document, _STEPS, "target")
        yield from _providers(exchange, exchange.provider)
        yield from _discovery(exchange.provider)
    if isinstance(gcp.pool, GcpPool):
        yield from repeated_members(gcp.pool.document, {}, "target")
    yield from _lists(exchange)
    if isinstance(gcp.service_account, ServiceAccount):
        yield from repeated_members(gcp.service_account.document, {}, "impersonate")
    for policy in (gcp.service_account_policy, gcp.project_policy, gcp.folder_policy, gcp.organization_policy):
        if isinstance(policy, AllowPolicy):
            yield from repeated_members(policy.document, {}, "impersonate")
    for document in (issuer.discovery, issuer.jwks):
        yield from repeated_members(document, {}, "keys")
    yield from repeated_members(gcp.credentials, {}, "target")
    yield from _client(exchange)


def _providers(exchange: GcpExchange, provider: GcpProvider) -> Iterator[Contradiction]:
    """Find another reading of the provider that differs from the judged one."""
    for other in (exchange.gcp.provider, *exchange.gcp.near_providers):
        if not isinstance(other, GcpProvider) or other is provider or not other.name or other.name != provider.name:
            continue
        for step, member, pointer in (
            ("issuer", "issuer_uri", "/oidc/issuerUri"),
            ("audience", "allowed_audiences", "/oidc/allowedAudiences"),
            ("condition", "condition", "/attributeCondition"),
            ("mapping", "mapping", "/attributeMapping"),
            ("target", "disabled", "/disabled"),
            ("target", "state", "/state"),
        ):
            values = (_plain(getattr(provider, member)), _plain(getattr(other, member)))
            places = (provider.document.at(pointer), other.document.at(pointer))
            yield from different(step, f"{pointer.rpartition('/')[2]} of {provider.name}", values, places)


def _discovery(provider: GcpProvider) -> Iterator[Contradiction]:
    """A discovery document of the provider's own: the keys that were read are of the issuer's usual place."""
    oidc = provider.document.value.get("oidc") if isinstance(provider.document.value, dict) else None
    address = oidc.get("discoveryUri") if isinstance(oidc, dict) else None
    if not address or provider.jwks_json is not None:
        return
    usual = f"{(provider.issuer_uri or '').rstrip('/')}/.well-known/openid-configuration"
    at = provider.document.at("/oidc/discoveryUri")
    for contradiction in different("keys", "the place of the issuer's discovery document", (usual, address), (at, at)):
        yield contradiction._replace(one=Side(usual), settle="the key set that the provider's discoveryUri leads to")


def _lists(exchange: GcpExchange) -> Iterator[Contradiction]:
    """The lists of the project's pools and of the pool's providers, where they say otherwise than what was read."""
    gcp, name = exchange.gcp, exchange.provider_name
    if name is None or (exchange.provider is None and not isinstance(gcp.pool, GcpPool)):
        return
    if not isinstance(gcp.pool, GcpPool) or gcp.pool.state != "DELETED":  # a list lacks what is deleted, by default
        yield from _unlisted(exchange, "pool", name.pool_name, gcp.pool_list, f"projects/{name.project}/")
    if exchange.provider is not None and exchange.provider.state != "DELETED":
        yield from _unlisted(exchange, "provider", name.full, gcp.provider_list, f"{name.pool_name}/")
    if isinstance(gcp.pool, GcpPool) and isinstance(gcp.pool_list, Document):
        wanted = _numbered(exchange, name.pool_name)
        for entry, pointer in listed(gcp.pool_list):
            if _numbered(exchange, entry["name"]) != wanted:
                continue
            states = (gcp.pool.state, entry.get("state"))
            switches = (gcp.pool.disabled, bool(entry.get("disabled")))
            places = (gcp.pool.document.at(), gcp.pool_list.at(pointer))
            if None not in states:
                yield from different("target", f"the state of {name.pool_name}", states, places)
            yield from different("target", f"disabled of {name.pool_name}", switches, places)


def _unlisted(
    exchange: GcpExchange, what: str, wanted: str, source: Document | Missing, parent: str
) -> Iterator[Contradiction]:
    """A pool or provider that was read, and that the list of its project or pool lacks."""
    if not isinstance(source, Document):
        return
    entries = listed(source)
    wanted, parent = _numbered(exchange, wanted), _numbered(exchange, parent)
    numbered = (_numbered(exchange, entry["name"]) for entry, _ in entries)
    if any(same(name, wanted, pasted=exchange.either_pasted) is not False for name in numbered):
        return
    names = [_numbered(exchange, entry["name"]) for entry, _ in entries]
    if all(name.startswith(parent) for name in names):  # otherwise the list is of another project or pool
        yield Contradiction(
            "target",
            f"the {what} {wanted}, which the list of {what}s lacks",
            Side(wanted),
            Side(", ".join(names) or "[]", source.at()),
            settle=_listing(wanted.split("/")[5] if what == "provider" else ""),
        )


def _listing(pool: str) -> str:
    """The command that lists the providers of a pool, or all pools."""
    options = ("--location=global", "--show-deleted", "--format=json")
    if not pool:
        return command("gcloud", "iam", "workload-identity-pools", "list", *options)
    words = ("gcloud", "iam", "workload-identity-pools", "providers", "list", f"--workload-identity-pool={pool}")
    return command(*words, *options) or "the list of the pool's providers, deleted ones included"


def _addresses(exchange: GcpExchange, document: Document, configuration: dict[str, Any]) -> Iterator[Contradiction]:
    """Addresses of the configuration that are not Google's, or not those of the calls that are judged."""
    for step, member, form, what in (
        ("target", "token_url", _TOKEN_URL, "the token endpoint"),
        ("impersonate", "service_account_impersonation_url", _IMPERSONATION_URL, "the address of the impersonation"),
        ("target", "universe_domain", r"googleapis\.com", "the universe of the client"),
    ):
        value = configuration.get(member)
        if value is None or (isinstance(value, str) and (exchange.gap(value) or re.fullmatch(form, value))):
            continue
        yield Contradiction(
            step,
            f"{what}: the client's configuration has one that is not Google Cloud's for this call",
            Side(_EXAMPLES[member]),
            Side(shown(value), document.at(f"/{member}")),
            settle="the configuration that the client really uses",
        )
    account = exchange.request.service_account
    named = configuration.get("service_account_impersonation_url")
    if account and not named and configuration.get("audience") and not uses_the_token_directly(exchange):
        yield Contradiction(
            "impersonate",
            "the service account: the client's configuration names none",
            Side(account, exchange.case.evidence.target.origins.get("gcp.service_account")),
            Side("no service_account_impersonation_url", document.at()),
            settle="the configuration that the client really uses",
        )


def _numbered(exchange: GcpExchange, name: str) -> str:
    """A resource's name with the project's number, where the project was read and the name has its ID."""
    number, identifier = exchange.gcp.project_number, exchange.gcp.project_id
    if not (number and identifier):
        return name
    return name.replace(f"projects/{identifier}/", f"projects/{number}/", 1)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _client(exchange: GcpExchange) -> Iterator[Contradiction]:
    """Find a credential configuration (which Google's libraries send) that requests a different exchange."""
    document = exchange.gcp.credentials
    configuration = document.value if isinstance(document, Document) and isinstance(document.value, dict) else {}
    if not isinstance(document, Document) or configuration.get("type") not in (None, "external_account"):
        return
    kind = configuration.get("subject_token_type")
    if isinstance(kind, str) and kind not in _TOKEN_TYPES and not exchange.gap(kind):
        yield Contradiction(
            "token",
            "the kind of token: the client's configuration does not send an OIDC token",
            Side(" or ".join(_TOKEN_TYPES)),
            Side(kind, document.at("/subject_token_type")),
            settle="the configuration that the client really uses",
        )
    yield from _addresses(exchange, document, configuration)
    audience, name = configuration.get("audience"), exchange.name
    if not isinstance(audience, str) or name is None or name.fault:
        return
    sent = read_audience(audience, pasted=True)
    if not sent.fault and same(sent.full, name.full, pasted=True) is False and not _same_project(exchange, sent.full):
        origins = exchange.case.evidence.target.origins
        yield Contradiction(
            "target",
            "the provider: the client's configuration names another one",
            Side(name.full, origins.get("gcp.audience") or origins.get("gcp.provider")),
            Side(shown(audience), document.at("/audience")),
            settle="the configuration that the client really uses",
        )


def _same_project(exchange: GcpExchange, name: str) -> bool:
    """Whether the two names differ only in writing the project by its ID."""
    return exchange.name is not None and _numbered(exchange, name) == exchange.name.full
