"""Name what attempts alike agree in: the one list for the queries of the engines and for archives that are read here.

Attempts are alike if they agree in everything that a signature and a token's identity have. As columns of a query, with
error messages whose runs of digits are #:

- AWS: role ARN, principal (provider, audience and subject), outcome, error code and message, duration, session tags and
  other claims, Region, account
- Google: method, resource name or service account, principal subject, mapped principal, outcome, status code and
  message, lifetime

A Google impersonation whose entry has no principal is alike to no other: it is joined to the exchange before it, from
the same address within ten seconds (join_impersonations.py). So that one is there, accepted exchanges of Google are
alike only from one address and user agent, and in the same ten seconds.

A refused call of a session is alike another in its action, resource, role, session, provider, error code and message.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from oidc_doctor.logs.attempts.columns import without_digits
from oidc_doctor.logs.attempts.matching import JOIN_WITHIN

if TYPE_CHECKING:
    from oidc_doctor.model.events import Attempt, SessionDenial


def attempts_alike(attempt: Attempt, account: str | None) -> bytes | None:
    """Return a digest of what alike attempts agree in; None for an attempt that is alike to no other.

    `account`: the account in which an event of AWS was recorded.
    """
    joining: tuple[object, ...] = ()
    if attempt.cloud == "gcp" and attempt.step == "impersonate" and attempt.mapped_principal is None:
        return None
    if attempt.cloud == "gcp" and attempt.step == "exchange" and attempt.outcome == "accepted":
        joining = (attempt.caller, attempt.user_agent, int(attempt.time // JOIN_WITHIN))
    return _digest(
        attempt.cloud, attempt.step, attempt.target, attempt.provider, attempt.audience, attempt.subject,
        attempt.mapped_principal, attempt.service_account, attempt.claims, attempt.outcome, attempt.error_code,
        without_digits(attempt.error_message), attempt.duration_seconds, attempt.region, account, *joining,
    )  # fmt: skip


def denials_alike(denial: SessionDenial) -> bytes:
    """Return a digest of what alike refused calls of a session agree in."""
    return _digest(
        denial.cloud, "denial", denial.service, denial.action, denial.target, denial.session, denial.provider,
        denial.error_code, without_digits(denial.error_message), denial.resource,
    )  # fmt: skip


def _digest(*parts: object) -> bytes:
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=12).digest()
