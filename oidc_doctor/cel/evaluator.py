"""Compile an expression tree to closures, which are built once and run for every set of bindings.

A strict step has `apply`, a function of its operands' values. Every other step (and, or, ?:, the macros, names that may
be bound whole) has `control`, a function of its operands as callables, and decides which of them to run. Evaluation and
trace use the same `apply` and `control`, so an operator cannot mean one thing in a result and another in its trace.
"""

from __future__ import annotations

from .control import MACROS, bind, conditional, logic
from .errors import CelError, quoted
from .functions import GLOBALS, METHODS, function_of
from .syntax import candidates, dotted, path_of, prefixes
from .values import (
    MISSING,
    READY,
    TYPES_BY_NAME,
    UNKNOWN,
    Map,
    adopt,
    contains,
    equal,
    index,
    lookup,
    make_map,
    type_name,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Final

    from .control import Control, Run
    from .functions import Function
    from .syntax import Expr
    from .values import Scope, Value

    Apply = Callable[..., Value]

_SIZED: Final = frozenset({str, bytes, list, dict})
_COSTLY: Final = frozenset({"call", "arithmetic", "compare", "in"})


class CompiledStep:
    """A sub-expression, ready to run.

    `size` is the number of its nodes, `slot` the index of the first variable that it declares, and `cheap` is true if
    running it costs no more work than its size.
    """

    __slots__ = ("apply", "cheap", "children", "control", "expr", "run", "size", "slot")

    def __init__(
        self,
        expr: Expr,
        children: tuple[CompiledStep, ...],
        *,
        apply: Apply | None = None,
        control: Control | None = None,
        slot: int = 0,
        looped: bool = False,
    ) -> None:
        self.expr = expr
        self.children = children
        self.apply = apply
        self.control = control
        self.slot = slot
        self.size: int = 1 + sum(child.size for child in children)
        is_cheap = expr.op != "comprehension" and not (looped and expr.op in _COSTLY)
        self.cheap: bool = is_cheap and all(child.cheap for child in children)
        runs = tuple(child.run for child in children)
        self.run: Run = _strict(expr, apply, runs) if apply else _controlled(expr, control, runs)


def _strict(expr: Expr, apply: Apply, runs: tuple[Run, ...]) -> Run:
    start, end = expr.start, expr.end
    if not runs:

        def run_alone(scope: Scope) -> Value:
            try:
                return apply(scope)
            except CelError as error:
                error.placed(start, end)
                raise

        return run_alone
    if len(runs) == 1:
        (only,) = runs

        def run_one(scope: Scope) -> Value:
            value = only(scope)
            try:
                return apply(scope, value)
            except CelError as error:
                error.placed(start, end)
                raise

        return run_one
    if len(runs) == 2:  # noqa: PLR2004
        first, second = runs

        def run_two(scope: Scope) -> Value:
            left = first(scope)
            right = second(scope)
            try:
                return apply(scope, left, right)
            except CelError as error:
                error.placed(start, end)
                raise

        return run_two

    def run_any(scope: Scope) -> Value:
        values = []
        for run in runs:
            values.append(run(scope))  # noqa: PERF401  # a comprehension would be one more Python frame a level
        try:
            return apply(scope, *values)
        except CelError as error:
            error.placed(start, end)
            raise

    return run_any


def _controlled(expr: Expr, control: Control | None, runs: tuple[Run, ...]) -> Run:
    assert control is not None  # noqa: S101  # a step has the one or the other
    start, end = expr.start, expr.end

    def run(scope: Scope) -> Value:
        try:
            return control(scope, runs)
        except CelError as error:
            error.placed(start, end)
            raise

    return run


class Builder:
    """Builds the steps of one expression. Variables of macros are resolved here; their values take `slots` slots."""

    def __init__(self, container: str) -> None:
        self.prefixes = prefixes(container)
        self.variables: list[str] = []
        self.slots = 0

    def step(self, expr: Expr) -> CompiledStep:
        """Return the step of an expression, with the steps of its parts."""
        if expr.op in {"comprehension", "bind"}:
            return self._declaring(expr)
        children = tuple([self.step(child) for child in expr.children])
        apply, control = self._meaning(expr)
        return CompiledStep(expr, children, apply=apply, control=control, looped=bool(self.variables))

    def _declaring(self, expr: Expr) -> CompiledStep:
        value = self.step(expr.children[0])
        slot = len(self.variables)
        self.variables.extend(expr.variables)
        self.slots = max(self.slots, len(self.variables))
        bodies = [self.step(child) for child in expr.children[1:]]
        del self.variables[slot:]
        cost = 1 + sum(body.size for body in bodies)
        control = bind(slot) if expr.op == "bind" else MACROS[expr.name](expr, slot, cost)
        return CompiledStep(expr, (value, *bodies), control=control, slot=slot)

    def _meaning(self, expr: Expr) -> tuple[Apply | None, Control | None]:
        """Return the function that computes a value from the operands, as `apply` or as `control`."""
        op = expr.op
        if op == "literal":
            value = expr.value
            return (lambda _scope: value), None
        if op == "ident":
            return self._ident(expr), None
        if op in {"select", "has"}:
            return self._field(expr)
        if op in {"and", "or"}:
            return None, logic(expr, decides=op == "or")
        if op == "conditional":
            return None, conditional(expr)
        return self._strict_meaning(expr), None

    def _strict_meaning(self, expr: Expr) -> Apply:
        op = expr.op
        if op == "index":
            return _index(path_of(expr.children[0], self.variables))
        if op == "in":
            return lambda scope, needle, haystack: contains(needle, haystack, scope)
        if op == "list":
            return lambda _scope, *values: list(values)
        if op == "map":
            return lambda _scope, *values: make_map(list(zip(values[::2], values[1::2], strict=True)))
        if op == "compare" and expr.name == "==":
            return lambda scope, left, right: equal(left, right, scope)
        if op == "compare" and expr.name == "!=":
            return lambda scope, left, right: not equal(left, right, scope)
        function = function_of(expr)
        if function is None:
            return _unknown(expr)
        return _call(function, len(expr.children), method=expr.method, counted=bool(self.variables))

    def _ident(self, expr: Expr) -> Apply:
        name = expr.name
        if name in self.variables and not expr.absolute:
            slot = len(self.variables) - 1 - self.variables[::-1].index(name)
            return lambda scope: scope.variables[slot]
        names = candidates(expr, self.prefixes, self.variables)
        kind = next((TYPES_BY_NAME[full_name] for full_name in names if full_name in TYPES_BY_NAME), None)

        def apply(scope: Scope) -> Value:
            bindings = scope.bindings
            for candidate in names:
                if candidate in bindings:
                    return adopt(bindings[candidate])
            if kind is not None:
                return kind
            raise CelError("no_such_attribute", f"undeclared reference to {quoted(name)}", key=name, path=name)

        return apply

    def _field(self, expr: Expr) -> tuple[Apply | None, Control | None]:
        """``operand.name`` and ``has(operand.name)``."""
        name = expr.name
        operand = expr.children[0]
        if expr.op == "has":
            names = [f"{full_name}.{name}" for full_name in candidates(operand, self.prefixes, self.variables)]
            apply = _has_field(name, path_of(operand, self.variables))
        else:
            names = candidates(expr, self.prefixes, self.variables)
            apply = _select_field(name, path_of(operand, self.variables))
        if not names:
            return apply, None
        kind = next((TYPES_BY_NAME[full_name] for full_name in names if full_name in TYPES_BY_NAME), None)
        present = expr.op == "has"

        def control(scope: Scope, runs: Sequence[Run]) -> Value:
            bindings = scope.bindings
            for candidate in names:
                if candidate in bindings:
                    value = adopt(bindings[candidate])
                    return present or value
            if kind is not None:
                return present or kind
            return apply(scope, runs[0](scope))

        return None, control


def _select_field(name: str, path: tuple[str, ...] | None) -> Apply:
    full_path = dotted((*path, name)) if path else None

    def apply(_scope: Scope, operand: Value) -> Value:
        kind = type(operand)
        if kind is dict:
            value = operand.get(name, MISSING)
        elif kind is Map:
            value = lookup(operand, name)
        else:
            raise CelError(
                "no_such_overload",
                f"{type_name(operand)} has no fields, so no {quoted(name)}",
                key=name,
                path=full_path,
            )
        if type(value) in READY:
            return value
        if value is MISSING:
            raise CelError("no_such_key", f"no such key: {quoted(name)}", key=name, path=full_path)
        if value is UNKNOWN:
            raise _unknown_value(name, full_path)
        return adopt(value)

    return apply


def _unknown_value(name: str, path: str | None) -> CelError:
    return CelError("unknown", f"{path or quoted(name)} is not known", key=name, path=path)


def _has_field(name: str, path: tuple[str, ...] | None) -> Apply:
    full_path = dotted((*path, name)) if path else None

    def apply(_scope: Scope, operand: Value) -> bool:
        kind = type(operand)
        if kind is dict or kind is Map:
            value = lookup(operand, name)
            if value is UNKNOWN:
                raise _unknown_value(name, full_path)
            return value is not MISSING
        raise CelError("no_such_overload", f"{type_name(operand)} has no fields, so no {quoted(name)}", key=name)

    return apply


def _index(path: tuple[str, ...] | None) -> Apply:
    def apply(_scope: Scope, container: Value, key: Value) -> Value:
        try:
            return index(container, key)
        except CelError as error:
            if path and type(key) is str and error.code in {"no_such_key", "unknown"}:
                error.key = key
                error.path = dotted((*path, key))
            raise

    return apply


def _unknown(expr: Expr) -> Apply:
    other_style = GLOBALS if expr.method else METHODS
    hint = ""
    if expr.name in other_style:
        hint = f": write {expr.name}(x)" if expr.method else f": write x.{expr.name}(...)"

    def apply(_scope: Scope, *_values: Value) -> Value:
        raise CelError(
            "no_such_function", f"there is no function {quoted(expr.name)}{hint}", *expr.name_at, key=expr.name
        )

    return apply


def _mismatch(function: Function, values: Sequence[Value], *, method: bool) -> CelError:
    types = [type_name(value) for value in values]
    return CelError("no_such_overload", function.mismatch(types, method=method))


def _call(function: Function, arity: int, *, method: bool, counted: bool) -> Apply:
    overloads = function.overloads
    anything = function.anything if arity == 1 else None
    if anything is not None:
        return lambda _scope, value: anything(value)
    matching = function.name == "matches"
    if arity == 2 and not counted and not matching:  # noqa: PLR2004

        def apply_two(_scope: Scope, left: Value, right: Value) -> Value:
            implementation = overloads.get((type(left), type(right)))
            if implementation is None:
                raise _mismatch(function, (left, right), method=method)
            return implementation(left, right)

        return apply_two

    def apply(scope: Scope, *values: Value) -> Value:
        implementation = overloads.get(tuple([type(value) for value in values]))
        if implementation is None:
            raise _mismatch(function, values, method=method)
        if matching:
            return implementation(*values, scope.spend)
        if not counted:
            return implementation(*values)
        # Long texts in many iterations add up.
        for value in values:
            if type(value) in _SIZED:
                scope.spend(len(value) >> 6)
        result = implementation(*values)
        if type(result) in _SIZED:
            scope.spend(len(result) >> 4)
        return result

    return apply
