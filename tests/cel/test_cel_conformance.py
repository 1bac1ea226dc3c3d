"""The specification's own tests, and Google's own evaluator, where they are at hand.

CEL_SPEC_JSONL names a file with one test a line: ``expr``, ``container``, ``bindings`` and ``expect``, values as
``["int", "1"]``. The evaluator is `cel-expr-python`; on Python 3.11 it may abort the interpreter, so 3.12 is asked for.
"""

from __future__ import annotations

import collections
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from oidc_doctor import cel
from oidc_doctor.cel.values import TYPES

OUT_OF_REACH = {
    "triple_single_quoted_unescaped_punctuation",  # the expected bytes hold a backslash that the expression lacks
    "triple_double_quoted_unescaped_punctuation",
    "literal",  # a protocol buffer message
}


def value_of(tagged: list[Any]) -> object:
    kind, *rest = tagged
    simple: dict[str, Any] = {
        "int": int,
        "uint": cel.UInt,
        "double": float,
        "bytes": bytes.fromhex,
        "type": cel.CelType,
    }
    if kind in simple:
        return simple[kind](rest[0])
    if kind == "list":
        return [value_of(item) for item in rest[0]]
    if kind == "map":
        pairs = [(value_of(key), value_of(item)) for key, item in rest[0]]
        return dict(pairs) if all(type(key) is str for key, _ in pairs) else cel.Map(pairs)
    return rest[0] if rest else None


def canonical(value: Any) -> object:
    if isinstance(value, list):
        return ["list", *map(canonical, value)]
    if isinstance(value, (dict, cel.Map)):
        return ["map", *sorted((repr(canonical(key)), canonical(item)) for key, item in value.items())]
    return (TYPES[type(value)].name, repr(value))


def test_the_specification() -> None:
    path = os.environ.get("CEL_SPEC_JSONL")
    if not path:
        pytest.skip("CEL_SPEC_JSONL names no file")
    wrong: dict[str, list[str]] = collections.defaultdict(list)
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        expected = "error" if "error" in case["expect"] else canonical(value_of(case["expect"]["value"]))
        try:
            bindings = {name: value_of(value) for name, value in case["bindings"].items()}
            found = canonical(cel.compile(case["expr"], container=case["container"]).evaluate(bindings))
        except cel.CelError:
            found = "error"
        if found != expected:
            wrong[case["name"]].append(f"{case['expr']}: {found} for {expected}")
    assert set(wrong) <= OUT_OF_REACH, wrong
    assert sum(map(len, wrong.values())) <= 3


COMPARED = (
    "google.subject.startsWith('v=1:org=a:')",
    "assertion.missing == 'a' || true",
    "assertion.missing == 'a'",
    "assertion.n == '1' || assertion.n < 2",
    "google.groups.exists(g, g.matches('^d'))",
    "has(assertion.missing) ? 'a' : 'b'",
    "assertion.list.map(x, string(x)).join(',')",
    "{1: 'a'}[1u] + 'x'.lowerAscii()",
    "timestamp('2024-01-01T00:00:00Z') + duration('1h') > timestamp(0)",
    "[1, 2u, 3.0].all(x, x > 0)",
    "'a' + 1",
    "9223372036854775807 + 1",
)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="not safe before Python 3.12")
def test_googles_evaluator_agrees() -> None:
    google = pytest.importorskip("cel_expr_python.cel")
    strings = importlib.import_module("cel_expr_python.ext.ext_strings")
    bindings: dict[str, object] = {
        "google": {"subject": "v=1:org=a:team=b", "groups": ["dev", "ops"]},
        "assertion": {"n": 1, "list": [1, 2]},
    }
    environment = google.NewEnv(variables=dict.fromkeys(bindings, google.Type.DYN), extensions=[strings.ExtStrings()])
    for text in COMPARED:
        theirs = environment.compile(text, disable_check=True).eval(data=bindings)
        ours = cel.compile(text).trace(bindings)
        assert (ours.error is not None) == (str(theirs.type()) == "ERROR"), text
        if ours.error is None and isinstance(ours.value, (str, bool, int)):
            assert theirs.value() == ours.value, text
