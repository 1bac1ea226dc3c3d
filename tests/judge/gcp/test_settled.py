"""Whether an attribute condition has one result for all values of its gaps: the order of evaluation does not matter."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor import cel
from oidc_doctor.judge.gcp.cel_clause import may_be_open, settled

PARTS = ["a == 'x'", "a == '<gap>'", "b.startsWith('y')", "c == 'z'", "true", "false"]
EXPRESSIONS = st.recursive(
    st.sampled_from(PARTS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' || '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' && '.join(parts)})"),
        inner.map(lambda part: f"!{part}"),
    ),
    max_leaves=10,
)
VALUES = st.fixed_dictionaries({"a": st.sampled_from(["x", "w"]), "b": st.sampled_from(["yes", "<owner>"])})


def by_all_parts(node: Any, again: Any) -> bool | None:
    """The definition: every part is evaluated, also those that a decision before them made unnecessary."""
    if not node.evaluated:
        node = again(node.text)
    if node.error is not None or not isinstance(node.value, bool):
        return None
    if node.op in ("and", "or"):
        answers = [by_all_parts(child, again) for child in node.children]
        deciding = node.op == "or"
        return deciding if deciding in answers else None if None in answers else not deciding
    if node.op == "not":
        inner = by_all_parts(node.children[0], again)
        return None if inner is None else not inner
    return settled(node, pasted=True)


@given(expression=EXPRESSIONS, values=VALUES)
@settings(max_examples=share_of(300), deadline=None)
def test_a_part_that_decides_saves_the_others(expression: str, values: dict[str, str]) -> None:
    def again(text: str) -> Any:
        return cel.compile(text).trace(values)

    node = cel.compile(expression).trace(values)
    assert settled(node, pasted=True, evaluate=again) == by_all_parts(node, again)


def test_skipped_parts_are_not_evaluated_where_one_decides() -> None:
    evaluated: list[str] = []
    node = cel.compile("a == 'x' || b == 'y' || b == 'z'").trace({"a": "x", "b": "w"})
    assert settled(node, pasted=False, evaluate=evaluated.append) is True
    assert evaluated == []


@given(EXPRESSIONS, VALUES)
@settings(max_examples=share_of(100), deadline=None)
def test_without_a_placeholder_in_reach_the_value_is_settled(text: str, values: dict[str, str]) -> None:
    program = cel.compile(text)
    bindings = {**values, "c": cel.UNKNOWN}
    if not may_be_open(program, bindings):
        node = program.trace(bindings)
        assert settled(node, pasted=True) == settled(node, pasted=False)


def test_where_a_placeholder_may_come_from() -> None:
    def may(text: str, **bindings: Any) -> bool:
        return may_be_open(cel.compile(text), bindings)

    assert not may("a.sub.startsWith('x') || !(a['b'] in ['y'])", a={"sub": "x", "b": 1, "c": cel.UNKNOWN})
    assert may("a.sub == '<name>'", a={"sub": "x"})
    assert may("a.sub == 'x'", a={"sub": ["<name>"]})
    assert may("a.sub == '<' + 'name' + '>'", a={"sub": "x"})
    assert may("a.sub.replace('y', 'x') == 'x'", a={"sub": "yyy"})
    assert may("a == 'x'", a=object())
