"""A report or a health run as SARIF 2.1.0 (OASIS), for code scanning.

GitHub's code scanning decides three things here. It closes an alert that the next upload does not have, and reads
neither `baselineState` nor `suppressions`: a resolved finding is left out, since a result that says "absent" would keep
its alert open. It recognises an alert by `primaryLocationLineHash` alone. And it wants a physical location with a line
for each result, so a finding about a live resource has the line 1 of the file in which that resource is kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from oidc_doctor.report.json import as_text
from oidc_doctor.report.parts import found
from oidc_doctor.report.parts.escape import as_lines, visible
from oidc_doctor.report.parts.fingerprint import located
from oidc_doctor.report.parts.lines import clip, shortened
from oidc_doctor.report.parts.times import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from oidc_doctor.model.health import Change, Effect, Health, Suppression, TargetHealth
    from oidc_doctor.model.report import CheckRow, Confidence, Report
    from oidc_doctor.report.parts.found import Found

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_MOST_RESULTS = 25_000  # GitHub refuses a file with more
_LONG = 1000  # characters of a description or a message; GitHub cuts at 1024
_NAME = 255  # characters of a rule's name
_LEVELS: dict[Effect, str] = {"blocks": "error", "weakens": "warning", "note": "note"}
_SEVEREST = ("error", "warning", "note")
_BASELINE: dict[Change, str] = {"new": "new", "continuing": "unchanged", "changed": "updated"}
_CONFIGURATION = "oidc-doctor.toml"  # the place of a finding that was read in no file
_LINK = re.compile(r"\[(?=[^\[\]]*\]\()")  # of the form [text](address), which a viewer of SARIF makes a link
_FILE = re.compile(r"[^-].*\.\w{1,8}", re.DOTALL)  # neither an option, nor an event, nor words such as "(any token)"


class _Result(NamedTuple):
    code: str
    name: str
    effect: Effect
    level: str
    text: str
    fix: str
    resource: str
    fingerprint: str
    target: str
    found: Found | None = None  # None for a finding that this run could not check
    folder: str = ""  # of the bundle, if it is not the working folder itself
    change: Change | None = None
    since: str = ""
    suppressed: Suppression | None = None


def render_sarif(report: Report, **_layout: object) -> str:
    """Return the report as a SARIF log with one run: active causes and findings, a rule for each check."""
    names = {exchange.id: exchange.target_name for exchange in report.exchanges}
    results = [
        _Result(
            row.code,
            row.name,
            row.effect,
            _level(row.effect, row.confidence),
            row.headline,
            row.fix,
            row.resource,
            row.fingerprint,
            names.get(row.exchange, ""),
            row,
        )
        for row in found.found(report)
    ]
    run = _Run("report", report.tool, report.exit_code, report.evaluated_at)
    return _log(run, report.checks, results, _said(report))


def render_health_sarif(health: Health, **_layout: object) -> str:
    """Return the run as a SARIF log with one run. Suppressed findings are in it; resolved ones are not."""
    results = [result for target in health.targets for result in _results_of(target)]
    checks = [row for target in health.targets if target.report is not None for row in target.report.checks]
    notes = [note for target in health.targets for note in _told(target)]
    notes += [_notification("warning", "warning", warning) for warning in health.warnings]
    run = _Run("health", health.tool, health.exit_code, health.evaluated_at)
    return _log(run, checks, results, notes)


def _results_of(target: TargetHealth) -> Iterator[_Result]:
    rows = found.found(target.report) if target.report is not None else []
    read = {(row.code, row.fingerprint): row for row in rows}
    for finding in target.findings:
        if finding.change == "resolved":
            continue
        row = read.get((finding.code, finding.fingerprint))
        yield _Result(
            finding.code,
            finding.name,
            finding.effect,
            _level(finding.effect, finding.confidence),
            finding.headline,
            finding.fix,
            finding.resource,
            finding.fingerprint,
            target.name,
            row,
            "" if target.source == "live" else target.source,
            finding.change,
            finding.since,
            finding.suppressed,
        )


class _Run(NamedTuple):
    kind: str  # report, health
    tool: dict[str, str]
    exit_code: int
    at: str


_DECIDED = (0, 1)  # exit codes; without a decision, a file without results is no reason to close an alert
_OPEN = ("undecided", "not-read", "unknown", "unread", "broken")  # kinds of notifications: an exit code of 1 hides them


def _log(run: _Run, checks: Iterable[CheckRow], results: Sequence[_Result], notes: list[dict[str, Any]]) -> str:
    rules = _rules(checks, results)
    places = {rule["id"]: index for index, rule in enumerate(rules)}
    shown = sorted(results, key=lambda result: _SEVEREST.index(result.level))[:_MOST_RESULTS]
    if len(shown) < len(results):
        cut = f"{len(results) - len(shown):,} results are not in this file, which has the {_MOST_RESULTS:,} severest."
        notes = [*notes, _notification("results", "warning", cut)]
    version = run.tool.get("version", "")
    driver = {
        "name": visible(run.tool.get("name") or "oidc-doctor"),
        **({"version": visible(version)} if version else {}),
        "rules": rules,
    }
    invocation = {
        "executionSuccessful": run.exit_code in _DECIDED and not any(row["descriptor"]["id"] in _OPEN for row in notes),
        "exitCode": run.exit_code,
        **({"endTimeUtc": run.at} if parse(run.at) is not None else {}),
        "toolExecutionNotifications": notes,
    }
    value = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "automationDetails": {"id": f"oidc-doctor/{run.kind}/"},
                "columnKind": "unicodeCodePoints",
                "invocations": [invocation],
                "results": [_result(result, places[visible(result.code)]) for result in shown],
            }
        ],
    }
    return as_text(value)


def _rules(checks: Iterable[CheckRow], results: Iterable[_Result]) -> list[dict[str, Any]]:
    """Return a rule for each check of the run, and for each code of a result whose check was not run this time."""
    rules: dict[str, dict[str, Any]] = {}
    for row in checks:
        rules.setdefault(visible(row.code), _rule(row.code, row.name, row.effect, row.page))
    for result in results:
        rules.setdefault(visible(result.code), _rule(result.code, result.name, result.effect, ""))
    return [rules[code] for code in sorted(rules)]


def _rule(code: str, name: str, effect: Effect, page: str) -> dict[str, Any]:
    title, reason = _title_and_reason(page)
    words = title or visible(name).replace("-", " ")
    return {
        "id": visible(code),
        "name": clip(visible(name), _NAME),
        "shortDescription": {"text": shortened(words, _LONG)},
        "fullDescription": {"text": shortened(reason or words, _LONG)},
        "help": {"text": as_lines(page.strip()) or words},
        "defaultConfiguration": {"level": _LEVELS[effect]},
        "properties": {"tags": [effect]},
    }


def _title_and_reason(page: str) -> tuple[str, str]:
    """Return the first line of a check's page, and the paragraph of its heading Reason."""
    title, _, rest = page.strip().partition("\n")
    heading, words = "", []
    for line in rest.split("\n"):
        if line[:1].strip():
            heading = line.strip()
        elif heading == "Reason":
            words += line.split()
    return visible(title), visible(" ".join(words))


def _result(result: _Result, rule: int) -> dict[str, Any]:
    clause = result.found.clause if result.found is not None else ""
    logical = [{"fullyQualifiedName": visible(result.resource), "kind": "resource"}] if result.resource else []
    logical += [{"name": visible(clause), "kind": "member"}] if clause else []
    properties = {"target": visible(result.target), "effect": result.effect}
    properties |= {"since": visible(result.since)} if result.since else {}
    value: dict[str, Any] = {
        "ruleId": visible(result.code),
        "ruleIndex": rule,
        "level": result.level,
        "message": {"text": _message(result)},
        "locations": [{"physicalLocation": _physical(result), **({"logicalLocations": logical} if logical else {})}],
        "partialFingerprints": {
            "primaryLocationLineHash": located(result.fingerprint, result.target, result.resource),
            "oidcDoctor/v1": visible(result.fingerprint),
        },
        "properties": properties,
    }
    if result.change is not None:
        value["baselineState"] = _BASELINE[result.change]
        by = result.suppressed
        why = "" if by is None else visible(f"{by.reason} ({by.owner}, until {by.until})")
        value["suppressions"] = [] if by is None else [{"kind": "external", "status": "accepted", "justification": why}]
    return value


def _message(result: _Result) -> str:
    """Return the finding, the values that differ, and the next step, in this order: a title is the first sentence."""
    parts = [shortened(visible(result.text), _LONG).rstrip(". ") + "."]
    for label, side in (("Expected", result.found.expected), ("Actual", result.found.actual)) if result.found else ():
        if side is not None:
            parts.append(f"{label}: {shortened(visible(side.value), _LONG)}.")
    parts += [shortened(visible(result.fix), _LONG)] if result.fix else []
    return _LINK.sub(r"\\[", " ".join(parts))


def _physical(result: _Result) -> dict[str, Any]:
    place = result.found.place if result.found is not None else None
    if place is None or place.event_id or not _FILE.fullmatch(place.file) or " " in place.file.partition("/")[0]:
        return {"artifactLocation": {"uri": _CONFIGURATION}, "region": {"startLine": 1}}
    folder = "" if _is_absolute(result.folder) else result.folder
    return {
        "artifactLocation": {"uri": _relative(folder, place.file)},
        "region": {"startLine": max(1, place.line or 1)},
    }


def _relative(folder: str, file: str) -> str:
    """Return a relative URI. An absolute path is a place on this machine, and only its last part is shown."""
    parts = re.split(r"[/\\]", file)
    inner = parts[-1:] if _is_absolute(file) else parts
    named = [part for part in (*folder.split("/"), *inner) if part not in ("", ".", "..")]
    return "/".join(quote(visible(part), safe="") for part in named) or _CONFIGURATION


def _is_absolute(path: str) -> bool:
    return bool(re.match(r"[/\\~]|[A-Za-z][\w+.-]*:", path))


def _level(effect: Effect, confidence: Confidence | None) -> str:
    return "warning" if effect == "blocks" and confidence == "suspected" else _LEVELS[effect]


def _said(report: Report) -> list[dict[str, Any]]:
    """Return what a reader must know of the run who sees no result: what was not decided, and what broke."""
    notes = [
        _notification("undecided", "warning", f"{exchange.id}: not enough was read to decide whether it is accepted")
        for exchange, state in found.states(report)
        if state == "unknown"
    ]
    if report.proposed is not None:
        level = {"✗": "error", "✓": "note"}.get(report.proposed.sign, "warning")
        notes.append(_notification("change", level, report.proposed.headline))
    notes += [_notification("not-read", "warning", obstacle.text) for obstacle in report.obstacles]
    notes += [
        _notification("broken-check", "error", f"{row.code} {row.name}: {row.reason}")
        for row in report.checks
        if row.status == "broken"
    ]
    return notes + [_notification("warning", "warning", warning) for warning in report.warnings]


def _told(target: TargetHealth) -> Iterator[dict[str, Any]]:
    if target.state in ("unknown", "unread", "broken"):
        level = "error" if target.state == "broken" else "warning"
        yield _notification(target.state, level, f"{target.name}: {target.state}: {target.reason}".rstrip(": "))


def _notification(kind: str, level: str, text: str) -> dict[str, Any]:
    shown = _LINK.sub(r"\\[", shortened(visible(text), _LONG))
    return {"descriptor": {"id": kind}, "level": level, "message": {"text": shown}}
