"""The proven edit of a cause in each format: whose it is, its steps, and what the reader has to know of it."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from oidc_doctor.model.report import FixRow, Report
from oidc_doctor.report.formats import FORMATS, render
from oidc_doctor.report.parts.fixes import document_name
from oidc_doctor.report.rows import listing
from reports.programs import FOR_PROGRAMS
from reports.rows import cause, exchange, report, steps
from reports.situations import store

TWO = ("weights/aws", "images/aws")


def refusal(exchange_id: str) -> Any:
    changes = {"prediction": "refused", "step": "authorise", "steps": steps("aws", authorise="refused")}
    return exchange(id=exchange_id, target_name=exchange_id.partition("/")[0], **changes)


def row(
    code: str = "AWS021", exchange_id: str = TWO[0], what: str = "trust policy of ModelWeights", **more: Any
) -> FixRow:
    headline = f"Extend the {what} for this workload."
    values = {"kind": "add", "file": "aws/role.json", "headline": headline, "exchange": exchange_id}
    return FixRow(code, f"+ {what}", [f"echo '{what}'"], "proof", "{}", **(values | more))


def shown(made: Report, form: str = "text", *, verbose: bool = False) -> str:
    text = render(made, form, width=80, color=False, verbose=verbose)
    return unescape(text) if form == "html" else text


def entries(made: Report) -> list[listing.Entry]:
    return [entry for entry in listing.entries(made) if entry.cause is not None]


@pytest.fixture
def alone() -> Report:
    """One exchange with two causes and an edit for the first."""
    causes = [cause(), cause(code="AWS030", name="condition-key-not-provided", position="next")]
    return report(verdict="refused", exit_code=1, exchanges=[refusal(TWO[0])], causes=causes, fixes=[row()])


@pytest.fixture
def both() -> Report:
    """Two targets with the same cause, and an edit for each, in the other order."""
    return report(
        verdict="refused",
        exit_code=1,
        exchanges=[refusal(key) for key in TWO],
        causes=[cause(exchange=key) for key in TWO],
        fixes=[row(exchange_id=key, what=f"trust policy of {key}") for key in reversed(TWO)],
    )


@pytest.mark.parametrize("form", [form for form in FORMATS if form not in FOR_PROGRAMS])
def test_two_targets_with_the_same_cause_show_their_own_edits(both: Report, form: str) -> None:
    text = shown(both, form).replace("`", "")
    places = [text.index(f"trust policy of {key} for") for key in TWO]
    assert places == sorted(places)
    assert all(text.count(f"echo 'trust policy of {key}'") == 1 for key in TWO)


def test_each_of_two_targets_copies_its_own_command(both: Report) -> None:
    copied = {entry.cause.exchange: listing.text_to_copy(both, entry) for entry in entries(both) if entry.cause}
    assert copied == {key: (f"echo 'trust policy of {key}'", "command") for key in TWO}


@pytest.mark.parametrize("form", [form for form in FORMATS if form not in FOR_PROGRAMS])
def test_the_documents_of_one_edit_are_steps(alone: Report, form: str) -> None:
    alone.fixes.insert(0, row(what="OIDC provider", with_files=["aws/role.json"], gaps=["PROVIDER_ARN"]))
    text = shown(alone, form)
    order = ["Extend the OIDC provider", "+ OIDC provider", "echo 'OIDC provider'", "Extend the trust policy"]
    order += ["+ trust policy", "echo 'trust policy", "PROVIDER_ARN", "proof"]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert text.lower().count("proof") == 1
    assert listing.text_to_copy(alone, entries(alone)[0]) == (
        "echo 'OIDC provider'\necho 'trust policy of ModelWeights'",
        "2 commands, fill in PROVIDER_ARN",
    )


@pytest.mark.parametrize("form", [form for form in FORMATS if form not in FOR_PROGRAMS])
def test_a_file_without_a_command_is_named(alone: Report, form: str) -> None:
    alone.causes[0] = cause(commands=())
    alone.fixes = [row(file="truss/config.yaml")]
    alone.fixes[0].commands = []
    text = shown(alone, form)
    assert "truss/config.yaml" in text.partition("edit      " if form == "text" else "Edit ")[2].split("\n")[0]


def test_the_diff_stands_for_a_command_that_is_too_long_to_show(alone: Report) -> None:
    for command, shows_diff in (("echo '{}'", False), (f"echo '{'x' * 13_000}'", True)):
        alone.fixes = [replace(row(), diff='+ {\n+   "Version": "2012-10-17"\n+ }', commands=[command])]
        assert ('"Version"' in shown(alone)) is shows_diff


def test_an_edit_that_fixes_another_cause_as_well_is_shown_once(alone: Report) -> None:
    alone.fixes[0].also_for = ["AWS030"]
    text = shown(alone)
    assert text.count("echo 'trust policy") == 1
    assert "the edit for AWS021 fixes this as well" in text
    second = entries(alone)[1]
    assert second.cause is not None
    assert second.cause.code == "AWS030"
    assert listing.text_to_copy(alone, second)[0] == "echo 'trust policy of ModelWeights'"


@pytest.mark.parametrize(
    ("kind", "words"), [("restore", "Extend"), ("create", "Extend"), ("correct", "Put the team back")]
)
def test_the_words_of_a_cause_give_way_to_another_edit(alone: Report, kind: Any, words: str) -> None:
    alone.fixes[0].kind = kind
    assert f"fix       {words}" in shown(alone)


def test_the_words_of_an_edit_come_first(alone: Report) -> None:
    alone.fixes[0].summary, alone.fixes[0].also = "Add a statement.", "The others stay."
    assert "fix       Add a statement. The others stay.\n" in shown(alone)
    alone.causes[0] = cause(fix="")
    alone.fixes[0].summary, alone.fixes[0].headline = "", ""
    assert "fix       Make this edit.\n" in shown(alone)


@pytest.mark.parametrize("form", [form for form in FORMATS if form not in FOR_PROGRAMS])
def test_whom_an_edit_opens_and_closes_to(alone: Report, form: str) -> None:
    alone.fixes[0].opens_to = [f"job:{letter}" for letter in "abc"]
    alone.fixes[0].closes_to = ["job:z"]
    text = " ".join(shown(alone, form).replace("`", "").split())
    named = form != "text"
    assert f"3 synthetic workloads that its patterns cover{', such as job:a' if named else ' (-v)'}" in text
    assert f"1 synthetic workload that the present configuration accepts{': job:z' if named else ' (-v)'}" in text
    assert "job:c" not in text


def test_a_short_command_that_undoes_is_shown_and_a_long_one_with_v(alone: Report) -> None:
    alone.fixes[0].undo = ["aws iam undo"]
    assert "undo      aws iam undo" in shown(alone)
    alone.fixes[0].undo = [store("a:*")]
    assert "undo      -v shows the command" in shown(alone)
    assert store("a:*").splitlines()[-2].strip() in shown(alone, verbose=True)
    assert store("a:*") in shown(alone, "markdown").replace(" \\\n  ", " ")


def test_terraform_is_shown_whole_where_it_was_asked_for(alone: Report) -> None:
    alone.fixes[0].terraform = 'resource "x" "y" {\n  a = "\x1b[31m"\n}'
    assert 'resource "x"' not in shown(alone)
    text = shown(alone, verbose=True)
    assert 'terraform resource "x" "y" {' in text
    assert "\x1b" not in text


def test_without_an_edit_the_causes_own_command_is_shown(alone: Report) -> None:
    alone.fixes.clear()
    assert "aws iam get-role --role-name ModelWeights" in shown(alone)


def test_a_past_cause_offers_no_command(alone: Report) -> None:
    alone.causes = [cause(status="past")]
    (entry,) = entries(alone)
    assert listing.text_to_copy(alone, entry) == ("", "")


@pytest.mark.parametrize(
    ("file", "document", "name"),
    [
        ("aws/role.json", '{"Statement": []}', "trust-policy.json"),
        ("targets/a/aws/oidc-provider.json", "{}", "oidc-provider.json"),
        ("gcp/service-account-policy.yaml", "{}", "service-account-policy.json"),
        ("..", "{}", "document.json"),
        ("x/.bashrc", "{}", "document.json"),
        ("a b;c", "{}", "document.json"),
        ("", "{}", "document.json"),
    ],
)
def test_the_name_of_a_written_document_is_plain(file: str, document: str, name: str) -> None:
    made = row(file=file)
    made.document = document
    assert document_name(made) == name
