"""Find contradictions in Google evidence: resources that were read twice, and the client's own configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from oidc_doctor.judge.contradictions import Contradiction, different, repeated_claims, repeated_members
from oidc_doctor.judge.exchange import same, shown
from oidc_doctor.judge.gcp.names import read_audience
from oidc_doctor.model.document import Document
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
# The token types that an OIDC provider exchanges (Google Cloud, STS API, method token, field subjectTokenType).
_TOKEN_TYPES = ("urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token")


def contradictions(exchange: GcpExchange) -> Iterator[Contradiction]:
    """Return the contradictions of an exchange with Google."""
    gcp, issuer = exchange.gcp, exchange.case.evidence.issuer
    yield from repeated_claims(exchange)
    if exchange.provider is not None:
        yield from repeated_members(exchange.provider.document, _STEPS, "target")
        yield from _providers(exchange, exchange.provider)
    if isinstance(gcp.pool, GcpPool):
        yield from repeated_members(gcp.pool.document, {}, "target")
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
    number, identifier = exchange.gcp.project_number, exchange.gcp.project_id
    wanted = exchange.name.full if exchange.name else ""
    return bool(number and identifier) and name.replace(f"projects/{identifier}/", f"projects/{number}/") == wanted
