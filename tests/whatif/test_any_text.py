"""Whatever is typed, asking raises nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.findings.packs import bundled
from oidc_doctor.whatif.ask import WhatIf

SAMPLES = Path(bundled("_samples", "sample_logs"))
SCENARIOS = sorted(path.name for path in SAMPLES.iterdir() if path.is_dir())
GARBAGE = st.one_of(
    st.text(max_size=60),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Statement", "Effect", "Principal", "Federated", "Action", "Condition", "StringLike", "Version",
                    "ClientIDList", "allowedAudiences", "google.subject", "bindings", "role", "members", "condition",
                    "expression", "iss", "sub", "aud", "azp", "exp", "x",
                ]
            ),
            inner,
            max_size=4,
        ),
        max_leaves=12,
    ).map(json.dumps),
)  # fmt: skip
FRAGMENTS = st.lists(
    st.sampled_from(
        ["assertion", ".sub", "google.subject", "attribute", "['a']", "==", "'v=1:*'", "(", ")", "&&", "||", "!", "1",
         ".startsWith(", "in", "[", "]", "?", ":", ".exists(x, ", "\n", "//", '"', "\\", "\u202e", "{", "}", "+", " "]
    ),
    max_size=14,
).map(" ".join)  # fmt: skip


@given(data=st.data())
def test_whatever_is_typed_raises_nothing(data: st.DataObject, what_ifs_of: Callable[[str], list[WhatIf]]) -> None:
    what_if = data.draw(st.sampled_from([*what_ifs_of("two-clouds"), *what_ifs_of("gcp-condition-false")]))
    part = data.draw(st.sampled_from(what_if.parts))
    source = FRAGMENTS | GARBAGE if part.language == "cel" else GARBAGE
    if data.draw(st.booleans()):  # what is half typed: a piece taken out of what was read
        start = data.draw(st.integers(0, len(part.text)))
        source = st.integers(0, 30).map(lambda count: part.text[:start] + part.text[start + count :])
    text = data.draw(source)
    answer = what_if.ask({part.id: text})
    assert (answer.diagnosis is None) == any(one.kind == "unreadable" for one in answer.problems)
    assert len(what_if.steps(answer)) == len(what_if.steps(what_if.present))
    assert isinstance(what_if.diff({part.id: text}, part.id), list)
    assert all(one.line is None or one.line <= text.count("\n") + 1 for one in answer.problems)
    what_if.reach(answer)
    if answer.exchange is not None:
        json.dumps(answer.exchange.trace)


@given(expression=FRAGMENTS)
def test_whatever_expression_is_mapped_raises_nothing(
    expression: str, what_ifs_of: Callable[[str], list[WhatIf]]
) -> None:
    (what_if,) = what_ifs_of("gcp-condition-false")
    answer = what_if.ask({"mapping": json.dumps({"google.subject": expression, "attribute.x": expression})})
    assert answer.diagnosis is not None or answer.problems
