"""An expression's text is found once for the claims that it names, and is the text that an evaluation finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor import cel
from oidc_doctor.judge.gcp.mapped_once import text_of

if TYPE_CHECKING:
    import pytest

TEXTS = [
    "assertion.a",
    "assertion.a + assertion.b",
    "has(assertion.a) ? assertion.a : 'none'",
    "assertion['a']",
    "string(assertion.a)",
    "assertion.a ? 'yes' : 'no'",
    "assertion.a.b",
    "string(size(assertion))",
    "assertion[assertion.a]",
    "'b' in assertion ? 'there' : 'not'",
    "string(assertion.a == 1)",
]
CLAIMS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["x", "b", "", True, False, 1, 0, 1.0, None, ["x"], {"b": "y"}]) | st.just(cel.UNKNOWN),
)


@given(st.sampled_from(TEXTS), st.lists(CLAIMS, min_size=1, max_size=4))
def test_the_text_is_that_of_an_evaluation(text: str, tokens: list[dict[str, Any]]) -> None:
    program = cel.compile(text)
    for claims in tokens:
        try:
            value = program.evaluate({"assertion": claims})
        except cel.CelError:
            value = None
        counted = text_of(program, claims)
        assert (counted and counted[0]) == (value if isinstance(value, str) else None)


def test_other_claims_ask_for_no_further_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    evaluated: list[object] = []
    program = cel.compile("assertion.a + 'once'")
    measured = cel.Program.measured

    def counting(self: cel.Program, bindings: Any) -> tuple[object, int]:
        evaluated.append(bindings)
        return measured(self, bindings)

    monkeypatch.setattr(cel.Program, "measured", counting)
    texts = [text_of(program, {"a": "x", "sub": str(number)}) for number in range(50)]
    assert {counted and counted[0] for counted in texts} == {"xonce"}
    assert len(evaluated) == 1
