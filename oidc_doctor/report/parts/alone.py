"""The answer to one thing alone: its facts, the possible causes, and the commands, as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.report.parts import sentences
from oidc_doctor.report.parts.commands import command_lines
from oidc_doctor.report.parts.cut import LONG, cut_text
from oidc_doctor.report.parts.escape import as_lines, gapless, visible
from oidc_doctor.report.parts.lines import Sheet, clip, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.model.alone import Alone, Part
    from oidc_doctor.model.report import Report

_LABEL = 14
_FEW = 8  # causes, unless verbose
_NAME = 40


def headline(report: Report) -> tuple[str, str]:
    """Return sign and sentence. An answer to one thing accepts nothing, so its sign is never that of a pass."""
    sign, sentence = sentences.headline(report)
    return "?" if sign == "✓" else sign, gapless(shortened(sentence, LONG))


def describe(sheet: Sheet, alone: Alone, *, verbose: bool, commands: bool = True) -> None:
    """Write the parts, the causes and what to do next. `commands` False leaves the commands to the caller."""
    for part in alone.parts:
        _part(sheet, part)
    if alone.causes:
        _title(sheet, causes_title(alone))
        for code, text in cause_lines(alone, verbose=verbose):
            sheet.say(text, indent=4, lead=f"{code:<8}")
        if alone.order:
            sheet.say(f"Order: {_text(alone.order)}.", indent=4)
    if alone.commands and commands:
        _title(sheet, commands_title(alone))
        for number, one in enumerate(alone.commands, 1):
            sheet.say(_text(one.why), indent=4, lead=f"{number}  ")
            sheet.lines += [" " * 7 + line for line in command_lines(as_lines(one.run), sheet.width - 7)]
    if alone.ask:
        sheet.gap()
        sheet.say(_text(alone.ask), indent=2, lead=f"{'Next':<10}", bold=True)


def causes_title(alone: Alone) -> str:
    """Return the title of the possible causes: how they are ordered."""
    is_ranked = bool(alone.order) or len(alone.causes) == 1
    order = "the most likely first" if is_ranked else "in the order of the steps"
    return f"Possible causes, {order}" if len(alone.causes) + len(alone.further) > 1 else "Cause"


def commands_title(alone: Alone) -> str:
    """Return the title of the commands: what they are for."""
    if alone.thing in ("trust-policy", "provider"):
        return "Try it"
    if alone.causes and alone.thing != "event":
        return "Distinguish them" if len(alone.causes) > 1 else "Look at it"
    return "Find the other half"


def cause_lines(alone: Alone, *, verbose: bool) -> Iterator[tuple[str, str]]:
    """Yield code and words of each cause, then the codes of those that are possible as well."""
    shown = alone.causes if verbose else alone.causes[:_FEW]
    for cause in shown:
        yield clip(visible(cause.code), 12), f"{clip(visible(cause.name), _NAME)}: {_text(cause.when)}"
    rest = [*(cause.code for cause in alone.causes[len(shown) :]), *alone.further]
    if rest:
        yield "", f"possible as well: {', '.join(map(visible, rest))} (oidc-doctor explain CODE)"


def _part(sheet: Sheet, part: Part) -> None:
    _title(sheet, visible(part.title))
    above = ""
    for line in part.lines:
        label = clip(visible(line.label), _LABEL)
        lead = f"{line.sign or ' '} {label if label != above else '':<{_LABEL}} "
        sheet.say(_text(line.text), indent=2, lead=lead, style=sentences.SIGN_STYLES.get(line.sign, ""))
        above = label


def _title(sheet: Sheet, title: str) -> None:
    sheet.gap()
    sheet.lines.append("  " + sheet.paint(title, "bold"))


def _text(text: str) -> str:
    return gapless(cut_text(text))
