"""Logic, macros, and what names stand for."""

from __future__ import annotations

from typing import Any

import pytest

from oidc_doctor import cel


def run(text: str, bindings: dict[str, object] | None = None, container: str = "") -> object:
    return cel.compile(text, container=container).evaluate(bindings or {})


def failure(text: str, bindings: dict[str, object] | None = None) -> cel.CelError:
    with pytest.raises(cel.CelError) as caught:
        run(text, bindings)
    return caught.value


@pytest.mark.parametrize(
    "text, value",
    [
        ("true && true", True),
        ("1 / 0 == 1 && false", False),
        ("false && 1 / 0 == 1", False),
        ("1 / 0 == 1 || true", True),
        ("true || 1 / 0 == 1", True),
        ("1 / 0 == 1 || missing || nofunction() || true", True),
        ("'x' && false", False),
        ("1 || true", True),
        ("true ? 1 : 1 / 0", 1),
        ("false ? 1 / 0 : 2", 2),
        ("(1 / 0 == 1 || true) && (1 / 0 == 1 && false) == false", True),
    ],
)
def test_logic(text: str, value: object) -> None:
    assert run(text) is value or run(text) == value


@pytest.mark.parametrize(
    "text, code, place",
    [
        ("1 / 0 == 1 || missing", "divide_by_zero", "1 / 0"),
        ("missing || 1 / 0 == 1", "no_such_attribute", "missing"),
        ("true && 'x'", "no_such_overload", "'x'"),
        ("'x' || false", "no_such_overload", "'x'"),
        ("false || 1 / 0 == 1 || false", "divide_by_zero", "1 / 0"),
        ("'x' ? 1 : 2", "no_such_overload", "'x'"),
        ("missing ? 1 : 2", "no_such_attribute", "missing"),
        ("!null", "no_such_overload", "!null"),
        ("[1, 2].all(x, x)", "no_such_overload", "x"),
        ("nofunction(1)", "no_such_function", "nofunction"),
    ],
)
def test_logic_error_names_the_part_at_fault(text: str, code: str, place: str) -> None:
    error = failure(text)
    assert error.code == code
    assert text[error.start : error.end] == place


@pytest.mark.parametrize(
    "text",
    [
        "[1, 2].all(x, x > 0) && ![1, 2].all(x, x > 1) && [].all(x, false)",
        "[1, 2].exists(x, x > 1) && ![1, 2].exists(x, x > 2) && ![].exists(x, true)",
        "[0, 1].exists(x, 1 / x == 1) && ![0, 1].all(x, 1 / x == 2)",
        "[1, 2, 2].exists_one(x, x == 1) && ![1, 2, 2].exists_one(x, x == 2) && [1].existsOne(x, true)",
        "[1, 2, 3].filter(x, x % 2 == 1) == [1, 3] && {'a': 1, 'b': 2}.filter(k, k > 'a') == ['b']",
        "[1, 2].map(x, x * 2) == [2, 4] && [1, 2].map(x, x > 1, x * 2) == [4] && {'a': 1}.map(k, k) == ['a']",
        "[[1], [2]].map(x, x.map(y, y + 1)) == [[2], [3]] && [1, 2].map(x, [10].map(y, x + y)) == [[11], [12]]",
        "[1].map(x, [x].map(x, x + 1)) == [[2]]",
        "[1, 2].all(i, v, i == v - 1) && {'a': 1}.exists(k, v, k == 'a' && v == 1)",
        "[5].exists_one(i, v, i == 0 && v == 5)",
        "[1, 2].transformList(i, v, i * v) == [0, 2] && [1, 2].transformList(i, v, i > 0, v) == [2]",
        "{'a': 1}.transformMap(k, v, v + 1) == {'a': 2} && {'a': 1, 'b': 2}.transformMap(k, v, v > 1, k) == {'b': 'b'}",
        "{'a': 'x'}.transformMapEntry(k, v, {v: k}) == {'x': 'a'} && [7].transformMapEntry(i, v, {v: i}) == {7: 0}",
        "cel.bind(x, 2, x * x) == 4 && cel.bind(x, 1, cel.bind(y, x + 1, x + y)) == 3",
        "cel.bind(x, [1, 2], x.filter(y, y in x)) == [1, 2]",
    ],
)
def test_macros(text: str) -> None:
    assert run(text) is True


@pytest.mark.parametrize(
    "text, code",
    [
        ("'abc'.all(x, true)", "no_such_overload"),
        ("1.map(x, x)", "no_such_overload"),
        ("[0, 1].exists_one(x, 1 / x == 1)", "divide_by_zero"),
        ("[0].map(x, 1 / x)", "divide_by_zero"),
        ("[0].all(x, 1 / x == 1)", "divide_by_zero"),
        ("[1].filter(x, x)", "no_such_overload"),
        ("['a', 'b'].transformMapEntry(i, v, {'same': i})", "invalid_argument"),
        ("['a'].transformMapEntry(i, v, v)", "no_such_overload"),
        ("[1].map(x, x) == y", "no_such_attribute"),
    ],
)
def test_macros_error(text: str, code: str) -> None:
    assert failure(text).code == code


GOOGLE: dict[str, Any] = {
    "google": {"subject": "v=1:org=a:team=b:model=c", "groups": ["dev", "ops"]},
    "assertion": {"repository": "o/r", "iat": 1700000000, "x-y": {"z": 1}, "nothing": None, "aud": ["a", "b"]},
    "attribute": {"env": "prod"},
}


@pytest.mark.parametrize(
    "text, value",
    [
        ("google.subject.startsWith('v=1:org=a:team=b:')", True),
        ("google.subject == 'v=1:org=a:team=b:*'", False),
        ("'dev' in google.groups && !('admin' in google.groups)", True),
        ("attribute.env in ['prod', 'staging']", True),
        ("assertion.iat == '1700000000'", False),
        ("assertion.iat == 1700000000.0", True),
        ("has(assertion.environment)", False),
        ("has(assertion.nothing) && assertion.nothing == null", True),
        ("!has(assertion.environment) || assertion.environment == 'prod'", True),
        ("has(assertion.environment) ? assertion.environment : 'none'", "none"),
        ("assertion['repository'].split('/')[0]", "o"),
        ("assertion['x-y'].z + assertion.`x-y`.z", 2),
        ("'b' in assertion.aud && assertion.aud.exists(a, a.startsWith('b'))", True),
        ("google.subject.extract('team={t}:')", "b"),
        ("google.groups.filter(g, g != 'dev').join(',')", "ops"),
    ],
)
def test_the_variables_of_an_identity_pool(text: str, value: object) -> None:
    assert run(text, GOOGLE) == value
    flat = {name: bound for name, bound in GOOGLE.items() if name != "google"}
    flat |= {f"google.{name}": bound for name, bound in GOOGLE["google"].items()}
    assert run(text, flat) == value


@pytest.mark.parametrize(
    "text, key, path",
    [
        ("assertion.environment == 'prod'", "environment", "assertion.environment"),
        ("assertion['environment'] == 'prod'", "environment", "assertion.environment"),
        ("assertion['a b']", "a b", "assertion['a b']"),
        ("assertion['x-y'].w", "w", "assertion['x-y'].w"),
        ("assertion.none.deeper", "none", "assertion.none"),
        ("assertion[attribute.env]", "prod", "assertion.prod"),
        ("[assertion].map(a, a.nope)", "nope", None),
    ],
)
def test_a_missing_claim_is_named(text: str, key: str, path: str | None) -> None:
    error = failure(text, GOOGLE)
    assert (error.code, error.key, error.path) == ("no_such_key", key, path)


def test_an_undeclared_name_is_named() -> None:
    error = failure("subject == 'x'", GOOGLE)
    assert (error.code, error.key, error.start, error.end) == ("no_such_attribute", "subject", 0, 7)


@pytest.mark.parametrize(
    "text, container, bindings, value",
    [
        ("a.b.c", "", {"a.b.c": 1, "a.b": {"c": 2}, "a": {"b": {"c": 3}}}, 1),
        ("a.b.c", "", {"a.b": {"c": 2}, "a": {"b": {"c": 3}}}, 2),
        ("a.b.c", "", {"a": {"b": {"c": 3}}}, 3),
        ("y", "x", {"x.y": 1, "y": 2}, 1),
        (".y", "x", {"x.y": 1, "y": 2}, 2),
        ("y", "x.z", {"x.y": 1, "y": 2}, 1),
        ("y", "x.z", {"x.z.y": 0, "x.y": 1}, 0),
        ("y.z", "x", {"x.y.z": 1, "y.z": 2}, 1),
        ("[1].map(y, y)", "x", {"x.y": 5, "y": 6}, [1]),
        ("[1].map(y, .y)", "x", {"x.y": 5, "y": 6}, [6]),
        ("[{'z': 1}].map(y, y.z)", "", {"y.z": 5}, [1]),
        ("has(a.b)", "", {"a.b": 1}, True),
        ("has(a.b.c)", "", {"a.b": {}}, False),
        ("int", "", {"int": 7}, 7),
        ("true", "", {"true": False}, True),
        ("google.protobuf.Duration == type(duration('1s')) && google.x", "", {"google": {"x": True}}, True),
    ],
)
def test_the_longest_bound_name_wins(text: str, container: str, bindings: dict[str, object], value: object) -> None:
    assert run(text, bindings, container) == value


@pytest.mark.parametrize(
    "text, code",
    [
        ("assertion.env == 'a'", "unknown"),
        ("has(assertion.env)", "unknown"),
        ("assertion['env'] == 'a'", "unknown"),
        ("'env' in assertion", "unknown"),
        ("1 / 0 == 1 && assertion.env == 'a'", "unknown"),
        ("assertion.env == 'a' || 1 / 0 == 1", "unknown"),
        ("assertion == {}", "other"),
        ("x", "unknown"),
        ("[x].all(y, true)", "unknown"),
        ("'a' in list", "unknown"),
        ("2 in list", "unknown"),
        ("list.join()", "unknown"),
        ("list == ['b', 2]", "unknown"),
        ("'%s'.format([list])", "unknown"),
    ],
)
def test_what_is_not_known_stays_unknown(text: str, code: str) -> None:
    bindings = {"assertion": {"env": cel.UNKNOWN}, "x": cel.UNKNOWN, "list": ["b", cel.UNKNOWN]}
    if code == "other":
        assert run(text, bindings) is False
    else:
        assert failure(text, bindings).code == code


def test_what_is_not_known_does_not_matter_where_the_rest_decides() -> None:
    bindings: dict[str, object] = {"assertion": {"env": cel.UNKNOWN, "a": 1}}
    assert run("assertion.env == 'a' && assertion.a == 2", bindings) is False
    assert run("has(assertion.env) || assertion.a == 1", bindings) is True
    assert run("'b' in list && 2.0 in list", {"list": [cel.UNKNOWN, "b", 2]}) is True
    assert failure("assertion.env == 'a'", bindings).path == "assertion.env"
    assert failure("assertion['env'] == 'a'", bindings).path == "assertion.env"


def test_a_program_keeps_nothing_between_evaluations() -> None:
    program = cel.compile("a.exists(x, x == b)")
    assert program.evaluate({"a": [1], "b": 1}) is True
    assert program.evaluate({"a": [1], "b": 2}) is False
    bound = {"a": [1, {"k": [2]}], "b": 3}
    program.trace(bound)
    assert bound == {"a": [1, {"k": [2]}], "b": 3}


def test_an_error_survives_a_process_boundary() -> None:
    import pickle

    error = failure("assertion.environment", GOOGLE)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    assert (copy.code, copy.message, copy.path, copy.caret()) == (error.code, error.message, error.path, error.caret())
