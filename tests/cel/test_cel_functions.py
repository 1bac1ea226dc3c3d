"""The functions over strings and times, those of the extensions, and Google's extract."""

from __future__ import annotations

import pytest

from oidc_doctor import cel
from oidc_doctor.cel import functions


def run(text: str, **bindings: object) -> object:
    return cel.compile(text).evaluate(bindings)


def code(text: str, **bindings: object) -> str:
    with pytest.raises(cel.CelError) as caught:
        run(text, **bindings)
    assert caught.value.start >= 0
    return caught.value.code


OBJECT = "projects/_/buckets/acme-orders-aaa/objects/data_lake/orders/order_date=2019-11-03/aef87g87ae0876"


@pytest.mark.parametrize(
    "template, value",
    [
        ("/order_date={date}/", "2019-11-03"),
        ("buckets/{name}/", "acme-orders-aaa"),
        ("/orders/{empty}order_date", ""),
        ("{start}/objects/data_lake", "projects/_/buckets/acme-orders-aaa"),
        ("orders/{end}", "order_date=2019-11-03/aef87g87ae0876"),
        ("{all}", OBJECT),
        ("/orders/{none}/order_date=", ""),
        ("nowhere/{x}", ""),
        ("{x}nowhere", ""),
        ("{}/buckets", "projects/_"),
    ],
)
def test_extract(template: str, value: str) -> None:
    assert run("x.extract(t)", x=OBJECT, t=template) == value


@pytest.mark.parametrize("template", ["", "none", "{a}{b}", "a}b{c}", "{a", "a}", "{{a}}", "{a{b}"])
def test_extract_needs_one_name(template: str) -> None:
    assert code("x.extract(t)", x=OBJECT, t=template) == "invalid_argument"


def test_extract_takes_the_first_places() -> None:
    assert run("'team=a:team=b:x'.extract('team={t}:')") == "a"
    assert run("'::a:b'.extract(':{t}:')") == ""


@pytest.mark.parametrize(
    "text",
    [
        "'abc'.startsWith('ab') && 'abc'.endsWith('bc') && 'abc'.contains('b') && ''.contains('')",
        "!'abc'.startsWith('AB') && !'v=1:org=*'.startsWith('v=1:org=a')",
        "'abc'.matches('b') && matches('abc', '^a.c$') && !'abc'.matches('^b')",
        "'a,b,,c'.split(',') == ['a', 'b', '', 'c'] && 'abc'.split('') == ['a', 'b', 'c'] && 'a'.split('x') == ['a']",
        "'a,b,c'.split(',', 2) == ['a', 'b,c'] && 'abc'.split('', 2) == ['a', 'bc'] && 'a'.split(',', 0) == []",
        "'a,b'.split(',', -1) == ['a', 'b'] && 'abc'.split('', 9) == ['a', 'b', 'c'] && ''.split(',') == ['']",
        "['a', 'b'].join() == 'ab' && ['a', 'b'].join(', ') == 'a, b' && [].join('x') == ''",
        "'Zo\u00eb'.size() == 3 && 'Zo\u00eb'.charAt(2) == '\u00eb' && 'a'.charAt(1) == ''",
        "'banana'.indexOf('an') == 1 && 'banana'.indexOf('an', 2) == 3 && 'banana'.indexOf('x') == -1",
        "'banana'.lastIndexOf('an') == 3 && 'banana'.lastIndexOf('an', 2) == 1 && ''.lastIndexOf('') == 0",
        "'banana'.substring(2) == 'nana' && 'banana'.substring(1, 3) == 'an' && 'abc'.substring(0, 3) == 'abc'",
        "'aaa'.replace('a', 'b') == 'bbb' && 'aaa'.replace('a', 'b', 2) == 'bba' && 'aaa'.replace('a', '', 0) == 'aaa'",
        "'ab'.replace('', '-') == '-a-b-' && 'ab'.replace('', '-', 2) == '-a-b'",
        "'aaa'.replace('a', 'b', -5) == 'bbb'",
        "' \\t\u3000a\\n'.trim() == 'a' && '\u200ba'.trim() == '\u200ba'",
        "'A\u00c4b'.lowerAscii() == 'a\u00c4b' && 'a\u00e4B'.upperAscii() == 'A\u00e4B' && 'abc'.reverse() == 'cba'",
        "strings.quote('a\"\\n') == '\"a\\\\\"\\\\n\"'",
        "base64.encode(b'hi') == 'aGk=' && base64.decode('aGk=') == b'hi' && base64.decode('aGk') == b'hi'",
    ],
)
def test_strings(text: str) -> None:
    assert run(text) is True


@pytest.mark.parametrize(
    "text, expected",
    [
        ("'a'.charAt(2)", "range"),
        ("'a'.charAt(-1)", "range"),
        ("'a'.substring(2)", "range"),
        ("'abc'.substring(2, 1)", "range"),
        ("'abc'.indexOf('a', 9)", "range"),
        ("'abc'.lastIndexOf('a', -1)", "range"),
        ("[1].join()", "no_such_overload"),
        ("'a'.split(1)", "no_such_overload"),
        ("1.startsWith('a')", "no_such_overload"),
        ("null.startsWith('a')", "no_such_overload"),
        ("'a'.startsWith()", "no_such_overload"),
        ("'a'.matches('(')", "bad_pattern"),
        ("'a'.matches('(?=a)')", "bad_pattern"),
        ("'a'.matches('\\\\1')", "bad_pattern"),
        ("base64.decode('a')", "invalid_argument"),
        ("base64.decode('\u00e9')", "invalid_argument"),
        ("startsWith('a', 'a')", "no_such_function"),
        ("'a'.string()", "no_such_function"),
        ("'a'.toLower()", "no_such_function"),
        ("size()", "no_such_overload"),
    ],
)
def test_strings_error(text: str, expected: str) -> None:
    assert code(text) == expected


def test_a_function_written_the_wrong_way_round_is_said_so() -> None:
    with pytest.raises(cel.CelError, match=r"write x\.startsWith"):
        run("startsWith('a', 'a')")
    with pytest.raises(cel.CelError, match=r"write string\(x\)"):
        run("'a'.string()")


@pytest.mark.parametrize(
    "pattern, text, found",
    [
        ("a$", "a\n", False),  # Python's re says otherwise
        (r"\d", "\u0661", False),
        (r"\pL", "\u00e9", True),
        ("[[:alpha:]]", "a", True),
        (r"a\z", "a", True),
        ("(?i)ABC", "xabcx", True),
        ("^refs/(heads|tags)/.*$", "refs/heads/main", True),
        ("", "", True),
        ("x\x00y", "x\x00y", True),
    ],
)
def test_patterns_are_those_of_re2(pattern: str, text: str, *, found: bool) -> None:
    assert run("t.matches(p)", t=text, p=pattern) is found


def test_patterns_print_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    assert code("'a'.matches('a{2000}')") == "bad_pattern"
    assert capfd.readouterr() == ("", "")


def test_patterns_are_linear() -> None:
    assert run("t.matches('^(a+)+$')", t="a" * 100_000 + "b") is False


def test_a_lone_surrogate_has_no_utf8_to_match() -> None:
    assert code("t.matches('a')", t="\ud800") == "invalid_argument"
    assert code("'a'.matches(p)", p="\ud800") == "bad_pattern"


@pytest.mark.parametrize(
    "text, value",
    [
        ("'%s-%d'.format(['a', 3])", "a-3"),
        ("'%%'.format([])", "%"),
        ("'%.2f %e'.format([1.005, 12345.678])", "1.00 1.234568e+04"),
        ("'%x %X %o %b'.format([255, 255u, 8, 5])", "ff FF 10 101"),
        ("'%x'.format(['hi'])", "6869"),
        (
            "'%s'.format([[1, 'a', null, true, {'b': 2.5, 'a': duration('90s')}]])",
            "[1, a, null, true, {a: 90s, b: 2.5}]",
        ),
        ("'%s'.format([int])", "int"),
        ("'%d'.format([double('NaN')])", "NaN"),
        ("'%f'.format([double('-Infinity')])", "-Infinity"),
    ],
)
def test_format(text: str, value: str) -> None:
    assert run(text) == value


@pytest.mark.parametrize(
    "text, expected",
    [
        ("'%'.format([1])", "invalid_argument"),
        ("'%q'.format([1])", "invalid_argument"),
        ("'%s %s'.format(['a'])", "invalid_argument"),
        ("'%.9999f'.format([1.0])", "invalid_argument"),
        ("'%.f'.format([1.0])", "invalid_argument"),
        ("'%d'.format(['a'])", "no_such_overload"),
        ("'%f'.format(['a'])", "no_such_overload"),
        ("'%o'.format([true])", "no_such_overload"),
        ("'%s'.format(1)", "no_such_overload"),
    ],
)
def test_format_error(text: str, expected: str) -> None:
    assert code(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "timestamp('2024-02-29T12:30:45.123456789Z').getFullYear() == 2024",
        "timestamp('2024-02-29T12:30:45Z').getMonth() == 1 && timestamp('2024-02-29T12:30:45Z').getDate() == 29",
        "timestamp('2024-02-29T12:30:45Z').getDayOfMonth() == 28",
        "timestamp('2024-12-31T00:00:00Z').getDayOfYear() == 365",
        "timestamp('2024-02-25T12:30:45Z').getDayOfWeek() == 0 && timestamp('2024-02-29T12:30:45Z').getHours() == 12",
        "timestamp('2024-02-29T12:30:45.987Z').getMilliseconds() == 987",
        "timestamp('2024-01-01T00:30:00+01:00') == timestamp('2023-12-31T23:30:00Z')",
        "timestamp('2024-01-01t00:30:00z').getMinutes('+05:45') == 15",
        "timestamp('2024-07-01T12:00:00Z').getHours('Europe/Zurich') == 14",
        "timestamp('2024-07-01T12:00:00Z').getHours('-02:30') == 9 && timestamp(0).getSeconds('02:00') == 0",
        "timestamp(1700000000) == timestamp('2023-11-14T22:13:20Z')",
        "timestamp('2024-01-01T00:00:00Z') + duration('36h') == timestamp('2024-01-02T12:00:00Z')",
        "duration('1h') + timestamp('2024-01-01T00:00:00Z') == timestamp('2024-01-01T01:00:00Z')",
        "timestamp('2024-01-02T00:00:00Z') - timestamp('2024-01-01T00:00:00Z') == duration('24h')",
        "timestamp('2024-01-02T00:00:00Z') - duration('24h') == timestamp('2024-01-01T00:00:00Z')",
        "duration('1h') - duration('90m') == duration('-30m')",
        "string(timestamp('0001-01-01T00:00:00Z')) == '0001-01-01T00:00:00Z'",
        "string(timestamp('2024-01-01T00:00:00.120Z')) == '2024-01-01T00:00:00.12Z'",
        "string(duration('-1.5s')) == '-1.5s' && string(duration('1h1m1s')) == '3661s'",
        "string(duration('0')) == '0s'",
        "duration('1.5h') == duration('90m') && duration('1ms1us1ns') == duration('1001001ns')",
        "duration('+.5s') == duration('500ms')",
        "duration('-90m').getHours() == -1 && duration('90m').getMinutes() == 90 && duration('1.9s').getSeconds() == 1",
        "duration('-1.25s').getMilliseconds() == -250 && duration('61.25s').getMilliseconds() == 250",
        "timestamp(timestamp(5)) == timestamp(5) && duration(duration('5s')) == duration('5s')",
    ],
)
def test_times(text: str) -> None:
    assert run(text) is True


@pytest.mark.parametrize(
    "text, expected",
    [
        ("timestamp('yesterday')", "invalid_argument"),
        ("timestamp('2024-02-30T00:00:00Z')", "invalid_argument"),
        ("timestamp('2024-01-01T00:00:00')", "invalid_argument"),
        ("timestamp('2024-01-01T00:00:00+24:00')", "invalid_argument"),
        ("timestamp('0000-01-01T00:00:00Z')", "range"),
        ("timestamp('0001-01-01T00:00:00+01:00')", "range"),
        ("timestamp(-62135596801)", "range"),
        ("timestamp('9999-12-31T23:59:59Z') + duration('1s')", "range"),
        ("timestamp('9999-12-31T23:59:59Z').getHours('+01:00')", "range"),
        ("timestamp(0).getHours('Mars/Olympus')", "invalid_argument"),
        ("timestamp(0).getHours('America')", "invalid_argument"),
        ("timestamp(0).getHours('../../etc/passwd')", "invalid_argument"),
        ("timestamp(0).getHours('\\x00')", "invalid_argument"),
        ("timestamp(0).getHours('')", "invalid_argument"),
        ("timestamp(0).getHours('99:99')", "invalid_argument"),
        ("timestamp(0).getMilliseconds('nowhere')", "invalid_argument"),
        ("duration('1')", "invalid_argument"),
        ("duration('')", "invalid_argument"),
        ("duration('.s')", "invalid_argument"),
        ("duration('1d')", "invalid_argument"),
        ("duration('10000000000s')", "range"),
        ("duration('200000h') + duration('2500000h')", "range"),
        ("duration('1s') * 2", "no_such_overload"),
    ],
)
def test_times_error(text: str, expected: str) -> None:
    assert code(text) == expected


def test_every_unconfirmed_name_exists() -> None:
    from oidc_doctor.cel.parser import MACROS

    known = {*functions.GLOBALS, *functions.METHODS, *MACROS, "cel.bind"}
    assert known >= functions.UNCONFIRMED
    assert functions.UNCONFIRMED.isdisjoint({"extract", "split", "join", "startsWith", "matches", "size"})
