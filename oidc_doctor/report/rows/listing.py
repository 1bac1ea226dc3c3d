"""The rows of a report as a list, and the details of each row, in the words of the text format."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.model.steps import CLOUDS
from oidc_doctor.report.parts import alone as answer_alone
from oidc_doctor.report.parts import attempts, facts, fixes, sentences, tree, writes
from oidc_doctor.report.parts.commands import command_lines, visible_command
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip, shortened

if TYPE_CHECKING:
    from oidc_doctor.model.alone import Alone
    from oidc_doctor.model.report import Cause, CheckRow, Exchange, FindingRow, FixRow, Report
    from oidc_doctor.report.parts.lines import Sheet

_LONG = 600  # characters of a sentence
_NAME = 60
_EFFECTS = {"blocks": "✗", "weakens": "!", "note": "?"}
_ORDER = ("blocks", "weakens", "note")


class Entry(NamedTuple):
    """A row. `word` names the state of `sign`; the last four fields are the subject of the row."""

    sign: str
    code: str
    name: str
    word: str
    exchange: Exchange | None = None
    cause: Cause | None = None
    check: CheckRow | None = None
    alone: Alone | None = None


def entries(report: Report) -> list[Entry]:
    """List causes and exchanges without a cause, then past causes, then the other findings."""
    by_id = {exchange.id: exchange for exchange in report.exchanges}
    listed: list[Entry] = [_of_alone(report, report.alone)] if report.alone is not None else []
    for exchange in sentences.in_order(report) if report.alone is None else ():
        sign, _ = sentences.verdict(report, exchange)
        causes = sentences.causes_of(report, exchange)
        if not causes or (sign == "✓" and causes[0].confidence == "suspected"):
            name = clip(visible(exchange.target_name), _NAME)
            word: str = exchange.prediction
            if sign == "✓" and sentences.opened_by(report, exchange):
                sign, word = "!", "accepted, too wide"
            listed.append(Entry(sign, CLOUDS[exchange.cloud], name, word, exchange))
        listed += [_of_cause(cause, exchange) for cause in causes]
    past = [cause for cause in report.causes if cause.status == "past"]
    listed += [_of_cause(cause, by_id[cause.exchange]) for cause in past if cause.exchange in by_id]
    codes = {cause.code for cause in report.causes}
    failed = [row for row in report.checks if row.status == "failed" and row.code not in codes]
    listed += [_of_check(row) for row in sorted(failed, key=lambda row: _ORDER.index(row.effect))]
    listed += [_of_check(row) for row in report.checks if row.status == "broken"]
    return listed


def _of_alone(report: Report, alone: Alone) -> Entry:
    """The row of the answer to one thing; its code is that of the likeliest cause, which `x` explains."""
    sign, _ = answer_alone.headline(report)
    return Entry(sign, "", f"{alone.thing.replace('-', ' ')} alone", "", alone=alone)


def _of_cause(cause: Cause, exchange: Exchange) -> Entry:
    word: str = cause.confidence
    sign = "?" if cause.confidence == "suspected" else "✗"
    if cause.status == "past":
        sign, word = "–", "past"
    elif cause.position == "next":
        word = f"next, {word}"
    return Entry(sign, visible(cause.code), visible(cause.name), word, exchange, cause)


def _of_check(row: CheckRow) -> Entry:
    sign, word = {
        "failed": (_EFFECTS[row.effect], row.effect),
        "broken": ("!", "broken"),
        "passed": ("✓", "passed"),
        "skipped": ("–", "skipped"),
    }[row.status]
    return Entry(sign, visible(row.code), visible(row.name), word, None, None, row)


def checks_without_findings(report: Report) -> list[Entry]:
    """List the checks without findings: passed, then skipped."""
    return [_of_check(row) for status in ("passed", "skipped") for row in report.checks if row.status == status]


def detail(sheet: Sheet, report: Report, entry: Entry, *, decision: bool = True, verbose: bool = False) -> None:
    """Write the details of a row: sentence, both sides, fix, trace (`decision`), history."""
    if entry.cause is not None and entry.exchange is not None:
        _cause(sheet, report, entry.exchange, entry.cause, decision=decision, verbose=verbose)
    elif entry.exchange is not None:
        _exchange(sheet, report, entry.exchange, decision=decision, verbose=verbose)
    elif entry.check is not None:
        _check(sheet, entry.check)
    elif entry.alone is not None:
        _said(sheet, report, entry, entry.word)
        answer_alone.describe(sheet, entry.alone, verbose=verbose)


def sentence(report: Report, entry: Entry) -> tuple[str, str]:
    """Return sign and sentence of a row."""
    exchange, cause, check = entry.exchange, entry.cause, entry.check
    if entry.alone is not None:
        return answer_alone.headline(report)
    if cause is not None and exchange is not None:
        where = f"{sentences.name(report, exchange)}: " if len(report.exchanges) > 1 else ""
        if cause.status == "past":
            return entry.sign, sentences.earlier(report, cause)
        if (
            cause is next(iter(sentences.causes_of(report, exchange)), None)
            and sentences.verdict(report, exchange)[0] not in "✓!"
        ):
            return sentences.verdict(report, exchange)
        lead = "perhaps " if cause.confidence == "suspected" else "next: " if cause.position == "next" else ""
        return entry.sign, f"{where}{lead}{sentences.reason(cause)}."
    if exchange is not None:
        sign, text = sentences.verdict(report, exchange)
        return "!" if sign == "✓" and sentences.opened_by(report, exchange) else sign, text
    if check is not None and check.findings:
        return entry.sign, visible(check.findings[0].message)
    return entry.sign, visible((check.reason or check.name) if check is not None else entry.name)


def _said(sheet: Sheet, report: Report, entry: Entry, tag: str) -> None:
    sign, text = sentence(report, entry)
    sheet.say(shortened(text, _LONG), lead=f"{sign} ", style=sentences.SIGN_STYLES[sign], tag=tag, bold=True)


def _cause(sheet: Sheet, report: Report, exchange: Exchange, cause: Cause, *, decision: bool, verbose: bool) -> None:
    entry = _of_cause(cause, exchange)
    _said(sheet, report, entry, entry.word)
    sheet.gap()
    began = _began(sheet, report, exchange, cause)
    facts.clause(sheet, report, cause, verbose=verbose)
    facts.sides_read_in(sheet, report, cause, verbose=verbose)
    if cause.status == "active":
        sheet.gap()
        fixes.fix(sheet, report, cause, verbose=verbose, beside=not verbose)
    if decision:
        tree.decision(sheet, exchange)
    sheet.gap()
    facts.errors(sheet, report, exchange)
    facts.history(sheet, report, exchange, cause, since=not began)
    sheet.gap()
    facts.target(sheet, report, exchange, cause)
    sheet.row("cause", f"{visible(cause.code)} {visible(cause.name)}")
    if exchange.assumed:
        sheet.row("assumed", "; ".join(visible(text) for text in exchange.assumed))


def _began(sheet: Sheet, report: Report, exchange: Exchange, cause: Cause) -> bool:
    """Write since when the exchange fails, and who changed what; return whether that is known."""
    if cause.timing.since:
        sheet.row("since", attempts.since(report, exchange, cause))
    if cause.timing.change:
        sheet.row("changed", writes.brief(cause.timing.change, report.evaluated_at))
    sheet.gap()
    return bool(cause.timing.since)


def _exchange(sheet: Sheet, report: Report, exchange: Exchange, *, decision: bool, verbose: bool) -> None:
    _said(sheet, report, Entry("", "", "", "", exchange), exchange.prediction)
    sheet.gap()
    facts.describe(sheet, report, exchange, None, verbose=verbose)
    if decision:
        tree.decision(sheet, exchange)


def _check(sheet: Sheet, row: CheckRow) -> None:
    entry = _of_check(row)
    for finding in row.findings:
        sheet.say(
            shortened(visible(finding.message), _LONG),
            lead=f"{entry.sign} ",
            style=sentences.SIGN_STYLES[entry.sign],
            tag=entry.word,
            bold=True,
        )
        sheet.gap()
        facts.sides(sheet, finding.expected, finding.actual, now="")
        facts.read_in(sheet, finding.expected, finding.actual)
        write_fix(sheet, finding)
        sheet.gap()
    if not row.findings:
        text = shortened(visible(row.reason or row.name), _LONG)
        sheet.say(text, lead=f"{entry.sign} ", style=sentences.SIGN_STYLES[entry.sign], tag=entry.word, bold=True)
        sheet.gap()
    sheet.row("check", f"{visible(row.code)} {visible(row.name)}")


# Fixes and commands to copy


def write_fix(sheet: Sheet, finding: FindingRow) -> None:
    """Write the fix of a check's finding, with its commands."""
    if finding.fix:
        sheet.row("fix", visible(finding.fix))
    for command in filter(visible_command, finding.commands):
        sheet.lines += [" " * (sheet.hang + 2) + line for line in command_lines(command, sheet.room - 2)]


def edit_of(report: Report, entry: Entry) -> list[FixRow]:
    """Return the rows of the verified edit for a row of the list; empty without one."""
    return fixes.edit_of(report, entry.cause) if entry.cause is not None else []


def to_fix(report: Report, entry: Entry) -> Entry:
    """Return the row whose fix belongs to a row: of an accepted exchange that of the check that found it open."""
    if entry.sign != "!" or entry.exchange is None:
        return entry
    return next(map(_of_check, sentences.opened_by(report, entry.exchange)), entry)


def text_to_copy(report: Report, entry: Entry) -> tuple[str, str]:
    """Return the text to copy for a row and its kind: "command", "fix in words", or "" without a fix.

    A command with an invisible character is not offered: it would do something that the user cannot see.
    """
    entry = to_fix(report, entry)
    if entry.cause is not None and entry.cause.status == "past":
        return "", ""  # a past cause needs no fix
    if entry.cause is not None:
        edit = edit_of(report, entry)
        commands = fixes.commands(entry.cause, edit)
        if commands and all(visible_command(command) for command in commands):
            gaps = [gap for row in edit for gap in row.gaps]
            fill_in = f", fill in {', '.join(dict.fromkeys(gaps))}" if gaps else ""
            return "\n".join(commands), ("command" if len(commands) == 1 else f"{len(commands)} commands") + fill_in
        return visible(fixes.sentence(entry.cause, edit) or entry.cause.settle), "fix in words"
    if entry.alone is not None:
        runs = [one.run for one in entry.alone.commands if visible_command(one.run)]
        return next(iter(runs), ""), "command"
    if entry.check is not None:
        runs = [run for finding in entry.check.findings for run in finding.commands]
        if runs and all(visible_command(run) for run in runs):
            runs = list(dict.fromkeys(runs))
            return "\n".join(runs), "command" if len(runs) == 1 else f"{len(runs)} commands"
        words = [visible(finding.fix) for finding in entry.check.findings if finding.fix]
        return "\n".join(dict.fromkeys(words)), "fix in words"
    return "", ""
