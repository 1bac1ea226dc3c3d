"""The pages that somebody's words ask for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.cli.main import main
from oidc_doctor.findings import packs
from oidc_doctor.findings.explained import closest, find, holds_words

CHECKS = packs.all_checks()


def names(text: str) -> list[str]:
    return [check.name for check in find(text, CHECKS).checks]


@pytest.mark.parametrize("text", ["AWS025", "aws25", "aws 025", "subject-segment-differs", "Subject segment differs"])
def test_a_code_or_a_name_finds_its_page(text: str) -> None:
    found = find(text, CHECKS)
    assert found.exact
    assert [check.code for check in found.checks] == ["AWS025"]


def test_a_pasted_error_lists_its_causes() -> None:
    found = names("Error: Not authorized to perform sts:AssumeRoleWithWebIdentity")
    assert found[0] == "subject-segment-differs"
    assert "principal-differs" in found


def test_an_error_that_names_one_fault_finds_one_page() -> None:
    assert names("InvalidIdentityToken: Missing a required claim: sub") == ["claim-missing"]


def test_words_are_ranked_by_the_title() -> None:
    found = find("audience", CHECKS)
    assert not found.exact
    assert [check.code for check in found.checks[:3]] == ["AWS014", "AWS015", "AWS026"]


def test_all_words_have_to_be_there() -> None:
    assert "azp-decides-audience" in names("azp audience")
    assert "audience-not-tested" not in names("azp audience")


def test_a_mistyped_word_suggests_the_closest() -> None:
    assert names("audiance") == []
    assert "audience" in closest("audiance", CHECKS)[0].name


@given(st.text(max_size=300))
def test_any_text_is_answered(text: str) -> None:
    found = find(text, CHECKS)
    assert len(set(found.checks)) == len(found.checks)
    assert len(closest(text, CHECKS)) <= 3
    holds_words(CHECKS[0], text)


@pytest.mark.parametrize(
    ("words", "code", "shown"),
    [
        (["explain", "aws25"], 0, "AWS025 subject-segment-differs"),
        (["explain", "audience"], 0, "AWS014"),
        (["explain", "audience", "azp"], 0, "AWS015"),
        (["explain", "GCP020", "aws25"], 0, "AWS025 subject-segment-differs"),
        (["explain", "AWS999", "AWS025"], 2, "AWS999: no such check"),
        (["explain", "audiance"], 2, "did you mean"),
        (["explain", "zzzz"], 2, "no page matches these words"),
        (["explain", "\x1b[31maudiance"], 2, r"\x1b"),
        (["--list-checks", "thumbprint"], 0, "ISS009"),
        (["--list-checks", "zzzz"], 2, "no check has this word"),
    ],
)
def test_on_the_command_line(words: list[str], code: int, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == code
    out, err = capsys.readouterr()
    assert shown in out + err
    assert "\x1b" not in out + err
