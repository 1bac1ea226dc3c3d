"""A compiled expression: evaluation, trace, type check, and the paths that it reads."""

from __future__ import annotations

import functools

from .errors import CelError
from .parser import parse
from .syntax import TOO_DEEP
from .values import TRACE_ROOM, WORK, Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .evaluator import CompiledStep
    from .references import Reference
    from .syntax import Expr
    from .trace import Node

# Operators and functions that give a truth value, or a value of their operands or of the bindings as it is.
_PASSING = frozenset(
    {"literal", "ident", "select", "has", "index", "list", "map", "and", "or", "not", "compare", "in", "conditional"}
)
_TESTS = frozenset({"startsWith", "endsWith", "contains", "matches"})
_MOST_CHECKED = 8  # declarations of types that the answers of one expression are kept for


class Program:
    """A parsed expression. It holds no state of an evaluation, and may be used from several threads."""

    __slots__ = (
        "_builds",
        "_checked",
        "_loops",
        "_references",
        "_slots",
        "_step",
        "_texts",
        "_unconfirmed",
        "container",
        "text",
        "tree",
    )

    def __init__(self, text: str, tree: Expr, container: str) -> None:
        self.text = text
        self.tree = tree
        self.container = container
        self._step: CompiledStep | None = None
        self._slots = 0
        self._references: tuple[Reference, ...] | None = None  # walked once: they are asked for with every token
        self._loops: bool | None = None  # likewise
        self._builds: bool | None = None  # likewise
        self._texts: tuple[str, ...] | None = None  # likewise
        self._unconfirmed: tuple[tuple[str, int, int], ...] | None = None  # likewise
        self._checked: dict[object, tuple[CelError, ...]] = {}  # by the declared types: likewise

    def __repr__(self) -> str:
        return f"<Program {self.text!r}>"

    def _ready(self) -> CompiledStep:
        from .evaluator import Builder  # imported late: parsing does not need it

        builder = Builder(self.container)
        step = builder.step(self.tree)
        self._slots = builder.slots
        self._step = step
        return step

    def evaluate(self, bindings: Mapping[str, object]) -> object:
        """Return the value with these variables; raises `CelError`.

        `bindings` maps a name, plain or dotted (``"google.subject"``), to results of `json.loads` or to values of
        `oidc_doctor.cel`. The longest bound name takes precedence.
        """
        return self.measured(bindings)[0]

    def measured(self, bindings: Mapping[str, object]) -> tuple[object, int]:
        """Return the value as `evaluate` does, and the steps of work that it took."""
        try:
            step = self._step or self._ready()
            scope = Scope(bindings, self._slots, self.text)
            value = step.run(scope)
            return value, WORK - scope.work
        except CelError as error:
            error.text = self.text
            raise
        except RecursionError:
            raise _too_deep(self.text) from None

    def trace(self, bindings: Mapping[str, object], *, work: int = WORK, room: int = TRACE_ROOM) -> Node:
        """Return the value or error of every sub-expression; the root has the outcome of `evaluate`.

        `work` bounds the steps, as what is left where several expressions share a bound, and `room` the parts of loops
        that are recorded.
        """
        from .trace import trace  # an evaluation does not need it

        try:
            step = self._step or self._ready()
            scope = Scope(bindings, self._slots, self.text)
            scope.work, scope.room = work, room
            node = trace(step, scope)
        except RecursionError:
            raise _too_deep(self.text) from None
        node.work = work - scope.work
        node.parts = step.size + room - scope.room
        return node

    def references(self) -> tuple[Reference, ...]:
        """Return every path that the expression reads, with its position, in the order of the text."""
        if self._references is None:
            from .references import references

            try:
                self._references = tuple(references(self.tree))
            except RecursionError:
                raise _too_deep(self.text) from None
        return self._references

    def has_loops(self) -> bool:
        """Return whether the expression has a comprehension, whose work the length of the text does not bound."""
        if self._loops is None:
            self._loops = self._has_part(lambda expr: expr.op == "comprehension")
        return self._loops

    def builds_texts(self) -> bool:
        """Return whether a part may have a text as its value that is neither a literal nor in the bindings."""
        if self._builds is None:
            self._builds = self._has_part(
                lambda expr: not (expr.op in _PASSING or (expr.op == "call" and expr.name in _TESTS))
            )
        return self._builds

    def _has_part(self, wanted: Callable[[Expr], bool]) -> bool:
        waiting = [self.tree]
        while waiting:
            expr = waiting.pop()
            if wanted(expr):
                return True
            waiting.extend(expr.children)
        return False

    def texts(self) -> list[str]:
        """Return the string literals that are not empty, each once, in the order of the text."""
        if self._texts is not None:
            return list(self._texts)
        waiting, literals = [self.tree], []
        while waiting:
            expr = waiting.pop()
            if expr.op == "literal" and isinstance(expr.value, str) and expr.value:
                literals.append(expr.value)
            waiting.extend(reversed(expr.children))
        self._texts = tuple(dict.fromkeys(literals))
        return list(self._texts)

    def check(self, types: Mapping[str, str] | None = None, *, result: str | None = None) -> list[CelError]:
        """Return the errors that a type checker reports before any evaluation; empty when it accepts.

        `types` declares variables: names, plain or dotted, to types such as ``string``, ``list(string)``, ``dyn``. With
        None every variable is dyn. `result` is the type that the expression must have. Type dyn is always accepted.
        """
        from .checker import check

        asked = (None if types is None else tuple(types.items()), result)
        if asked not in self._checked:
            try:
                errors = check(self.tree, types, result=result, container=self.container)
            except RecursionError:
                raise _too_deep(self.text) from None
            for error in errors:
                error.text = self.text
            if len(self._checked) >= _MOST_CHECKED:
                self._checked.clear()
            self._checked[asked] = tuple(errors)
        return list(self._checked[asked])

    def unconfirmed_functions(self) -> list[tuple[str, int, int]]:
        """Return the functions in use that Google does not document for identity pools: name, start, end."""
        if self._unconfirmed is None:
            from .functions import UNCONFIRMED

            unconfirmed: list[tuple[str, int, int]] = []
            waiting = [self.tree]
            while waiting:
                expr = waiting.pop()
                named = expr.op in {"call", "comprehension", "bind"}
                if named and (expr.name in UNCONFIRMED or len(expr.variables) > 1):
                    unconfirmed.append((expr.name, *expr.name_at))
                waiting.extend(expr.children)
            self._unconfirmed = tuple(sorted(unconfirmed, key=lambda use: use[1]))
        return list(self._unconfirmed)


@functools.lru_cache(maxsize=128)  # the same few texts, and their parts, are asked of many tokens
def compile(text: str, *, container: str = "") -> Program:  # noqa: A001  # cel.compile(...) is how it reads
    """Parse an expression; raises `CelError` with the code ``syntax`` or ``limit`` and the place at fault.

    `Program.check` and the evaluation report an unbound name or an unknown function; a compilation does not.
    `container` is the namespace against which names are resolved first, as in the specification.
    """
    try:
        tree = parse(text)
    except CelError as error:
        error.text = text
        raise
    except RecursionError:
        raise _too_deep(text) from None
    return Program(text, tree, container)


def _too_deep(text: str) -> CelError:
    """Return the error for a Python stack that overflows below the nesting limit: the caller had used much of it."""
    error = CelError("limit", TOO_DEEP, 0, len(text))
    error.text = text
    return error
