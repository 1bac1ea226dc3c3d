"""The token's form and required claims, as Google checks them."""

from __future__ import annotations

from oidc_doctor.judge.exchange import NO_TOKEN, shown
from oidc_doctor.judge.gcp.state import GcpExchange
from oidc_doctor.judge.keys import ALGORITHMS
from oidc_doctor.model.document import ABSENT, UNKNOWN
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import CloudError

LONGEST = 12_288  # bytes of a token (STS reference)


def judge_token(exchange: GcpExchange) -> None:
    """Judge the token's form and its required claims."""
    token = exchange.token
    if token.kind == "hypothetical":
        exchange.assume("token", "the token's header and times (it is hypothetical)")
        return
    if not token.given:
        exchange.assume("token", NO_TOKEN)
        return
    if token.fault_kind == "not-a-jwt":
        exchange.refuse(Kind.NOT_A_JWT, where=token.origin, fault=token.fault or "")
        return
    if token.size is not None and token.size > LONGEST:
        exchange.refuse(Kind.TOKEN_OVER_SIZE_LIMIT, where=token.origin, size=str(token.size), limit=str(LONGEST))
    alg = token.header_value("alg")
    if alg is not UNKNOWN and not (isinstance(alg, str) and alg in ALGORITHMS["gcp"]):
        exchange.refuse(
            Kind.ALGORITHM_UNSUPPORTED, where=token.origin, alg=shown(alg), accepted=", ".join(ALGORITHMS["gcp"])
        )
    if token.claim("sub") is ABSENT:
        # documented as required; with a mapping that does not need it, what Google answers was never recorded
        exchange.refuse(
            Kind.CLAIM_MISSING,
            step="token",
            certain=False,
            where=token.origin,
            settle="an exchange: the claim is documented as required",
            claim="sub",
            claims="sub",
        )
    unknown = [name for name in ("iss", "sub", "aud") if token.claim(name) is UNKNOWN]
    if unknown:
        exchange.assume("token", f"the claims that were not given: {', '.join(unknown)}")
    result = exchange.results["token"]
    if result.state == "unknown" and not result.refusals:
        exchange.passed("token", "well formed", token.origin)


def missing(exchange: GcpExchange, step: str, claim: str, error: CloudError) -> None:
    """Refuse a token without a required claim."""
    exchange.refuse(
        Kind.CLAIM_MISSING, error, step=step, where=exchange.token.origin, rank=-1, claim=claim, claims=claim
    )
