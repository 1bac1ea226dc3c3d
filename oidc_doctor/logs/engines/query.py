"""A query of a log engine, the window that it covers, and how its rows become records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from oidc_doctor.logs.records.cloudtrail_writes import OF_POLICY, OF_PROVIDER, OF_RESOURCE, OF_ROLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Row = Mapping[str, str | None]  # of the result: the engine's texts by column


_KINDS = {"a": "attempt", "c": "change", "d": "denial"}
# What the credentials of an exchange's response are where none were issued, as JSON texts.
NO_CREDENTIALS = ("null", "{}", "[]", "false", "0", '""')


def literals(values: Iterable[str]) -> str:
    """Return constants of ours as a list of SQL literals."""
    return ", ".join(f"'{value}'" for value in sorted(values))


def of_service(column: str, service: str) -> str:
    """Return the predicate for the events of a service of AWS, or of one that is not named."""
    return f"({column} IS NULL OR {column} LIKE '{service}.%')"


def of_kinds(kinds: str, expression: str) -> str:
    """Return a column that is NULL in rows of other kinds: a is an attempt, c a change, d a denial."""
    if set(kinds) == _KINDS.keys():
        return expression
    return f"CASE WHEN kind IN ({literals(_KINDS[kind] for kind in kinds)}) THEN {expression} END"


def is_write(event: str, service: str) -> str:
    """Return the predicate for writes of configuration. `event` and `service` are columns."""
    names_of = {"iam": OF_ROLE | OF_PROVIDER | OF_POLICY}
    for name, of in OF_RESOURCE.items():
        names_of[of] = names_of.get(of, frozenset()) | {name}
    return " OR ".join(
        f"({event} IN ({literals(names)}) AND {of_service(service, of)})" for of, names in names_of.items()
    )


class UnreadableTableError(Exception):
    """The table cannot be queried. The message names the column, the partition key or the property that is the reason.

    `next_step` says what the user can do, where something can be done; `lacks` is what a query would have to name.
    """

    def __init__(self, message: str, next_step: str = "", *, lacks: Literal["", "account", "region"] = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        self.lacks = lacks


class Window(NamedTuple):
    """The events that are asked for, epoch seconds, both included."""

    since: float
    until: float


class EngineQuery(NamedTuple):
    """A query as the engine accepts it.

    `parameters` are the values of the text's question marks in order, not quoted. `record_of` turns a row of the result
    into a record in the cloud's own JSON shape, with `oidcDoctorCount` where it stands for several attempts; the values
    of a row were written by strangers.
    """

    text: str
    parameters: tuple[str, ...]
    record_of: Callable[[Row], dict[str, Any]]
