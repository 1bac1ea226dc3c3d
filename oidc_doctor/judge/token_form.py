"""Check a token's form, as both clouds do before its claims: a JWT, signed with an accepted algorithm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.judge.exchange import NO_TOKEN, shown
from oidc_doctor.judge.keys import ALGORITHMS
from oidc_doctor.model.document import UNKNOWN
from oidc_doctor.model.kinds import Kind

if TYPE_CHECKING:
    from oidc_doctor.judge.exchange import ExchangeBuilder


def settle_unread(exchange: ExchangeBuilder) -> bool:
    """Settle `token` if there is no token, or no valid one, and return True then."""
    token = exchange.token
    if token.kind == "hypothetical":
        exchange.assume("token", "the token's header and times (it is hypothetical)")
    elif not token.given:
        exchange.assume("token", NO_TOKEN)
    elif token.fault_kind == "not-a-jwt":
        exchange.refuse(Kind.NOT_A_JWT, where=token.origin, fault=token.fault or "")
    else:
        return False
    return True


def judge_algorithm(exchange: ExchangeBuilder) -> None:
    """Refuse a header whose alg the cloud does not accept."""
    alg, accepted = exchange.token.header_value("alg"), ALGORITHMS[exchange.cloud]
    if alg is not UNKNOWN and not (isinstance(alg, str) and alg in accepted):
        exchange.refuse(
            Kind.ALGORITHM_UNSUPPORTED, where=exchange.token.origin, alg=shown(alg), accepted=", ".join(accepted)
        )


def pass_unless_refused(exchange: ExchangeBuilder, note: str) -> None:
    """Settle `token` as passed if no rule refused it or left it open."""
    result = exchange.results["token"]
    if result.state == "unknown" and not result.refusals:
        exchange.passed("token", note, exchange.token.origin)
