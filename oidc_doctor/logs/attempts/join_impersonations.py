"""Join each of Google's impersonations to its exchange: the log entry of the exchange alone has the subject.

An impersonation that no exchange is found for keeps the principal that Google wrote in its entry.

The mapped principal joins them where the impersonation has one. A denial hides its caller, and one of the two shapes of
success names the service account alone: such an impersonation is assumed to follow the exchange from the same address
shortly before (inferred: no field links the two). Where several tokens were exchanged from that address, exchanges with
the same user agent count, if they are of one token.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from oidc_doctor.logs.attempts.matching import JOIN_WITHIN, SHARED_CALLERS
from oidc_doctor.logs.records.cloudtrail import NO_TIME

if TYPE_CHECKING:
    from oidc_doctor.logs.attempts.columns import Rows

    TokenKey = tuple[str | None, str | None, str | None]

_TOKEN = 3600.0  # seconds for which the token of an exchange is valid


class _Stream:
    """Exchanges in order of time; `since` is the first exchange of each unbroken run of one identity."""

    __slots__ = ("rows", "since", "times", "token_key")

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.times: list[float] = []
        self.since: list[int] = []  # by exchange: index of the first one of its run
        self.token_key: TokenKey | None = None

    def add(self, row: int, time: float, token_key: TokenKey) -> None:
        same_identity = bool(self.rows) and token_key == self.token_key
        self.since.append(self.since[-1] if same_identity else len(self.rows))
        self.rows.append(row)
        self.times.append(time)
        self.token_key = token_key

    def only(self, begin: float, end: float) -> int | None:
        """Return the last exchange between the two times, if all exchanges between them are of one identity."""
        low, high = bisect_left(self.times, begin), bisect_right(self.times, end)
        return self.rows[high - 1] if low < high and self.since[high - 1] <= low else None


def join(rows: Rows) -> None:
    """Copy to each impersonation its exchange's identity and row number. Rows must be in order of time."""
    by_principal: dict[str, _Stream] = {}
    by_caller: dict[tuple[str, str | None] | str, _Stream] = {}
    impersonations = []
    for row in range(len(rows)):
        key = rows.key_of(rows.key[row])
        if key.step == "impersonate":
            impersonations.append(row)
        if key.step != "exchange" or key.outcome != "accepted" or rows.time[row] == NO_TIME:
            continue
        identity, where = rows.identity_of(rows.identity[row]), rows.circumstance_of(rows.circumstance[row])
        token_key = (identity.subject, key.provider, identity.principal)
        time = rows.time[row]
        if identity.principal:
            by_principal.setdefault(identity.principal, _Stream()).add(row, time, token_key)
        if where.caller and where.caller not in SHARED_CALLERS:
            by_caller.setdefault(where.caller, _Stream()).add(row, time, token_key)
            by_caller.setdefault((where.caller, where.user_agent), _Stream()).add(row, time, token_key)
    for row in impersonations:
        exchange = _exchange(rows, row, by_principal, by_caller)
        if exchange is not None:
            _take_over(rows, row, exchange)


def _exchange(
    rows: Rows,
    row: int,
    by_principal: dict[str, _Stream],
    by_caller: dict[tuple[str, str | None] | str, _Stream],
) -> int | None:
    identity = rows.identity_of(rows.identity[row])
    if identity.subject is not None:
        return None
    time = rows.time[row]
    if identity.principal:
        exchanges = by_principal.get(identity.principal)
        exchange = exchanges.only(float("-inf"), float("inf")) if exchanges else None
        return exchanges.only(time - _TOKEN, time) if exchanges and exchange is None else exchange
    where = rows.circumstance_of(rows.circumstance[row])
    if where.caller is None or time == NO_TIME:
        return None
    for stream in (by_caller.get(where.caller), by_caller.get((where.caller, where.user_agent))):
        exchange = stream.only(time - JOIN_WITHIN, time) if stream else None
        if exchange is not None:
            return exchange
    return None


def _take_over(rows: Rows, row: int, exchange: int) -> None:
    exchange_key = rows.key_of(rows.key[exchange])
    row_key = rows.key_of(rows.key[row])
    identity = rows.identity_of(rows.identity[exchange])
    claims = rows.identity_of(rows.identity[row]).claims
    rows.key[row] = (
        rows.keys.number(row_key._replace(provider=exchange_key.provider, family=exchange_key.family)) or rows.key[row]
    )
    rows.identity[row] = rows.identities.number(identity._replace(claims=claims)) or rows.identity[row]
    rows.joined[row] = exchange
