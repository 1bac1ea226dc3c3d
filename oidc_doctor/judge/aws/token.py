"""Check the token as STS does: form, header, required claims, times. All faults are recorded, not only the first.

Texts and tolerances are those recorded on real STS calls in September 2026 (required claims; 300 s of
tolerance; the clock printed in the expiry text is 300 s behind, in the not-before text 301 s ahead).
"""

from __future__ import annotations

from oidc_doctor.judge import error_texts as texts
from oidc_doctor.judge.exchange import ExchangeBuilder, shown
from oidc_doctor.judge.times import number, relative, rfc3339, seconds_of, span
from oidc_doctor.judge.token_form import judge_algorithm, pass_unless_refused, settle_unread
from oidc_doctor.model.document import ABSENT, UNKNOWN, Json
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import CloudError, Side

BEHIND = 300  # seconds past exp that still pass
AHEAD = 301  # seconds that iat and nbf may lie ahead
REQUIRED = ("iss", "sub", "aud", "iat", "exp")
SHORTEST, LONGEST = 4, 20_000  # characters of WebIdentityToken (STS API)


def invalid(message: str, *, certain: bool = True) -> CloudError:
    """An InvalidIdentityToken error."""
    return CloudError("InvalidIdentityToken", message, certain)


def judge_token(exchange: ExchangeBuilder) -> None:
    """Settle the step `token`."""
    if settle_unread(exchange):
        return
    _judge_header(exchange)
    _judge_required(exchange)
    _judge_audience_shape(exchange)
    if exchange.token.kind == "event":
        exchange.assume("token", "the token's header and times (its claims come from a log)")
    else:
        _judge_times(exchange)
    pass_unless_refused(exchange, "well formed, within its times")


def _judge_header(exchange: ExchangeBuilder) -> None:
    token = exchange.token
    if "crit" in (token.header or {}):
        exchange.refuse(
            Kind.HEADER_UNSUPPORTED,
            where=token.origin,
            rank=-2,  # the header is read before the claims
            member="crit",
            value=shown((token.header or {})["crit"]),
        )
    judge_algorithm(exchange)


def _judge_required(exchange: ExchangeBuilder) -> None:
    token = exchange.token
    missing = [name for name in REQUIRED if token.claim(name) is ABSENT]
    if missing:
        exchange.refuse(
            Kind.CLAIM_MISSING,
            invalid(f"Missing a required claim: {missing[0]}", certain=len(missing) == 1),
            where=token.origin,
            rank=-1,
            claim=missing[0],
            claims=", ".join(missing),
        )
    unknown = [name for name in REQUIRED[:3] if token.claim(name) is UNKNOWN]
    if unknown:
        exchange.assume("token", f"the claims that were not given: {', '.join(unknown)}")
    sub = token.claim("sub")
    if sub is None:
        exchange.refuse(
            Kind.CLAIM_MALFORMED,
            CloudError("InternalFailure", "Unknown error validating third-party token"),
            where=exchange.claim_origin("sub"),
            claim="sub",
            found="null",
            wanted="a text",
        )
    elif isinstance(sub, bool | list | dict):
        _malformed(exchange, "sub", sub, "a text", certain=False)
    iss = token.claim("iss")
    if not isinstance(iss, str) and iss not in (ABSENT, UNKNOWN):
        _malformed(exchange, "iss", iss, "the issuer's https URL as a text", certain=False)


def _malformed(exchange: ExchangeBuilder, claim: str, value: Json, wanted: str, *, certain: bool) -> None:
    exchange.refuse(
        Kind.CLAIM_MALFORMED,
        certain=certain,
        where=exchange.claim_origin(claim),
        settle="the answer of AWS to this was never recorded; send a token with a well-formed claim",
        claim=claim,
        found=shown(value),
        wanted=wanted,
    )


def _judge_audience_shape(exchange: ExchangeBuilder) -> None:
    aud, azp = exchange.token.claim("aud"), exchange.token.claim("azp")
    if not isinstance(azp, str) and azp not in (ABSENT, UNKNOWN):
        _malformed(exchange, "azp", azp, "one audience as a text", certain=False)
    if isinstance(aud, list):
        if not aud:
            exchange.refuse(
                Kind.CLAIM_MALFORMED,
                invalid("Claim is not allowed to be empty: aud"),
                where=exchange.claim_origin("aud"),
                claim="aud",
                found="[]",
                wanted="one audience",
            )
        elif len(aud) > 1 and not isinstance(exchange.token.claim("azp"), str):
            exchange.refuse(
                Kind.AUDIENCE_LIST_WITHOUT_AZP,
                where=exchange.claim_origin("aud"),
                audiences=", ".join(shown(audience) for audience in aud),
            )
        elif not isinstance(aud[0], str):
            _malformed(exchange, "aud", aud, "one audience as a text, or a list of one", certain=False)
    elif not isinstance(aud, str) and aud not in (ABSENT, UNKNOWN):
        _malformed(exchange, "aud", aud, "one audience as a text, or a list of one", certain=False)


def _judge_times(exchange: ExchangeBuilder) -> None:
    token, now = exchange.token, exchange.case.at
    times: dict[str, int] = {}
    for name in ("exp", "iat", "nbf"):
        value = token.claim(name)
        if value in (ABSENT, UNKNOWN):
            continue
        seconds = seconds_of(value)
        if seconds is None:
            certain = _is_recorded(value)
            exchange.refuse(
                Kind.CLAIM_MALFORMED,
                invalid(texts.INVALID_TIMESTAMP, certain=certain),
                certain=certain,
                where=exchange.claim_origin(name),
                settle="how AWS reads such a time was never recorded; send a token with a whole number of seconds",
                claim=name,
                found=shown(value),
                wanted="seconds since 1970 as a whole number",
            )
        else:
            times[name] = seconds
    if "exp" in times and int(now) - BEHIND >= times["exp"]:
        _expired(exchange, times["exp"])
    if "iat" in times and times["iat"] > now + AHEAD:
        _ahead(
            exchange, Kind.TOKEN_ISSUED_IN_FUTURE, "iat", times["iat"], f"Token issued in the future: {times['iat']}"
        )
    if "nbf" in times and times["nbf"] > now + AHEAD:
        text = (
            f"Token not yet valid: current date/time {int(now) + AHEAD} must be after or equal to "
            f"the not-before date/time {times['nbf']}"
        )
        _ahead(exchange, Kind.TOKEN_NOT_YET_VALID, "nbf", times["nbf"], text)
    if token.kind == "decoded" and UNKNOWN in (token.claim("exp"), token.claim("iat")):
        exchange.assume("token", "the token's times (not given)")


def _is_recorded(value: Json) -> bool:
    """Whether AWS's response to this invalid time was recorded (null, fractions, strings; not huge numbers)."""
    if isinstance(value, str):
        return not value.removeprefix("-").isdigit()
    if isinstance(value, float):
        return not value.is_integer() and number(value) is not None
    return not isinstance(value, int) or isinstance(value, bool)


def _expired(exchange: ExchangeBuilder, exp: int) -> None:
    now = exchange.case.at
    text = f"Token expired: current date/time {int(now) - BEHIND} must be before the expiration date/time {exp}"
    exchange.refuse(
        Kind.TOKEN_EXPIRED,
        CloudError("ExpiredTokenException", text),
        expected=Side(f"used before {rfc3339(exp + BEHIND)}", exchange.claim_origin("exp")),
        actual=Side(rfc3339(now)),
        when=relative(exp, now),
        tolerance="AWS's 5 min tolerance",
        last_valid=rfc3339(exp - 1),
        expired=rfc3339(exp),
    )


def _ahead(exchange: ExchangeBuilder, kind: Kind, claim: str, value: int, text: str) -> None:
    now = exchange.case.at
    exchange.refuse(
        kind,
        invalid(text),
        step="token",
        expected=Side(f"at or before {rfc3339(now + AHEAD)}"),
        actual=Side(rfc3339(value), exchange.claim_origin(claim)),
        when=relative(value, now),
        past=f"{span(value - now - AHEAD)} beyond AWS's 5 min tolerance",
    )
