"""Judge the step `keys`: the issuer's discovery document and key set, then key and signature. Shared by both clouds."""

from __future__ import annotations

import json

from oidc_doctor.commands import commands
from oidc_doctor.judge.answers import error_of_key
from oidc_doctor.judge.certificates import judge_connection
from oidc_doctor.judge.exchange import NO_TOKEN, ExchangeBuilder, shown
from oidc_doctor.judge.keys import KeyAnswer, check_keys, is_key_set, known_kids, nameless_keys
from oidc_doctor.model.document import ABSENT, Document, Json, Missing, Origin
from oidc_doctor.model.evidence import AwsOidcProvider
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.refusal import CloudError, Side

# IAM user guide, "create an OIDC provider": members that the discovery document must have for AWS.
_AWS_DISCOVERY = (
    "jwks_uri",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
)

_NO_DISCOVERY = "curl of the discovery document: the file that was read is not a valid one"
_NO_KEY_SET = "curl of the key set: the file that was read is not a valid one"

# siderolabs/talos issue 13210, April 2026, and a second capture
_PUBLISHED_DIFFERS = "`issuer` claim in OIDC discovery document does not match the issuer specified in the request."


def judge_keys(
    exchange: ExchangeBuilder,
    issuer: str | None,
    uploaded: tuple[str, Origin] | None = None,
    provider: AwsOidcProvider | None = None,
    issuer_uri: Side | None = None,
) -> None:
    """Settle `keys`. `uploaded` is a provider's own key set (Google's jwksJson), which replaces fetching.

    `provider` is AWS's, with its thumbprints; `issuer_uri` Google's, whose discovery document Google reads.
    """
    token = exchange.token
    if token.kind == "hypothetical":
        exchange.assume("keys", "the token's signature and the issuer's keys (it is hypothetical)")
        return
    if not exchange.given:
        exchange.assume("keys", NO_TOKEN)
        return
    if token.fault_kind:
        exchange.settle("keys", "unknown", "the token could not be read")
        return
    if uploaded is None and issuer_uri is not None:
        _judge_published_issuer(exchange, issuer_uri)
    if uploaded is None:
        if _of_another_issuer(exchange, issuer):
            exchange.settle("keys", "unknown", "what was read of an issuer is not of this token's")
            return
        _judge_discovery(exchange, issuer)
        judge_connection(exchange, provider)
        jwks = exchange.case.evidence.issuer.jwks
        source = "issuer/jwks.json"
    else:
        jwks, source = _uploaded_set(exchange, *uploaded), "the provider's uploaded jwksJson"
    if isinstance(jwks, Missing):
        _without_key_set(exchange, jwks)
        return
    answer = check_keys(exchange.cloud, token, jwks)
    if answer.kind is not None:
        _refuse(exchange, answer, jwks, source, from_set=uploaded is not None)
    elif exchange.results["keys"].refusals:
        return
    elif answer.checked:
        if uploaded is None:
            exchange.assumed.append("that the cloud reaches the issuer and trusts its certificate")
        exchange.passed("keys", "the signature holds", jwks.at(answer.pointer))
    elif token.kind == "jwt" and not isinstance((token.verified or {}).get("signature"), bool):
        why = f": {answer.reason}" if answer.pointer else ""
        exchange.settle("keys", "unknown", f"the signature could not be checked{why}")
    else:
        _assume_decoded(exchange)


def _assume_decoded(exchange: ExchangeBuilder) -> None:
    verified = exchange.token.verified or {}
    if verified.get("signature") is True and not exchange.token.verified_here:
        exchange.assume("keys", "the token's signature, which was checked before it was left out (the bundle says so)")
    elif verified.get("signature") is True:
        note = "the signature was checked when the token was read, and then left out"
        exchange.passed("keys", note, exchange.token.origin)
    elif verified.get("signature") is False:
        exchange.refuse(
            Kind.SIGNATURE_INVALID,
            where=exchange.token.origin,
            kid=shown(verified.get("kid", "")),
            alg=shown(verified.get("alg", "")),
        )
    else:
        reason = "its claims come from a log" if exchange.token.kind == "event" else "it is decoded"
        exchange.assume("keys", f"the token's signature and the issuer's keys ({reason})")


def _uploaded_set(exchange: ExchangeBuilder, text: str, at: Origin) -> Document | Missing:
    try:
        return Document(at.file, text, json.loads(text), at.pointer, inner=True)
    except (ValueError, RecursionError):
        shortened = not text.strip() or has_placeholder(text)
        exchange.refuse(
            Kind.KEY_UNUSABLE,
            where=at,
            certain=not shortened,
            settle="the key set as Google stores it" if shortened else "",
            reason="the uploaded jwksJson is not JSON",
        )
        return Missing("jwksJson", "it is not JSON", "unreadable")


def _of_another_issuer(exchange: ExchangeBuilder, issuer: str | None) -> bool:
    """Whether the discovery document comes from another host, so that its keys prove nothing about this token."""
    discovery = exchange.case.evidence.issuer.discovery
    published = discovery.value if isinstance(discovery, Document) else None
    published_issuer = published.get("issuer") if isinstance(published, dict) else None
    if not isinstance(published_issuer, str) or not issuer or exchange.gap(published_issuer, issuer):
        return False
    hosts = [address.removeprefix("https://").split("/", 1)[0].lower() for address in (published_issuer, issuer)]
    return hosts[0] != hosts[1]


def _but_for_slash(left: str, right: str) -> bool:
    """Whether two issuers are equal except for a trailing slash, which Google seems to ignore (inferred)."""
    return left.rstrip("/") == right.rstrip("/")


def _judge_published_issuer(exchange: ExchangeBuilder, issuer_uri: Side) -> None:
    """Require the discovery document at issuerUri to have that URI as issuer (two recorded Google refusals, 2026)."""
    discovery = exchange.case.evidence.issuer.discovery
    published = (
        discovery.value.get("issuer") if isinstance(discovery, Document) and isinstance(discovery.value, dict) else None
    )
    if not isinstance(discovery, Document) or not isinstance(published, str):
        return
    if _but_for_slash(published, issuer_uri.value) or exchange.gap(published, issuer_uri.value):
        return
    exchange.refuse(
        Kind.ISSUER_URL_DIFFERS,
        CloudError("invalid_grant", _PUBLISHED_DIFFERS),
        step="keys",
        expected=issuer_uri,
        actual=Side(published, discovery.at("/issuer")),
        # a pasted document may come from an address other than issuerUri
        certain=not exchange.pasted or exchange.seen_at("keys"),
        settle="".join(commands("curl -s {}", f"{issuer_uri.value.rstrip('/')}/.well-known/openid-configuration"))
        or "the discovery document of the provider's issuerUri",
    )


def _judge_discovery(exchange: ExchangeBuilder, issuer: str | None) -> None:
    discovery = exchange.case.evidence.issuer.discovery
    if isinstance(discovery, Missing):
        exchange.unseen |= {Kind.DISCOVERY_INVALID, Kind.ISSUER_URL_DIFFERS}
        if discovery.local:
            return  # the cloud uses another network path
        if discovery.outcome in ("failed", "timeout", "denied", "not_found"):
            address = f"{issuer.rstrip('/')}/.well-known/openid-configuration" if issuer else ""
            _suspect_reach(exchange, Kind.ISSUER_UNREACHABLE, discovery, address)
        return
    members = discovery.value if isinstance(discovery.value, dict) else {}
    wanted = _AWS_DISCOVERY if exchange.cloud == "aws" else ("jwks_uri",)
    absent = [name for name in wanted if name not in members]
    if absent:
        is_one = bool(_OF_DISCOVERY & members.keys())
        exchange.refuse(
            Kind.DISCOVERY_INVALID,
            where=discovery.at(),
            certain=is_one or _is_what_was_served(exchange, "issuer/openid-configuration.json"),
            settle=_NO_DISCOVERY,
            field=", ".join(absent),
            found="absent",
        )
    _judge_types(exchange, discovery, members)
    published = members.get("issuer")
    if any(refusal.kind is Kind.ISSUER_URL_DIFFERS for refusal in exchange.results["keys"].refusals):
        return  # reported about the provider's issuerUri
    if exchange.cloud == "gcp" and isinstance(published, str) and issuer and _but_for_slash(published, issuer):
        return
    if isinstance(published, str) and issuer and published != issuer and not exchange.gap(published, issuer):
        exchange.refuse(
            Kind.ISSUER_URL_DIFFERS,
            expected=Side(published, discovery.at("/issuer")),
            actual=Side(issuer, exchange.claim_origin("iss")),
            certain=False,
            settle=(
                "whether the cloud refuses this is not recorded; make the issuer publish the URL that its tokens carry"
            ),
        )


def _judge_types(exchange: ExchangeBuilder, discovery: Document, members: dict[str, Json]) -> None:
    """Suspect members of another type than OpenID Connect Discovery 1.0 (section 3) names: no refusal was recorded."""
    for name in ("issuer", *_AWS_DISCOVERY):
        wanted = str if name in ("issuer", "jwks_uri") else list
        if name in members and not isinstance(members[name], wanted):
            exchange.refuse(
                Kind.DISCOVERY_INVALID,
                where=discovery.at(f"/{name}"),
                certain=False,
                settle=_NO_DISCOVERY,
                field=name,
                found=shown(members[name]),
            )


def _suspect_reach(exchange: ExchangeBuilder, kind: Kind, missing: Missing, url: str) -> None:
    # the cloud uses another network: a failed fetch from here can only raise a suspicion
    exchange.refuse(
        kind,
        step="keys",
        certain=False,
        where=Origin(missing.what),
        settle="fetch the document from outside your own network",
        url=url,
        reason=missing.reason,
    )


def _without_key_set(exchange: ExchangeBuilder, missing: Missing) -> None:
    if missing.outcome in ("failed", "timeout", "denied", "not_found") and not missing.local:
        discovery = exchange.case.evidence.issuer.discovery
        published = {} if isinstance(discovery, Missing) else discovery.value
        uri = published.get("jwks_uri") if isinstance(published, dict) else None
        _suspect_reach(exchange, Kind.JWKS_UNREACHABLE, missing, uri if isinstance(uri, str) else "")
    elif exchange.results["keys"].refusals:
        return
    elif exchange.token.kind == "jwt":
        why = f": this machine could not reach the issuer ({missing.reason})" if missing.local == "network" else ""
        exchange.settle("keys", "unknown", f"the issuer's key set was not read{why}")
    else:
        _assume_decoded(exchange)


_OF_DISCOVERY = frozenset(("issuer", *_AWS_DISCOVERY))


def _is_what_was_served(exchange: ExchangeBuilder, path: str) -> bool:
    """Whether the issuer itself served this file: a capture timed the response, or the cloud saw it as well.

    A file of unknown origin that is no issuer's document is no evidence of what the cloud reads.
    """
    return path in exchange.case.evidence.issuer.seconds or exchange.seen_at("keys")


def _refuse(exchange: ExchangeBuilder, answer: KeyAnswer, jwks: Document, source: str, *, from_set: bool) -> None:
    token = exchange.token
    kid = token.header_value("kid")
    assert answer.kind is not None  # noqa: S101 - the caller's branch
    certain = not exchange.gap(shown(kid)) or (from_set and not known_kids(jwks.value))
    settle = "the token's own header"
    if not (from_set or is_key_set(jwks.value) or _is_what_was_served(exchange, "issuer/jwks.json")):
        certain, settle = False, _NO_KEY_SET
    exchange.refuse(
        answer.kind,
        error_of_key(exchange.cloud, selected=answer.selected),
        step="keys",
        where=jwks.at(answer.pointer),
        certain=certain,
        settle=settle,
        kid="(none)" if kid in (ABSENT, None, "") else shown(kid),
        known=", ".join(known_kids(jwks.value)),
        nameless=str(nameless_keys(jwks.value) or ""),
        alg=shown(token.header_value("alg")),
        reason=answer.reason.rstrip("."),
        source=source,
        field="keys (of the key set)",
        found="absent",
    )
