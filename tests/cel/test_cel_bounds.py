"""Expressions and claims are other people's text: none may crash the program, or keep it busy."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from oidc_doctor import cel
from oidc_doctor.cel.values import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


def outcome(text: str, **bindings: object) -> str:
    """The code of the error, from whichever stage, of evaluation and of trace, which must agree."""
    try:
        program = cel.compile(text)
    except cel.CelError as error:
        return error.code
    program.check({})
    program.references()
    try:
        program.evaluate(bindings)
        code = "none"
    except cel.CelError as error:
        code = error.code
    root = program.trace(bindings)
    assert (root.error.code if root.error else "none") == code
    root.to_json(whole_maps=True)
    return code


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "(" * 500 + "1" + ")" * 500,
        "[" * 500 + "]" * 500,
        "{'a': " * 500 + "1" + "}" * 500,
        "!" * 5000 + "true",
        "-" * 5000 + "a",
        "a" + ".b" * 5000,
        "a" + "[0]" * 5000,
        "1" + " + 1" * 5000,
        "a ? b : " * 500 + "c",
        "size(" * 500 + "a" + ")" * 500,
        "a.map(x, " * 500 + "x" + ")" * 500,
        "a" + ".trim()" * 5000,
        "1||1&&1==1+1*(" * 300 + "1" + ")" * 300,
    ],
)
def test_deep_text_is_refused(text: str) -> None:
    with pytest.raises(cel.CelError) as caught:
        cel.compile(text)
    assert caught.value.code == "limit"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100 + "true" + ")" * 100,
        "!" * 100 + "true",
        "[" * 100 + "]" * 100 + " == []",
        "1" + " + 1" * 100 + " == 101",
        "1||1&&1==1+1*(" * 20 + "1" + ")" * 20,
        "a.map(x, " * 30 + "x" + ")" * 30,
        "true ? true : " * 100 + "true",
    ],
)
def test_text_that_is_less_deep_is_not(text: str) -> None:
    assert outcome(text, a=[]) != "limit"


def test_long_text_is_fine_where_it_is_flat() -> None:
    assert cel.compile(" || ".join(["a == 'b'"] * 10_000) + " || true").evaluate({"a": "x"}) is True
    assert cel.compile("a in [" + "'x', " * 20_000 + "'b']").evaluate({"a": "b"}) is True
    assert cel.compile("size('" + "a" * 1_000_000 + "')").evaluate({}) == 1_000_000


def test_a_deep_stack_of_the_caller_gives_an_error_of_ours() -> None:
    text = "!" * (MAX_DEPTH - 10) + "(true || a.all(x, x))"
    program = cel.compile(text)

    def deeper(left: int) -> None:
        if left:
            deeper(left - 1)
            return
        attempts: list[Callable[[], object]] = [
            lambda: cel.compile(text),
            lambda: program.evaluate({}),
            lambda: program.trace({}),
        ]
        for attempt in attempts:
            try:
                attempt()
            except cel.CelError as error:
                assert error.code == "limit"  # either outcome is right

    here = 0
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        here += 1
        frame = frame.f_back
    for spare in (30, 60, 120, 250):
        deeper(sys.getrecursionlimit() - here - spare)


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


def test_deep_claims() -> None:
    assert outcome("a == b", a=nested(100), b=nested(100)) == "none"
    assert outcome("a == b", a=nested(400), b=nested(400)) == "limit"
    assert outcome("'%s'.format([a])", a=nested(400)) == "limit"
    assert outcome("a in [b]", a=nested(400), b=nested(400)) == "limit"
    assert outcome("a", a=nested(400)) == "none"
    circle: list[object] = []
    circle.append(circle)
    assert outcome("a == [a]", a=circle) == "limit"
    assert outcome("a", a=circle) == "none"


def test_work_is_bounded() -> None:
    numbers = list(range(1000))
    long = "x" * 100_000
    started = time.process_time()
    assert outcome("n.all(a, n.all(b, n.all(c, a + b + c >= 0)))", n=numbers) == "limit"
    assert outcome("true || n.all(a, n.all(b, n.all(c, a + b + c >= 0)))", n=numbers) == "none"
    assert outcome("n.all(a, n.all(b, n.all(c, a + b + c >= 0))) || true", n=numbers) == "limit"
    assert outcome("n.map(a, n.map(b, n))", n=numbers) == "limit"
    assert outcome("n.all(a, n.all(b, s.replace('x', 'yy') != ''))", n=numbers, s=long) == "limit"
    assert outcome("n.all(a, n.all(b, s.matches('(x|y)*z') == false))", n=numbers, s=long) == "limit"
    assert outcome("n.all(a, n.all(b, 'q' + s != s))", n=numbers, s=long) == "limit"
    assert outcome("n.all(a, n.all(b, !(b in n.map(x, -1))))", n=numbers) == "limit"
    assert outcome("n.all(a, [n] == [n])", n=list(range(3000))) == "limit"
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    "text",
    [
        "n.all(a, s.replace('x', s) != '')",  # small in, large out
        "n.exists(a, s.replace('x', s, 450) == '')",
        "n.map(a, size('%s%s'.format([t, t]))) == []",
        "n.all(a, [s, s].join(t) != '')",
        "size(n.transformMapEntry(i, v, m)) == 0",
        "n.all(a, t.indexOf('q', 0) < 0)",  # large in, small out
        "n.exists(a, size(t.split('q', 2)) == 2)",
    ],
)
def test_every_value_of_a_loop_is_work(text: str) -> None:
    entries = {f"k{number}": number for number in range(600)}
    given: dict[str, object] = {"s": "x" * 500, "t": "y" * 100_000, "m": entries}
    assert outcome(text, n=list(range(1000)), **given) == "limit"
    assert outcome(text, n=[0], **given) == "none"


def doubled(times: int, value: str, twice: str, body: str) -> str:
    """``cel.bind`` inside of ``cel.bind``, each name holding the one before it twice."""
    text = f"cel.bind(v0, {value}, "
    for number in range(1, times):
        text += f"cel.bind(v{number}, {twice.replace('v', f'v{number - 1}')}, "
    return text + body.replace("v", f"v{times - 1}") + ")" * times


@pytest.mark.parametrize(
    "value, twice, body",
    [
        ("'ab'", "v + v", "v == ''"),
        ("b'ab'", "v + v", "v == b''"),
        ("[1]", "v + v", "v == []"),
        ("[1]", "[v, v]", "v == [v[0], v[1]]"),
        ("[]", "[v, v]", "'%s'.format([v]) == ''"),
        ("{}", "{'a': v, 'b': v}", "'%s'.format([v]) == ''"),
        ("{}", "{'a': v, 'b': v}", "v == {'a': v.a, 'b': v.b}"),
        ("'ab'", "[v, v].join(v)", "v == ''"),
        ("'ab'", "v.replace('', v)", "v == ''"),
        ("'ab'", "'%s%s'.format([v, v])", "v == ''"),
    ],
)
def test_values_that_double(value: str, twice: str, body: str) -> None:
    started = time.process_time()
    assert outcome(doubled(40, value, twice, body)) == "limit"
    assert time.process_time() - started < 10


def test_a_doubled_value_can_be_given_back_and_shown() -> None:
    assert outcome(doubled(60, "[1]", "[v, v]", "v")) == "none"


def test_a_check_is_answered_once_for_the_same_declarations() -> None:
    program = cel.compile("assertion.sub + 1 == 'a'")
    declared = {"assertion": "dyn", "assertion.sub": "string"}
    first, second = program.check(declared, result="bool"), program.check(dict(declared), result="bool")
    assert first == second != []
    assert first is not second  # a caller may change its list
    assert program.check(declared, result="string") != first
    for number in range(20):  # other declarations are not mixed up, however many there are
        assert program.check({"assertion": "dyn", "assertion.sub": "int", f"x{number}": "dyn"})[0].text == program.text


def test_importing_is_light() -> None:
    code = (
        "import sys; import oidc_doctor.cel as cel;"
        "heavy = {'re2', 'dataclasses', 'datetime', 'zoneinfo', 'inspect', 'lark'} & set(sys.modules);"
        "assert not heavy, heavy;"
        "assert cel.compile('a == 1').evaluate({'a': 1}) is True;"
        "assert 're2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-S", "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})
