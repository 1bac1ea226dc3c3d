"""The value or error of every part."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from oidc_doctor import cel
from oidc_doctor.cel.trace import NO_VALUE, Node, json_value

LinesRun = Callable[[Callable[[], object]], int]


def trace(text: str, **bindings: object) -> Node:
    return cel.compile(text).trace(bindings)


def shape(node: Node) -> object:
    outcome = node.error.code if node.error else node.value if node.evaluated else None
    inner = [shape(child) for child in node.children]
    return (node.text, outcome, inner) if inner else (node.text, outcome)


def test_every_part_has_its_value() -> None:
    assert shape(trace("a.b == 'x' && size(c) > 1", a={"b": "x"}, c=[1])) == (
        "a.b == 'x' && size(c) > 1",
        False,
        [
            ("a.b == 'x'", True, [("a.b", "x", [("a", {"b": "x"})]), ("'x'", "x")]),
            ("size(c) > 1", False, [("size(c)", 1, [("c", [1])]), ("1", 1)]),
        ],
    )


def test_ops_and_functions() -> None:
    text = "!has(a.b) || -a['c'] in [1u] && (true ? {} == {1: 2} : a.map(x, cel.bind(y, x, y)) != 'x'.trim() + 'y')"
    kinds = {(node.op, node.function) for node in trace(text, a={}).walk()}
    assert kinds == {
        ("or", "||"),
        ("not", "!"),
        ("has", "has"),
        ("ident", None),
        ("and", "&&"),
        ("in", "in"),
        ("negate", "-"),
        ("index", None),
        ("literal", None),
        ("list", None),
        ("conditional", "?:"),
        ("compare", "=="),
        ("compare", "!="),
        ("map", None),
        ("comprehension", "map"),
        ("bind", "cel.bind"),
        ("arithmetic", "+"),
        ("call", "trim"),
    }


def test_what_a_decision_makes_unnecessary_is_not_evaluated() -> None:
    assert shape(trace("false && a && b")) == (
        "false && a && b",
        False,
        [("false", False), ("a", None), ("b", None)],
    )
    root = trace("true ? 1 : a.b")
    assert [(node.text, node.evaluated, node.value) for node in root.walk()][-2:] == [
        ("a.b", False, NO_VALUE),
        ("a", False, NO_VALUE),
    ]


def test_an_error_to_the_left_lets_the_right_decide() -> None:
    assert shape(trace("a.b == 1 || true || c", a={})) == (
        "a.b == 1 || true || c",
        True,
        [
            ("a.b == 1", "no_such_key", [("a.b", "no_such_key", [("a", {})]), ("1", 1)]),
            ("true", True),
            ("c", None),
        ],
    )


def test_an_error_is_the_same_object_on_its_way_up() -> None:
    root = trace("a.b.startsWith('x') && true", a={})
    errors = [node for node in root.walk() if node.error]
    assert [node.text for node in errors] == ["a.b.startsWith('x') && true", "a.b.startsWith('x')", "a.b"]
    assert len({id(node.error) for node in errors}) == 1
    error = root.error
    assert error is not None
    assert error.caret() == "a.b.startsWith('x') && true\n^^^"
    assert error.__traceback__ is None


def test_parts_after_an_error_are_shown_where_that_is_cheap() -> None:
    root = trace("f(a.b, c, 'x', [1].map(y, y))", a={}, c=3)
    assert [(node.text, node.evaluated) for node in root.children] == [
        ("a.b", True),
        ("c", True),
        ("'x'", True),
        ("[1].map(y, y)", False),
    ]


def test_each_turn_of_a_loop() -> None:
    root = trace("g.exists(x, x == 'b')", g=["a", "b", "c"])
    assert root.value is True
    assert [(node.text, node.variables, node.value) for node in root.children] == [
        ("g", None, ["a", "b", "c"]),
        ("x == 'b'", {"x": "a"}, False),
        ("x == 'b'", {"x": "b"}, True),
    ]


def test_turns_with_a_predicate_and_with_two_variables() -> None:
    root = trace("g.map(x, x > 1, x * 2)", g=[1, 2])
    assert [(node.text, node.variables) for node in root.children[1:]] == [
        ("x > 1", {"x": 1}),
        ("x > 1", {"x": 2}),
        ("x * 2", {"x": 2}),
    ]
    root = trace("g.all(k, v, v > 0)", g={"a": 1})
    assert root.children[1].variables == {"k": "a", "v": 1}
    root = trace("cel.bind(x, 1, x + x)")
    assert root.children[1].variables == {"x": 1}


def test_turns_inside_of_turns() -> None:
    root = trace("[1, 2].map(x, [3].map(y, x + y))")
    inner = [(node.variables, node.value) for node in root.walk() if node.text == "x + y"]
    assert inner == [({"y": 3}, 4), ({"y": 3}, 5)]
    assert [child.variables for child in root.children[1:]] == [{"x": 1}, {"x": 2}]


def test_a_loop_without_turns_shows_its_body_as_not_evaluated() -> None:
    root = trace("[].all(x, x > 1)")
    assert root.value is True
    assert [(node.text, node.evaluated) for node in root.children] == [("[]", True), ("x > 1", False)]


def test_an_error_in_a_turn_does_not_hide_the_others() -> None:
    root = trace("[0, 1].exists(x, 1 / x == 1)")
    assert [shape(node)[1] for node in root.children[1:]] == ["divide_by_zero", True]  # type: ignore[index]


def test_very_many_turns_are_counted_and_not_kept() -> None:
    root = trace("g.all(x, x >= 0)", g=list(range(5_000)))
    assert root.value is True
    assert root.omitted > 0
    assert len(root.children) - 1 + root.omitted == 5_000


def test_a_name_bound_whole_has_parts_that_were_not_evaluated() -> None:
    root = cel.compile("google.subject").trace({"google.subject": "x"})
    assert shape(root) == ("google.subject", "x", [("google", None)])


def test_a_trace_gives_the_error_that_an_evaluation_raises() -> None:
    for text in ("1 / 0", "a", "true && 'x'", "[0].map(x, 1 / x)", "has('a'.b)", "{1: 1, 1u: 1}", "f()", "'a' ? 1 : 2"):
        with pytest.raises(cel.CelError) as caught:
            cel.compile(text).evaluate({})
        error = trace(text).error
        assert error is not None
        assert (error.code, error.message, error.start, error.end, error.text) == (
            caught.value.code,
            caught.value.message,
            caught.value.start,
            caught.value.end,
            text,
        )


def test_to_json() -> None:
    made = trace("a.b == 'x' || a.c", a={"b": "x"}).to_json()
    assert made == {
        "text": "a.b == 'x' || a.c",
        "start": 0,
        "end": 17,
        "op": "or",
        "function": "||",
        "evaluated": True,
        "type": "bool",
        "value": True,
        "children": [
            {
                "text": "a.b == 'x'",
                "start": 0,
                "end": 10,
                "op": "compare",
                "function": "==",
                "evaluated": True,
                "type": "bool",
                "value": True,
                "children": [
                    {
                        "text": "a.b",
                        "start": 0,
                        "end": 3,
                        "op": "select",
                        "evaluated": True,
                        "type": "string",
                        "value": "x",
                        "children": [
                            {
                                "text": "a",
                                "start": 0,
                                "end": 1,
                                "op": "ident",
                                "evaluated": True,
                                "type": "map",
                                "value": {"size": 1},
                            }
                        ],
                    },
                    {
                        "text": "'x'",
                        "start": 7,
                        "end": 10,
                        "op": "literal",
                        "evaluated": True,
                        "type": "string",
                        "value": "x",
                    },
                ],
            },
            {
                "text": "a.c",
                "start": 14,
                "end": 17,
                "op": "select",
                "evaluated": False,
                "children": [{"text": "a", "start": 14, "end": 15, "op": "ident", "evaluated": False}],
            },
        ],
    }


def test_to_json_of_errors_loops_and_whole_maps() -> None:
    made = trace("[a].exists(x, x.y)", a={"z": 1}).to_json(whole_maps=True)
    turn = made["children"][1]  # type: ignore[index]
    assert turn["variables"] == {"x": {"z": 1}}
    assert turn["error"] == {"code": "no_such_key", "message": "no such key: 'y'", "start": 14, "end": 17}
    assert trace("a.b", a={}).to_json()["error"]["path"] == "a.b"  # type: ignore[index]
    json.dumps(trace("g.all(x, x >= 0)", g=list(range(20_000))).to_json())


def test_values_as_json() -> None:
    value = cel.compile(
        "[1u, 1.5, double('NaN'), double('-Infinity'), b'\\xff', null, true, int, timestamp(0), duration('1s'),"
        " {1: 'a', true: 2}, x]"
    ).evaluate({"x": {"t": (1, 2)}})
    assert json_value(value) == [
        1, 1.5, "NaN", "-Infinity", "ff", None, True, "int", "1970-01-01T00:00:00Z", "1s",
        {"1": "a", "True": 2}, {"t": [1, 2]},
    ]  # fmt: skip
    assert json.loads(json.dumps(json_value(value), allow_nan=False)) == json_value(value)
    assert json_value(list(range(500))) == {"size": 500}
    assert json_value({"a": 1}, whole_maps=False) == {"size": 1}
    assert json_value([cel.UNKNOWN, object()]) == [{"error": "unknown"}, {"error": "invalid_argument"}]


def test_a_node_shows_itself() -> None:
    root = trace("a.b || true ? 1 : 2", a={})
    assert repr(root) == "<conditional 'a.b || true ? 1 : 2': 1>"
    assert repr(root.children[0].children[0]) == "<select 'a.b': error no such key: 'b'>"
    assert repr(root.children[2]) == "<literal '2': not evaluated>"


def test_the_operands_of_a_comparison_are_recorded_when_they_are_asked_for(lines_run: LinesRun) -> None:
    program = cel.compile("||".join(f"a.sub.startsWith('{number}')" for number in range(100)))
    bindings = {"a": {"sub": "x"}}
    program.trace(bindings)  # builds the steps
    alone = lines_run(lambda: program.trace(bindings))
    whole = lines_run(lambda: list(program.trace(bindings).walk()))
    assert alone < whole / 2
    later = program.trace(bindings)
    assert later.work == 0
    assert [part.value for part in later.children[7].walk()] == [False, "x", {"sub": "x"}, "7"]


def test_a_part_at_fault_is_recorded_with_its_own_error() -> None:
    root = trace("!!!(a.b == 'x')", a={})
    parts = list(root.walk())
    assert root.error is not None
    assert all(part.error is root.error for part in parts[:5])
