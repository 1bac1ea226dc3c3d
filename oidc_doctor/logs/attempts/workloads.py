"""The workload of a session: the family of the subject whose exchange issued it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.logs.attempts.columns import session_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.logs.attempts.columns import Rows


def workloads(rows: Rows) -> Callable[[str | None], str | None]:
    """Return a function from a session (AWS access key id, Google mapped principal) to its workload.

    It returns None for a session that no logged exchange issued.
    """
    by_session: dict[int, str | None] = {}
    by_principal: dict[str, str | None] = {}

    def workload_of(session: str | None) -> str | None:
        if not by_session and not by_principal:  # once, and only where a call was refused
            for row in range(len(rows)):
                family = rows.key_of(rows.key[row]).family
                if rows.session[row]:
                    by_session[rows.session[row]] = family
                principal = rows.identity_of(rows.identity[row]).principal
                if principal and family:
                    by_principal[principal] = family
        return by_principal.get(session or "") or by_session.get(session_number(session))

    return workload_of
