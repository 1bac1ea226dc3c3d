"""Operators that control which of their operands run, and how often: logic, the conditional, and the macros."""

from __future__ import annotations

from .errors import CelError
from .values import Map, adopt, entries, make_map, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Final

    from .syntax import Expr
    from .values import Scope, Value

    Run = Callable[[Scope], Value]
    Control = Callable[[Scope, Sequence[Run]], Value]


def _not_bool(value: Value, expr: Expr) -> CelError:
    return CelError("no_such_overload", f"a bool is needed here, and this is {type_name(value)}", expr.start, expr.end)


def _first(failed: CelError | None, error: CelError) -> CelError:
    """Return the error to report of two: an error that an unknown value causes first, else the earlier one."""
    if failed is None or (error.code == "unknown" and failed.code != "unknown"):
        return error
    return failed


def logic(expr: Expr, *, decides: bool) -> Control:
    """Build ``&&`` or ``||``: a deciding operand determines the result even if operands to its left are errors.

    Operands are run from the left up to the first that decides. An operand to its right is not
    evaluated; an operand to the right of an error is.
    """
    undecided = not decides
    operands = expr.children

    def control(scope: Scope, runs: Sequence[Run]) -> Value:
        failed: CelError | None = None
        for number, run in enumerate(runs):
            try:
                value = run(scope)
            except CelError as error:
                if error.code == "limit":
                    raise
                failed = _first(failed, error)
                continue
            if value is decides:
                return decides
            if value is not undecided:
                failed = _first(failed, _not_bool(value, operands[number]))
        if failed is not None:
            raise failed
        return undecided

    return control


def conditional(expr: Expr) -> Control:
    """``?:``; the branch that is not chosen is not evaluated."""

    def control(scope: Scope, runs: Sequence[Run]) -> Value:
        condition = runs[0](scope)
        if condition is True:
            return runs[1](scope)
        if condition is False:
            return runs[2](scope)
        raise _not_bool(condition, expr.children[0])

    return control


def bind(slot: int) -> Control:
    """``cel.bind(name, value, body)``."""

    def control(scope: Scope, runs: Sequence[Run]) -> Value:
        scope.variables[slot] = runs[0](scope)
        return runs[1](scope)

    return control


# Macros -----------------------------------------------------------------------------------------------------


def _iterations(value: Value, expr: Expr) -> Iterable[Value]:
    """Return the values of the loop variables for each iteration: a value, or a pair if there are two variables."""
    kind = type(value)
    if kind is dict or kind is Map:
        return entries(value) if len(expr.variables) > 1 else value
    if kind is list:
        return enumerate(value) if len(expr.variables) > 1 else value
    raise CelError(
        "no_such_overload", f"{expr.name}() goes through a list or the keys of a map, not {type_name(value)}"
    )


def _loop(expr: Expr, slot: int, cost: int, scope: Scope, value: Value) -> Iterable[Value]:
    """Set the loop variables for each iteration, and yield the first of them."""
    variables = scope.variables
    two = len(expr.variables) > 1
    for item in _iterations(value, expr):
        scope.spend(cost)
        if two:
            first = variables[slot] = adopt(item[0])
            variables[slot + 1] = adopt(item[1])
        else:
            first = variables[slot] = adopt(item)
        yield first


def _quantifier(*, decides: bool) -> Callable[[Expr, int, int], Control]:
    """Build the macros all and exists: ``&&`` and ``||`` over the iterations, up to the first that decides."""

    def macro(expr: Expr, slot: int, cost: int) -> Control:
        def control(scope: Scope, runs: Sequence[Run]) -> Value:
            body = runs[1]
            failed: CelError | None = None
            for _ in _loop(expr, slot, cost, scope, runs[0](scope)):
                try:
                    value = body(scope)
                except CelError as error:
                    if error.code == "limit":
                        raise
                    failed = _first(failed, error)
                    continue
                if value is decides:
                    return decides
                if value is (not decides):
                    continue
                failed = _first(failed, _not_bool(value, expr.children[1]))
            if failed is not None:
                raise failed
            return not decides

        return control

    return macro


def _holds(run: Run, scope: Scope, expr: Expr) -> bool:
    """Return the value of a predicate, which must be a bool."""
    value = run(scope)
    if value is True or value is False:
        return value
    raise _not_bool(value, expr)


def _exists_one(expr: Expr, slot: int, cost: int) -> Control:
    def control(scope: Scope, runs: Sequence[Run]) -> Value:
        count = 0
        for _ in _loop(expr, slot, cost, scope, runs[0](scope)):
            count += _holds(runs[1], scope, expr.children[1])
        return count == 1

    return control


def _filter(expr: Expr, slot: int, cost: int) -> Control:
    def control(scope: Scope, runs: Sequence[Run]) -> Value:
        turns = _loop(expr, slot, cost, scope, runs[0](scope))
        return [item for item in turns if _holds(runs[1], scope, expr.children[1])]

    return control


def _map(expr: Expr, slot: int, cost: int) -> Control:
    """Build map or transformList, with or without a predicate before the result."""
    predicate = len(expr.children) > 2  # noqa: PLR2004

    def control(scope: Scope, runs: Sequence[Run]) -> Value:
        result = []
        for _ in _loop(expr, slot, cost, scope, runs[0](scope)):
            if not predicate or _holds(runs[1], scope, expr.children[1]):
                result.append(runs[-1](scope))  # noqa: PERF401  # as in `_strict`
        return result

    return control


def _transform_map(expr: Expr, slot: int, cost: int) -> Control:
    """Build transformMap, which keeps each key, or transformMapEntry, which adds the entries of a map per iteration."""
    predicate = len(expr.children) > 2  # noqa: PLR2004
    by_entry = expr.name == "transformMapEntry"

    def control(scope: Scope, runs: Sequence[Run]) -> Value:
        new_entries: list[tuple[Value, Value]] = []
        for key in _loop(expr, slot, cost, scope, runs[0](scope)):
            if predicate and not _holds(runs[1], scope, expr.children[1]):
                continue
            value = runs[-1](scope)
            if not by_entry:
                new_entries.append((key, value))
            elif type(value) is dict or type(value) is Map:
                scope.spend(len(value))
                new_entries.extend(entries(value))
            else:
                raise CelError("no_such_overload", f"transformMapEntry() needs a map, and this is {type_name(value)}")
        return make_map(new_entries)

    return control


MACROS: Final[dict[str, Callable[[Expr, int, int], Control]]] = {
    "all": _quantifier(decides=False),
    "exists": _quantifier(decides=True),
    "exists_one": _exists_one,
    "existsOne": _exists_one,
    "filter": _filter,
    "map": _map,
    "transformList": _map,
    "transformMap": _transform_map,
    "transformMapEntry": _transform_map,
}
