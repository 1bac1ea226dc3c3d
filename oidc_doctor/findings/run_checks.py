"""Run the checks, which word refusals and find weaknesses in documents and logs. Every exception is caught."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from oidc_doctor.checkkit import Check, Finding, NotReadError, Words
from oidc_doctor.findings.shared_traces import BoundReachedError
from oidc_doctor.model.document import Missing
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal, Trace
from oidc_doctor.model.report import CheckRow, FindingRow, NamedRefusal
from oidc_doctor.model.steps import ASSUMED, PASSED, PASSED_BY_ERROR, REFUSED, UNKNOWN, Cloud
from oidc_doctor.report.parts.sentences import refusal_sentence

_PASSING = (PASSED, PASSED_BY_ERROR)


def wanted(check: Check, code: str, only: Iterable[str], skip: Iterable[str]) -> bool:
    """Whether --check and --skip select this check under `code`: globs for its code, its name or any of its codes."""

    def hit(globs: Iterable[str]) -> bool:
        return any(
            glob.upper() in check.codes or fnmatchcase(code, glob.upper()) or fnmatchcase(check.name, glob.lower())
            for glob in globs
        )

    only = tuple(only)
    return (not only or hit(only)) and not hit(skip)


class BrokenCheckError(Exception):
    """A check raised an exception, which is a defect of ours."""

    def __init__(self, trace: str) -> None:
        super().__init__(trace)
        self.trace = trace


def _guarded(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        result = function(*arguments)
        return list(result) if not isinstance(result, Words) else result
    except NotReadError:
        raise
    except Exception:  # noqa: BLE001 - a broken check is reported as broken, and never as the user's fault or a pass
        raise BrokenCheckError(traceback.format_exc()) from None


def say(check: Check | None, refusal: Refusal) -> tuple[Words, str]:
    """Return the check's words for a refusal, and the traceback if it failed."""
    plain = Words(str(refusal.kind).replace("-", " "), "")
    if check is None:
        return plain, ""
    try:
        words = _guarded(check.function, refusal)
    except BrokenCheckError as broken:
        return plain, broken.trace
    return (words, "") if isinstance(words, Words) else (plain, f"{check.code} returned no Words")


def cause_rows(
    checks: Iterable[Check],
    traces: Sequence[Trace],
    named_refusals: Sequence[NamedRefusal],
    cloud: Cloud | None = None,
) -> list[CheckRow]:
    """Return a row for each cause check: failed if its kind occurred, passed only if its step was evaluated.

    `cloud` is the cloud of all exchanges in the report, None for two clouds: it determines the code without a finding.
    """
    return [
        replace(row, page=check.page)
        for check in checks
        if check.kind is not None
        for row in _cause_rows(check, traces, named_refusals, cloud)
    ]


def _cause_rows(
    check: Check, traces: Sequence[Trace], named_refusals: Sequence[NamedRefusal], cloud: Cloud | None
) -> Iterator[CheckRow]:
    """Yield the check's row; one row per code if it occurred in both clouds."""
    by_code: dict[str, list[NamedRefusal]] = {}
    for named in named_refusals:
        if named.refusal.kind is check.kind:
            by_code.setdefault(check.code_in(named.refusal.cloud), []).append(named)
    yield from (_met(check._replace(code=code), met) for code, met in by_code.items())
    if not by_code:
        yield _unmet(check._replace(code=check.code_in(cloud)), traces)


def _met(check: Check, met: Sequence[NamedRefusal]) -> CheckRow:
    broken = next((named.broken for named in met if named.broken), "")
    if broken:
        reason = "the check itself failed"
        return CheckRow(check.code, check.name, "broken", check.effect, reason, traceback=broken)
    findings = [
        FindingRow(refusal_sentence(named), named.refusal.expected, named.refusal.actual, named.fix) for named in met
    ]
    if any(named.refusal.certain for named in met):
        return CheckRow(check.code, check.name, "failed", check.effect, "", findings)
    settle = "; ".join(dict.fromkeys(named.refusal.settle for named in met if named.refusal.settle))
    reason = f"suspected only: {settle}"
    return CheckRow(check.code, check.name, "skipped", check.effect, reason, findings, undecided=True)


def _unmet(check: Check, traces: Sequence[Trace]) -> CheckRow:
    assert check.kind is not None  # noqa: S101 - the caller's branch
    if check.kind.seen_only:
        return CheckRow(
            check.code,
            check.name,
            "skipped",
            check.effect,
            "needs error.txt or --error, the caller's error message",
        )
    states = [
        trace.step(step).state
        for trace in traces
        for cloud, step in check.kind.steps
        if trace.cloud == cloud and check.kind not in trace.unseen
    ]
    if any(state in (*_PASSING, REFUSED) for state in states):
        return CheckRow(check.code, check.name, "passed", check.effect, "")
    if ASSUMED in states:
        return CheckRow(check.code, check.name, "skipped", check.effect, "assumed to pass: a bundle cannot show it")
    reason = (
        "not checked: the evidence that it needs was not read"
        if states
        else "not applicable: no matching exchange was examined"
    )
    return CheckRow(check.code, check.name, "skipped", check.effect, reason, undecided=UNKNOWN in states)


def document_rows(check: Check, views: Sequence[Mapping[str, Any]], cloud: Cloud | None = None) -> list[CheckRow]:
    """Return the row of a weakness or log check; one row per code if it has findings in both clouds.

    `cloud` is the cloud of all exchanges in the report, None for two clouds: it determines the code without a finding.
    """
    row = replace(document_row(check._replace(code=check.code_in(cloud)), views), page=check.page)
    by_code: dict[str, list[FindingRow]] = {}
    for finding in row.findings:
        by_code.setdefault(check.code_in(finding.cloud), []).append(finding)
    return [replace(row, code=code, findings=findings) for code, findings in by_code.items()] or [row]


def document_row(check: Check, views: Sequence[Mapping[str, Any]]) -> CheckRow:
    """Run a weakness or log check on every target: skipped if no target has what it needs, or a bound was reached."""
    findings: list[Finding] = []
    ran, bounded, unread, reasons = False, False, False, []
    for view in views:
        missing = next((view[need] for need in check.needs if isinstance(view.get(need), Missing)), None)
        unknown = [need for need in check.needs if need not in view]
        if missing is not None:
            reasons.append(f"{missing.what}: {missing.reason}")
            unread = unread or not missing.proves_absence
            continue
        if unknown:
            reasons.append(f"not part of this run: {', '.join(unknown)}")
            continue
        try:
            findings += _guarded(check.function, *(view[need] for need in check.needs))
        except NotReadError as lacking:
            bounded = bounded or isinstance(lacking, BoundReachedError)
            reasons.append(str(lacking))
            unread = True
            continue
        except BrokenCheckError as broken:
            reason = "the check itself failed"
            return CheckRow(check.code, check.name, "broken", check.effect, reason, traceback=broken.trace)
        ran = True
    rows = [
        FindingRow(
            finding.message,
            finding.expected,
            finding.actual,
            finding.fix,
            finding.cloud,
            finding.target,
            finding.opens_to,
            finding.commands,
        )
        for finding in dict.fromkeys(findings)
    ]
    if rows:
        row = CheckRow(check.code, check.name, "failed", check.effect, "", rows)
        return replace(row, opens_trust=check.opens_trust, early=check.early, about=check.about)
    if ran and not bounded:
        return CheckRow(check.code, check.name, "passed", check.effect, "")
    reason = "; ".join(dict.fromkeys(reasons)) or "nothing to examine"
    return CheckRow(check.code, check.name, "skipped", check.effect, reason, undecided=unread)


def by_kind(checks: Iterable[Check]) -> dict[Kind, Check]:
    """Return the cause check of each kind."""
    return {check.kind: check for check in checks if check.kind is not None}
