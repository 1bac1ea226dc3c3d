"""Compare the token's audience with the provider's allowedAudiences."""

from __future__ import annotations

from oidc_doctor.issuers.difference import compare_value
from oidc_doctor.judge.exchange import plain_note, same
from oidc_doctor.judge.gcp.names import HOST
from oidc_doctor.judge.gcp.state import GcpExchange
from oidc_doctor.judge.gcp.target import grant
from oidc_doctor.judge.gcp.token import missing
from oidc_doctor.judge.typos import shared_fault
from oidc_doctor.model.document import ABSENT, UNKNOWN, Json
from oidc_doctor.model.evidence import GcpProvider
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Side


def _audiences(value: Json) -> list[str]:
    return [entry for entry in (value if isinstance(value, list) else [value]) if isinstance(entry, str)]


def _suspect(exchange: GcpExchange, provider: GcpProvider) -> None:
    """Record that a plan leaves the allowed audiences open."""
    exchange.refuse(
        *(Kind.AUDIENCE_NOT_ALLOWED, grant("The audience in ID Token [] does not match the expected audience.")),
        step="audience",
        expected=Side(", ".join(provider.allowed_audiences), provider.document.at("/oidc/allowedAudiences")),
        certain=False,
        settle="the provider's allowed audiences after apply",
        provider=provider.name or "",
    )


def judge_audience(exchange: GcpExchange) -> None:
    """Judge the token's aud: one of allowedAudiences, or the provider's own name if the list is empty."""
    provider, aud = exchange.provider, exchange.token.claim("aud")
    if provider is not None and provider.kind == "oidc" and aud is UNKNOWN and exchange.token.kind == "hypothetical":
        left_open = any(map(exchange.is_left_open, provider.allowed_audiences))
        if left_open:
            _suspect(exchange, provider)
        else:
            exchange.assume("audience", "the token's audience is one that the provider allows")
    if provider is None or exchange.token.fault_kind or provider.kind != "oidc" or aud is UNKNOWN:
        return
    if aud is ABSENT or aud is None:
        missing(exchange, "audience", "aud", grant("The audience in ID Token [] does not match the expected audience."))
        return
    audiences = _audiences(aud)
    allowed = list(provider.allowed_audiences)
    default = not allowed
    at = provider.document.at("/oidc/allowedAudiences")
    if default:
        name = exchange.provider_name
        if name is None:
            return
        # the default audience: the provider's full name, with or without https:
        allowed, at = [f"https:{HOST}{name.full}", f"{HOST}{name.full}"], provider.document.at("/oidc")
    answers = [
        same(allowed_audience, audience, pasted=exchange.either_pasted)
        for allowed_audience in allowed
        for audience in audiences
    ]
    if True in answers:
        exchange.passed("audience", "the provider's own name" if default else "", at)
        return
    text = ", ".join(audiences)
    difference = compare_value(allowed, audiences[0] if audiences else "", wildcards=False, pasted=exchange.pasted)
    kind, facts = shared_fault(
        Kind.ALLOWED_AUDIENCES_EMPTY if default else Kind.AUDIENCE_NOT_ALLOWED,
        allowed,
        audiences[0] if audiences else "",
        plain_note(difference),
        "allowedAudiences",
    )
    exchange.refuse(
        kind,
        grant(f"The audience in ID Token [{text}] does not match the expected audience."),
        step="audience",
        expected=Side(difference.expected, at, difference.expected_spans)
        if default or len(allowed) == 1
        else Side(", ".join(allowed), at),
        actual=Side(text, exchange.claim_origin("aud"), difference.actual_spans if len(audiences) == 1 else ()),
        certain=None not in answers,
        settle="the values behind the placeholders",
        provider=provider.name or "",
        facts=facts,
    )
