"""What would be refused before any token is seen, what an expression reads, which functions are not confirmed."""

from __future__ import annotations

import pytest

from oidc_doctor import cel
from oidc_doctor.cel.checker import WORKLOAD_IDENTITY_TYPES, parse_type


def check(text: str, result: str | None = "bool") -> list[tuple[str, str]]:
    errors = cel.compile(text).check(WORKLOAD_IDENTITY_TYPES, result=result)
    assert all(error.text == text for error in errors)
    return [(error.code, text[error.start : error.end]) for error in errors]


@pytest.mark.parametrize(
    "text, code, place",
    [
        ("google.subject == 1", "no_such_overload", "google.subject == 1"),
        ("google.subject != null", "no_such_overload", "google.subject != null"),
        ("attribute.env in [1, 2]", "no_such_overload", "attribute.env in [1, 2]"),
        ("attribute['env'] == true", "no_such_overload", "attribute['env'] == true"),
        ("attribute[1] == 'a'", "no_such_overload", "attribute[1]"),
        ("1 == 1.0", "no_such_overload", "1 == 1.0"),
        ("1 < 1.0", "no_such_overload", "1 < 1.0"),
        ("size(google.groups) > '1'", "no_such_overload", "size(google.groups) > '1'"),
        ("google.groups.exists(g, g == 1)", "no_such_overload", "g == 1"),
        ("google.groups == 'dev'", "no_such_overload", "google.groups == 'dev'"),
        ("google.groups['dev'] == 'x'", "no_such_overload", "google.groups['dev']"),
        ("'a' in google.subject", "no_such_overload", "'a' in google.subject"),
        ("google.groups.contains('a')", "no_such_overload", "google.groups.contains('a')"),
        ("google.subject.exists(x, true)", "no_such_overload", "google.subject"),
        ("google.subject.x == 'a'", "no_such_overload", "google.subject.x"),
        ("has(google.subject.x)", "no_such_overload", "has(google.subject.x)"),
        ("google.subject[0] == 'a'", "no_such_overload", "google.subject[0]"),
        ("true || 'a' + 1 == 2", "no_such_overload", "'a' + 1"),
        ("true && google.subject", "no_such_overload", "google.subject"),
        ("!google.subject", "no_such_overload", "!google.subject"),
        ("-google.subject == 'a'", "no_such_overload", "-google.subject"),
        ("google.subject ? true : false", "no_such_overload", "google.subject"),
        ("(assertion.a ? 'x' : 1) == 'x'", "no_such_overload", "assertion.a ? 'x' : 1"),
        ("google.subject.startsWith(1)", "no_such_overload", "google.subject.startsWith(1)"),
        ("google.subject.split(':')[0] == 1", "no_such_overload", "google.subject.split(':')[0] == 1"),
        ("[1].map(x, x + 'a') == []", "no_such_overload", "x + 'a'"),
        ("['a'].transformMapEntry(i, v, v) == {}", "no_such_overload", "v"),
        ("cel.bind(x, 1, x == 'a')", "no_such_overload", "x == 'a'"),
        ("subject == 'a'", "no_such_attribute", "subject"),
        ("google.groups.exists(g, h == 'a')", "no_such_attribute", "h"),
        ("google.subject.lower() == 'a'", "no_such_function", "lower"),
        ("lower(google.subject) == 'a'", "no_such_function", "lower"),
        ("google.subject", "result_type", "google.subject"),
        ("1 + 1", "result_type", "1 + 1"),
    ],
)
def test_refused(text: str, code: str, place: str) -> None:
    assert check(text) == [(code, place)]


@pytest.mark.parametrize(
    "text",
    [
        "google.subject.startsWith('v=1:org=a:')",
        "'dev' in google.groups || attribute.env in ['prod', 'staging']",
        "assertion.repository_owner == 'x' && assertion.ref.matches('refs/.*')",
        "assertion.iat == 1 || assertion.iat == '1' || assertion.iat == 1.0",
        "assertion.a",
        "assertion.a.b[0]['c'] == 1 || true",
        "has(assertion.environment) ? assertion.environment == 'prod' : true",
        "has(attribute.env) && has(google.groups) && has(google.subject)",
        "google.groups.all(g, g.startsWith('a')) && google.groups.map(g, g.size()).exists(n, n > 1)",
        "assertion.groups.exists(g, g == 1 || g == 'a')",
        "[1, 'a'].exists(x, x == 'a')",
        "assertion in [1, 'a'] && 1 in assertion",
        "[] == ['a'] && {} == {'a': 1} && size({}) == 0",
        "timestamp(assertion.iat) < timestamp('2030-01-01T00:00:00Z') + duration('1h')",
        "timestamp('2030-01-01T00:00:00Z') != null",
        "type(assertion.iat) == int && type(google.subject) == string",
        "google.subject.extract('team={t}:') == 'a'",
        "google.subject.split(':').join('') == '' && google.subject.split(':')[0].lowerAscii() == 'v=1'",
        "string(assertion.n) + 'a' == 'b' && int(assertion.n) + 1 == 2",
        "assertion.n + 1 == 2 && -assertion.n == 1",
        "google.anything == 1",
        "attribute.env + google.subject == 'ab'",
        "{'a': 'b'}[attribute.env] == 'b' && {'a': 1}.a == 1",
        "google.groups[0] == 'a' && google.groups[assertion.n] == 'a'",
        "cel.bind(x, google.subject, x == 'a')",
        "{'a': 1}.all(k, v, k == 'a' && v == 1) && ['a'].all(i, v, i == 0 && v == 'a')",
        "{'a': 1}.transformMap(k, v, v + 1).a == 2 && ['a'].transformList(i, v, i)[0] == 0",
        "{'a': 1}.transformMapEntry(k, v, {v: k})[1] == 'a' && [1].filter(x, x > 0)[0] == 1",
    ],
)
def test_accepted(text: str) -> None:
    assert check(text) == []


def test_what_evaluates_may_still_be_refused() -> None:
    program = cel.compile("google.subject == 1")
    assert program.evaluate({"google": {"subject": "a"}}) is False
    assert program.check(WORKLOAD_IDENTITY_TYPES)


def test_without_declarations_every_name_passes() -> None:
    assert cel.compile("a.b == 1 && c('x')").check() != []  # the function does not exist
    assert cel.compile("a.b == 1 && c.d == 'x'").check() == []
    assert [error.code for error in cel.compile("1 + 'a' == 2").check()] == ["no_such_overload"]


def test_one_fault_gives_one_error_and_two_give_two() -> None:
    assert check("nothing.a.b('x')[0] + 1 == 2 && google.subject == 1") == [
        ("no_such_attribute", "nothing"),
        ("no_such_function", "b"),
        ("no_such_overload", "google.subject == 1"),
    ]


def test_the_result_of_a_mapping() -> None:
    assert check("assertion.sub", "string") == []
    assert check("google.subject + 'a'", "string") == []
    assert check("assertion.groups.map(g, 'x' + g)", "list(string)") == []
    assert check("size('a')", "string") == [("result_type", "size('a')")]
    assert check("google.subject == 'a'", None) == []


def test_declared_names_and_containers() -> None:
    types = {"x.y": "int", "x.z": "map(string, list(int))"}
    assert cel.compile("y + 1 == 2", container="x").check(types) == []
    assert [error.key for error in cel.compile(".y + 1 == 2", container="x").check(types)] == ["y"]
    assert cel.compile("x.z.a[0] + x.y == 2").check(types) == []
    assert [error.code for error in cel.compile("x.z.a[0] + 'a' == 2").check(types)] == ["no_such_overload"]


def test_parse_type() -> None:
    assert parse_type("string") == ("string",)
    assert parse_type("map(string, list(int))") == ("map", ("string",), ("list", ("int",)))
    with pytest.raises(ValueError, match="list"):
        parse_type("list(int")


def refs(text: str) -> list[tuple[str, str, str]]:
    return [
        (found.path, text[found.start : found.end], "tested" if found.tested else "guarded" if found.guarded else "")
        for found in cel.compile(text).references()
    ]


@pytest.mark.parametrize(
    "text, expected",
    [
        (
            "google.subject.startsWith(assertion.a.b)",
            [("google.subject", "google.subject", ""), ("assertion.a.b", "assertion.a.b", "")],
        ),
        ("assertion['x'] == 'a'", [("assertion.x", "assertion['x']", "")]),
        ("assertion['x-y'].z[0]", [("assertion['x-y'].z", "assertion['x-y'].z", "")]),
        ("assertion.`x-y`", [("assertion['x-y']", "assertion.`x-y`", "")]),
        ("assertion[google.subject]", [("assertion", "assertion", ""), ("google.subject", "google.subject", "")]),
        ("has(assertion.a.b)", [("assertion.a.b", "has(assertion.a.b)", "tested")]),
        ("'a' in assertion", [("assertion.a", "'a' in assertion", "tested")]),
        ("'a' in google.groups", [("google.groups", "google.groups", "")]),
        (
            "has(assertion.a) && assertion.a.b == 'x'",
            [("assertion.a", "has(assertion.a)", "tested"), ("assertion.a.b", "assertion.a.b", "guarded")],
        ),
        (
            "assertion.a == 'x' && has(assertion.a)",
            [("assertion.a", "assertion.a", "guarded"), ("assertion.a", "has(assertion.a)", "tested")],
        ),
        (
            "!has(assertion.a) || assertion.a == 'x'",
            [("assertion.a", "has(assertion.a)", "tested"), ("assertion.a", "assertion.a", "guarded")],
        ),
        (
            "has(assertion.a) || assertion.a == 'x'",
            [("assertion.a", "has(assertion.a)", "tested"), ("assertion.a", "assertion.a", "")],
        ),
        (
            "has(assertion.a) ? assertion.a : assertion.b",
            [
                ("assertion.a", "has(assertion.a)", "tested"),
                ("assertion.a", "assertion.a", "guarded"),
                ("assertion.b", "assertion.b", ""),
            ],
        ),
        (
            "has(assertion.a) ? assertion.b : assertion.a",
            [
                ("assertion.a", "has(assertion.a)", "tested"),
                ("assertion.b", "assertion.b", ""),
                ("assertion.a", "assertion.a", ""),
            ],
        ),
        ("google.groups.exists(g, g.x == assertion.y)", [("google.groups",) * 2 + ("",), ("assertion.y",) * 2 + ("",)]),
        ("google.groups.exists(google, google.x == 1)", [("google.groups",) * 2 + ("",)]),
        ("cel.bind(x, assertion.a, x.b)", [("assertion.a", "assertion.a", "")]),
        ("type(assertion.a) == string", [("assertion.a", "assertion.a", "")]),
        ("strings.quote('a') == base64.encode(b'')", []),
    ],
)
def test_references(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert refs(text) == expected


def test_a_reference_has_its_keys() -> None:
    (found,) = cel.compile("assertion['a.b'].c").references()
    assert found.keys == ("assertion", "a.b", "c")
    assert repr(found) == "<assertion['a.b'].c 0:18>"


def test_unconfirmed_functions() -> None:
    text = "google.subject.lowerAscii().split(':').join('').extract('a{b}') == strings.quote(assertion.a.trim())"
    assert [(name, text[start:end]) for name, start, end in cel.compile(text).unconfirmed_functions()] == [
        ("lowerAscii", "lowerAscii"),
        ("strings.quote", "strings.quote"),
        ("trim", "trim"),
    ]
    assert cel.compile("a.exists(x, x.startsWith('a')) && a.map(x, x).size() > 1").unconfirmed_functions() == []
    assert [name for name, _, _ in cel.compile("a.all(k, v, v) && cel.bind(x, 1, x) == 1").unconfirmed_functions()] == [
        "all",
        "cel.bind",
    ]
