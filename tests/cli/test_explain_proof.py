"""Every cause's page says in which form the cause can be proven."""

from __future__ import annotations

import pytest

from oidc_doctor.cli.main import main
from oidc_doctor.findings import packs

CAUSES = [check for check in packs.all_checks() if check.kind is not None]


def test_every_cause_has_a_proof(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--all"]) == 0
    assert capsys.readouterr().out.count("\nProof\n") == len(CAUSES)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("access-denied-by-resource-policy", "with an explicit deny in a resource-based policy"),  # an error alone
        ("subject-segment-differs", "The replay of logged attempts"),  # no sentence names it
        ("object-missing-shown-as-denied", "the cause is at most suspected"),  # its sentence only hints
    ],
)
def test_the_form_of_the_proof(name: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", name]) == 0
    page = capsys.readouterr().out
    assert words in " ".join(page.rpartition("\nProof\n")[2].split())
