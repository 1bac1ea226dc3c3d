"""Cache the string of a mapped attribute by the values of the claims that its expression names.

A provider is evaluated for many synthetic tokens, which differ in one or two claims.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from oidc_doctor import cel

if TYPE_CHECKING:
    from oidc_doctor.cel import Program

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
