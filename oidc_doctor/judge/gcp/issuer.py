"""The token's issuer against the provider's issuerUri."""

from __future__ import annotations

from oidc_doctor.issuers.difference import compare_value
from oidc_doctor.judge.exchange import plain_note, same, shown
from oidc_doctor.judge.gcp.state import GcpExchange
from oidc_doctor.judge.gcp.target import grant
from oidc_doctor.judge.gcp.token import missing
from oidc_doctor.judge.typos import shared_fault
from oidc_doctor.model.document import ABSENT, UNKNOWN
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Side


def judge_issuer(exchange: GcpExchange) -> None:
    """Judge the token's iss: it must equal the provider's issuerUri."""
    provider, iss = exchange.provider, exchange.token.claim("iss")
    if provider is None or provider.issuer_uri is None or exchange.token.fault_kind:
        return
    uri, at = provider.issuer_uri, provider.document.at("/oidc/issuerUri")
    issuer = "null" if iss is ABSENT or iss is None else shown(iss)
    error = grant(f"The issuer in ID Token {issuer} does not match the expected ones: {uri}")
    if iss is UNKNOWN:
        exchange.assume("issuer", "the token's issuer is the provider's (not given)")
        exchange.issuer = uri
        return
    if iss is ABSENT or iss is None:
        missing(exchange, "issuer", "iss", error)
        return
    answer = same(uri, issuer, pasted=exchange.either_pasted)
    if answer is True:
        exchange.passed("issuer", "", at)
        return
    difference = compare_value([uri], issuer, wildcards=False, pasted=exchange.pasted)
    kind, facts = shared_fault(Kind.ISSUER_MISMATCH, [uri], issuer, plain_note(difference), "issuerUri")
    slash = uri.rstrip("/") == issuer.rstrip("/")
    exchange.refuse(
        kind,
        error,
        step="issuer",
        expected=Side(uri, at, difference.expected_spans),
        actual=Side(issuer, exchange.claim_origin("iss"), difference.actual_spans),
        # whether Google overlooks a trailing slash is not known
        certain=answer is False and (not slash or exchange.seen_at("issuer")),
        settle="the values behind the placeholders"
        if answer is None
        else "an exchange, or an issuerUri without the slash",
        provider=provider.name or "",
        facts=facts,
    )
