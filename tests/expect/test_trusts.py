"""Expectations on trusts as people write them: green as written, and red for every other token."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.documents.expect_file import Expectation, parse_expectations
from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.examine.examine import read_and_judge
from oidc_doctor.examine.question import Question
from oidc_doctor.expect.run import run
from oidc_doctor.expect.targets import targets_of
from oidc_doctor.issuers import profile_for
from oidc_doctor.things.open import open_paths
from tests.expect.conftest import Judge, outcomes
from trusts import MAIN, POLICIES, TRUSTS, Trust, text


def table(**lists: str) -> str:
    return "[[expect]]\n" + "".join(f"{name} = [{entries}]\n" for name, entries in lists.items())


def mutated(value: str) -> Iterator[tuple[str, str]]:
    """Other values of a name: another one, a letter more or less, a letter of another kind, another case."""
    yield "another", "elsewhere" if not value.startswith("refs/") else "refs/heads/elsewhere"
    yield "longer", f"{value}x"
    yield "shorter", value[:-1]
    yield "before", f"x{value}" if not value.startswith("refs/") else f"refs/heads/x{value[len('refs/heads/') :]}"
    yield "letter", value[:-1] + ("q" if value[-1] != "q" else "r")
    yield "case", value.swapcase() if not value.startswith("refs/") else value.replace("main", "Main")


def mutations(trust: Trust) -> Iterator[str]:
    """The entry with each part of its subject changed that no wildcard of the trust covers."""
    subject = re.findall(r'"((?:repo|project_path|v=1|system|organization|job)[:=][^"]*)"', trust.accepted)
    if not subject:
        for name, value in re.findall(r'(\w+) = "([^"]*)"', trust.accepted):
            folder, slash, last = value.rpartition("/") if name == "repository" else ("", "", value)
            for _, new in mutated(last):
                yield trust.accepted.replace(f'{name} = "{value}"', f'{name} = "{folder}{slash}{new}"')
        return
    profile = profile_for(None, subject[0])
    if profile is None:
        yield from (trust.accepted.replace(subject[0], new) for _, new in mutated(subject[0]))
        return
    for segment in profile.parse_subject(subject[0]).segments:
        if segment.name in trust.covered or not segment.value:
            continue
        for kind, new in mutated(segment.value):
            if kind in trust.covered or new == segment.value:
                continue
            other = subject[0][: segment.value_start] + new + subject[0][segment.end :]
            yield trust.accepted.replace(subject[0], other)


@pytest.mark.parametrize("name", TRUSTS)
def test_a_trust_alone_suffices_to_be_green(judge: Judge, name: str) -> None:
    result = judge(table(accepted=TRUSTS[name].accepted), TRUSTS[name].text)
    assert outcomes(result) == ["met"], result.results[0].reason
    assert result.exit_code == 0
    assert result.assumed


@pytest.mark.parametrize("name", TRUSTS)
def test_a_mutation_of_the_subject_turns_it_red_or_unknown(judge: Judge, name: str) -> None:
    entries = list(mutations(TRUSTS[name]))
    assert entries or "owner" in TRUSTS[name].covered
    for entry in entries:
        result = judge(table(accepted=entry), TRUSTS[name].text)
        assert result.results[0].outcome != "met", entry


@pytest.mark.parametrize("name", POLICIES)
def test_a_mutated_subject_is_refused_as_expected(judge: Judge, name: str) -> None:
    trust = POLICIES[name]
    for entry in list(mutations(trust))[:6]:
        result = judge(table(accepted=trust.accepted, refused=entry), trust.text)
        assert outcomes(result) == ["met", "met"], (entry, result.results[1].reason)


@pytest.mark.parametrize("name", TRUSTS)
def test_of_an_entry_that_is_accepted_and_refused_one_is_red(judge: Judge, name: str) -> None:
    trust = TRUSTS[name]
    result = judge(table(accepted=trust.accepted, refused=trust.accepted), trust.text)
    assert outcomes(result) == ["met", "broken"]
    assert result.exit_code == 1


@pytest.mark.parametrize("name", TRUSTS)
def test_strangers_are_refused_unless_the_trust_is_open(judge: Judge, name: str) -> None:
    trust = TRUSTS[name]
    for lists in ({"accepted": trust.accepted}, {}):
        result = judge(table(**lists) + 'strangers = "refused"\n', trust.text)
        row = result.results[-1]
        if "job_workflow_ref" in trust.accepted:
            assert row.outcome != "met"
        elif trust.open:
            assert row.outcome == "broken", (lists, row.reason, row.tried)
            assert row.strangers[0].decision == "accepted"
            assert row.strangers[0].who in row.reason
        else:
            assert row.outcome == "met", (lists, row.reason, row.strangers)
            assert row.tried > 2


def test_a_refusal_of_every_token_meets_no_refused_expectation(judge: Judge) -> None:
    trust = POLICIES["branch"]
    broken = trust.text.replace("refs/heads/main", "refs/heads/*")
    result = judge(table(refused=text("repo:other/other:ref:refs/heads/main")), broken)
    assert outcomes(result) == ["unknown"]
    assert "refuses every token at the step trust policy" in result.results[0].reason
    assert result.exit_code == 3


def test_the_row_of_a_broken_expectation_has_the_cause_of_a_report(judge: Judge) -> None:
    result = judge(table(accepted=text(MAIN.replace("orchard", "orchrd"))), POLICIES["branch"].text)
    (row,) = result.results
    assert row.cause is not None
    assert row.cause.code == "AWS025"
    assert row.cause.refusal.expected is not None
    assert row.cause.refusal.expected.value == MAIN
    assert row.place is not None
    assert row.place.line
    assert row.fix


@settings(max_examples=share_of(60))
@given(name=st.sampled_from(sorted(TRUSTS)), data=st.data())
def test_no_token_is_both_accepted_and_refused(name: str, data: st.DataObject) -> None:
    """A file that expects both is never green, whatever the subject."""
    trust = TRUSTS[name]
    entry = data.draw(
        st.sampled_from([trust.accepted, *mutations(trust)]) | st.text(" -:=/_.@{}<>$?ab", min_size=1).map(text)
    )
    tables = parse_expectations_or_none(table(accepted=entry, refused=entry))
    if tables is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trust.json"
        path.write_text(trust.text)
        with open_paths([str(path)]) as bundle:
            state, judged = read_and_judge(bundle, Question())
    accepted, refused = run(tables, targets_of(judged), "expect.toml", state.at).results
    assert (accepted.outcome, refused.outcome) != ("met", "met")
    assert accepted.outcome != "met" or refused.outcome == "broken"
    assert accepted.outcome != "broken" or refused.outcome != "broken"
    for row in (accepted, refused):
        assert row.outcome == "met" or (row.fix and (row.reason or row.cause))


def parse_expectations_or_none(content: str) -> tuple[Expectation, ...] | None:
    try:
        return parse_expectations(content)
    except Unreadable:
        return None
