"""Types, equality, order, arithmetic, conversions."""

from __future__ import annotations

import math

import pytest

from oidc_doctor import cel


def run(text: str, **bindings: object) -> object:
    return cel.compile(text).evaluate(bindings)


def code(text: str, **bindings: object) -> str:
    with pytest.raises(cel.CelError) as caught:
        run(text, **bindings)
    assert caught.value.start >= 0
    assert caught.value.text == text
    return caught.value.code


@pytest.mark.parametrize(
    "text",
    [
        "1 == 1u && 1u == 1.0 && 1 == 1.0",
        "!(true == 1) && true != 1 && !(false == 0.0)",
        "'1' != 1 && null != false && null == null",
        "[1, 2] == [1.0, 2u] && [1] != [true]",
        "{'a': 1} == {'a': 1.0} && {1: 'a'} == {1u: 'a'} && {1: 'a'} != {true: 'a'} && {} == {}",
        "{'a': [1, {'b': null}]} == {'a': [1, {'b': null}]}",
        "double('NaN') != double('NaN') && !(double('NaN') == double('NaN'))",
        "!(double('NaN') < 1.0) && !(double('NaN') >= 1.0) && !(double('NaN') in [double('NaN')])",
        "0.0 == -0.0",
        "b'a' != 'a' && b'a' == b'a'",
        "type(1) == int && type(1u) == uint && type(1.0) == double && type('') == string && type(b'') == bytes",
        "type([]) == list && type({}) == map && type({1: 2}) == map && type(null) == null_type && type(true) == bool",
        "type(type(1)) == type && type(int) == type && type(duration('1s')) == google.protobuf.Duration",
        "timestamp('2020-01-01T00:00:00Z') != 1577836800 && duration('1s') != 1000000000",
        "9007199254740993 != 9007199254740992.0",
    ],
)
def test_equality(text: str) -> None:
    assert run(text) is True


@pytest.mark.parametrize(
    "text",
    [
        "1 < 2u && 1u < 1.5 && 1.5 < 2 && 2 > 1.5 && 3u >= 3",
        "'a' < 'b' && 'Z' < 'a' && '' < 'a' && '\U0001f600' > '\uffff'",
        "b'a' < b'b' && false < true && duration('1s') < duration('2s')",
        "timestamp('2020-01-01T00:00:00Z') < timestamp('2020-01-01T00:00:00.1Z')",
    ],
)
def test_order(text: str) -> None:
    assert run(text) is True


@pytest.mark.parametrize("text", ["1 < 'a'", "null < null", "[1] < [2]", "{} <= {}", "true < 1", "'a' > b'a'"])
def test_no_order_across_types(text: str) -> None:
    assert code(text) == "no_such_overload"


@pytest.mark.parametrize(
    "text, value",
    [
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("7 / -2", -3),
        ("-7 % 2", -1),
        ("7 % -2", 1),
        ("7u / 2u", cel.UInt(3)),
        ("1.0 / 4.0", 0.25),
        ("'a' + 'b'", "ab"),
        ("b'a' + b'b'", b"ab"),
        ("[1] + ['a']", [1, "a"]),
        ("-(2)", -2),
        ("-(2.5)", -2.5),
        ("1.0 / 0.0", math.inf),
        ("-1.0 / 0.0", -math.inf),
        ("1.0 / -0.0", -math.inf),
        ("1e308 * 10.0", math.inf),
    ],
)
def test_arithmetic(text: str, value: object) -> None:
    result = run(text)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("1 / 0", "divide_by_zero"),
        ("1 % 0", "divide_by_zero"),
        ("1u / 0u", "divide_by_zero"),
        ("9223372036854775807 + 1", "overflow"),
        ("-9223372036854775808 - 1", "overflow"),
        ("-9223372036854775808 / -1", "overflow"),
        ("-(-9223372036854775808)", "overflow"),
        ("4611686018427387904 * 2", "overflow"),
        ("0u - 1u", "overflow"),
        ("18446744073709551615u + 1u", "overflow"),
        ("1 + 1u", "no_such_overload"),
        ("1 + 1.0", "no_such_overload"),
        ("1.5 % 1.0", "no_such_overload"),
        ("'a' + 1", "no_such_overload"),
        ("-(1u)", "no_such_overload"),
        ("-'a'", "no_such_overload"),
        ("!1", "no_such_overload"),
        ("true + true", "no_such_overload"),
        ("null + null", "no_such_overload"),
    ],
)
def test_arithmetic_error(text: str, expected: str) -> None:
    assert code(text) == expected


def test_nan_from_zero_by_zero() -> None:
    result = run("0.0 / 0.0")
    assert isinstance(result, float)
    assert math.isnan(result)


@pytest.mark.parametrize(
    "text, value",
    [
        ("int('-42')", -42),
        ("int('+42')", 42),
        ("int(3.99)", 3),
        ("int(-3.99)", -3),
        ("int(5u)", 5),
        ("int(timestamp('1970-01-01T00:01:00.9Z'))", 60),
        ("int(timestamp('1969-12-31T23:59:59.5Z'))", -1),
        ("uint('7')", cel.UInt(7)),
        ("uint(7.9)", cel.UInt(7)),
        ("double('1e2')", 100.0),
        ("double(3)", 3.0),
        ("string(1.0)", "1"),
        ("string(0.1)", "0.1"),
        ("string(-7)", "-7"),
        ("string(7u)", "7"),
        ("string(true)", "true"),
        ("string(b'\\xc3\\xa9')", "\u00e9"),
        ("bytes('\u00e9')", b"\xc3\xa9"),
        ("bool('T' + 'rue')", True),
        ("bool('f')", False),
        ("dyn([1])", [1]),
    ],
)
def test_conversion(text: str, value: object) -> None:
    result = run(text)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("int('4 2')", "invalid_argument"),
        ("int('1_000')", "invalid_argument"),
        ("int('\u0661')", "invalid_argument"),
        ("int('')", "invalid_argument"),
        ("int('9223372036854775808')", "range"),
        ("int(9223372036854775808u)", "range"),
        ("int(1e19)", "range"),
        ("int(double('NaN'))", "range"),
        ("int(true)", "no_such_overload"),
        ("int(null)", "no_such_overload"),
        ("uint(-1)", "range"),
        ("uint(-0.5)", "range"),
        ("uint('+1')", "invalid_argument"),
        ("double('1 ')", "invalid_argument"),
        ("double('1_0')", "invalid_argument"),
        ("double('x')", "invalid_argument"),
        ("string(b'\\xff')", "invalid_argument"),
        ("string([1])", "no_such_overload"),
        ("bool('yes')", "invalid_argument"),
        ("bytes(x)", "invalid_argument"),
    ],
)
def test_conversion_error(text: str, expected: str) -> None:
    assert code(text, x="\ud800") == expected


def test_a_very_long_number_is_out_of_range_and_no_accident() -> None:
    assert code("int(x)", x="9" * 10_000) == "range"
    assert run("int(x)", x="0" * 10_000 + "7") == 7


@pytest.mark.parametrize(
    "text, value",
    [
        ("{1: 'a', true: 'b'}[1]", "a"),
        ("{1: 'a', true: 'b'}[true]", "b"),
        ("{1: 'a'}[1u]", "a"),
        ("{1: 'a'}[1.0]", "a"),
        ("{'a': {'b': 3}}.a.b", 3),
        ("{'a': 1}['a']", 1),
        ("[10, 20][1]", 20),
        ("[10, 20][1u]", 20),
        ("[10, 20][1.0]", 20),
        ("1 in {1u: 0}", True),
        ("true in {1: 0}", False),
        ("[] in {'a': 1}", False),
        ("1.5 in {1: 0}", False),
        ("'a' in ['b', 'a']", True),
        ("1.0 in [1]", True),
        ("true in [1]", False),
        ("size({1: 2, 'a': 3})", 2),
        ("{'a': 1}.size() + [1, 2].size()", 3),
    ],
)
def test_lists_and_maps(text: str, value: object) -> None:
    result = run(text)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("{'a': 1}.b", "no_such_key"),
        ("{1: 1}[2]", "no_such_key"),
        ("{1: 1}[[]]", "no_such_key"),
        ("{'a': 1, 'a': 2}", "invalid_argument"),
        ("{1: 1, 1u: 2}", "invalid_argument"),
        ("{1.0: 1}", "no_such_overload"),
        ("{null: 1}", "no_such_overload"),
        ("{b'': 1}", "no_such_overload"),
        ("[1][1]", "invalid_argument"),
        ("[1][-1]", "invalid_argument"),
        ("[1][0.5]", "invalid_argument"),
        ("[1]['a']", "invalid_argument"),
        ("[1][true]", "invalid_argument"),
        ("'abc'[0]", "no_such_overload"),
        ("'a'.b", "no_such_overload"),
        ("null.b", "no_such_overload"),
        ("has('a'.b)", "no_such_overload"),
        ("'a' in 'abc'", "no_such_overload"),
        ("size(1)", "no_such_overload"),
    ],
)
def test_lists_and_maps_error(text: str, expected: str) -> None:
    assert code(text) == expected


def test_bound_maps_with_other_keys_than_strings() -> None:
    bound = {True: "yes", 2: "two"}
    assert run("m[2] == 'two' && m[2u] == 'two' && m[true] == 'yes' && !(1 in m) && !(false in m)", m=bound) is True
    assert run("m == {2: 'two', true: 'yes'} && {2: 'two', true: 'yes'} == m", m=bound) is True


def test_a_map_with_mixed_keys_is_readable_from_python() -> None:
    result = run("{1: 'a', 'b': true}")
    assert isinstance(result, cel.Map)
    assert list(result) == [1, "b"]
    assert dict(result.items()) == {1: "a", "b": True}
    assert result.get("b") is True
    assert result.get(2, "none") == "none"
    assert len(result) == 2
    assert repr(result) == "{1: 'a', 'b': True}"


def test_bindings_may_hold_what_python_has_for_json() -> None:
    from collections import OrderedDict
    from enum import IntEnum, StrEnum
    from types import MappingProxyType

    class Name(StrEnum):
        A = "a"

    class Number(IntEnum):
        ONE = 1

    bound = MappingProxyType({
        "t": (1, 2),
        "e": Name.A,
        "n": Number.ONE,
        "o": OrderedDict(x=1),
        "big": 2**70,
        "huge": -(10**400),
        "b": bytearray(b"x"),
    })  # fmt: skip
    program = cel.compile(
        "m.t == [1, 2] && m.e == 'a' && m.n == 1 && m.o.x == 1 && m.o == {'x': 1} && type(m.big) == double"
        " && type(m.huge) == double && m.b == b'x' && [m.t] == [[1, 2]]"
    )
    assert program.evaluate({"m": bound}) is True


def test_bindings_refuse_what_is_no_value() -> None:
    assert code("x", x=object()) == "invalid_argument"
    assert code("m.x == 1", m={"x": {1, 2}}) == "invalid_argument"
    assert code("m == {'x': 1}", m={"x": {1, 2}}) == "invalid_argument"


def test_text_is_compared_exactly() -> None:
    assert run("s == 'x'", s="x\x00evil") is False
    assert run("size(s)", s="x\x00evil") == 6
    assert run("s == t", s="\ud800", t="\udfff") is False
    assert run("s == t && s.startsWith(t) && size(s) == 1", s="\ud800", t="\ud800") is True
    assert run("s == t", s="\u00e9", t="e\u0301") is False
    assert run("s.endsWith('x') && s.contains('ax') && size(s) == 100001", s="a" * 100_000 + "x") is True


def test_values_show_what_they_are() -> None:
    assert [repr(run(text)) for text in ("1u", "duration('1s')", "timestamp(0)", "int")] == [
        "1u",
        "Duration(1000000000)",
        "Timestamp(0)",
        "int",
    ]
    assert len({cel.CelType("int"), cel.CelType("int")}) == 1
