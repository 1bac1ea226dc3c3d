"""A report or a health run as JUnit XML, for the test pages of GitLab, Jenkins and other CI systems.

A suite is an exchange or a target; a case is a check, under the same name whether it passes or not, so that a CI system
can follow it. The first case is the answer itself. What is unknown is an error, never a pass: a skipped case counts as
one on most pages. The form is the one that both Apache Ant's schema and that of Jenkins's xUnit plugin accept.

The standard library writes it. Every value is `visible` first: XML 1.0 has no form for most control characters.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple

from oidc_doctor.model.steps import CLOUDS
from oidc_doctor.report.parts import found, sentences
from oidc_doctor.report.parts.commands import command_lines
from oidc_doctor.report.parts.escape import as_lines, visible
from oidc_doctor.report.parts.lines import clip, shortened
from oidc_doctor.report.parts.times import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from xml.etree.ElementTree import Element

    from oidc_doctor.model.expectations import ExpectationResult, Expectations
    from oidc_doctor.model.health import Health, HealthFinding, TargetHealth
    from oidc_doctor.model.proposed import Proposed
    from oidc_doctor.model.report import CheckRow, Exchange, Report
    from oidc_doctor.report.parts.found import Found

_LONG = 2000  # characters of a value
_NAME = 200  # characters of a name
_CASE_NAME = 800  # characters of the name of an expectation: a target and a subject
_WIDTH = 100  # columns of a command

_Outcome = Literal["passed", "failure", "error", "skipped"]
_OF_EXPECTATIONS: dict[str, _Outcome] = {"met": "passed", "broken": "failure", "unknown": "error"}


class _Case(NamedTuple):
    name: str
    outcome: _Outcome
    kind: str = ""  # the `type`: blocks, weakens, unknown, …
    message: str = ""  # one visible line
    lines: tuple[str, ...] = ()  # visible
    seconds: float = 0.0


class _Suite(NamedTuple):
    name: str
    cases: list[_Case]
    notes: list[str]  # visible lines
    at: str
    facts: dict[str, str]
    seconds: float = 0.0


def render_junit(report: Report, **_layout: object) -> str:
    """Return the report as JUnit XML: a suite for each exchange, or one for the report if it has none.

    The report on a change has one suite, on what the change does: a case for each subject, call and kind of stranger.
    """
    if report.proposed is not None:
        return _document([_of_change(report, report.proposed)])
    rows = found.found(report)
    suites = [_of_exchange(report, exchange, rows) for exchange in report.exchanges]
    if not suites:
        answer = _answer("unknown", sentences.headline(report)[1])
        cases = [answer, *_checks(report.checks, {row.code: _failed(row.code, [row]) for row in rows})]
        suites = [_Suite("oidc-doctor", cases, list(map(visible, report.warnings)), report.evaluated_at, {})]
    return _document(suites)


def render_health_junit(health: Health, **_layout: object) -> str:
    """Return the run as JUnit XML: a suite for each target. A suppressed finding is a skipped case, with its reason."""
    suites = [_of_target(health, target) for target in health.targets]
    if health.warnings:
        suites.append(_Suite("oidc-doctor", [], list(map(visible, health.warnings)), health.evaluated_at, {}))
    return _document(suites)


def render_expect_junit(run: Expectations, **_layout: object) -> str:
    """Return a run of `expect` as JUnit XML: a suite for each target and cloud, a case for each expectation.

    A broken expectation is a failure; an unknown one is an error.
    """
    by_target: dict[tuple[str, str], list[ExpectationResult]] = {}
    for result in run.results:
        by_target.setdefault((result.target, result.cloud), []).append(result)
    clouds = Counter(target for target, _ in by_target)
    notes = [f"assumed: {visible(what)}" for what in run.assumed] + list(map(visible, run.warnings))
    suites = []
    for (target, cloud), results in by_target.items():
        name = target if clouds[target] == 1 else f"{target} ({cloud})"
        facts = {"cloud": CLOUDS[results[0].cloud], "resource": visible(results[0].resource), "file": visible(run.file)}
        suites.append(_Suite(name, list(_of_expectations(name, results)), notes, run.evaluated_at, facts))
    return _document(suites)


def _of_expectations(target: str, results: Iterable[ExpectationResult]) -> Iterator[_Case]:
    """Yield a case for each expectation, numbered where an entry is in the file twice."""
    from oidc_doctor.report.parts import expect as runs  # late: a report needs none of it

    seen: Counter[str] = Counter()
    for result in results:
        name = clip(f"{clip(visible(target), _NAME)} {runs.case_name(result)}", _CASE_NAME)
        seen[name] += 1
        yield _Case(
            name if seen[name] == 1 else f"{name} ({seen[name]})",
            _OF_EXPECTATIONS[result.outcome],
            result.outcome,
            runs.sentence(result),
            tuple(f"{label}: {value}" for label, value in runs.facts_of(result)),
        )


# The cases


def _of_change(report: Report, proposed: Proposed) -> _Suite:
    from oidc_doctor.report.parts import proposed as parts  # late: most reports are about the present alone

    sign, sentence = sentences.first_line(report)
    cases = [_Case("the change", _OF_SIGNS[sign], "change", sentence)]
    for part in parts.parts_of(report):
        if part.title in ("Subjects", "Calls", "Who else", "Open"):
            for item in part.items:
                outcome = _OF_SIGNS.get(item.sign, "passed") if item.word != "refused" else "passed"
                name = clip(f"{part.title}: {item.text}", _NAME)
                cases.append(_Case(name, outcome, item.word, f"{item.word}: {item.text}", item.notes))
    notes = [*map(visible, proposed.notes), *map(visible, report.warnings)]
    return _Suite("with " + ", ".join(map(visible, proposed.files)), cases, notes, report.evaluated_at, {})


_OF_SIGNS: dict[str, _Outcome] = {"✗": "failure", "?": "error", "✓": "passed", "!": "passed", "–": "passed"}


def _of_exchange(report: Report, exchange: Exchange, rows: Sequence[Found]) -> _Suite:
    own: dict[str, list[Found]] = {}
    for row in rows:
        if row.exchange == exchange.id or (not row.exchange and _concerns(row, exchange)):
            own.setdefault(row.code, []).append(row)
    answer = _answer(found.state_of(report, exchange), sentences.verdict(report, exchange)[1])
    checks = [row for row in report.checks if not row.code.startswith(_OTHER_CLOUD[exchange.cloud])]
    cases = [answer, *_checks(checks, {code: _failed(code, found_rows) for code, found_rows in own.items()})]
    facts = {
        "cloud": CLOUDS[exchange.cloud],
        "resource": visible(exchange.resource or ""),
        "subject": visible(exchange.subject or ""),
        "prediction": exchange.prediction,
    }
    notes = [line for case in cases if case.outcome == "passed" for line in case.lines]
    return _Suite(exchange.id, cases, notes + list(map(visible, report.warnings)), report.evaluated_at, facts)


_OTHER_CLOUD = {"aws": "GCP", "gcp": "AWS"}  # the first letters of a code are its step's


def _concerns(row: Found, exchange: Exchange) -> bool:
    return row.cloud in ("", exchange.cloud) and row.resource in ("", exchange.resource or "")


def _of_target(health: Health, target: TargetHealth) -> _Suite:
    by_code: dict[str, list[HealthFinding]] = {}
    for finding in target.findings:
        by_code.setdefault(finding.code, []).append(finding)
    answer = _answer(target.state, visible(target.reason) or _STATES[target.state])._replace(seconds=target.seconds)
    checks = target.report.checks if target.report is not None else []
    cases = [answer, *_checks(checks, {code: _followed(findings) for code, findings in by_code.items()})]
    facts = {
        "state": target.state,
        "since": visible(target.since),
        "last_read": visible(target.last_read),
        "source": visible(target.source),
        "resources": ", ".join(map(visible, target.resources)),
    }
    notes = [line for case in cases if case.outcome == "passed" for line in case.lines]
    return _Suite(target.name, cases, notes, health.evaluated_at, facts, target.seconds)


_STATES = {
    "healthy": "The exchange is accepted.",
    "failing": "The exchange is refused.",
    "unknown": "Not enough was read to decide.",
    "unread": "The evidence could not be read.",
    "broken": "oidc-doctor itself failed.",
}
_ANSWERS: dict[str, _Outcome] = {"healthy": "passed", "failing": "failure"}


def _answer(state: str, sentence: str) -> _Case:
    return _Case("token is accepted", _ANSWERS.get(state, "error"), state, sentence)


def _checks(rows: Iterable[CheckRow], found_cases: dict[str, _Case]) -> Iterator[_Case]:
    """Yield a case for each check that was run, and for each finding whose check was not, once per code."""
    left = dict(found_cases)
    done: set[str] = set()
    for row in rows:
        if row.code in done:
            continue
        done.add(row.code)
        case = left.pop(row.code, None)
        yield case._replace(name=_name(row.code, row.name)) if case is not None else _without_finding(row)
    yield from left.values()


def _without_finding(row: CheckRow) -> _Case:
    name = _name(row.code, row.name)
    if row.status == "broken":
        trace = tuple(as_lines(row.traceback).split("\n")) if row.traceback else ()
        return _Case(name, "error", "broken", visible(row.reason), trace)
    if row.status == "skipped":
        return _Case(name, "skipped", "skipped", visible(row.reason))
    return _Case(name, "passed")  # failed as well: for another exchange


def _failed(code: str, rows: Sequence[Found]) -> _Case:
    """Return the case of a code's findings. A note passes; a suspicion that nothing decides is an error."""
    effect = rows[0].effect
    suspected = all(row.confidence == "suspected" for row in rows)
    outcome: _Outcome = "passed" if effect == "note" else "error" if suspected else "failure"
    lines = tuple(line for row in rows for line in _lines(row))
    message = shortened(visible(rows[0].headline), _LONG)
    return _Case(_name(code, rows[0].name), outcome, "suspected" if suspected else effect, message, lines)


def _lines(row: Found) -> Iterator[str]:
    yield f"{visible(row.code)} {shortened(visible(row.headline), _LONG)}"
    if row.resource:
        yield f"resource: {shortened(visible(row.resource), _LONG)}"
    if row.clause:
        yield f"clause: {shortened(visible(row.clause), _LONG)}"
    for label, side in (("expected", row.expected), ("actual", row.actual)):
        if side is not None:
            place = f" ({visible(str(side.at))})" if side.at is not None else ""
            yield f"{label}: {shortened(visible(side.value), _LONG)}{place}"
    if row.fix:
        yield f"fix: {shortened(visible(row.fix), _LONG)}"
    for command in row.commands:
        yield from (f"$ {line}" if not index else line for index, line in enumerate(command_lines(command, _WIDTH)))


def _followed(findings: Sequence[HealthFinding]) -> _Case:
    """Return the case of a code's findings of a target: the gravest of them decides."""
    active = [finding for finding in findings if finding.is_active]
    suppressed = [row for row in findings if row.suppressed is not None and row.change != "resolved"]
    first = next(iter(active or suppressed or findings))
    name = _name(first.code, first.name)
    lines = tuple(line for finding in (active or suppressed or findings) for line in _followed_lines(finding))
    message = shortened(visible(first.headline), _LONG)
    if active:
        outcome: _Outcome = "passed" if first.effect == "note" else "failure"
        return _Case(name, outcome, first.effect, message, lines)
    if suppressed:
        by = suppressed[0].suppressed
        why = visible(f"suppressed until {by.until} by {by.owner}: {by.reason}") if by is not None else ""
        return _Case(name, "skipped", "suppressed", shortened(why, _LONG), lines)
    return _Case(name, "passed", "resolved", message, lines)


def _followed_lines(finding: HealthFinding) -> Iterator[str]:
    yield f"{visible(finding.code)} {finding.change}: {shortened(visible(finding.headline), _LONG)}"
    for label, value in (
        ("resource", finding.resource),
        ("since", finding.since),
        ("until", finding.until),
        ("before", finding.was),
        ("read in", finding.at),
        ("fix", finding.fix if finding.is_active else ""),
    ):
        if value:
            yield f"{label}: {shortened(visible(value), _LONG)}"


def _name(code: str, name: str) -> str:
    return clip(visible(f"{code} {name}"), _NAME)


# The document


def _document(suites: Sequence[_Suite]) -> str:
    from xml.etree import ElementTree as ET  # late: other formats need no XML

    root = ET.Element("testsuites")
    for number, suite in enumerate(suites):
        _suite(ET.SubElement(root, "testsuite"), suite, number)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(element: Element, suite: _Suite, number: int) -> None:
    from xml.etree.ElementTree import SubElement

    name = clip(visible(suite.name), _NAME) or "oidc-doctor"
    when = parse(suite.at)
    outcomes = [case.outcome for case in suite.cases]
    element.attrib.update(
        name=name,
        package="oidc-doctor",
        id=str(number),
        hostname="localhost",  # the schema wants one; a report is not about the machine that makes it
        timestamp=f"{when:%Y-%m-%dT%H:%M:%S}" if when is not None else "1970-01-01T00:00:00",
        tests=str(len(suite.cases)),
        failures=str(outcomes.count("failure")),
        errors=str(outcomes.count("error")),
        skipped=str(outcomes.count("skipped")),
        time=f"{suite.seconds:.3f}",
    )
    properties = SubElement(element, "properties")
    for label, value in suite.facts.items():
        SubElement(properties, "property", name=label, value=shortened(value, _LONG))
    for case in suite.cases:
        _case(SubElement(element, "testcase"), case, name)
    SubElement(element, "system-out").text = "\n".join(suite.notes)
    SubElement(element, "system-err")


def _case(element: Element, case: _Case, suite: str) -> None:
    from xml.etree.ElementTree import SubElement

    element.attrib.update(name=case.name, classname=f"oidc-doctor.{suite}", time=f"{case.seconds:.3f}")
    if case.outcome != "passed":
        why = SubElement(element, case.outcome, message=case.message, type=case.kind)
        why.text = "\n".join(case.lines or (case.message,))
