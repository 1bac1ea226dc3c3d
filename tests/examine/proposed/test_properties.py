"""What holds for every change: an equal one changes nothing, a laid one is judged as a saved one, a swap swaps."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from evidence import Bundle
from evidence.changes import saved
from examples import share_of
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.documents.token import hypothetical
from oidc_doctor.examine.collect import Run, apply_window
from oidc_doctor.examine.judge import Judged, judge_all
from oidc_doctor.examine.proposed.answer import answer_to
from oidc_doctor.examine.question import Question
from oidc_doctor.model.document import Origin
from oidc_doctor.model.proposed import Proposed
from oidc_doctor.things.changed import open_changed

TEAMS = ("Tq7LmZ2x", "Tq7LmZ2y")
ENVIRONMENTS = ("production", "staging")
SUBJECTS = [
    Bundle.SUBJECT.replace("Tq7LmZ2x", team).replace("production", environment)
    for team in TEAMS
    for environment in ENVIRONMENTS
]
PATTERNS = st.builds(
    "v=1:org={}:team={}:model={}:deployment=*:environment={}:type=*".format,
    st.sampled_from(["Org8Kd2P", "Org8Kd2?", "*", "another"]),
    st.sampled_from([*TEAMS, "*", "Tq7*", "T?????2?"]),
    st.sampled_from(["mWq41ZpK", "*"]),
    st.sampled_from([*ENVIRONMENTS, "*", "prod*"]),
)
OPERATORS = st.sampled_from(["StringLike", "StringEquals", "StringNotLike", "ForAnyValue:StringLike"])
EFFECTS = st.sampled_from(["Allow", "Allow", "Allow", "Deny"])


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a trust policy that IAM would save."""
    statements = [
        {
            "Effect": draw(EFFECTS),
            "Principal": {"Federated": Bundle.PROVIDER_ARN},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {draw(OPERATORS): {Bundle.SUB_KEY: draw(st.lists(PATTERNS, min_size=1, max_size=2))}},
        }
        for _ in range(draw(st.integers(1, 2)))
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def bundle_with(folder: Path, policy: dict[str, Any]) -> Bundle:
    """A bundle whose role has this trust policy, without a token of its own."""
    folder.mkdir()
    return Bundle(folder).manifest().aws_provider().aws_role(policy).sends()


def judged(bundle: Bundle, *changes: Path) -> tuple[Run, list[Judged]]:
    """Judge a hypothetical token of each subject, as a report does before it looks for causes and edits."""
    tokens = tuple(hypothetical(subject, origin=Origin("--subject")) for subject in SUBJECTS)
    question = Question(tokens=tokens, proposed=tuple((str(path), open_changed(str(path))) for path in changes))
    with open_bundle(bundle.root) as files:
        run = Run(question, load_snapshot(files, extra_tokens=tokens))
    apply_window(run)
    return run, judge_all(run)


def answer(bundle: Bundle, change: Path) -> Proposed:
    """The answer to a change of the bundle."""
    return answer_to(*judged(bundle, change))


def decisions(bundle: Bundle) -> dict[str, str]:
    """The prediction for each subject."""
    exchanges = judged(bundle)[1]
    return {one.diagnosis.case.token.subject or "": one.diagnosis.prediction for one in exchanges}


@settings(max_examples=share_of(40))
@given(policies(), st.integers(0, 4))
def test_an_equal_document_changes_nothing(policy: dict[str, Any], indent: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        bundle = bundle_with(Path(place) / "bundle", policy)
        change = Path(place) / "trust.json"
        change.write_text(json.dumps(policy, indent=indent or None, sort_keys=indent % 2 == 0))
        found = answer(bundle, change)
    assert (found.workloads, found.others) == ([], [])
    assert found.exit_code == (1 if "given token is still refused" in found.headline else 0)
    assert "changes nothing" in found.headline


@settings(max_examples=share_of(30))
@given(policies(), policies())
def test_a_laid_document_is_judged_as_a_saved_one_and_a_swap_swaps(one: dict[str, Any], other: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        bundles = bundle_with(folder / "one", one), bundle_with(folder / "other", other)
        changes = saved(folder, "one.json", one), saved(folder, "other.json", other)
        forth = answer(bundles[0], changes[1])
        back = answer(bundles[1], changes[0])
        before, after = decisions(bundles[0]), decisions(bundles[1])
    if one == other:
        assert not forth.workloads
        return
    assert {row.subject: row.before for row in forth.workloads} == before
    assert {row.subject: row.after for row in forth.workloads} == after
    turned = {"gains": "loses", "loses": "gains"}
    swapped = {row.subject: turned.get(row.effect, row.effect) for row in back.workloads}
    assert {row.subject: row.effect for row in forth.workloads} == swapped
    for row in forth.workloads:
        assert row.effect == "unknown" or "unknown" not in (row.before, row.after)
