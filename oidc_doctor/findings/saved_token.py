"""Handle a token that expired since it was saved: expiry is only a remark if a new token would be refused as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.judge.times import on_calendar, seconds_of
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.steps import STEPS

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.document import Json
    from oidc_doctor.model.evidence import Token
    from oidc_doctor.model.refusal import Trace

# Faults of this token that a new token need not have: expired, key withdrawn, truncated.
_WITH_AGE = frozenset(
    (
        *(Kind.TOKEN_EXPIRED, Kind.TOKEN_STALE, Kind.TOKEN_NOT_YET_VALID, Kind.TOKEN_ISSUED_IN_FUTURE),
        *(Kind.KEY_ID_UNKNOWN, Kind.KEY_UNUSABLE, Kind.SIGNATURE_INVALID),
    )
)


def aged_kinds(case: Case, trace: Trace, allowed: frozenset[str]) -> frozenset[Kind]:
    """Return the kinds of refusal that come from a saved token's age, and that a new token avoids.

    `allowed` are the steps of the observed errors. Empty if the user set the instant, if an observed error can come
    from the expiry, or if nothing else certainly refuses: then the expiry is the cause.
    """
    expired = [refusal for refusal in trace.refusals if refusal.kind is Kind.TOKEN_EXPIRED and refusal.certain]
    if not expired or case.at_asked or expired[0].named_by_error or expired[0].step in allowed:
        return frozenset()
    exchange = {step.id for step in STEPS[case.cloud] if step.exchange}
    lasting = any(
        refusal.certain and refusal.kind not in _WITH_AGE and refusal.step in exchange for refusal in trace.refusals
    )
    return _WITH_AGE if lasting else frozenset()


def note_lasting(trace: Trace) -> None:
    """Mark expiry refusals if a new token would be refused as well; their check words it."""
    for result in trace.steps:
        result.refusals = [
            refusal._replace(facts={**refusal.facts, "saved": "yes"}) if refusal.kind is Kind.TOKEN_EXPIRED else refusal
            for refusal in result.refusals
        ]


def with_new_token(case: Case) -> Case:
    """Return the case with the token that the issuer would sign at its instant: the same claims, later times."""
    claims = _issued_at(case.token.claims, case.at)
    return case if claims is None else case._replace(token=case.token._replace(claims=claims))


def renewed(token: Token, at: float) -> Token:
    """Return a token that is not valid at `at` as the one that the issuer would sign then, with keys of that time.

    A health check asks whether the workload would be accepted: its saved sample is old by design, and its own clock may
    be behind the issuer's. A token that is valid at `at` is returned unchanged.
    """
    issued, starts, expires = (seconds_of(token.claims.get(name)) for name in ("iat", "nbf", "exp"))
    is_early = any(begin is not None and begin > at for begin in (issued, starts))
    is_over = expires is not None and expires <= at
    claims = _issued_at(token.claims, at) if is_early or is_over else None
    if claims is None:
        return token
    return token._replace(
        kind="decoded", claims=claims, header=None, verified=None, verified_here=False, signing_input=b"", signature=b""
    )


def _issued_at(claims: dict[str, Json], at: float) -> dict[str, Json] | None:
    """Return the claims with their times moved so that the token is issued at `at`; None if they have no times."""
    issued, expires = seconds_of(claims.get("iat")), seconds_of(claims.get("exp"))
    start = issued if issued is not None else expires
    if start is None or not on_calendar(at):
        return None
    later = int(at) - start + (0 if issued is not None else 1)
    times = {name: seconds_of(claims.get(name)) for name in ("iat", "nbf", "exp")}
    return {**claims, **{name: seconds + later for name, seconds in times.items() if seconds is not None}}
