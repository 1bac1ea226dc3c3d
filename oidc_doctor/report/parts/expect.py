"""The lines of a run of `expect`: one for each expectation, and below one that is not met its cause and next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.model.annotation import Annotation, Level
from oidc_doctor.model.steps import CLOUDS
from oidc_doctor.report.parts import facts, sentences
from oidc_doctor.report.parts.commands import command_lines, visible_command
from oidc_doctor.report.parts.cut import cut_place, cut_text
from oidc_doctor.report.parts.escape import gapless, visible
from oidc_doctor.report.parts.lines import Sheet, clip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oidc_doctor.model.expectations import ExpectationResult, Expectations, Outcome, StrangerResult

SIGNS: dict[Outcome, str] = {"met": "✓", "broken": "✗", "unknown": "?"}
_NAME = 120  # characters of a name
_FEW_STRANGERS = 6  # unless verbose
_OUTCOMES: tuple[Outcome, ...] = ("met", "broken", "unknown")


def write(sheet: Sheet, run: Expectations, *, verbose: bool, quiet: bool) -> None:
    """Write the run; `quiet`: only what is not met, and the last line."""
    heads = list(dict.fromkeys(head(result) for result in run.results))
    for place, (title, name) in enumerate(heads):
        rows = [result for result in run.results if head(result) == (title, name)]
        shown = [result for result in rows if not quiet or result.outcome != "met"]
        if not shown:
            continue
        if place and not quiet:
            sheet.gap()
        sheet.say(gapless(title))
        if name:
            sheet.say(gapless(cut_text(name)), indent=2)
        for result in shown:
            _result(sheet, result, verbose=verbose, now=run.evaluated_at)
    if not quiet:
        sheet.gap()
        if run.assumed:
            sheet.say(gapless(cut_text("; ".join(run.assumed))), lead="assumed  ", style="dim")
        for warning in run.warnings:
            sheet.say(gapless(cut_text(warning)), lead="! ", style="yellow")
    sheet.say(summary(run))


def head(result: ExpectationResult) -> tuple[str, str]:
    """Return the line above the results of a table on a target and cloud, and the table's name."""
    resource = result.resource if result.resource not in ("", result.target) else ""
    parts = [CLOUDS[result.cloud], clip(visible(result.target), _NAME), cut_place(resource) if resource else ""]
    return " · ".join(filter(None, parts)), result.name


def summary(run: Expectations) -> str:
    """Return the last line: `expectations: 3 met, 1 broken, 1 unknown`."""
    return f"expectations: {', '.join(f'{run.count(outcome):,} {outcome}' for outcome in _OUTCOMES)}"


def subject_line(result: ExpectationResult) -> str:
    """Return what is expected, in one visible line: `must be accepted: repo:…`."""
    if result.expects != "strangers":
        return case_name(result)
    noun = "synthetic token" if result.tried == 1 else "synthetic tokens"
    return f"{case_name(result)}: {result.tried:,} {noun} tried"


def case_name(result: ExpectationResult) -> str:
    """Return what is expected, the same in each run of a file, by which a test page recognises it."""
    if result.expects == "strangers":
        return "strangers must be refused"
    shown = cut_text(result.written)
    if result.subject and result.expects in ("accepted", "refused") and result.subject != result.written:
        shown += f" → {cut_text(result.subject)}"
    return f"must be {result.expects}: {shown}"


def sentence(result: ExpectationResult) -> str:
    """Return why it is not met, as a visible sentence; "" for one that is met."""
    reason = result.reason or (sentences.refusal_sentence(result.cause) if result.cause is not None else "")
    return cut_text(reason)


def _result(sheet: Sheet, result: ExpectationResult, *, verbose: bool, now: str) -> None:
    sign = SIGNS[result.outcome]
    sheet.say(
        gapless(subject_line(result)),
        lead=f"{sign} ",
        style=sentences.SIGN_STYLES[sign],
        tag=result.outcome,
    )
    if result.audience and (
        verbose or result.outcome != "met" or not result.audience_from.startswith(("fixed", "usual"))
    ):
        sheet.row("audience", f"{cut_text(result.audience)} ({visible(result.audience_from)})")
    if result.outcome == "met":
        return
    sheet.say(gapless(sentence(result)), indent=4)
    if result.cause is not None:
        _cause(sheet, result, verbose=verbose, now=now)
    for stranger in result.strangers if verbose else result.strangers[:_FEW_STRANGERS]:
        sheet.row(stranger.decision, stranger_line(stranger))
    if not verbose and len(result.strangers) > _FEW_STRANGERS:
        sheet.row("", f"and {len(result.strangers) - _FEW_STRANGERS:,} more; -v lists them")
    if result.place is not None and result.cause is None:
        sheet.row("read in", cut_place(str(result.place)))
    for row in result.unknown_values if len(result.unknown_values) > 1 else ():
        sheet.row("open", cut_text(f"{row.address}: {row.attribute}"))
        if row.settled_by != result.fix:
            sheet.row("", cut_text(row.settled_by))
    if result.fix:
        sheet.row("next", cut_text(result.fix))
    for command in result.commands:
        if visible_command(command):
            sheet.command(command_lines(command, sheet.width - 8), 8)
    actual = result.cause.refusal.actual if result.cause is not None else None
    if actual is None or actual.at is None or actual.at.file != result.at.file:
        sheet.row("entry", cut_place(str(result.at)))


def _cause(sheet: Sheet, result: ExpectationResult, *, verbose: bool, now: str) -> None:
    named = result.cause
    if named is None:
        return
    refusal = named.refusal
    clause = " · ".join(refusal.clause.parts)
    if clause and clause not in named.headline:
        sheet.row("clause", cut_text(clause))
    wants = "excludes" if refusal.fact("excluded") else "expects"
    facts.sides(sheet, refusal.expected, refusal.actual, now=now, known={result.subject}, wants=wants)
    certainty = "predicted" if refusal.certain else "suspected"
    sheet.row("cause", f"{visible(named.code)} {visible(named.name)} ({certainty})")
    at = str(refusal.where) if refusal.where is not None else None
    facts.read_in(sheet, refusal.expected, refusal.actual, at, verbose=verbose)


def stranger_line(stranger: StrangerResult) -> str:
    """Return a stranger in one visible line."""
    differs = stranger.audience if stranger.who == "another audience" else stranger.issuer or stranger.subject
    return f"{visible(stranger.who)}: {cut_text(differs)}"


def annotations_of(run: Expectations) -> list[Annotation]:
    """Return an annotation for each expectation that is not met: at its line, and at the clause that decides.

    A place outside of the working folder, such as a file of an archive, is in no file that a runner shows.
    """
    rows = [list(_annotations(result)) for result in run.results if result.outcome != "met"]
    first = sorted((row[0] for row in rows), key=lambda row: row.level)  # a runner shows ten: the errors first
    return [*first, *(annotation for row in rows for annotation in row[1:])]


def _annotations(result: ExpectationResult) -> Iterator[Annotation]:
    level: Level = "error" if result.outcome == "broken" else "warning"
    title = f"{result.target}: {result.outcome}: {subject_line(result)}"
    text = " ".join(filter(None, (sentence(result), cut_text(result.fix))))
    at = result.at if result.at in result.in_folder else None
    yield Annotation(level, title, text, at.file if at is not None else "", at.line if at is not None else None)
    place = result.place
    if place is not None and place in result.in_folder and place.file != result.at.file:
        decides = f"{result.cause.code} {result.cause.name}" if result.cause is not None else "decided here"
        yield Annotation("notice", f"{result.target}: {decides}", text, place.file, place.line)


def facts_of(result: ExpectationResult) -> Sequence[tuple[str, str]]:
    """Return labels and visible values of what is not met, for a format without columns."""
    rows: list[tuple[str, str]] = []
    if result.cause is not None:
        refusal = result.cause.refusal
        rows.append(("cause", f"{result.cause.code} {result.cause.name}"))
        rows.append(("clause", " · ".join(refusal.clause.parts)))
        for label, side in (("expects", refusal.expected), ("found", refusal.actual)):
            if side is not None:
                rows.append((label, side.value))
    rows += [(stranger.decision, stranger_line(stranger)) for stranger in result.strangers]
    rows.append(("read in", str(result.place) if result.place is not None else ""))
    rows.append(("audience", f"{result.audience} ({result.audience_from})" if result.audience else ""))
    rows += [("open", f"{row.address}: {row.attribute}. {row.settled_by}") for row in result.unknown_values]
    rows.append(("next", result.fix))
    rows.append(("entry", str(result.at)))
    return [(label, cut_text(value)) for label, value in rows if value]
