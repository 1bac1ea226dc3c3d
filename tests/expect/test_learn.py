"""`expect --learn`: a file that holds on the evidence that it was written from, and nothing else."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from evidence import Bundle
from oidc_doctor.documents.expect_file import parse_expectations
from oidc_doctor.documents.token import hypothetical
from oidc_doctor.examine.examine import read_and_judge
from oidc_doctor.examine.question import Question
from oidc_doctor.expect.learn import Learnt, learnt
from oidc_doctor.expect.run import run
from oidc_doctor.expect.targets import targets_of
from oidc_doctor.findings import packs
from oidc_doctor.model.document import Origin
from oidc_doctor.model.expectations import Expectations
from oidc_doctor.things.open import open_paths
from trusts import MAIN, MODEL, TRUSTS, Trust


def learn(path: Path, *subjects: str) -> tuple[Learnt, Expectations | None]:
    """What is learnt from a path, and the run of it on the same evidence."""
    tokens = tuple(hypothetical(subject, origin=Origin("--subject")) for subject in subjects)
    with open_paths([str(path)]) as bundle:
        state, judged = read_and_judge(bundle, Question(tokens=tokens))
    targets = targets_of(judged)
    result = learnt(targets)
    if not result.tables:
        return result, None
    return result, run(parse_expectations(result.text), targets, "expect.toml", state.at)


@pytest.mark.parametrize("scenario", packs.scenarios())
def test_what_is_learnt_is_green_on_the_same_evidence(scenario: str) -> None:
    _, judged = learn(Path(packs.scenarios()[scenario]))
    if judged is not None:
        assert judged.exit_code == 0, [row.reason for row in judged.results if row.outcome != "met"]
        assert any(row.expects == "accepted" for row in judged.results)


@pytest.mark.parametrize("name", TRUSTS)
def test_a_trust_alone_and_a_token_are_learnt(tmp_path: Path, name: str) -> None:
    trust: Trust = TRUSTS[name]
    path = tmp_path / "trust.json"
    path.write_text(trust.text)
    subject = trust.accepted.strip('"') if trust.accepted.startswith('"') else MAIN
    result, judged = learn(path, subject)
    if "job_workflow_ref" in trust.accepted:
        assert not result.tables
        assert result.dropped
        return
    assert judged is not None
    assert judged.exit_code == 0
    (table,) = tomllib.loads(result.text)["expect"]
    assert table["accepted"] == [subject]
    assert ("strangers" in table) == (not trust.open)
    assert trust.open or len(table["refused"]) > 1 or name == "issuer without a profile"
    assert not trust.open or '# strangers = "refused"' in result.text


def test_logged_subjects_that_are_refused_now_are_comments(aws: Bundle) -> None:
    moved = aws.SUBJECT.replace(aws.TEAM, "Former12")
    aws.cloudtrail(
        [
            aws.accepted_event(event_id="1", at="2026-11-22T20:00:00Z"),
            aws.accepted_event(event_id="2", at="2026-11-21T20:00:00Z", subject=moved),
            aws.event(event_id="3", at="2026-11-22T21:00:00Z", subject=aws.SUBJECT.replace(aws.ORG, "Another1")),
        ]
    )
    aws.remove("token.jwt", "claims.json")
    result, judged = learn(aws.root)
    assert judged is not None
    (table,) = tomllib.loads(result.text)["expect"]
    assert table["accepted"] == [aws.SUBJECT]
    assert f"#   {moved} (accepted in the logs): AWS refuses it now" in result.text
    assert "Another1" not in result.text


def test_an_audience_that_no_default_shows_is_written(tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    path.write_text(TRUSTS["gitlab with an audience of its own"].text)
    result, judged = learn(path, TRUSTS["gitlab"].accepted.strip('"'))
    assert judged is not None
    assert tomllib.loads(result.text)["expect"][0]["audience"] == "https://gitlab.quince.example"


def test_a_subject_that_a_stranger_wrote_stays_in_its_line(aws: Bundle) -> None:
    evil = f'{aws.SUBJECT}"\n[[expect]]\nstrangers = "x'
    secret = f"{aws.SUBJECT}:password=" + "hunter2hunter2hunter2"
    aws.cloudtrail(
        [
            aws.accepted_event(event_id=str(number), subject=subject)
            for number, subject in enumerate((aws.SUBJECT, evil, f"{aws.SUBJECT}\x7f", f"{aws.SUBJECT}*", secret))
        ]
    )
    aws.remove("token.jwt", "claims.json")
    result, _ = learn(aws.root)
    (table,) = tomllib.loads(result.text)["expect"]
    assert table["accepted"] == [aws.SUBJECT]
    assert "hunter2" not in result.text


def test_several_targets_are_named(tmp_path: Path) -> None:
    for name, subject in (("one", MODEL), ("two", MAIN)):
        bundle = tmp_path / "bundle" / "targets" / name / "aws"
        bundle.mkdir(parents=True)
        trust = TRUSTS["baseten team" if subject == MODEL else "branch"]
        (bundle / "role.json").write_text(trust.text)
    result, judged = learn(tmp_path / "bundle", MODEL, MAIN)
    assert judged is not None
    assert judged.exit_code == 0
    tables = tomllib.loads(result.text)["expect"]
    assert {table["target"] for table in tables} == {"one", "two"}
