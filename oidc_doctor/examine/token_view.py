"""Describe a token: header, claims, times relative to the instant, subject segments. Never a signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.issuers import Profile
from oidc_doctor.judge.times import relative, rfc3339, seconds_of, span
from oidc_doctor.model.secret_texts import without_secrets_in

if TYPE_CHECKING:
    from oidc_doctor.model.evidence import Token
    from oidc_doctor.model.steps import Cloud

# Seconds that each cloud tolerates after exp, and the wording (recorded and measured, September 2026).
_TOLERANCE: dict[Cloud, tuple[int, str]] = {
    "aws": (300, "AWS's 5 min tolerance"),
    "gcp": (60, "Google's 1 min tolerance"),
}


def describe(token: Token, profile: Profile | None, at: float, cloud: Cloud) -> dict[str, Any]:
    """Return the token for the report. Claims are as the issuer wrote them, except secrets."""
    view: dict[str, Any] = {
        "name": token.name,
        "kind": token.kind,
        "read_at": str(token.origin),
        "header": without_secrets_in(token.header),
        "claims": without_secrets_in(token.claims),
        "times": _times(token, at, cloud),
    }
    if token.fault:
        view["fault"] = token.fault
    if token.duplicates:
        view["duplicates"] = [f"{name} is repeated; the last value is used" for name in token.duplicates]
    if profile is not None:
        view["issuer"] = profile.title
    subject = token.subject
    if subject is not None and profile is not None:
        parsed = profile.parse_subject(subject)
        view["form"] = parsed.form
        view["subject"] = [
            {"name": part.name, "value": part.value, "start": part.start, "end": part.end, "known": part.known}
            for part in parsed.segments
        ]
    return view


def _times(token: Token, at: float, cloud: Cloud) -> list[dict[str, str]]:
    rows = []
    for claim, verb in (("iat", "issued"), ("nbf", "valid from"), ("exp", "expires")):
        seconds = seconds_of(token.claims.get(claim))
        if seconds is None:
            continue
        words = f"{verb} {relative(seconds, at)}"
        if claim == "exp" and seconds < at:
            allowed, name = _TOLERANCE[cloud]
            beyond = at - seconds - allowed
            words = f"expired {relative(seconds, at)}, " + (
                f"{span(beyond)} past {name}" if beyond > 0 else f"within {name}"
            )
        rows.append({"claim": claim, "time": rfc3339(seconds), "words": words})
    return rows
