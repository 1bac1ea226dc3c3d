"""A run of `expect` in each of its formats."""

from __future__ import annotations

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from oidc_doctor.model.document import Origin
from oidc_doctor.model.expectations import ExpectationResult, Expectations, StrangerResult
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Clause, Refusal, Side
from oidc_doctor.model.report import NamedRefusal
from oidc_doctor.model.unknown_value import UnknownValue
from oidc_doctor.report.formats import EXPECT_FORMATS, render_expect
from reports.consumers import EXPECT_SCHEMA, expect_for_a_program, in_a_ticket, on_a_terminal
from reports.payloads import PAYLOADS
from reports.programs import on_a_test_page
from runners import github_commands

ROLE = "arn:aws:iam::210987654321:role/Deploy"
MAIN = "repo:quince/orchard:ref:refs/heads/main"


def row(outcome: str, **values: Any) -> ExpectationResult:
    base: dict[str, Any] = {
        "expects": "accepted",
        "outcome": outcome,
        "target": "deploy",
        "cloud": "aws",
        "resource": ROLE,
        "subject": MAIN,
        "written": MAIN,
        "decided": "accepted",
        "at": Origin("expect.toml", "/expect/0/accepted/0", 3),
    }
    return ExpectationResult(**(base | values))


def cause(actual: str = MAIN) -> NamedRefusal:
    refusal = Refusal(
        "aws",
        "authorise",
        Kind.SUBJECT_SEGMENT_DIFFERS,
        Side("repo:quince/pantry:*", Origin("role.json", "/Statement/0", 7), ((12, 18),)),
        Side(actual, Origin("expect.toml", "", 3), ((12, 19),)),
        clause=Clause(statement=0, operator="StringLike", key="token.actions.githubusercontent.com:sub"),
        where=Origin("role.json", "/Statement/0", 7),
    )
    return NamedRefusal(
        refusal,
        "AWS025",
        "subject-segment-differs",
        "the trust policy expects another repository",
        "Add it.",
        ("aws iam get-role --role-name Deploy",),
    )


def in_folder(row: ExpectationResult) -> ExpectationResult:
    return row._replace(in_folder=tuple(place for place in (row.at, row.place) if place is not None))


def a_run(text: str = MAIN) -> Expectations:
    """A run with every kind of row; `text` is in each value that a stranger may write."""
    named = cause(text)
    results = [
        row("met", audience="sts.amazonaws.com", audience_from="usual for GitHub Actions and AWS"),
        row("met"),
        row(
            "broken",
            subject=text,
            written=text,
            decided="refused",
            cause=named,
            fix=named.fix,
            place=named.refusal.where,
            commands=named.commands,
            name=text,
        ),
        row(
            "unknown",
            decided="unknown",
            reason=f"The decision depends on {text}.",
            fix="Settle it.",
            unknown_values=(UnknownValue(text, "assume_role_policy", "Apply it first.", "aws/role.json"),) * 2,
        ),
        row(
            "broken",
            expects="strangers",
            subject="",
            written="strangers",
            tried=40,
            cloud="gcp",
            reason=f"Google Cloud accepts strangers: {text}.",
            target=text,
            strangers=(StrangerResult("another owner", text, "accepted", "", text),),
        ),
        row("unknown", expects="allowed", written=f"s3:GetObject {text}", decided="unknown", resource=""),
    ]
    return Expectations(
        1,
        "2026-11-30T07:00:00Z",
        {"name": "oidc-doctor", "version": "1"},
        "expect.toml",
        list(map(in_folder, results)),
        [text],
        [text],
    )


def rendered(run: Expectations, form: str, **layout: Any) -> str:
    return render_expect(run, form, **({"width": 80, "color": False} | layout))


def test_text_has_a_line_for_each_expectation_and_sums_up() -> None:
    text = rendered(a_run(), "text")
    assert text.splitlines()[-1] == "expectations: 2 met, 2 broken, 2 unknown"
    assert f"✓ must be accepted: {MAIN}" in text
    assert "^^^^^^" in text
    assert "role.json:7" in text
    assert "aws iam get-role --role-name Deploy" in text
    quiet = rendered(a_run(), "text", quiet=True)
    assert "✓" not in quiet
    assert quiet.splitlines()[-1] == "expectations: 2 met, 2 broken, 2 unknown"


def test_the_published_schema_is_valid_and_names_every_member() -> None:
    jsonschema.Draft202012Validator.check_schema(EXPECT_SCHEMA)
    value = expect_for_a_program(rendered(a_run(), "json"))
    kinds = EXPECT_SCHEMA["$defs"]
    assert set(value) == set(EXPECT_SCHEMA["properties"]) == set(EXPECT_SCHEMA["required"])
    for expectation in value["expectations"]:
        assert set(expectation) == set(kinds["expectation"]["properties"])
        for member, kind in (("strangers", "stranger"), ("unknown_values", "unknown_value")):
            assert all(set(entry) == set(kinds[kind]["properties"]) for entry in expectation[member])
        if expectation["cause"] is not None:
            assert set(expectation["cause"]) == set(kinds["cause"]["properties"])
    for kind in (*kinds.values(), EXPECT_SCHEMA):
        assert all(member.get("description") for member in kind["properties"].values())
    assert value["counts"] == {"met": 2, "broken": 2, "unknown": 2}


def test_a_test_page_shows_what_is_unknown_as_an_error() -> None:
    suites = on_a_test_page(rendered(a_run(), "junit"))
    assert list(suites["deploy"].values()) == ["passed", "passed", "failure", "error", "error"]
    assert f"deploy must be accepted: {MAIN}" in suites["deploy"]
    assert f"deploy must be accepted: {MAIN} (2)" in suites["deploy"]


def test_github_shows_the_line_of_the_entry_and_of_the_clause() -> None:
    commands = github_commands(rendered(a_run(), "github"))
    assert [command.name for command in commands] == ["error", "error", "warning", "warning", "notice"]
    assert (commands[0].properties["file"], commands[0].properties["line"]) == ("expect.toml", "3")
    assert (commands[-1].properties["file"], commands[-1].properties["line"]) == ("role.json", "7")
    assert "expects another repository" in commands[0].data


@pytest.mark.parametrize("payload", [payload for language in PAYLOADS.values() for payload in language[::3]])
def test_no_payload_of_a_stranger_acts_on_a_reader(payload: str) -> None:
    run = a_run(payload)
    on_a_terminal(rendered(run, "text", verbose=True))
    on_a_terminal(rendered(run, "text", color=True, width=40), color=True)
    in_a_ticket(rendered(run, "markdown"))
    expect_for_a_program(rendered(run, "json"))
    on_a_test_page(rendered(run, "junit"))
    names = [command.name for command in github_commands(rendered(run, "github"))]
    assert names == ["error", "error", "warning", "warning", "notice"]


def test_no_format_shows_a_token() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIn0." + "c2lnbmF0dXJl" * 4
    for form in EXPECT_FORMATS:
        text = rendered(a_run(token), form)
        assert token not in text
        assert token[30:70] not in text
    assert json.loads(rendered(a_run(token), "json"))["expectations"][2]["subject"] == "[token removed]"
