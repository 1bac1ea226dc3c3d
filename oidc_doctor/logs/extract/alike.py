"""Name what attempts alike agree in: the one list for the queries of the engines and for archives that are read here.

Attempts are alike if they agree in everything that a signature and a token's identity have. As columns of a query, with
error messages whose runs of digits are #:

- AWS: role ARN, principal (provider, audience and subject), outcome, error code and message, duration, session tags and
  other claims, Region, account
- Google: method, resource name or service account, principal subject, mapped principal, outcome, status code and
  message, lifetime

An impersonation whose entry has no principal is joined to its exchange by its caller (join_impersonations.py): such
ones are alike if they also agree in address and user agent, and `same_caller` says so.

A refused call of a session is alike another in its action, resource, role, session, provider, error code and message.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from oidc_doctor.logs.attempts.columns import without_digits

if TYPE_CHECKING:
    from oidc_doctor.model.events import Attempt, SessionDenial


def attempts_alike(attempt: Attempt, account: str | None) -> bytes:
    """Return a digest of what alike attempts agree in. `account`: the account in which an event of AWS was recorded."""
    caller = (attempt.caller, attempt.user_agent) if same_caller(attempt) else None
    return _digest(
        attempt.cloud, attempt.step, attempt.target, attempt.provider, attempt.audience, attempt.subject,
        attempt.mapped_principal, attempt.service_account, attempt.claims, attempt.outcome, attempt.error_code,
        without_digits(attempt.error_message), attempt.duration_seconds, attempt.region, account, caller,
    )  # fmt: skip


def same_caller(attempt: Attempt) -> bool:
    """Return whether attempts alike also have the same caller."""
    return attempt.step == "impersonate" and attempt.mapped_principal is None


def denials_alike(denial: SessionDenial) -> bytes:
    """Return a digest of what alike refused calls of a session agree in."""
    return _digest(
        denial.cloud, "denial", denial.service, denial.action, denial.target, denial.session, denial.provider,
        denial.error_code, without_digits(denial.error_message), denial.resource,
    )  # fmt: skip


def _digest(*parts: object) -> bytes:
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=12).digest()
