"""Compare the token's issuer with the provider's issuerUri.

A trailing slash on one side is assumed to be ignored (inferred: public set-ups that work have it in issuerUri and not
in iss, and a recorded refusal quotes an iss without its slash).
"""

from __future__ import annotations

from oidc_doctor.issuers.difference import compare_value
from oidc_doctor.judge import error_texts as texts
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
    # the sentence quotes an iss without its trailing slash (one capture)
    error = grant(texts.ISSUER_DIFFERS.format(issuer.rstrip("/"), uri), certain=not issuer.endswith("/"))
    if exchange.is_left_open(uri) and (iss is UNKNOWN or iss == uri):
        settle = "the provider's issuer after apply"
        exchange.refuse(
            *(Kind.ISSUER_MISMATCH, error), step="issuer", expected=Side(uri, at), certain=False, settle=settle
        )
        return
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
    if uri.rstrip("/") == issuer.rstrip("/") and not exchange.seen_at("issuer"):
        exchange.passed("issuer", "but for a slash at the end", at)
        exchange.assumed.append("that Google overlooks the slash at the end of the issuer (inferred)")
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
        certain=answer is False and not slash,
        settle="the values behind the placeholders" if answer is None else "the iss of the token that was refused",
        provider=provider.name or "",
        facts=facts,
    )
