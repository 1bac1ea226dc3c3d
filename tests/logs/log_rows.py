"""Attempts put into the table that the scan fills, for tests of what is done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.logs.attempts.columns import NO_PLACE, Rows
from oidc_doctor.logs.attempts.join_impersonations import join
from oidc_doctor.logs.attempts.signatures import Attempts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oidc_doctor.model.events import Attempt, Signature


def rows_of(attempts: Iterable[Attempt]) -> Rows:
    """The attempts as rows in order of time, as a scan leaves them. Each subject is a family of its own."""
    rows = Rows()
    for one in attempts:
        rows.add(one, lambda found: found.subject, NO_PLACE)
    rows.remove_repeats()
    return rows


def group(attempts: Iterable[Attempt]) -> list[Signature]:
    """The attempts' signatures."""
    return Attempts(rows_of(attempts)).signatures()


def joined(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The attempts in order of time, with what the exchanges tell of the impersonations."""
    rows = rows_of(attempts)
    join(rows)
    return [rows.attempt(row) for row in range(len(rows))]
