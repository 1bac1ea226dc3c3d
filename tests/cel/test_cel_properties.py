"""What holds for every input."""

from __future__ import annotations

import json
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor import cel
from oidc_doctor.cel.checker import WORKLOAD_IDENTITY_TYPES
from oidc_doctor.cel.values import Scope, equal

ANY_TEXT = st.text(st.characters(codec=None), max_size=40)  # with lone surrogates and NULs
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)
BINDINGS = st.fixed_dictionaries(
    {
        "google": st.fixed_dictionaries({"subject": ANY_TEXT, "groups": st.lists(ANY_TEXT, max_size=3)}),
        "assertion": st.dictionaries(st.sampled_from(["a", "b", "c"]) | ANY_TEXT, JSON, max_size=5),
        "attribute": st.dictionaries(st.sampled_from(["a", "env"]), ANY_TEXT, max_size=2),
    },
    optional={"a.b": JSON, "x": JSON},
)

ATOMS = st.sampled_from([
    "1", "0", "-3", "2u", "1.5", "true", "false", "null", "'a'", "''", "b'x'", "[]", "{}", "[1, 'a']", "{'a': 1, 2: 3}",
    "google.subject", "google.groups", "google", "assertion.a", "assertion.b.c", "assertion['c']", "assertion", "a.b",
    "x", "attribute.env", "has(attribute.a)", "has(assertion.a)", "has(assertion.a.b)", "int", "timestamp(0)",
    "duration('1s')", "y", "nothing", "double('NaN')", "9223372036854775807",
])  # fmt: skip
METHODS = st.sampled_from([
    "startsWith({})", "contains({})", "matches({})", "split({})", "join({})", "join()", "size()", "substring({})",
    "replace({}, {})", "indexOf({}, {})", "format([{}, {}])", "extract({})", "lowerAscii()", "charAt({})",
    "getHours({})", "getFullYear()", "nothing({})", "f.g({})",
])  # fmt: skip
LOOPS = st.sampled_from(["all", "exists", "exists_one", "filter", "map"])
TWO = st.sampled_from(["all", "exists", "transformList", "transformMap", "transformMapEntry"])
CALLS = st.sampled_from(
    ["size", "int", "uint", "double", "string", "bytes", "bool", "timestamp", "duration", "type", "dyn"]
)
BINARY = st.sampled_from(["&&", "||", "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%"])


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, BINARY, inner),
        st.builds("{} {} {}".format, inner, BINARY, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
        st.builds("{}({})".format, st.sampled_from("!-"), inner),
        st.builds("{}({})".format, CALLS, inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("({}).{}".format, inner, st.sampled_from(["a", "b", "`c-d`"])),
        st.builds(lambda a, m, b, c: f"({a}).{m.format(b, c)}", inner, METHODS, inner, inner),
        st.builds("({}).{}(y, {})".format, inner, LOOPS, inner),
        st.builds("({}).map(y, {}, {})".format, inner, inner, inner),
        st.builds("({}).{}(x, y, {})".format, inner, TWO, inner),
        st.builds("cel.bind(y, {}, {})".format, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{{{}: {}}}".format, inner, inner),
    )


EXPRESSIONS = st.recursive(ATOMS, larger, max_leaves=10)
TOKENS = st.sampled_from([
    "a", "1", "'s'", "b'", "(", ")", "[", "]", "{", "}", ",", ".", ":", "?", "!", "-", "+", "==", "&&", "||", "in",
    "has(", "all(", "x,", "'", '"', "'''", "\\", "//", "\n", " ", "`", "`a`", "0x", "1e", "u", "=", "&", "cel.bind(",
    "true", "r'",
])  # fmt: skip
SOUP = st.lists(TOKENS, max_size=14).map("".join) | ANY_TEXT

QUICK = settings(max_examples=share_of(200), deadline=None, suppress_health_check=list(HealthCheck))


def canonical(value: object) -> object:
    """A value that compares as exactly as the language's types do, NaN included."""
    if isinstance(value, list):
        return [canonical(item) for item in value]
    if isinstance(value, (dict, cel.Map)):
        return ["map", *[(canonical(key), canonical(item)) for key, item in value.items()]]
    return (type(value).__name__, repr(value))


def placed(error: cel.CelError, text: str) -> tuple[str, str, int, int]:
    assert error.code in cel.CODES
    assert 0 <= error.start <= error.end <= len(text)
    assert error.caret()
    return (error.code, error.message, error.start, error.end)


def evaluated(program: cel.Program, bindings: dict[str, object]) -> object:
    try:
        return canonical(program.evaluate(bindings))
    except cel.CelError as error:
        return placed(error, program.text)


@QUICK
@given(SOUP)
def test_any_text_is_an_expression_or_an_error_with_a_place(text: str) -> None:
    try:
        cel.compile(text)
    except cel.CelError as error:
        found = placed(error, text)
    else:
        return
    assert found[0] in {"syntax", "limit"}


@QUICK
@given(EXPRESSIONS, BINDINGS)
def test_a_trace_is_the_evaluation_in_full(text: str, bindings: dict[str, object]) -> None:
    program = cel.compile(text)
    root = program.trace(bindings)
    found = (
        (root.error.code, root.error.message, root.error.start, root.error.end) if root.error else canonical(root.value)
    )
    assert found == evaluated(program, bindings)
    for node in root.walk():
        assert node.text == text[node.start : node.end]
        assert node.evaluated or (node.error is None and not any(child.evaluated for child in node.children))
        for child in node.children:
            assert node.start <= child.start <= child.end <= node.end
    json.dumps(root.to_json(whole_maps=True), allow_nan=False)


@QUICK
@given(EXPRESSIONS, BINDINGS)
def test_every_part_is_an_expression_with_the_same_value(text: str, bindings: dict[str, object]) -> None:
    for node in cel.compile(text).trace(bindings).walk():
        if node.evaluated and not node.error and not any(name in node.text for name in ("y", "x")):
            assert evaluated(cel.compile(node.text), bindings) == canonical(node.value)


@QUICK
@given(EXPRESSIONS)
def test_check_and_references_take_every_expression(text: str) -> None:
    program = cel.compile(text)
    for error in program.check(WORKLOAD_IDENTITY_TYPES, result="bool"):
        assert 0 <= error.start < error.end <= len(text)
    for reference in program.references():
        assert text[reference.start : reference.end]
        assert reference.path
    program.unconfirmed_functions()


@QUICK
@given(EXPRESSIONS, BINDINGS)
def test_what_the_checker_accepts_fails_only_for_reasons_of_value(text: str, bindings: dict[str, object]) -> None:
    """With every type known and right, no evaluation ends in a missing overload."""
    program = cel.compile(text)
    types = {"google.subject": "string", "google.groups": "list(string)", "attribute": "map(string, string)"}
    loose = ("dyn", "null", "[1, 'a']", "'a': 1, 2: 3", "[]")
    if program.check(types) or re.search(r"google(?!\.)", text) or any(word in text for word in loose):
        return
    result = evaluated(program, {"google": bindings["google"], "attribute": bindings["attribute"]})
    if isinstance(result, tuple) and result[0] == "no_such_overload":
        assert any(word in text for word in ("{", "[", "?"))  # lists and maps of mixed types are dyn inside


@QUICK
@given(EXPRESSIONS, EXPRESSIONS, BINDINGS)
def test_and_and_or_take_their_sides_in_any_order(left: str, right: str, bindings: dict[str, object]) -> None:
    for symbol in ("&&", "||"):
        one = cel.compile(f"({left}) {symbol} ({right})").trace(bindings)
        other = cel.compile(f"({right}) {symbol} ({left})").trace(bindings)
        assert (one.error is None) == (other.error is None)
        assert one.value is other.value


@QUICK
@given(ANY_TEXT)
def test_a_text_literal_is_its_text(text: str) -> None:
    assert cel.compile(cel.quote(text)).evaluate({}) == text
    program = cel.compile(f"s == {cel.quote(text)} && s in [{cel.quote(text)}] && m[{cel.quote(text)}] == 1")
    assert program.evaluate({"s": text, "m": {text: 1}}) is True


@QUICK
@given(ANY_TEXT, ANY_TEXT)
def test_split_and_join_undo_each_other(text: str, separator: str) -> None:
    assert cel.compile("s.split(t).join(t) == s || t == ''").evaluate({"s": text, "t": separator}) is True
    assert cel.compile("s.split('').join('') == s").evaluate({"s": text}) is True


@QUICK
@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_extract_finds_what_was_put_between(before: str, inside: str, after: str) -> None:
    template = before.replace("{", "").replace("}", "") + "{x}" + after.replace("{", "").replace("}", "")
    text = template.replace("{x}", inside)
    found = cel.compile("s.extract(t)").evaluate({"s": text, "t": template})
    assert isinstance(found, str)
    assert template.replace("{x}", found) in text or found == ""


@QUICK
@given(JSON, JSON)
def test_equality_is_symmetric_and_a_claim_equals_its_copy(left: object, right: object) -> None:
    program = cel.compile("a == b")
    assert program.evaluate({"a": left, "b": right}) is program.evaluate({"a": right, "b": left})
    copy = json.loads(json.dumps(left))
    if "NaN" not in json.dumps(left):
        assert equal(left, copy, Scope({}, 0, ""))


@QUICK
@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_arithmetic_is_exact_or_an_error(left: int, right: int) -> None:
    for symbol in "+-*/%":
        found = cel.compile(f"a {symbol} b").trace({"a": left, "b": right})
        if found.error is None:
            assert -(2**63) <= found.value < 2**63
    both = cel.compile("b == 0 || a / b * b + a % b == a").trace({"a": left, "b": right})
    assert both.value is True or (left == -(2**63) and right == -1)


@QUICK
@given(st.integers(-62_135_596_800, 253_402_300_799), st.integers(0, 999_999_999))
def test_times_survive_their_text(seconds: int, nanoseconds: int) -> None:
    value = cel.Timestamp(seconds * 1_000_000_000 + nanoseconds)
    assert cel.compile("timestamp(string(t)) == t").evaluate({"t": value}) is True
    span = cel.Duration(min(seconds * 37, 2**33) + nanoseconds)
    assert cel.compile("duration(string(d)) == d").evaluate({"d": span}) is True
