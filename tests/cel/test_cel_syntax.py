"""What is an expression, what is not, and where a wrong one is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from oidc_doctor import cel
from oidc_doctor.cel.parser import parse

if TYPE_CHECKING:
    from oidc_doctor.cel.syntax import Expr


def shape(text: str) -> object:
    """The tree as nested tuples of names, without places."""

    def of(expr: Expr) -> object:
        if expr.op == "literal":
            return expr.value
        inner = tuple(of(child) for child in expr.children)
        return (expr.name or expr.op, *inner) if inner else expr.name or expr.op

    return of(parse(text))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a || b && c", ("||", "a", ("&&", "b", "c"))),
        ("a && b || c", ("||", ("&&", "a", "b"), "c")),
        ("a || b || c", ("||", "a", "b", "c")),
        ("a || (b || c)", ("||", "a", ("||", "b", "c"))),
        ("(a || b) || c", ("||", ("||", "a", "b"), "c")),
        ("a == b != c", ("!=", ("==", "a", "b"), "c")),
        ("a + b * c - d", ("-", ("+", "a", ("*", "b", "c")), "d")),
        ("a in b && c", ("&&", ("in", "a", "b"), "c")),
        ("a ? b : c ? d : e", ("?:", "a", "b", ("?:", "c", "d", "e"))),
        ("!a.b(c)[d]", ("!", ("[]", ("b", "a", "c"), "d"))),
        ("!!a", ("!", ("!", "a"))),
        ("-a", ("-", "a")),
        ("--1", ("-", -1)),
        ("a -1", ("-", "a", 1)),
        ("!-1", ("!", -1)),
        ("has(a.b)", ("b", "a")),
        ("a // all the rest\n + b", ("+", "a", "b")),
        ("a.`b-c/d e.f`", ("b-c/d e.f", "a")),
        ("a.package.in_()", ("in_", ("package", "a"))),
        ("{'a': 1, b: 2,}", ("map", "a", 1, "b", 2)),
        ("[1, 2,]", ("list", 1, 2)),
        ("has", "has"),
        (".a.b", ("b", "a")),
        ("a.exists(x, x)", ("exists", "a", "x")),
        ("a.exists(x)", ("exists", "a", "x")),
    ],
)
def test_shape(text: str, expected: object) -> None:
    assert shape(text) == expected


@pytest.mark.parametrize(
    "text, value",
    [
        ("0x1F", 31),
        ("-0x1f", -31),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("18446744073709551615u", 2**64 - 1),
        ("000000000000000000000000000000000000000000007", 7),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-2.5e-1", -0.25),
        ("''", ""),
        ("'a\"b'", 'a"b'),
        ('"""a"b\nc"""', 'a"b\nc'),
        ("'''it''s'''", "it''s"),
        (r"'\a\b\f\n\r\t\v\\\?\"\'\`'", "\a\b\f\n\r\t\v\\?\"'`"),
        (r"'\x41\X42\u00e9\U0001F600\101'", "AB\u00e9\U0001f600A"),
        (r"r'\n\d'", r"\n\d"),
        (r"r'\'", "\\"),
        ("b'\u00e9'", b"\xc3\xa9"),
        (r"b'\xff\377'", b"\xff\xff"),
        (r"br'\x'", rb"\x"),
        ("true", True),
        ("null", None),
        ("'\x00'", "\x00"),
        ("'\ud800'", "\ud800"),
    ],
)
def test_literal(text: str, value: object) -> None:
    result = cel.compile(text).evaluate({})
    assert result == value
    assert isinstance(result, type(value))


@pytest.mark.parametrize(
    "text, start, end, words",
    [
        ("", 0, 0, "the expression ends where a value should follow"),
        ("a ==", 4, 4, "ends where a value"),
        ("a b", 2, 3, "unexpected 'b'; an operator or the end should follow"),
        ("(a", 2, 2, "ends where ')'"),
        ("a = 1", 2, 3, "use == to compare"),
        ("a & b", 2, 3, "use &&"),
        ("a | b", 2, 3, "use ||"),
        ("a and b", 2, 5, "use &&"),
        ("a OR b", 2, 4, "use ||"),
        ("\u2018a\u2019", 0, 1, "typographic quote"),
        ("a ==\u00a0b", 4, 5, "no-break space"),
        ("'abc", 0, 1, "not closed"),
        ("'a\nb'", 0, 1, "not closed"),
        ("'''\\a", 2, 3, "not closed"),
        ("'''a'", 2, 5, "unexpected value"),
        ("a == 'it's'", 10, 11, "not closed"),
        ("a + while", 4, 9, "reserved word"),
        ("in", 0, 2, "reserved word"),
        ("a.in", 2, 4, "a name should follow"),
        ("a.", 2, 2, "a name"),
        ("a.'b'", 2, 5, "unexpected value; a name should follow"),
        ("[1, 2", 5, 5, "',' or ']'"),
        ("[,]", 1, 2, "a value or ']'"),
        ("f(1,)", 4, 5, "a value should follow"),
        ("{'a'}", 4, 5, "':' should follow"),
        ("{'a': 1 'b': 2}", 8, 11, "',' or '}'"),
        ("a ? b", 5, 5, "':'"),
        ("has(a)", 0, 6, "has() takes one field"),
        ("has(a['b'])", 0, 11, "has() takes one field"),
        ("a.all(x.y, true)", 6, 9, "plain name"),
        ("a.all(1, true)", 6, 7, "plain name"),
        ("a.all(x, x, true)", 6, 10, "two different names"),
        ("9223372036854775808", 0, 19, "does not fit an int"),
        ("18446744073709551616u", 0, 21, "does not fit a uint"),
        ("9" * 6000, 0, 6000, "does not fit an int"),
        (r"'a\q'", 2, 4, "not an escape"),
        (r"'\400'", 1, 3, "not an escape"),
        (r"'\ud800'", 1, 7, "not a Unicode character"),
        (r"'\U00110000'", 1, 11, "not a Unicode character"),
        (r"'\x4'", 1, 3, "not an escape"),
        (r"b'\u0041'", 2, 4, "not an escape"),
        ("b'\ud800'", 0, 4, "lone surrogate"),
        ("Foo{a: 1}", 0, 4, "only maps"),
        ("a.`b", 2, 3, "quoted name"),
        ("a ? b : c : d", 10, 11, "unexpected ':'"),
    ],
)
def test_syntax_error(text: str, start: int, end: int, words: str) -> None:
    with pytest.raises(cel.CelError) as caught:
        cel.compile(text)
    error = caught.value
    assert error.code == "syntax"
    assert words in error.message
    assert (error.start, error.end) == (start, end)
    assert error.text == text


def test_caret_shows_the_line_at_fault() -> None:
    with pytest.raises(cel.CelError) as caught:
        cel.compile("a == 'x' &&\nb = 1\n|| c")
    assert caught.value.caret() == "b = 1\n  ^"


def test_caret_of_a_long_line_keeps_the_place_in_view() -> None:
    text = "x" * 3000 + " == 'a' and " + "y" * 3000
    with pytest.raises(cel.CelError) as caught:
        cel.compile(text)
    line, mark = caught.value.caret(60).split("\n")
    assert len(line) <= 66
    assert line[mark.index("^") : mark.rindex("^") + 1] == "and"


def test_caret_at_the_end_and_without_a_place() -> None:
    with pytest.raises(cel.CelError) as caught:
        cel.compile("a &&")
    assert caught.value.caret() == "a &&\n    ^"
    assert cel.CelError("range", "no place").caret() == ""


def test_caret_hides_what_could_drive_a_terminal() -> None:
    with pytest.raises(cel.CelError) as caught:
        cel.compile("'\x1b[31m' =")
    assert "\x1b" not in caught.value.caret()


def test_messages_hide_what_could_drive_a_terminal() -> None:
    with pytest.raises(cel.CelError) as caught:
        cel.compile("{'a': 1}['\x1b]0;x']").evaluate({})
    assert "\x1b" not in str(caught.value)
    assert caught.value.key == "\x1b]0;x"


def test_outer_parentheses_belong_to_the_parent() -> None:
    text = "(a || b) && (c)"
    tree = parse(text)
    assert (tree.start, tree.end) == (0, len(text))
    assert [text[child.start : child.end] for child in tree.children] == ["a || b", "c"]


def test_codes_are_a_closed_set() -> None:
    for text in (
        "a =",
        "a",
        "1/0",
        "f()",
        "{}.a",
        "'a' + 1",
        "9223372036854775807 + 1",
        "'a'.matches('(')",
        "int('x')",
    ):
        with pytest.raises(cel.CelError) as caught:
            cel.compile(text).evaluate({})
        assert caught.value.code in cel.CODES


@pytest.mark.parametrize("text", ["", "'", "\\", "it's", "a\nb\tc\x00\x7f", "\u00e9\U0001f600", "\ud800"])
def test_quote_makes_a_literal_of_the_text(text: str) -> None:
    assert cel.compile(cel.quote(text)).evaluate({}) == text
