"""Check the token's iat, exp and nbf, as Google does."""

from __future__ import annotations

from oidc_doctor.judge.exchange import NO_TOKEN, shown
from oidc_doctor.judge.gcp.state import GcpExchange
from oidc_doctor.judge.gcp.target import grant
from oidc_doctor.judge.gcp.token import missing
from oidc_doctor.judge.times import number, relative, rfc3339, seconds_of, span
from oidc_doctor.model.document import ABSENT, UNKNOWN, Json
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Side

TOLERANCE = 60  # seconds, both ways (measured: 59 and 60 pass; 61 past exp and 119 ahead of iat do not)


_AHEAD_REFUSED = 119


DAY = 86_400


def judge_times(exchange: GcpExchange) -> None:
    """Judge the token's times at the instant of the case."""
    token = exchange.token
    if token.kind == "hypothetical":
        exchange.assume("times", "the token's header and times (it is hypothetical)")
        return
    if token.kind == "event":
        exchange.assume("times", "the token's header and times (its claims come from a log)")
        return
    if token.fault_kind:
        return
    if not token.given:
        exchange.assume("times", NO_TOKEN)
        return
    iat, exp = token.claim("iat"), token.claim("exp")
    stale = f"ID Token issued at {'null' if iat in (ABSENT, None) else shown(iat)} is stale to sign-in."
    _judge_form(exchange, stale)
    _judge_expiry(exchange, _seconds(exp), stale)
    _judge_issue(exchange, _seconds(iat), stale)
    _judge_start(exchange, _seconds(token.claim("nbf")), stale)
    result = exchange.results["times"]
    if result.state == "unknown" and not result.refusals:
        if UNKNOWN in (iat, exp):
            exchange.assume("times", "the token's times (not given)")
        else:
            exchange.passed("times", "", exchange.claim_origin("exp"))


def _seconds(value: Json) -> float | None:
    """Return a time claim's instant, also for a fraction or a string of digits, however Google reads these."""
    seconds = seconds_of(value)
    return number(value) if seconds is None else seconds


def _judge_form(exchange: GcpExchange, stale: str) -> None:
    for name in ("iat", "exp"):
        value = exchange.token.claim(name)
        if value is ABSENT or value is None:
            missing(exchange, "times", name, grant(stale))
        elif value is not UNKNOWN and (not isinstance(value, int) or seconds_of(value) is None):
            exchange.refuse(
                Kind.CLAIM_MALFORMED,
                grant(stale, certain=False),
                step="times",
                certain=False,
                where=exchange.claim_origin(name),
                settle="how Google reads such a time was never recorded",
                claim=name,
                found=shown(value),
                wanted="seconds since 1970 as a whole number",
            )


def _judge_expiry(exchange: GcpExchange, expires: float | None, stale: str) -> None:
    now = exchange.case.at
    if expires is not None and now - expires > TOLERANCE:
        exchange.refuse(
            Kind.TOKEN_EXPIRED,
            grant(stale),
            expected=Side(f"used before {rfc3339(expires + TOLERANCE)}", exchange.claim_origin("exp")),
            actual=Side(rfc3339(now)),
            when=relative(expires, now),
            tolerance="Google's 1 min tolerance",
            last_valid=rfc3339(expires - 1),
            expired=rfc3339(expires),
        )


def _judge_issue(exchange: GcpExchange, issued: float | None, stale: str) -> None:
    now = exchange.case.at
    if issued is not None and issued - now > TOLERANCE:
        exchange.refuse(
            Kind.TOKEN_ISSUED_IN_FUTURE,
            grant(stale),
            actual=Side(rfc3339(issued), exchange.claim_origin("iat")),
            expected=Side(f"at or before {rfc3339(now + TOLERANCE)}"),
            certain=issued - now >= _AHEAD_REFUSED,
            settle="Google's tolerance lies somewhere between 60 and 119 s",
            when=relative(issued, now),
            past=f"{span(issued - now - TOLERANCE)} beyond Google's 1 min tolerance",
        )
    elif issued is not None and now - issued > DAY and not exchange.results["times"].refusals:
        exchange.refuse(
            Kind.TOKEN_STALE,
            grant(stale),
            actual=Side(rfc3339(issued), exchange.claim_origin("iat")),
            # documented as a limit; whether Google enforces it was not measured
            certain=exchange.seen_at("times"),
            settle="an exchange with a fresh token",
            reason="it was issued more than 24 h ago",
        )


def _judge_start(exchange: GcpExchange, starts: float | None, stale: str) -> None:
    now = exchange.case.at
    if starts is not None and starts - now > TOLERANCE:
        exchange.refuse(
            Kind.TOKEN_NOT_YET_VALID,
            grant(stale, certain=False),
            step="times",
            actual=Side(rfc3339(starts), exchange.claim_origin("nbf")),
            expected=Side(f"at or before {rfc3339(now + TOLERANCE)}"),
            certain=False,
            settle="an exchange: how Google treats nbf was never recorded",
            when=relative(starts, now),
            past=f"{span(starts - now - TOLERANCE)} beyond Google's 1 min tolerance",
        )
