"""The value or error of every sub-expression."""

from __future__ import annotations

from oidc_doctor.model import limits

from .errors import CelError
from .strings import double_text
from .times import duration_text, timestamp_text
from .values import MAX_DEPTH, TYPES, CelType, Duration, Map, Mark, Scope, Timestamp, UInt, adopt, entries, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, Final

    from .control import Run
    from .evaluator import CompiledStep
    from .values import Value

_VALUE_ITEMS: Final = 200
_REPORT_ITEMS: Final = 20_000

NO_VALUE: Final = Mark("NO_VALUE")

_NAMELESS: Final = frozenset({"ident", "select", "index"})  # their name is a variable or a key


class Node:
    """The outcome of a sub-expression.

    text, start, end  its position in the expression
    op        literal ident select has index call list map and or not negate arithmetic compare in conditional
              comprehension bind
    function  the function, operator or macro; None for a value, a variable, a field, a list or a map
    evaluated whether it ran; false for operands after the one that decided, and for the parts of a name that is bound
              whole (``a`` where ``a.b`` is bound)
    value     its value, `NO_VALUE` where there is none
    error     its error; the same object as a child's where the error arose in the child
    children  in the order written. The parts of a function, an operator, a list are all evaluated, even past one that
              fails, where that is cheap, so that a report can show them. A comprehension has its range first, then the
              parts of each iteration.
    variables the values of the loop variables (or of the name of ``cel.bind``) for this child of a comprehension
    omitted   the number of such children that ran without a node, because there were very many
    work      of the root alone: the steps that the evaluation took, as its bound counts them
    parts     of the root alone: about how many nodes the trace has
    """

    __slots__ = (
        "_children",
        "_unseen",
        "end",
        "error",
        "evaluated",
        "function",
        "omitted",
        "op",
        "parts",
        "start",
        "text",
        "value",
        "variables",
        "work",
    )

    def __init__(self, step: CompiledStep, text: str) -> None:
        expr = step.expr
        self.start: int = expr.start
        self.end: int = expr.end
        self.text: str = text[expr.start : expr.end]
        self.op: str = expr.op
        self.function: str | None = "has" if expr.op == "has" else None if expr.op in _NAMELESS else expr.name or None
        self.value: Any = NO_VALUE
        self.error: CelError | None = None
        self.evaluated = False
        self._children: list[Node] = []
        self._unseen: tuple[CompiledStep, str, Scope | None] | None = None
        self.variables: dict[str, Any] | None = None
        self.omitted = 0
        self.work = 0
        self.parts = 0

    def __repr__(self) -> str:
        outcome = f"error {self.error}" if self.error else f"{self.value!r}" if self.evaluated else "not evaluated"
        return f"<{self.op} {self.text!r}: {outcome}>"

    @property
    def children(self) -> list[Node]:
        """The outcomes of its parts, as the class describes them."""
        if self._unseen is not None:
            step, text, scope = self._unseen
            self._unseen = None
            if scope is None:
                self._children = [_not_evaluated(child, text) for child in step.children]
            else:
                again = Scope(scope.bindings, 0, text)  # the work of the evaluation has been counted
                self._children = [trace(child, again) for child in step.children]
        return self._children

    @children.setter
    def children(self, nodes: list[Node]) -> None:
        self._children = nodes

    def leave(self, step: CompiledStep, text: str, scope: Scope | None) -> None:
        """Record the parts of this step when they are first asked for; with None, as parts that did not run."""
        self._unseen = step, text, scope

    def walk(self) -> Iterator[Node]:
        """Yield the node and its descendants in the order of the text."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))

    def to_json(self, *, whole_maps: bool = False, room: list[int] | None = None) -> dict[str, object]:
        """Return ``value`` and ``type``, or ``error``, or neither for a part that was not evaluated.

        A map is shown as its number of entries unless `whole_maps`: else a trace repeats all claims for each one read.
        `room` is the number of characters that the texts of this trace and those after it may have: each part repeats
        the texts of its own, so beyond it they are counted as `omitted`.
        """
        return _node_json(self, [_REPORT_ITEMS], room or [limits.CEL_SHOWN.most], whole_maps=whole_maps)


def trace(step: CompiledStep, scope: Scope, *, brief: bool = True) -> Node:
    """Run a step and record the value of each part. Raises nothing; errors are in the nodes.

    With `brief`, the operands of a call or comparison that has a value are recorded when they are first asked for: of
    most comparisons of a condition only the result is read. They are run again then, on the same bindings.
    """
    node = Node(step, scope.text)
    node.evaluated = True
    if brief and step.apply is not None and step.children and not scope.variables:
        work = scope.work
        try:
            node.value = step.run(scope)
        except CelError:
            scope.work, brief = work, False  # its trace shows the part at fault
        else:
            node.leave(step, scope.text, scope)
            return node
    if step.apply is None:
        _trace_control(step, scope, node, brief=brief)
        return node
    failed: CelError | None = None
    values = []
    work = scope.work
    for child in step.children:
        if failed is not None and not (child.cheap and failed.code != "limit"):
            node.children.append(_not_evaluated(child, scope.text))
            continue
        part = trace(child, scope, brief=brief)
        node.children.append(part)
        values.append(part.value)
        if failed is None:
            failed = part.error
            work = scope.work
    if failed is not None:
        node.error = failed
        scope.work = work  # parts that an evaluation would not have run do not count
        return node
    try:
        node.value = step.apply(scope, *values)
    except CelError as error:
        _fail(node, error, scope)
    return node


def _fail(node: Node, error: CelError, scope: Scope) -> None:
    error.placed(node.start, node.end)
    error.text = scope.text
    error.__traceback__ = None  # a traceback would keep every frame, and so the claims, alive
    node.error = error


def _not_evaluated(step: CompiledStep, text: str) -> Node:
    node = Node(step, text)
    node.leave(step, text, None)
    return node


def _trace_control(step: CompiledStep, scope: Scope, node: Node, *, brief: bool) -> None:
    assert step.control is not None  # noqa: S101  # a step that is not strict has `control`
    names = step.expr.variables
    looped = step.expr.op == "comprehension"
    recorded: list[list[Node]] = [[] for _ in step.children]
    if looped:
        turns = recorded[1]
        recorded[2:] = [turns for _ in recorded[2:]]  # in the order in which they ran

    def recording(number: int) -> Run:
        child = step.children[number]
        nodes = recorded[number]
        repeated = looped and number > 0

        def run(scope: Scope) -> Value:
            if repeated:
                if scope.room <= 0:
                    node.omitted += 1
                    return child.run(scope)
                scope.room -= child.size
            part = trace(child, scope, brief=brief)
            nodes.append(part)
            if names and number:
                part.variables = {name: scope.variables[step.slot + offset] for offset, name in enumerate(names)}
            if part.error is not None:
                raise part.error
            return part.value

        return run

    runs: Sequence[Run] = [recording(number) for number in range(len(step.children))]
    try:
        node.value = step.control(scope, runs)
    except CelError as error:
        _fail(node, error, scope)
    if looped:
        node.children = recorded[0] + (
            recorded[1] or [_not_evaluated(child, scope.text) for child in step.children[1:]]
        )
    else:
        for child, nodes in zip(step.children, recorded, strict=True):
            node.children.append(nodes[0] if nodes else _not_evaluated(child, scope.text))


def _node_json(node: Node, budget: list[int], room: list[int], *, whole_maps: bool) -> dict[str, object]:
    """Return a node as JSON, see `Node.to_json`; `budget` holds the number of elements the report may still contain."""
    data: dict[str, object] = {"text": node.text, "start": node.start, "end": node.end, "op": node.op}
    if node.function is not None:
        data["function"] = node.function
    data["evaluated"] = node.evaluated
    if node.variables is not None:
        data["variables"] = {
            name: _value(value, budget, whole_maps=whole_maps) for name, value in node.variables.items()
        }
    if node.error is not None:
        error: dict[str, object] = {"code": node.error.code, "message": node.error.message}
        if node.error.start >= 0:
            error.update(start=node.error.start, end=node.error.end)
        if node.error.path is not None:
            error["path"] = node.error.path
        data["error"] = error
    elif node.evaluated:
        data["type"] = type_name(node.value)
        data["value"] = _value(node.value, budget, whole_maps=whole_maps)
    room[0] -= len(node.text)
    shown = node.children if room[0] > 0 else []
    if omitted := node.omitted + len(node.children) - len(shown):
        data["omitted"] = omitted
    if shown:
        data["children"] = [_node_json(child, budget, room, whole_maps=whole_maps) for child in shown]
    return data


def json_value(value: Value, *, whole_maps: bool = True) -> object:
    """Return a value as JSON: times, types, bytes and special doubles as text; a very large value as its size only."""
    return _value(value, [_REPORT_ITEMS], whole_maps=whole_maps)


def _value(value: Value, budget: list[int], *, whole_maps: bool) -> object:
    allowed = min(_VALUE_ITEMS, budget[0])
    value_budget = [allowed]
    data = _json(value, value_budget, 0, whole_maps=whole_maps)
    budget[0] -= allowed - value_budget[0]
    return data


def _json(value: Value, budget: list[int], depth: int, *, whole_maps: bool) -> object:
    kind = type(value)
    if kind is str or kind is bool or kind is int or value is None:
        return value
    if kind is UInt:
        return int(value)
    if kind is float:
        return value if value - value == 0 else double_text(value)
    if kind is bytes:
        return value.hex()
    if kind is Timestamp:
        return timestamp_text(value)
    if kind is Duration:
        return duration_text(value)
    if kind is CelType:
        return value.name
    if kind not in TYPES:
        try:
            return _json(adopt(value), budget, depth, whole_maps=whole_maps)
        except CelError as error:  # bound but never read: an unknown value, or no value of the language
            return {"error": error.code}
    if (kind is not list and not whole_maps) or depth > MAX_DEPTH or budget[0] < len(value):
        return {"size": len(value)}
    budget[0] -= len(value)
    if kind is list:
        return [_json(item, budget, depth + 1, whole_maps=whole_maps) for item in value]
    assert kind is dict or kind is Map  # noqa: S101  # all other types are above
    return {
        key if type(key) is str else str(_json(key, budget, depth + 1, whole_maps=whole_maps)): _json(
            item, budget, depth + 1, whole_maps=whole_maps
        )
        for key, item in entries(value)
    }
