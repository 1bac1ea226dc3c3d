"""A report as text: the verdict first, then its evidence, then the evidence that was not read.

The words are the same on a terminal and in a pipe. Rendering imports little, and only from the standard library,
because reports are often run in a loop.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from oidc_doctor.report.parts import attempts, facts, fixes, sentences, steps
from oidc_doctor.report.parts.commands import command_lines, visible_command
from oidc_doctor.report.parts.escape import as_written, gapless, visible
from oidc_doctor.report.parts.lines import Sheet, clip, columns, shortened, wrap
from oidc_doctor.report.parts.times import moment, period

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.model.alone import Alone
    from oidc_doctor.model.expectations import Expectations
    from oidc_doctor.model.health import Health
    from oidc_doctor.model.report import Cause, CheckRow, Exchange, Report

_NARROWEST, _WIDEST = 40, 120
_LONG = 400  # characters of a finding's message
_NAMES = 120  # characters of the names of the targets
_ENDING = 12  # the column of the text of the last rows
_INNER = 15  # the column of the text of an item
_FEW_CAUSES, _MANY_CAUSES = 5, 50  # further causes of an exchange with one code; the second with -v
_FEW_FINDINGS = 3  # findings of a check, unless verbose
_EFFECTS = {"blocks": "✗", "weakens": "!", "note": "?"}


def render_text(report: Report, *, width: int, color: bool, verbose: bool = False, quiet: bool = False) -> str:
    """Return the report in lines of at most `width` columns (40 to 120), except for words of commands.

    `quiet` writes only the verdict; `verbose` adds every step, check and signature. Ends with a newline.
    """
    sheet = Sheet(max(_NARROWEST, min(width, _WIDEST)), color=color)
    for obstacle in report.obstacles:
        from oidc_doctor.report.parts import obstacles  # late: of live runs alone

        obstacles.write(sheet, obstacle, quiet=quiet)
    if not quiet:
        _head(sheet, list(filter(None, title(report))))
        sheet.gap()
    several = len(report.exchanges) != 1
    if report.proposed is not None and not _proposed(sheet, report, verbose=verbose, quiet=quiet):
        return _lines(sheet)
    if report.alone is not None:
        _alone(sheet, report, report.alone, verbose=verbose, quiet=quiet)
    elif several or report.verdict == "broken":
        sign, sentence = sentences.headline(report)
        sentence = gapless(shortened(sentence, _LONG))
        sheet.say(sentence, lead=f"{sign} ", style=sentences.SIGN_STYLES[sign], bold=True)
    for exchange in sentences.in_order(report) if report.alone is None or verbose else ():
        _exchange(sheet, report, exchange, verbose=verbose, quiet=quiet)
    if report.comparisons or report.account:
        from oidc_doctor.report.parts import tables  # late: rarely needed

        tables.comparisons(sheet, report, verbose=verbose)
        tables.account(sheet, report)
    if not quiet:
        timeline(sheet, report, verbose=verbose)
        volumes(sheet, report)
        also(sheet, report, verbose=verbose)
        if verbose:
            _attempts(sheet, report)
            _checks(sheet, report)
        _ending(sheet, report, verbose=verbose)
    return _lines(sheet)


def _lines(sheet: Sheet) -> str:
    return "\n".join(line.rstrip() for line in sheet.lines) + "\n"


def _proposed(sheet: Sheet, report: Report, *, verbose: bool, quiet: bool) -> bool:
    """Write the answer to a change; return whether the report on the present follows it."""
    from oidc_doctor.report.parts import proposed  # late: most reports are about the present alone

    sign, sentence = sentences.first_line(report)
    sentence = gapless(shortened(sentence, _LONG))
    sheet.say(sentence, lead=f"{sign} ", style=sentences.SIGN_STYLES[sign], bold=True)
    if quiet:
        return False
    proposed.write(sheet, report, verbose=verbose)
    sheet.gap()
    if not verbose:
        _ending(sheet, report, verbose=False)
    return verbose


def render_health_text(health: Health, *, width: int, color: bool, verbose: bool = False, quiet: bool = False) -> str:
    """Return a health run in lines of at most `width` columns; "" for a `quiet` one in which nothing changed."""
    from oidc_doctor.report.parts import health as parts  # late: a report needs none of it

    if quiet and not parts.has_news(health):
        return ""
    sheet = Sheet(max(_NARROWEST, min(width, _WIDEST)), color=color)
    parts.write(sheet, health, verbose=verbose)
    return _lines(sheet)


def render_expect_text(
    run: Expectations, *, width: int, color: bool, verbose: bool = False, quiet: bool = False
) -> str:
    """Return a run of `expect` in lines of at most `width` columns; `quiet` leaves out what is met."""
    from oidc_doctor.report.parts import expect as parts  # late: a report needs none of it

    sheet = Sheet(max(_NARROWEST, min(width, _WIDEST)), color=color)
    parts.write(sheet, run, verbose=verbose, quiet=quiet)
    return "\n".join(line.rstrip() for line in sheet.lines) + "\n"


def _alone(sheet: Sheet, report: Report, answer: Alone, *, verbose: bool, quiet: bool) -> None:
    """Write the answer to one thing that was given alone."""
    from oidc_doctor.report.parts import alone  # late: most reports are on more than one thing

    sign, sentence = alone.headline(report)
    sheet.say(sentence, lead=f"{sign} ", style=sentences.SIGN_STYLES[sign], bold=True)
    if not quiet:
        alone.describe(sheet, answer, verbose=verbose)


def _head(sheet: Sheet, parts: list[str]) -> None:
    """Write the first line; on a narrow sheet it breaks between two parts. No line begins with a stranger's word."""
    lead = line = ""
    for index, part in enumerate(map(gapless, parts)):
        if line and columns(f"{lead}{line} · {part}") > sheet.width:
            _head_line(sheet, line, lead)
            lead, line = "· " if index == 1 else "", part  # the names of the targets are not our words
        else:
            line = f"{line} · {part}" if line else part
    _head_line(sheet, line, lead)


def _head_line(sheet: Sheet, line: str, lead: str) -> None:
    first, *more = wrap(line, sheet.width - 2) if columns(lead + line) > sheet.width else [line]
    sheet.lines += [lead + first, *(f"  {rest}" for rest in more)]


def title(report: Report) -> list[str]:
    """Return the parts of the first line: tool, targets, instant, window of the logs."""
    names = list(dict.fromkeys(exchange.target_name for exchange in report.exchanges))
    tool = f"{report.tool.get('name', 'oidc-doctor')} {report.tool.get('version', '')}".strip()
    return [
        clip(visible(tool), _NAMES),
        clip(visible(", ".join(filter(None, names))), _NAMES),
        moment(report.evaluated_at),
        sentences.window(report),
    ]


def _exchange(sheet: Sheet, report: Report, exchange: Exchange, *, verbose: bool, quiet: bool) -> None:
    alone = len(report.exchanges) == 1
    cause = main_cause(report, exchange)
    sign, sentence = sentences.verdict(report, exchange)
    if alone and report.headline and report.verdict != "broken":
        sentence = sentences.headline(report)[1]
    if not quiet:
        sheet.gap()
    tag = cause.confidence if cause is not None else ""
    sentence = gapless(shortened(sentence, _LONG))
    sheet.say(sentence, lead=f"{sign} ", style=sentences.SIGN_STYLES[sign], tag=tag, bold=True)
    if quiet:
        return
    sheet.gap()
    facts.describe(sheet, report, exchange, cause, verbose=verbose)
    if cause is not None:
        is_open = cause.confidence == "suspected"  # what would confirm it comes before the fix
        if is_open:
            facts.reasons(sheet, report, exchange, cause, verbose=verbose)
        sheet.gap()
        fixes.fix(sheet, report, cause, verbose=verbose)
        fixes.expect(sheet, report, exchange, cause)
        sheet.gap()
        if not is_open:
            facts.reasons(sheet, report, exchange, cause, verbose=verbose)
            sheet.gap()
    facts.context(sheet, report, exchange, cause, verbose=verbose)
    facts.addresses(sheet, report, exchange, cause, verbose=verbose)
    sheet.gap()
    if verbose:
        steps.steps(sheet, exchange)
        steps.accesses(sheet, exchange)
        _claims(sheet, exchange)
    else:
        steps.path(sheet, exchange, "path")
        steps.needs(sheet, exchange)


def main_cause(report: Report, exchange: Exchange) -> Cause | None:
    """Return the main cause of an exchange; a suspicion against an accepted token is listed further down."""
    cause = next(iter(sentences.causes_of(report, exchange)), None)
    if cause is not None and cause.confidence == "suspected" and sentences.verdict(report, exchange)[0] in "✓!":
        return None
    return cause


def _claims(sheet: Sheet, exchange: Exchange) -> None:
    claims = exchange.token.get("claims")
    if isinstance(claims, dict) and claims:
        sheet.gap()
        for index, (name, value) in enumerate(claims.items()):
            sheet.row("claims" if not index else "", shortened(visible(f"{name} = {as_written(value)}"), _LONG))


def timeline(sheet: Sheet, report: Report, *, verbose: bool) -> None:
    """Write the timeline if an outcome changed."""
    if not report.timeline:
        return
    from oidc_doctor.report.parts.timeline import lines  # late: most reports have no logs

    shown, omitted = lines(report, verbose=verbose)
    if not shown:
        return
    sheet.gap()
    sheet.lines.append("  " + sheet.paint("Timeline", "bold") + "  (UTC; ◆ is a write)")
    room = min(max(columns(line.when) for line in shown), sheet.width // 2 - 4)
    for line in shown:
        lead = f"{clip(line.when, room):<{room}}  {line.sign} "
        sheet.say(shortened(line.text, _LONG), indent=4, lead=lead, style=sentences.SIGN_STYLES.get(line.sign, ""))
    if omitted:
        sheet.say(f"and {omitted:,} more: -v", indent=4)


def volumes(sheet: Sheet, report: Report) -> None:
    """Write the attempts by day, which only large logs have."""
    if not report.volumes:
        return
    from oidc_doctor.report.parts.volumes import lines  # late: most reports have no logs

    sheet.gap()
    sheet.lines.append("  " + sheet.paint("Volumes", "bold") + "  (attempts a day, UTC)")
    sheet.lines += lines(report, sheet.width)


def also(sheet: Sheet, report: Report, *, verbose: bool) -> None:
    """Write the other findings: further causes, past causes, weaknesses, notes."""
    before = len(sheet.lines)
    sheet.gap()
    sheet.lines.append("  " + sheet.paint("Also", "bold"))
    empty = len(sheet.lines)
    alike: Counter[tuple[str, str, str, str]] = Counter()
    most = _MANY_CAUSES if verbose else _FEW_CAUSES
    for cause, above in further_causes(report, verbose=verbose):
        kind = (cause.exchange, cause.code, cause.status, cause.confidence)
        alike[kind] += 1
        if alike[kind] <= most:
            _further(sheet, report, cause, above, verbose=verbose)
    for (_, code, status, confidence), number in alike.items():
        if number > most:
            sign = "–" if status == "past" else "?" if confidence == "suspected" else "✗"
            _item(sheet, sign, code, f"{number - most:,} more of this kind; --format json lists them all")
    has_cause = any(main_cause(report, exchange) for exchange in report.exchanges)
    for row in other_checks(report):
        main = (row.effect == "weakens" or row.early) and not has_cause
        _finding(sheet, row, verbose=verbose, main=main)
        if report.fixes:
            from oidc_doctor.report.parts import narrowed  # late: most reports have no open trust

            narrowed.edit(sheet, report, row, _INNER, verbose=verbose, whole=verbose or main)
    for row in report.checks:
        if row.status == "broken":
            _item(sheet, "!", row.code, f"this check broke, a fault of oidc-doctor: {visible(row.reason)}")
    if len(sheet.lines) == empty:
        del sheet.lines[before:]


def further_causes(report: Report, *, verbose: bool) -> Iterator[tuple[Cause, list[Cause]]]:
    """Yield each cause that is not the main one of its exchange, with the causes that were written above it."""
    main = {id(main_cause(report, exchange)) for exchange in report.exchanges}
    written: set[tuple[object, ...]] = set()
    above = [cause for cause in report.causes if id(cause) in main]
    for cause in report.causes if report.alone is None else ():
        if cause.is_remark and not verbose:
            continue  # a row of the exchange says it
        key = (cause.code, cause.status, cause.clause, cause.expected, cause.actual, cause.timing.since)
        if id(cause) not in main and key not in written:
            written.add(key)
            yield cause, list(above)
            above.append(cause)


def other_checks(report: Report) -> list[CheckRow]:
    """Return the failed checks that are not causes: those that block first, notes last."""
    codes = {cause.code for cause in report.causes}
    order = ["blocks", "weakens", "note"]
    failed = [row for row in report.checks if row.status == "failed" and row.code not in codes]
    return sorted(failed, key=lambda row: order.index(row.effect))


def _item(sheet: Sheet, sign: str, code: str, text: str, tag: str = "") -> None:
    lead = f"{sign}  {clip(visible(code), 12):<6}  "
    sheet.say(shortened(text, _LONG), indent=4, lead=lead, style=sentences.SIGN_STYLES[sign], tag=tag)


def _further(sheet: Sheet, report: Report, cause: Cause, above: list[Cause], *, verbose: bool) -> None:
    """Write a further cause without repeating the facts of the causes `above` it."""
    exchange = next((entry for entry in report.exchanges if entry.id == cause.exchange), None)
    if exchange is None:
        return
    inner = Sheet(sheet.width, color=sheet.color, indent=_INNER)
    sign, words, tag = of_further(report, exchange, cause)
    _item(sheet, sign, cause.code, words, tag=tag)
    if cause.status == "past":
        inner.row("cause", f"{clip(visible(cause.code), 12)} {visible(cause.name)}")
    facts.clause(inner, report, cause, verbose=verbose)
    facts.sides_read_in(inner, report, cause, verbose=verbose)
    same = [other for other in above if other.exchange == cause.exchange and other.status == cause.status]
    if verbose or not any(_history(other) == _history(cause) for other in same):
        facts.history(inner, report, exchange, cause)
    again = any(other.code == cause.code for other in same) and not verbose
    if cause.status == "active" and cause.confidence != "suspected" and not again:
        fixes.fix(inner, report, cause, above=True)
    sheet.lines += inner.lines


def of_further(report: Report, exchange: Exchange, cause: Cause) -> tuple[str, str, str]:
    """Return sign, words and tag of a cause that is not the main one."""
    where = f"{sentences.name(report, exchange)}: " if len(report.exchanges) > 1 else ""
    why = sentences.reason(cause)
    if cause.status == "past":
        return "–", sentences.earlier(report, cause), "past"
    if cause.confidence == "suspected":
        return "?", f"{where}perhaps {why}", cause.confidence
    lead = "" if cause.position == "first" else "next: "
    return "✗", f"{where}{lead}{why}", cause.confidence


def _history(cause: Cause) -> tuple[object, ...]:
    timings = (
        cause.timing.since,
        cause.timing.until,
        cause.timing.change,
        cause.timing.token_change,
        cause.timing.repairs_refused,
        cause.confirmed_by,
    )
    return (*timings, cause.settle, cause.contradicts_observed)


def _finding(sheet: Sheet, row: CheckRow, *, verbose: bool, main: bool) -> None:
    """Write a check's findings, with the fix unless the `main` cause has one."""
    findings = row.findings if verbose else row.findings[:_FEW_FINDINGS]
    if not findings:
        _item(sheet, _EFFECTS[row.effect], row.code, visible(row.reason or row.name))
    for finding in findings:
        _item(sheet, _EFFECTS[row.effect], row.code, visible(finding.message))
        inner = Sheet(sheet.width, color=sheet.color, indent=_INNER)
        if verbose:
            facts.sides(inner, finding.expected, finding.actual, now="")
        if verbose or main:
            facts.read_in(inner, None, finding.actual, verbose=verbose)
            if finding.fix:
                inner.row("fix", visible(finding.fix))
            for command in filter(visible_command, finding.commands):
                inner.lines += [" " * (inner.hang + 2) + line for line in command_lines(command, inner.room - 2)]
        sheet.lines += inner.lines
    if len(findings) < len(row.findings):
        sheet.say(f"and {len(row.findings) - len(findings)} more of this: -v", indent=_INNER)


def _attempts(sheet: Sheet, report: Report) -> None:
    if not report.attempts:
        return
    sheet.gap()
    sheet.lines.append("  " + sheet.paint("Logged attempts", "bold"))
    now = report.evaluated_at
    for row in attempts.without_repeats(report.attempts):
        sign = {"refused": "✗", "accepted": "✓"}.get(row.outcome, "?")
        seen_in = period(row.first_seen, row.last_seen, now)
        why = "".join(f", {clip(visible(reason), _NAMES)}" for reason in (row.error, row.cause) if reason)
        text = f"{attempts.counted(row)}, {seen_in}{why}: {attempts.whose(row)}"
        sheet.say(shortened(text, _LONG), indent=4, lead=f"{sign}  ", style=sentences.SIGN_STYLES[sign])


def _checks(sheet: Sheet, report: Report) -> None:
    if not report.checks:
        return
    sheet.gap()
    sheet.lines.append("  " + sheet.paint("Checks", "bold"))
    signs = {"passed": "✓", "failed": "✗", "skipped": "–", "broken": "!"}
    for row in report.checks:
        if row.status == "skipped":
            continue
        reason = f": {visible(row.reason)}" if row.reason else ""
        lead = f"{signs[row.status]} {row.status:<8} {clip(visible(row.code), 12):<6}  "
        sheet.say(shortened(f"{visible(row.name)}{reason}", _LONG), indent=4, lead=lead)
        for line in row.traceback.splitlines():
            sheet.say(shortened(visible(line), _LONG), indent=8)
    for reason, codes in sentences.skipped(report.checks):
        sheet.say(f"{shortened(reason, _LONG)}: {', '.join(codes)}", indent=4, lead=f"– {'skipped':<8} ")


def _ending(sheet: Sheet, report: Report, *, verbose: bool) -> None:
    sheet.gap()
    from oidc_doctor.report.parts.coverage import coverage  # late: a quiet report has no ending

    rows = coverage(report, logs=verbose, missing=verbose, brief=not verbose)
    counts = sentences.checks(report.checks)
    rows += [("Checks", counts)] if counts else []
    rows += [("Warning", shortened(visible(warning), _LONG)) for warning in report.warnings]
    above = ""
    for label, text in rows:
        first, *more = wrap(text, sheet.width - _ENDING - 2)  # continuation lines are indented further
        sheet.say(first, indent=2, lead=f"{label if label != above else '':<10}")
        sheet.lines += [" " * (_ENDING + 2) + line for line in more]
        above = label
    for index, line in enumerate(command_lines(report.command, sheet.width - _ENDING - 2) if report.command else ()):
        sheet.lines.append(f"  {'Command' if not index else '':<10}{line}")
    sheet.say(sentences.more(report), indent=2, lead=f"{'More':<10}")
