"""Evaluate a provider's expressions for many tokens: without a trace, where no one reads it.

The string of a mapped attribute is kept by the values of the claims that its expression names: many synthetic tokens
differ in one or two claims.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from oidc_doctor import cel
from oidc_doctor.judge.gcp.unsaved import suspect_condition
from oidc_doctor.model.steps import REFUSED

if TYPE_CHECKING:
    from oidc_doctor.cel import Program
    from oidc_doctor.judge.gcp.state import GcpExchange
    from oidc_doctor.model.document import Origin

    Named = tuple[tuple[str, type, object], ...]  # name, type and value of each claim that an expression names

_MOST_KEPT = 1024  # texts


def text_of(program: Program, claims: dict[str, Any]) -> tuple[str, int] | None:
    """Return an expression's string and its evaluation steps; None for any other result, which needs a trace."""
    named = _named(program, claims)
    return _text(program, claims) if named is None else _text_of_named(program, named)


def _named(program: Program, claims: dict[str, Any]) -> Named | None:
    """Return the claims that the expression names; None if it reads other claims, or a list or object."""
    names = _names(program)
    if names is None:
        return None
    named = tuple((name, type(claims[name]), claims[name]) for name in names if name in claims)
    return named if all(kind in {str, int, bool} or value is cel.UNKNOWN for _, kind, value in named) else None


@functools.lru_cache(maxsize=_MOST_KEPT)
def _names(program: Program) -> tuple[str, ...] | None:
    paths = {reference.keys[:2] for reference in program.references()}
    if any(len(path) == 1 or path[0] != "assertion" for path in paths):
        return None
    return tuple(sorted(path[1] for path in paths))


@functools.lru_cache(maxsize=_MOST_KEPT)
def _text_of_named(program: Program, named: Named) -> tuple[str, int] | None:
    return _text(program, {name: value for name, _, value in named})


def _text(program: Program, claims: dict[str, Any]) -> tuple[str, int] | None:
    try:
        value, work = program.measured({"assertion": claims})
    except cel.CelError:
        return None
    return (value, work) if isinstance(value, str) else None


def settles_untraced(exchange: GcpExchange, program: Program, values: dict[str, Any], at: Origin) -> bool:
    """Settle `condition` by its value alone where no one reads its parts; False where the trace has to decide.

    Without placeholders, a value that the evaluation returns is the same for all values of what was not given.
    """
    if exchange.case.explain or exchange.case.traced or exchange.either_pasted or program.has_loops():
        return False
    try:
        value, work = program.measured(values)
    except cel.CelError:
        return False
    if not isinstance(value, bool) or work > exchange.cel_work:
        return False
    if value:
        suspect_condition(exchange, program.text, at)
        exchange.passed("condition", "", at)
    else:
        exchange.settle("condition", REFUSED)
    return True
