"""A health run in each format for programs, and as Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import jsonschema  # type: ignore[import-untyped]
import pytest

from health import RUNS, SUPPRESSION, changed, first, quiet
from oidc_doctor.model.health import Health
from oidc_doctor.report import sarif
from oidc_doctor.report.formats import render_health
from reports.consumers import HEALTH_SCHEMA, SCHEMA, health_for_a_program, in_a_ticket
from reports.programs import READERS, in_code_scanning, in_prometheus, on_a_test_page


def rendered(health: Health, form: str) -> str:
    return render_health(health, form, width=80, color=False)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("form", READERS)
def test_every_program_reads_every_run(form: str, run: str) -> None:
    READERS[form](rendered(RUNS[run](), form))


@pytest.mark.parametrize("run", RUNS)
def test_json_and_markdown_of_every_run(run: str) -> None:
    health_for_a_program(rendered(RUNS[run](), "json"))
    in_a_ticket(rendered(RUNS[run](), "markdown"))


# JSON


def test_the_published_schema_is_valid_and_names_every_member() -> None:
    jsonschema.Draft202012Validator.check_schema(HEALTH_SCHEMA)
    value = json.loads(rendered(changed(), "json"))
    kinds = HEALTH_SCHEMA["$defs"]
    assert set(value) == set(HEALTH_SCHEMA["properties"]) == set(HEALTH_SCHEMA["required"])
    assert {name for target in value["targets"] for name in target} == set(kinds["target"]["properties"])
    for target in value["targets"]:
        for finding in target["findings"]:
            assert set(finding) == set(kinds["finding"]["properties"])
            assert finding["suppressed"] is None or set(finding["suppressed"]) == set(
                kinds["suppression"]["properties"]
            )
    for kind in (*kinds.values(), HEALTH_SCHEMA):
        assert all(member.get("description") for member in kind["properties"].values())


def test_json_has_every_finding_and_every_report() -> None:
    value = json.loads(rendered(changed(), "json"))
    weights, wide, *_ = value["targets"]
    assert weights["report"]["schema"] == SCHEMA["properties"]["schema"]["const"]
    assert wide["report"] is None
    assert wide["findings"][0]["suppressed"]["reason"] == SUPPRESSION.reason
    assert value["counts"]["suppressed"] == 1
    assert value["counts"]["targets"] == {"healthy": 2, "failing": 2, "unknown": 1, "unread": 1, "broken": 1}
    assert value["counts"]["changes"] == {"new": 1, "continuing": 3, "changed": 1, "resolved": 1}
    assert value["counts"]["effects"] == {"blocks": 2, "weakens": 2, "note": 1}


# Markdown


def test_a_quiet_run_is_one_line_before_what_is_folded() -> None:
    text = rendered(quiet(), "markdown")
    assert text.startswith("## 1 target healthy; nothing changed since 22 Nov 15:40 UTC.\n")
    assert text.index("<details>") < text.index("weights")


def test_markdown_has_what_changed_in_full_and_folds_the_rest() -> None:
    shown, _, folded = rendered(changed(), "markdown").partition("<details>")
    for words in (
        "**new** `AWS021`",
        "**changed** `AWS025`",
        "**resolved** `AWS013`",
        "**old** is no longer in the file",
    ):
        assert words in shown
    assert "expects another model" in shown  # the headline before
    assert "AWS070" not in shown
    assert SUPPRESSION.reason in folded
    baseline = rendered(first(), "markdown")
    assert "\n`GCP073`" in baseline
    assert "continuing" not in baseline
    assert baseline.count("GCP073") == 1


# SARIF


def test_an_alert_closes_when_its_finding_is_resolved_and_is_suppressed_with_its_reason() -> None:
    results = in_code_scanning(rendered(changed(), "sarif"))["results"]
    by_target = {(row["properties"]["target"], row["ruleId"]): row for row in results}
    assert {row["baselineState"] for row in results} == {"new", "unchanged", "updated"}
    assert ("mended", "AWS013") not in by_target
    (suppression,) = by_target["open", "AWS070"]["suppressions"]
    assert suppression["kind"] == "external"
    assert SUPPRESSION.reason in suppression["justification"]
    assert by_target["away", "AWS070"]["suppressions"] == []
    hashes = [row["partialFingerprints"]["primaryLocationLineHash"] for row in results]
    assert len(set(hashes)) == len(hashes)  # the same fault of two targets


def test_a_result_is_where_the_clause_was_read_and_else_in_the_file_of_the_targets() -> None:
    results = in_code_scanning(rendered(changed(), "sarif"))["results"]
    places = {row["properties"]["target"]: row["locations"][0]["physicalLocation"] for row in reversed(results)}
    assert places["weights"]["artifactLocation"]["uri"] == "bundles/weights/aws/role.json"
    assert places["weights"]["region"]["startLine"] == 14
    assert places["moved"]["artifactLocation"]["uri"] == "oidc-doctor.toml"


def test_no_path_of_this_machine_is_in_a_result() -> None:
    health = first()
    for source in ("/home/someone/bundles/weights", "C:\\bundles\\weights", "../../weights", "~/weights"):
        health.targets[0].source = source
        text = rendered(health, "sarif")
        uris = [
            row["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            for row in in_code_scanning(text)["results"]
        ]
        assert uris[0] in ("aws/role.json", "weights/aws/role.json")
        assert "someone" not in text


def test_a_run_that_decided_nothing_says_so() -> None:
    invocation = in_code_scanning(rendered(changed(), "sarif"))["invocations"][0]
    assert invocation["executionSuccessful"] is False
    told = {row["descriptor"]["id"]: row["level"] for row in invocation["toolExecutionNotifications"]}
    hidden = changed()
    hidden.exit_code = 1
    assert in_code_scanning(rendered(hidden, "sarif"))["invocations"][0]["executionSuccessful"] is False
    assert told == {"unread": "warning", "unknown": "warning", "broken": "error", "warning": "warning"}
    assert in_code_scanning(rendered(quiet(), "sarif"))["invocations"][0]["executionSuccessful"] is True


def test_the_severest_results_are_kept_of_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "_MOST_RESULTS", 2)
    run = in_code_scanning(rendered(changed(), "sarif"))
    assert [row["level"] for row in run["results"]] == ["error", "error"]
    assert "3 results are not in this file" in json.dumps(run["invocations"])


# JUnit


def test_the_outcome_of_each_state_and_change() -> None:
    suites = on_a_test_page(rendered(changed(), "junit"))
    answers = {suite: cases["token is accepted"] for suite, cases in suites.items() if cases}
    assert answers == {
        "weights": "failure",
        "open": "passed",
        "moved": "failure",
        "mended": "passed",
        "away": "error",
        "open question": "error",
        "ours": "error",
    }
    assert suites["open"]["AWS070 trust-any-tenant"] == "skipped"
    assert suites["away"]["AWS070 trust-any-tenant"] == "failure"
    assert suites["mended"]["AWS013 client-id-list-empty"] == "passed"
    assert suites["weights"]["GCP073 subject-near-limit"] == "passed"  # a note
    assert 'message="suppressed until 2026-12-01 by platform' in rendered(changed(), "junit")


# Metrics


def test_the_metrics_of_a_run() -> None:
    samples = in_prometheus(rendered(changed(), "openmetrics"))

    def value(metric: str, /, **labels: str) -> float:
        return samples[f"oidc_doctor_{metric}", frozenset(labels.items())]

    assert value("target_state", target="away", state="unread") == 1
    assert value("target_state", target="away", state="healthy") == 0
    assert value("target_last_read_timestamp_seconds", target="away") < value("run_timestamp_seconds")
    assert not [key for key in samples if "last_read" in key[0] and ("target", "ours") in key[1]]
    assert value("findings_by_effect", effect="weakens", status="suppressed") == 1
    assert not [key for key in samples if key[0] == "oidc_doctor_findings" and ("target", "mended") in key[1]]
    assert value("findings_by_effect", effect="note", status="suppressed") == 0
    wide = {"code": "AWS070", "name": "trust-any-tenant", "effect": "weakens"}
    assert value("findings", target="open", status="suppressed", **wide) == 1
    assert value("undelivered_messages") == 2
    assert value("run_duration_seconds") == 3.75
    assert value("expired_suppressions") == 1


def test_the_series_do_not_grow_with_the_findings() -> None:
    health = changed()
    target = health.targets[0]
    many = replace(target, findings=[target.findings[0]._replace(resource=f"role/{n}") for n in range(500)])
    before = len(in_prometheus(rendered(health, "openmetrics")))
    health.targets[0] = many
    samples = in_prometheus(rendered(health, "openmetrics"))
    assert len(samples) <= before
    assert 500 in samples.values()


@pytest.mark.parametrize("form", [*READERS, "json"])
def test_two_renderings_of_a_run_are_the_same(form: str) -> None:
    make: Callable[[], Health] = changed
    assert rendered(make(), form) == rendered(make(), form)
