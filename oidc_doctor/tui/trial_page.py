"""The page of the What-if screen: the decision, the other affected subjects, the steps, and the diff."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from oidc_doctor.report.parts import facts, sentences, tree
from oidc_doctor.report.parts.commands import command_lines, visible_command
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip, shortened, wrap
from oidc_doctor.tui.widgets.page_view import STYLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from oidc_doctor.findings.strangers import EditReach
    from oidc_doctor.model.report import Exchange, Report
    from oidc_doctor.model.steps import State
    from oidc_doctor.report.parts.lines import Sheet
    from oidc_doctor.whatif.ask import Answer, WhatIf
    from oidc_doctor.whatif.edits import Problem
    from oidc_doctor.whatif.parts import PartId

_MOST_NAMED = 3  # subjects
_LONGEST_LINE = 600  # characters
_TITLE = 16  # columns of a step's name
_CLOUDS = {"aws": "AWS", "gcp": "GCP"}
_STATE = 15  # columns of a step's state


def _report_of(report: Report, answer: Answer) -> Report:
    """The report on this answer alone, from which the verdict and the clause are worded."""
    exchange = answer.exchange
    return dataclasses.replace(
        report,
        exchanges=[exchange] if exchange is not None else [],
        causes=list(answer.causes),
        checks=[],
        fixes=[],
        attempts=[],
        observed=[],
    )


def outcome(answer: Answer) -> tuple[str, str]:
    """Return the sign and the words of a decision: `refused at trust policy`."""
    exchange = answer.exchange
    if exchange is None:
        return "?", "unreadable"
    if exchange.prediction == "accepted" and _is_denied(exchange):
        return "✗", f"denied at {sentences.title(exchange, 'permission')}"
    sign = {"accepted": "✓", "refused": "✗", "unknown": "?"}[exchange.prediction]
    words: str = {"unknown": "undecided"}.get(exchange.prediction, exchange.prediction)
    return sign, f"{words} at {sentences.title(exchange, exchange.step)}" if exchange.step else words


def _is_denied(exchange: Exchange) -> bool:
    """Whether the exchange works and a call of its session does not."""
    return any(step.id == "permission" and step.state == "refused" for step in exchange.steps)


def status_line(what_if: WhatIf, answer: Answer, *, pasted: bool) -> Content:
    """Return the status line: exchange, verdict as read, verdict after edits. `pasted`: the token was pasted."""
    sign, words = outcome(what_if.present)
    before = "with the pasted token" if pasted else "as read"
    parts: list[tuple[str, str]] = [
        (f"{_CLOUDS[what_if.cloud]} · {visible(what_if.case.evidence.target.name)}  ", ""),
        (f"{before} ", STYLES["dim"]),
        (f"{sign} {words}", STYLES[sentences.SIGN_STYLES[sign]]),
    ]
    if answer.edits:
        sign, words = outcome(answer)
        parts += [("  →  edited ", STYLES["dim"]), (f"{sign} {words}", STYLES[sentences.SIGN_STYLES[sign]])]
    return Content.assemble(*parts)


def problem_lines(problems: Sequence[Problem]) -> Content:
    """Return the problems of the edited texts, one per line."""
    styles = {"unreadable": STYLES["bad"], "refused": STYLES["bad"], "note": STYLES["dim"]}
    lead = {"unreadable": "✗ ", "refused": "! would not be stored: ", "note": "· "}
    lines = [(f"{lead[problem.kind]}{visible(str(problem))}\n", styles[problem.kind]) for problem in problems]
    return Content.assemble(*lines).rstrip()


class Shown(NamedTuple):
    """The content of the page."""

    what_if: WhatIf
    answer: Answer
    part: PartId  # the part whose text is in the editor
    reach: EditReach | None
    pasted: bool  # the token was pasted
    low: bool  # the terminal is low: unchanged steps share one line


def write(sheet: Sheet, report: Report, shown: Shown) -> None:
    """Write the answer, compared with the decision on what was read."""
    what_if, answer, part, reach, pasted, low = shown
    exchange = answer.exchange
    if exchange is None:
        sheet.say("Correct the text to see the decision.", lead="? ", style="yellow", bold=True)
        _diff(sheet, what_if, answer, part)
        return
    answer_report = _report_of(report, answer)
    sign, sentence = sentences.verdict(answer_report, exchange)
    sheet.say(sentence, lead=f"{sign} ", style=sentences.SIGN_STYLES[sign], bold=True)
    _reach(sheet, reach)
    cause = next(iter(answer.causes), None)
    if cause is not None and (exchange.prediction != "accepted" or _is_denied(exchange)):
        sheet.gap()
        facts.clause(sheet, answer_report, cause, verbose=False)
        facts.sides_read_in(sheet, answer_report, cause, verbose=False)
        if len(answer.causes) > 1:
            further_reasons = "; ".join(sentences.reason(other) for other in answer.causes[1:4])
            sheet.row("then", further_reasons)
    if not answer.edits:
        sheet.gap()
        sheet.say("Nothing is edited yet. " + ("The token is the pasted one. " if pasted else "") + _HOW)
    _steps(sheet, what_if, answer, low=low)
    _diff(sheet, what_if, answer, part)
    tree.decision(sheet, exchange)
    sheet.gap()
    sheet.say("Nothing is ever written to a cloud: w writes the text to a file, and names the command.")


_HOW = "Press Enter to edit the text, Esc to leave it; the decision follows as you type."


def _reach(sheet: Sheet, reach: EditReach | None) -> None:
    if reach is None:
        return
    owners = "of other tenants, teams, issuers and audiences"  # as in the proof of a proposed edit
    if reach.newly_accepted:
        sheet.say(
            f"It also accepts {len(reach.newly_accepted)} of {reach.tried} synthetic tokens {owners}: "
            + _named(map(str, reach.newly_accepted)),
            lead="! ",
            style="bad",
        )
    elif reach.tried:
        sheet.say(f"{reach.tried} synthetic tokens {owners} are still refused.", lead="✓ ", style="green")
    if reach.opens_to:
        number = len(reach.opens_to)
        workloads = "workload of the team passes" if number == 1 else "workloads of the team pass"
        sheet.say(
            f"{number} other synthetic {workloads} with it: " + _named(map(str, reach.opens_to)), lead="  ", style="dim"
        )
    if reach.newly_refused:
        sheet.say(
            f"It refuses {len(reach.newly_refused)} of {reach.logged} subjects that the logs show as accepted: "
            + _named(reach.newly_refused),
            lead="! ",
            style="bad",
        )
    elif reach.logged:
        sheet.say(
            f"{reach.logged} subjects that the logs show as accepted are still accepted.", lead="✓ ", style="green"
        )


def _named(subjects: Iterable[str]) -> str:
    subjects = tuple(subjects)
    more = ", …" if len(subjects) > _MOST_NAMED else ""
    return ", ".join(clip(visible(subject), 120) for subject in subjects[:_MOST_NAMED]) + more


def _steps(sheet: Sheet, what_if: WhatIf, answer: Answer, *, low: bool) -> None:
    """Write each step before and after the edits, side by side, with a mark at each changed step."""
    exchange = answer.exchange
    rows = [row for row in what_if.steps(answer) if row.id not in ("obtain", "configure") or row.changed]
    asks_nothing = exchange is None or not exchange.accesses
    rows = [row for row in rows if row.id != "permission" or not asks_nothing or row.before.state == "refused"]
    listed = [row for row in rows if row.changed] if low else rows
    sheet.gap()
    if listed:
        edited = " edited" if answer.edits else ""
        sheet.lines.append(sheet.paint(f"  {'step':<{_TITLE}} {'as read':<{_STATE}}{edited}", "dim"))
    for row in listed:
        mark = sheet.paint("▶ ", "yellow") if row.changed else "  "
        title = sheet.paint(f"{clip(row.title, _TITLE):<{_TITLE}} ", "bold" if row.changed else "")
        after = _state(sheet, row.after.state) if row.after is not None and answer.edits else ""
        sheet.lines.append(mark + title + _state(sheet, row.before.state) + " " + after)
    if low and answer.edits:
        unchanged = ", ".join(f"{row.title} {sentences.STATES[row.before.state][0]}" for row in rows if not row.changed)
        if unchanged:
            sheet.say(unchanged, lead="  as before: ", style="dim")


def _state(sheet: Sheet, state: State) -> str:
    sign, word, style = sentences.STATES[state]
    return sheet.paint(f"{sign} {word:<{_STATE - 2}}", style)


def _diff(sheet: Sheet, what_if: WhatIf, answer: Answer, part: PartId) -> None:
    lines = what_if.diff(answer.edits, part)
    if not lines:
        return
    sheet.gap()
    sheet.lines.append(sheet.paint("the edit", "dim"))
    for line in lines:
        style = {"+": "green", "-": "red", "@": "dim"}.get(line[:1], "")
        for wrapped in wrap(shortened(visible(line), _LONGEST_LINE), max(sheet.width - 2, 1)):
            sheet.lines.append("  " + sheet.paint(wrapped, style))


def written(sheet: Sheet, path: str, commands: Sequence[str]) -> None:
    """Write the path of the exported text, and the commands that store it."""
    sheet.say(f"Written to {visible(path)}.", lead="✓ ", style="good", bold=True)
    sheet.gap()
    sheet.say("To store it, run this yourself:" if commands else "There is nothing to store: the text is unchanged.")
    for command in commands:
        sheet.gap()
        for line in command_lines(command, sheet.width - 2):
            lead = "  " + line[: len(line) - len(line.lstrip())]
            sheet.say(line.lstrip(), lead=lead)
        if not visible_command(command):
            sheet.say("The command contains invisible characters, so it is not copied.", indent=2)
