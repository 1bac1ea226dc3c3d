"""Each fuzz target on its seeds, and on seeds with a piece cut out, doubled or replaced."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from fuzz_targets import TARGETS, Target

SEEDS = {name: tuple(target.seeds()) for name, target in TARGETS.items()}
# Examples of the targets that judge a whole bundle; 60 for the others.
WHOLE = {"reports": 15, "alone": 15, "captures": 15, "proposed": 7, "health_states": 4, "plan_reports": 4}
SLOW = {"ci_jobs": 20, "expect_files": 20, "api_arguments": 20, "learnt_files": 20}
NASTY = (
    b"\xff", b"\x00", b"\xed\xa0\x80", b"\\ud800", b"NaN", b"1e999", b"9" * 5_000, b"[" * 300, b"null", b"\x1b]0;x\x07",
    b'""', b"\xe2\x80\xae", b"${a}", b"&a [*a]", b"...", b"***", b"REDACTED",
)  # fmt: skip


@st.composite
def changed(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    seed = draw(st.sampled_from(seeds))
    start = draw(st.integers(0, len(seed)))
    end = draw(st.integers(start, min(len(seed), start + 40)))
    return (
        seed[:start] + draw(st.sampled_from(NASTY) | st.binary(max_size=8) | st.just(seed[start:end] * 2)) + seed[end:]
    )


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in WHOLE])
def test_the_seeds(name: str) -> None:
    for seed in SEEDS[name]:
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_changed_seeds(name: str) -> None:
    target: Target = TARGETS[name]

    @settings(max_examples=share_of((WHOLE | SLOW).get(name, 60)))
    @given(changed(SEEDS[name]))
    def runs(data: bytes) -> None:
        target.run(data)

    runs()
