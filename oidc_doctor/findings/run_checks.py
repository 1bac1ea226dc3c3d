"""Run the checks: words for refusals, weaknesses of documents, what logs say. Only here is everything caught."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from oidc_doctor.checkkit import Check, Finding, NotReadError, Words
from oidc_doctor.findings.causes import Diagnosis, sentence
from oidc_doctor.model.document import Missing
from oidc_doctor.model.kinds import SEEN_ONLY_IN_ERRORS, STEPS_OF, Kind
from oidc_doctor.model.refusal import Refusal
from oidc_doctor.model.report import CheckRow, FindingRow
from oidc_doctor.model.steps import ASSUMED, PASSED, PASSED_BY_ERROR, REFUSED

_PASSING = (PASSED, PASSED_BY_ERROR)


def wanted(check: Check, only: Iterable[str], skip: Iterable[str]) -> bool:
    """Whether --check and --skip leave this check in: globs of code or name."""

    def hit(globs: Iterable[str]) -> bool:
        return any(fnmatchcase(check.code, glob.upper()) or fnmatchcase(check.name, glob.lower()) for glob in globs)

    only = tuple(only)
    return (not only or hit(only)) and not hit(skip)


class BrokenCheckError(Exception):
    """A check raised: our bug."""

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
    """The check's words for a refusal, and the traceback where it broke."""
    plain = Words(str(refusal.kind).replace("-", " "), "")
    if check is None:
        return plain, ""
    try:
        words = _guarded(check.function, refusal)
    except BrokenCheckError as broken:
        return plain, broken.trace
    return (words, "") if isinstance(words, Words) else (plain, f"{check.code} gave no Words")


def cause_rows(
    checks: Iterable[Check], diagnoses: list[Diagnosis], words: Mapping[int, tuple[Words, str]]
) -> list[CheckRow]:
    """One row for each cause check: failed where its kind was met, passed only where its step was looked at."""
    rows = []
    for check in checks:
        if check.kind is None:
            continue
        met = [refusal for diagnosis in diagnoses for refusal in diagnosis.refusals if refusal.kind is check.kind]
        broken = next((words[id(one)][1] for one in met if words[id(one)][1]), "")
        if broken:
            rows.append(
                CheckRow(check.code, check.name, "broken", check.effect, "the check itself failed", traceback=broken)
            )
        elif met:
            findings = [_cause_finding(one, words[id(one)][0]) for one in met]
            sure = any(one.certain for one in met)
            reason = (
                "" if sure else "suspected only: " + "; ".join(dict.fromkeys(one.settle for one in met if one.settle))
            )
            rows.append(
                CheckRow(check.code, check.name, "failed" if sure else "skipped", check.effect, reason, findings)
            )
        else:
            rows.append(_unmet(check, diagnoses))
    return rows


def _cause_finding(refusal: Refusal, words: Words) -> FindingRow:
    return FindingRow(sentence(refusal, words), refusal.expected, refusal.actual, words.fix)


def _unmet(check: Check, diagnoses: list[Diagnosis]) -> CheckRow:
    assert check.kind is not None  # noqa: S101 - the caller's branch
    if check.kind in SEEN_ONLY_IN_ERRORS:
        return CheckRow(check.code, check.name, "skipped", check.effect, "only what a caller saw can show it")
    states = [
        diagnosis.trace.step(step).state
        for diagnosis in diagnoses
        for cloud, step in STEPS_OF[check.kind]
        if diagnosis.trace.cloud == cloud and check.kind not in diagnosis.trace.unseen
    ]
    if any(state in (*_PASSING, REFUSED) for state in states):
        return CheckRow(check.code, check.name, "passed", check.effect, "")
    if ASSUMED in states:
        return CheckRow(check.code, check.name, "skipped", check.effect, "assumed to pass: a bundle cannot show it")
    reason = "not looked at: what it needs was not read" if states else "no exchange that this concerns was examined"
    return CheckRow(check.code, check.name, "skipped", check.effect, reason)


def document_row(check: Check, views: Sequence[Mapping[str, Any]]) -> CheckRow:
    """A weakness or log check over every target: skipped only where no target has what it needs."""
    findings: list[Finding] = []
    ran, reasons = False, []
    for view in views:
        missing = next((view[need] for need in check.needs if isinstance(view.get(need), Missing)), None)
        unknown = [need for need in check.needs if need not in view]
        if missing is not None:
            reasons.append(f"{missing.what}: {missing.reason}")
            continue
        if unknown:
            reasons.append(f"not part of this run: {', '.join(unknown)}")
            continue
        try:
            findings += _guarded(check.function, *(view[need] for need in check.needs))
        except NotReadError as lacking:
            reasons.append(str(lacking))
            continue
        except BrokenCheckError as broken:
            reason = "the check itself failed"
            return CheckRow(check.code, check.name, "broken", check.effect, reason, traceback=broken.trace)
        ran = True
    rows = [
        FindingRow(one.message, one.expected, one.actual, one.fix, one.cloud, one.target, one.opens_to)
        for one in dict.fromkeys(findings)
    ]
    if rows:
        return CheckRow(check.code, check.name, "failed", check.effect, "", rows, opens_trust=check.opens_trust)
    if ran:
        return CheckRow(check.code, check.name, "passed", check.effect, "")
    return CheckRow(
        check.code, check.name, "skipped", check.effect, "; ".join(dict.fromkeys(reasons)) or "nothing to look at"
    )


def by_kind(checks: Iterable[Check]) -> dict[Kind, Check]:
    """The cause check of each kind."""
    return {check.kind: check for check in checks if check.kind is not None}
