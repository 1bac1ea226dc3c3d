"""A report for code scanning, for a test page and for Prometheus, as each of them reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from evidence import Bundle
from oidc_doctor.model.document import Origin
from oidc_doctor.model.refusal import Side
from oidc_doctor.model.report import CheckRow, FindingRow, Report
from oidc_doctor.report.formats import render
from reports.consumers import for_a_program
from reports.programs import READERS, in_code_scanning, in_prometheus, on_a_test_page
from reports.situations import broken, healthy, refused, suspected, two, unknown


def rendered(report: Report, form: str) -> str:
    return render(report, form, width=80, color=False)


@pytest.mark.parametrize("form", READERS)
def test_every_program_reads_every_report(form: str, any_report: Report) -> None:
    READERS[form](rendered(any_report, form))


@pytest.mark.parametrize(
    "situation, answer", [(refused, "failure"), (healthy, "passed"), (unknown, "error"), (broken, "error")]
)
def test_only_an_accepted_token_passes_on_a_test_page(situation: Callable[[], Report], answer: str) -> None:
    (cases,) = on_a_test_page(rendered(situation(), "junit")).values()
    assert cases["token is accepted"] == answer


def test_a_suspicion_is_neither_a_failure_nor_a_pass() -> None:
    report = suspected()
    report.verdict, report.observed = "unknown", []
    (cases,) = on_a_test_page(rendered(report, "junit")).values()
    assert {name: outcome for name, outcome in cases.items() if name.startswith("AWS03")} == {
        "AWS030 condition-value-differs": "error",
        "AWS031 subject-segment-differs": "error",
    }
    assert {row["level"] for row in in_code_scanning(rendered(report, "sarif"))["results"]} == {"warning"}


def test_a_case_has_the_same_name_whether_it_passes_or_not(aws: Bundle) -> None:
    aws.trust(aws.statement(aws.subject("v=1:org=Other:*")))
    (bad,) = on_a_test_page(rendered(aws.report(), "junit")).values()
    aws.trust(aws.statement(aws.subject("*")))
    (good,) = on_a_test_page(rendered(aws.report(), "junit")).values()
    assert list(bad) == list(good)
    assert bad["AWS025 subject-segment-differs"] == "failure"
    assert good["AWS025 subject-segment-differs"] == "passed"
    assert good["AWS070 trust-any-tenant"] == "failure"


def test_each_exchange_has_its_own_suite() -> None:
    suites = on_a_test_page(rendered(two(), "junit"))
    assert list(suites) == ["weights/aws", "weights/gcp"]
    assert suites["weights/aws"]["token is accepted"] == "passed"
    assert suites["weights/gcp"]["GCP041 attribute-condition-false"] == "failure"
    assert "GCP041 attribute-condition-false" not in suites["weights/aws"]


def test_a_rule_has_the_page_of_its_check(aws: Bundle) -> None:
    aws.trust(aws.statement(aws.subject("v=1:org=Other:*")))
    run = in_code_scanning(rendered(aws.report(), "sarif"))
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert len(rules) > 150
    rule = rules["AWS013"]
    assert rule["name"] == "client-id-list-empty"
    assert rule["shortDescription"]["text"] == "Client ID list empty"
    assert "Confirm\n" in rule["help"]["text"]
    assert not rule["fullDescription"]["text"].startswith("Symptom")
    assert rules["AWS070"]["defaultConfiguration"]["level"] == "warning"
    (result, *_) = run["results"]
    assert result["ruleId"] == "AWS025"
    location = result["locations"][0]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "aws/role.json"
    assert location["logicalLocations"][0]["fullyQualifiedName"] == aws.ROLE_ARN


@pytest.mark.parametrize(
    "file, uri",
    [
        ("targets/a b/aws/rôle.json", "targets/a%20b/aws/r%C3%B4le.json"),
        ("/home/someone/token.json", "token.json"),
        ("C:\\Users\\someone\\token.json", "token.json"),
        ("../../secret/token.json", "secret/token.json"),
        ("--subject", "oidc-doctor.toml"),
        ("event 73ab4876", "oidc-doctor.toml"),
        ("https://evil.example/x.json", "x.json"),
    ],
)
def test_the_place_of_a_result_is_a_relative_uri(file: str, uri: str) -> None:
    report = healthy()
    finding = FindingRow("wide", actual=Side("*", Origin(file, "", 3)))
    report.checks = [CheckRow("AWS070", "trust-any-tenant", "failed", "weakens", "", [finding])]
    (result,) = in_code_scanning(rendered(report, "sarif"))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri
    assert result["level"] == "warning"


def test_a_message_makes_no_link() -> None:
    report = healthy()
    finding = FindingRow("see [x](https://evil.example) and Statement[0]")
    report.checks = [CheckRow("AWS070", "trust-any-tenant", "failed", "weakens", "", [finding])]
    (result,) = in_code_scanning(rendered(report, "sarif"))["results"]
    assert result["message"]["text"] == r"see \[x](https://evil.example) and Statement[0]."


@pytest.mark.parametrize(
    "ending",
    [
        "password=",
        "password: '",
        'client_secret="',
        "Authorization: Bearer",
        "-----BEGIN PRIVATE KEY-----",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzIn0.",
        "https://user:",
        "SECRET_KEY=<",
    ],
)
@pytest.mark.parametrize("form", [*READERS, "json"])
def test_the_name_of_a_secret_at_the_end_of_a_value_takes_nothing_with_it(form: str, ending: str) -> None:
    report, plain = healthy(), healthy()
    for made, text in ((report, ending), (plain, "word")):
        made.warnings = [text, f"two {text}"]
        made.checks = [
            CheckRow("AWS070", "trust-any-tenant", "failed", "weakens", "", [FindingRow(f"wide {text}", fix=text)]),
            CheckRow("AWS071", "trust-any-team", "skipped", "weakens", text),
            CheckRow("AWS072", "broken", "broken", "weakens", text, traceback=text),
        ]
    read = (READERS | {"json": for_a_program})[form]
    one, other = (read(rendered(made, form)) for made in (report, plain))
    assert _shape(one) == _shape(other)


def _shape(value: Any) -> Any:
    """The value without its texts, which are longer or shorter where a secret was removed."""
    if isinstance(value, dict):
        return {name: _shape(inner) for name, inner in value.items()}
    return [_shape(inner) for inner in value] if isinstance(value, list) else type(value)


def test_the_metrics_of_a_report() -> None:
    samples = in_prometheus(rendered(two(), "openmetrics"))
    states = {dict(labels)["target"]: dict(labels)["state"] for (_, labels), value in samples.items()
              if value and "state" in dict(labels)}  # fmt: skip
    assert states == {"weights/aws": "healthy", "weights/gcp": "failing"}
    assert samples["oidc_doctor_exit_code", frozenset()] == 1
    assert samples["oidc_doctor_findings_by_effect", frozenset({("effect", "blocks"), ("status", "active")})] == 2


def test_no_result_says_that_something_is_wrong_with_an_accepted_token() -> None:
    run = json.loads(rendered(healthy(), "sarif"))["runs"][0]
    assert run["results"] == []
    assert run["invocations"][0]["executionSuccessful"] is True
    assert json.loads(rendered(unknown(), "sarif"))["runs"][0]["invocations"][0]["executionSuccessful"] is False
