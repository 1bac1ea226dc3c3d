"""Check the token's form and required claims, as Google does."""

from __future__ import annotations

from oidc_doctor.judge.gcp.state import GcpExchange
from oidc_doctor.judge.token_form import judge_algorithm, pass_unless_refused, settle_unread
from oidc_doctor.model.document import ABSENT, UNKNOWN
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import CloudError

LONGEST = 12_288  # bytes of a token (STS reference)


def judge_token(exchange: GcpExchange) -> None:
    """Judge the token's form and its required claims."""
    token = exchange.token
    if settle_unread(exchange):
        return
    if token.size is not None and token.size > LONGEST:
        exchange.refuse(Kind.TOKEN_OVER_SIZE_LIMIT, where=token.origin, size=str(token.size), limit=str(LONGEST))
    judge_algorithm(exchange)
    if token.claim("sub") is ABSENT:
        # documented as required; Google's response for a mapping that does not need it was never recorded
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
    pass_unless_refused(exchange, "well formed")


def missing(exchange: GcpExchange, step: str, claim: str, error: CloudError) -> None:
    """Refuse a token without a required claim."""
    exchange.refuse(
        Kind.CLAIM_MISSING, error, step=step, where=exchange.token.origin, rank=-1, claim=claim, claims=claim
    )
