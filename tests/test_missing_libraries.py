"""The installation without the libraries that some platforms lack: everything else works, and no pattern is guessed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from oidc_doctor import cel
from oidc_doctor.cel import strings
from oidc_doctor.findings.packs import bundled
from tests.conftest import Bundle
from tests.judge.gcp.changes import REJECTED

SAMPLES = Path(bundled("_samples", "sample_logs"))
OPTIONAL = ("re2", "ahocorasick_rs")  # without wheels for musl
NO_RE2 = "matches() needs RE2, which is not installed: pip install google-re2"

EXAMINE_ALL = """
import json, sys
for name in json.loads(sys.argv[1]):
    sys.modules[name] = None  # an import of it raises ImportError
from oidc_doctor import api
outcomes = {}
for path in json.loads(sys.argv[2]):
    report = api.examine(path)
    failed = [row.name for row in report.checks if row.status == "failed" and row.effect != "blocks"]
    broken = [row.name for row in report.checks if row.status == "broken"]
    first = report.causes[0].name if report.causes else None
    outcomes[path] = [report.verdict, report.exit_code, first, failed, broken, report.warnings]
json.dump(outcomes, sys.stdout)
"""


def test_every_scenario_has_its_answer_without_the_optional_libraries() -> None:
    wanted = {str(path.parent): json.loads(path.read_text("utf-8")) for path in SAMPLES.glob("*/expected.json")}
    command = [sys.executable, "-c", EXAMINE_ALL, json.dumps(OPTIONAL), json.dumps(sorted(wanted))]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert len(outcomes) > 20
    for path, (verdict, exit_code, first, failed, broken, warnings) in outcomes.items():
        expected = wanted[path]
        assert (verdict, exit_code, first) == (expected["verdict"], expected["exit_code"], expected["first_cause"]), (
            path
        )
        assert set(expected["also"]) <= set(failed), path
        assert (broken, warnings) == ([], []), path


@pytest.fixture
def no_re2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    monkeypatch.setattr(strings, "_compiled", {})


@pytest.mark.usefixtures("no_re2")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a.matches('^no_re2-1$')", None),
        ("!a.matches('^no_re2-2$')", None),
        ("a.matches('^no_re2-3$') || a == 'x'", True),  # decided by the other side, whatever the pattern says
        ("a == 'x' || a.matches('^no_re2-4$')", True),
        ("a != 'x' && a.matches('^no_re2-5$')", False),
        ("a.matches('^no_re2-6$') && a != 'x'", False),
        ("a.matches('no_re2-7(')", None),  # RE2 refuses the pattern, which only RE2 can say
    ],
)
def test_an_expression_is_unknown_where_only_the_pattern_decides(text: str, value: bool | None) -> None:
    program = cel.compile(text)
    assert program.check() == []
    if value is not None:
        assert program.evaluate({"a": "x"}) is value
        return
    with pytest.raises(cel.CelError) as caught:
        program.evaluate({"a": "x"})
    assert (caught.value.code, str(caught.value), caught.value.lacks) == ("unknown", NO_RE2, NO_RE2)


@pytest.mark.usefixtures("no_re2")
@pytest.mark.parametrize("pattern", ["^v=1:org=.*:no_re2$", "^v=1:org="])
def test_a_condition_with_a_pattern_is_unknown_and_no_check_passes_on_it(pattern: str, gcp: Bundle) -> None:
    gcp.gcp_provider(condition=f"google.subject.matches('{pattern}')")
    answer = gcp.ask()
    assert answer.exchange().prediction == "unknown"
    assert (answer.state("condition"), answer.step("condition").note) == ("unknown", NO_RE2)
    assert answer.causes == []
    assert answer.skipped("name-loosely-compared").reason == NO_RE2
    assert "condition" not in answer.exchange().decided_by  # no file would settle it


@pytest.mark.usefixtures("no_re2")
def test_a_refusal_that_needs_no_pattern_is_still_proven(gcp: Bundle) -> None:
    gcp.gcp_provider(condition="google.subject.matches('^no_re2') && assertion.team == 'another'")
    assert gcp.ask().refused("attribute-condition-false", step="condition").location == "assertion.team == 'another'"


@pytest.mark.usefixtures("no_re2")
def test_a_refusal_that_google_named_stays_a_suspicion(gcp: Bundle) -> None:
    gcp.gcp_provider(condition="google.subject.matches('^no_re2')").error(REJECTED)
    cause = gcp.ask().suspected("attribute-condition-false")
    assert cause.settle == NO_RE2


@pytest.mark.usefixtures("no_re2")
def test_a_mapping_with_a_pattern_is_unknown(gcp: Bundle) -> None:
    subject = "assertion.sub.matches('^no_re2-m') ? 'a' : assertion.sub"
    gcp.gcp_provider(mapping={"google.subject": subject, "attribute.team": "assertion.team"})
    answer = gcp.ask()
    assert (answer.state("mapping"), answer.step("mapping").note) == ("unknown", NO_RE2)
    assert answer.exchange().prediction == "unknown"


@pytest.mark.usefixtures("no_re2")
def test_a_condition_on_an_attribute_without_a_value_names_the_library(gcp: Bundle) -> None:
    mapping = {"google.subject": "assertion.sub", "attribute.mine": "string(assertion.sub.matches('^no_re2-a'))"}
    gcp.gcp_provider(mapping=mapping, condition="attribute.mine == 'true'")
    assert gcp.ask().step("condition").note == NO_RE2
