"""What a what-if says, on a sheet: the decision, whom else it concerns, the steps before and after, the difference."""

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
    from collections.abc import Sequence

    from oidc_doctor.findings.strangers import EditReach
    from oidc_doctor.model.report import Report
    from oidc_doctor.model.steps import State
    from oidc_doctor.report.parts.lines import Sheet
    from oidc_doctor.whatif.ask import Answer, PartId, Problem, WhatIf

_MOST_SHOWN = 3  # subjects by name
_LONG = 600  # characters of a line
_TITLE = 16
_CLOUDS = {"aws": "AWS", "gcp": "GCP"}
_STATE = 15


def answered(report: Report, answer: Answer) -> Report:
    """The report as it would be of this answer alone, for the words that the report has."""
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
    """Sign and words of a decision: refused at trust policy."""
    exchange = answer.exchange
    if exchange is None:
        return "?", "unreadable"
    sign = {"accepted": "✓", "refused": "✗", "unknown": "?"}[exchange.prediction]
    told: str = {"unknown": "cannot be told"}.get(exchange.prediction, exchange.prediction)
    return sign, f"{told} at {sentences.title(exchange, exchange.step)}" if exchange.step else told


def bar(trial: WhatIf, answer: Answer, *, own_token: bool) -> Content:
    """Whose exchange it is, what was read, and what stands there now, in one line."""
    sign, told = outcome(trial.present)
    read = "with the pasted token" if own_token else "as read"
    whose = f"{_CLOUDS[trial.cloud]} · {visible(trial.case.evidence.target.name)}  "
    parts: list[tuple[str, str]] = [
        (whose, ""),
        (f"{read} ", STYLES["dim"]),
        (f"{sign} {told}", STYLES[sentences.SIGN_STYLES[sign]]),
    ]
    if answer.edits:
        sign, told = outcome(answer)
        parts += [("  →  edited ", STYLES["dim"]), (f"{sign} {told}", STYLES[sentences.SIGN_STYLES[sign]])]
    return Content.assemble(*parts)


def problem_lines(problems: Sequence[Problem]) -> Content:
    """What is wrong with the texts, a line each."""
    styles = {"unreadable": STYLES["bad"], "refused": STYLES["bad"], "note": STYLES["dim"]}
    lead = {"unreadable": "✗ ", "refused": "! would not be stored: ", "note": "· "}
    lines = [(f"{lead[one.kind]}{visible(str(one))}\n", styles[one.kind]) for one in problems]
    return Content.assemble(*lines).rstrip()


class Shown(NamedTuple):
    """What the page is about. `own_token`: the token is one that was pasted."""

    trial: WhatIf
    answer: Answer
    part: PartId  # the text in the editor
    whom: EditReach | None
    own_token: bool
    low: bool  # there is little room: steps that go as before share a line


def write(sheet: Sheet, report: Report, shown: Shown) -> None:
    """The whole answer beside the present one."""
    trial, answer, part, whom, own, low = shown
    exchange = answer.exchange
    if exchange is None:
        sheet.say("There is no decision until the text can be read.", lead="? ", style="yellow", bold=True)
        _difference(sheet, trial, answer, part)
        return
    judged = answered(report, answer)
    sign, sentence = sentences.verdict(judged, exchange)
    sheet.say(sentence, lead=f"{sign} ", style=sentences.SIGN_STYLES[sign], bold=True)
    _whom(sheet, whom)
    cause = next(iter(answer.causes), None)
    if cause is not None and exchange.prediction != "accepted":
        sheet.gap()
        facts.clause(sheet, judged, cause, whole=False)
        if len(answer.causes) > 1:
            more = "; ".join(sentences.reason(one) for one in answer.causes[1:4])
            sheet.row("then", more)
    if not answer.edits:
        sheet.gap()
        sheet.say("Nothing is edited yet. " + ("The token is the pasted one. " if own else "") + _HOW)
    _steps(sheet, trial, answer, low=low)
    _difference(sheet, trial, answer, part)
    tree.decision(sheet, exchange)
    sheet.gap()
    sheet.say("Nothing is ever written to a cloud: w writes the text to a file, and names the command.")


_HOW = "Press Enter to edit the text, Esc to leave it; the decision follows as you type."


def _whom(sheet: Sheet, whom: EditReach | None) -> None:
    if whom is None:
        return
    if whom.let_in:
        sheet.say(
            f"It also lets in {len(whom.let_in)} of {whom.foreign} made-up subjects of other tenants and teams: "
            + _named(whom.let_in),
            lead="! ",
            style="bad",
        )
    elif whom.foreign:
        sheet.say(f"{whom.foreign} made-up subjects of other tenants and teams stay out.", lead="✓ ", style="green")
    if whom.shut_out:
        sheet.say(
            f"It shuts out {len(whom.shut_out)} of {whom.seen} subjects that the logs show as accepted: "
            + _named(whom.shut_out),
            lead="! ",
            style="bad",
        )
    elif whom.seen:
        sheet.say(f"{whom.seen} subjects that the logs show as accepted still pass.", lead="✓ ", style="green")


def _named(subjects: tuple[str, ...]) -> str:
    more = ", …" if len(subjects) > _MOST_SHOWN else ""
    return ", ".join(clip(visible(one), 120) for one in subjects[:_MOST_SHOWN]) + more


def _steps(sheet: Sheet, trial: WhatIf, answer: Answer, *, low: bool) -> None:
    """Each step before and after, side by side; those that go another way stand out."""
    rows = [one for one in trial.steps(answer) if one.id not in ("obtain", "configure", "permission") or one.changed]
    rows = [one for one in rows if one.id != "permission" or one.before.state == "refused"]
    shown = [one for one in rows if one.changed] if low else rows
    sheet.gap()
    if shown:
        edited = " edited" if answer.edits else ""
        sheet.lines.append(sheet.paint(f"  {'step':<{_TITLE}} {'as read':<{_STATE}}{edited}", "dim"))
    for row in shown:
        mark = sheet.paint("▶ ", "yellow") if row.changed else "  "
        title = sheet.paint(f"{clip(row.title, _TITLE):<{_TITLE}} ", "bold" if row.changed else "")
        after = _state(sheet, row.after.state) if row.after is not None and answer.edits else ""
        sheet.lines.append(mark + title + _state(sheet, row.before.state) + " " + after)
    if low and answer.edits:
        kept = ", ".join(f"{one.title} {sentences.STATES[one.before.state][0]}" for one in rows if not one.changed)
        if kept:
            sheet.say(kept, lead="  as before: ", style="dim")


def _state(sheet: Sheet, state: State) -> str:
    sign, word, style = sentences.STATES[state]
    return sheet.paint(f"{sign} {word:<{_STATE - 2}}", style)


def _difference(sheet: Sheet, trial: WhatIf, answer: Answer, part: PartId) -> None:
    lines = trial.diff(answer.edits, part)
    if not lines:
        return
    sheet.gap()
    sheet.lines.append(sheet.paint("the edit", "dim"))
    for line in lines:
        style = {"+": "green", "-": "red", "@": "dim"}.get(line[:1], "")
        for text in wrap(shortened(visible(line), _LONG), max(sheet.width - 2, 1)):
            sheet.lines.append("  " + sheet.paint(text, style))


def written(sheet: Sheet, path: str, commands: Sequence[str]) -> None:
    """Where the text was written, and what a person would run to store it."""
    sheet.say(f"Written to {visible(path)}.", lead="✓ ", style="good", bold=True)
    sheet.gap()
    sheet.say("To store it, run this yourself:" if commands else "There is nothing to store: it is as it was read.")
    for command in commands:
        sheet.gap()
        sheet.lines += [f"  {line}" for line in command_lines(command, sheet.width - 2)]
        if not visible_command(command):
            sheet.say("The command holds characters that are not seen, so it is not copied.", indent=2)
