"""The nearest of many expected subjects is found without aligning all of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oidc_doctor.issuers import alignment, difference, profile_for
from oidc_doctor.issuers.alignment import Alignment, Cost, LeastCosts
from oidc_doctor.issuers.difference import compare_subject

PROFILE = profile_for("https://oidc.baseten.co")
NAMES = ("org", "team", "model", "deployment", "environment", "type", "*")
VALUES = ("Ab1", "Cd2", "*", "A?1", "<team>", "production")

segments = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=6)


def _subject(parts: list[tuple[str, str]]) -> str:
    return ":".join(["v=1", *(name if name == "*" else f"{name}={value}" for name, value in parts)])


subjects = segments.map(_subject)


@settings(deadline=None)
@given(st.lists(subjects, min_size=1, max_size=6), subjects, st.booleans())
def test_the_answer_is_that_of_aligning_all(expected: list[str], actual: str, wildcards: bool) -> None:
    quick = compare_subject(expected, actual, wildcards=wildcards, profile=PROFILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LeastCosts, "of", lambda *_: Cost())
        patch.setattr(difference, "MOST_ALIGNED", 99)
        patch.setattr(alignment, "_side_by_side", lambda *_: None)
        slow = compare_subject(expected, actual, wildcards=wildcards, profile=PROFILE)
    assert quick == slow


def test_few_of_many_subjects_are_aligned(monkeypatch: pytest.MonkeyPatch) -> None:
    aligned: list[str] = []
    align = alignment.align

    def counting(expected: difference.Subject, *rest: object) -> Alignment | None:
        aligned.append(expected.text)
        return align(expected, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(difference, "align", counting)
    listed = [f"v=1:org=Ab1:team=Cd2:model=m{number}:*:type=build" for number in range(1_000)]
    subject = "v=1:org=Ab1:team=Cd2:model=m7:environment=dev:type=run"
    answer = compare_subject(listed, subject, wildcards=True, profile=PROFILE)
    assert answer.expected == listed[7]
    assert len(aligned) <= alignment.MOST_ALIGNED
