"""A report as the values of its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.model.secret_texts import without_secrets_in
from oidc_doctor.model.steps import CLOUDS
from oidc_doctor.report import text
from oidc_doctor.report.html_parts.chart import Chart, chart_of
from oidc_doctor.report.html_parts.rows import Piece, Row, Rows
from oidc_doctor.report.html_parts.sections import (
    Edit,
    Fix,
    Section,
    Sides,
    Verdict,
    command,
    edit,
    fix_of,
    section,
    sides_of,
    sides_of_finding,
)
from oidc_doctor.report.parts import alone, attempts, facts, obstacles, proposed, sentences, tables, timeline
from oidc_doctor.report.parts.coverage import coverage
from oidc_doctor.report.parts.cut import LONG, cut_place, cut_text
from oidc_doctor.report.parts.escape import as_written, visible
from oidc_doctor.report.parts.lines import Sheet, clip, shortened
from oidc_doctor.report.parts.times import period

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oidc_doctor.model.alone import Alone
    from oidc_doctor.model.obstacle import Obstacle
    from oidc_doctor.model.report import AttemptRow, Cause, CheckRow, Report
    from oidc_doctor.report.parts.timeline import Line

_OPEN = 3  # exchanges whose details are unfolded
_MOST = 400  # rows of a table; the JSON has all
_MOST_DAYS = 31  # columns of the attempts by day
_COLUMNS = 100
_NAME = 120
_EFFECTS = {"blocks": ("✗", "bad", "Blocks"), "weakens": ("!", "warn", "Weakens"), "note": ("?", "open", "Note")}
_WORDS = {"healthy": "Accepted", "refused": "Refused", "unknown": "Unknown", "broken": "A check broke"}
_OF_CHANGES = {
    "✓": "No access lost",
    "✗": "Check before you apply",
    "?": "Unknown",
    "!": "Check before you apply",
}  # words on a change
_CLASSES = {"✗": "bad", "✓": "good", "?": "open", "!": "warn"}
_OUTCOMES = {"refused": ("✗", "bad"), "accepted": ("✓", "good")}


class Further(NamedTuple):
    """A finding that is not the main cause of an exchange."""

    sign: str
    state: str
    word: str
    code: str
    name: str
    text: str
    tag: str = ""
    sides: Sides | None = None
    rows: Sequence[Row] = ()
    fix: Fix | None = None
    edits: Sequence[Edit] = ()  # proven, of a trust that is open
    proof: str = ""
    is_unfolded: bool = False  # its edit
    traceback: Sequence[str] = ()


class Attempt(NamedTuple):
    """A signature of logged attempts."""

    sign: str
    state: str
    outcome: str
    number: int
    calls: str
    seen_in: str
    whose: str
    reason: str


class Volume(NamedTuple):
    """The attempts of a workload with one outcome, by day."""

    name: str
    outcome: str
    counts: list[int]


class Answer(NamedTuple):
    """The answer to one thing that was given alone."""

    parts: list[tuple[str, list[tuple[str, str, str, str]]]]  # title; sign, class, label, text
    causes_title: str
    causes: list[tuple[str, str]]
    order: str
    commands_title: str
    commands: list[tuple[str, Piece]]
    ask: str


class Change(NamedTuple):
    """A part of the answer to a change: each item with the class of its sign, its diff as a piece."""

    title: str
    items: list[tuple[proposed.Item, str, Piece | None]]
    omitted: int


@dataclass
class Page:
    """A report."""

    title: list[str]
    verdict: Verdict
    word: str  # the verdict on all exchanges
    obstacles: list[tuple[str, list[tuple[str, Piece]]]]
    answer: Answer | None
    changes: list[Change]  # of --with
    present: tuple[str, str, str] | None  # sign, class and sentence on the present, next to a change
    sections: list[Section]
    open_sections: int  # how many of them are unfolded
    chart: Chart | None
    timeline: list[Line]
    days: list[str]
    volumes: list[Volume]
    further: list[Further]
    comparisons: list[str]
    account: list[tuple[str, str, str, str, str]]  # sign, class, prediction, resource, why
    attempts: list[Attempt]
    omitted_attempts: int
    failed_checks: list[Further]
    passed_checks: list[str]
    skipped_checks: list[tuple[str, list[str]]]
    checks: str  # their numbers
    read: list[tuple[str, str]]  # in short
    coverage: list[tuple[str, str]]
    warnings: list[str]
    targets: list[tuple[str, list[tuple[str, str, str]]]]  # name; key, value, where it was read
    command: Piece | None
    explain: str


def page_of(report: Report) -> Page:
    """Return the page of a report."""
    sign, sentence = alone.headline(report) if report.alone is not None else sentences.first_line(report)
    sections = [section(report, exchange, f"x{at}") for at, exchange in enumerate(sentences.in_order(report), 1)]
    own = sections[0] if len(sections) == 1 and report.alone is None and report.proposed is None else None
    listed = attempts.without_repeats(report.attempts)
    days, volumes = _volumes(report)
    return Page(
        title=list(filter(None, text.title(report))),
        verdict=Verdict(sign, shortened(sentence, LONG), own.verdict.tag if own is not None else ""),
        word=_word_of(report, own),
        obstacles=[_obstacle(obstacle) for obstacle in report.obstacles],
        answer=_answer(report.alone) if report.alone is not None else None,
        changes=[_change(part) for part in proposed.parts_of(report)],
        present=_present(report) if report.proposed is not None else None,
        sections=sections,
        open_sections=min(len(sections), _OPEN),
        chart=chart_of(report),
        timeline=timeline.lines(report, verbose=True)[0] if report.timeline else [],
        days=days,
        volumes=volumes,
        further=[*_further_causes(report), *_findings(report)],
        comparisons=_comparisons(report),
        account=[_account(row) for row in report.account],
        attempts=[_attempt(report, row) for row in listed[:_MOST]],
        omitted_attempts=max(len(listed) - _MOST, 0),
        failed_checks=[_check(row) for row in report.checks if row.status in ("failed", "broken")],
        passed_checks=[clip(visible(row.code), _NAME) for row in report.checks if row.status == "passed"],
        skipped_checks=[(shortened(reason, LONG), codes) for reason, codes in sentences.skipped(report.checks)],
        checks=sentences.checks(report.checks),
        read=[(label, shortened(words, LONG)) for label, words in coverage(report, brief=True, lister="“Every file”")],
        coverage=[(label, shortened(words, LONG * 4)) for label, words in coverage(report, logs=True, missing=True)],
        warnings=[cut_text(warning) for warning in report.warnings],
        targets=list(_targets(report)),
        command=command(report.command) if report.command else None,
        explain=sentences.explain(report),
    )


# What comes first


def _word_of(report: Report, own: Section | None) -> str:
    if report.proposed is not None and report.verdict != "broken":
        return _OF_CHANGES[report.proposed.sign]
    return own.verdict.word if own is not None and report.verdict != "broken" else _WORDS[report.verdict]


def _change(part: proposed.Part) -> Change:
    return Change(
        part.title,
        [
            (item, _CLASSES.get(item.sign, ""), Piece("diff", list(item.diff)) if item.diff else None)
            for item in part.items
        ],
        part.omitted,
    )


def _present(report: Report) -> tuple[str, str, str] | None:
    sign, sentence = proposed.present_of(report)
    return (sign, _class_of(sign), shortened(sentence, LONG)) if report.exchanges else None


def _obstacle(obstacle: Obstacle) -> tuple[str, list[tuple[str, Piece]]]:
    steps = obstacles.next_steps(obstacle)
    return obstacles.sentence(obstacle), [(label, command(line)) for label, line in steps]


def _answer(answer: Alone) -> Answer:
    return Answer(
        parts=[
            (
                cut_place(part.title),
                [(line.sign, _class_of(line.sign), cut_place(line.label), cut_text(line.text)) for line in part.lines],
            )
            for part in answer.parts
        ],
        causes_title=alone.causes_title(answer) if answer.causes else "",
        causes=list(alone.cause_lines(answer, verbose=True)) if answer.causes else [],
        order=cut_text(answer.order),
        commands_title=alone.commands_title(answer),
        commands=[(cut_text(one.why), command(one.run)) for one in answer.commands],
        ask=cut_text(answer.ask),
    )


def _class_of(sign: str) -> str:
    return Verdict(sign, "").state if sign else ""


# What was found as well


def _further_causes(report: Report) -> Iterator[Further]:
    for cause, above in text.further_causes(report, verbose=True):
        exchange = next((entry for entry in report.exchanges if entry.id == cause.exchange), None)
        if exchange is None:
            continue
        rows = Rows()
        facts.history(rows, report, exchange, cause)
        is_fixed_above = (
            cause.status == "past"
            or cause.confidence == "suspected"
            or any(
                (other.code, other.exchange, other.status) == (cause.code, cause.exchange, cause.status)
                for other in above
            )
        )
        sign, words, tag = text.of_further(report, exchange, cause)
        yield Further(
            sign, _class_of(sign), _word(cause), *_named(cause), shortened(words, LONG),
            tag if cause.status == "active" else "",
            sides_of(report, cause), rows.rows, None if is_fixed_above else fix_of(report, cause),
        )  # fmt: skip


def _word(cause: Cause) -> str:
    return "Past" if cause.status == "past" else "Unknown" if cause.confidence == "suspected" else "Refuses"


def _named(row: Cause | CheckRow) -> tuple[str, str]:
    return clip(visible(row.code), _NAME), clip(visible(row.name), _NAME)


def _findings(report: Report) -> Iterator[Further]:
    is_main = not any(text.main_cause(report, exchange) for exchange in report.exchanges)
    for row in text.other_checks(report):
        sign, state, word = _EFFECTS[row.effect]
        if not row.findings:
            yield Further(sign, state, word, *_named(row), cut_text(row.reason or row.name))
        edits = [fix for fix in report.fixes if row.code in (fix.for_, *fix.also_for) and row.effect != "blocks"]
        own = [fix for fix in edits if fix.for_ == row.code]
        for at, finding in enumerate(row.findings[:_MOST]):
            note = [Row("fix", [Piece("text", [cut_text(finding.fix)])])] if finding.fix else []
            if edits and not own:
                note.append(Row("edit", [Piece("text", [f"the one for {visible(edits[0].for_)} closes this too"])]))
            is_last = at == len(row.findings) - 1
            yield Further(
                sign, state, word, *_named(row), cut_text(finding.message), "",
                sides_of_finding(finding.expected, finding.actual), note, None,
                [edit(fix) for fix in own] if is_last else [],
                "; ".join(cut_text(fix.proof) for fix in own if fix.proof) if is_last else "",
                is_unfolded=is_main and row.effect == "weakens",
            )  # fmt: skip
    yield from (_check(row) for row in report.checks if row.status == "broken")


def _check(row: CheckRow) -> Further:
    """Return a failed or broken check on a line."""
    if row.status == "broken":
        reason = f"this check broke, a fault of oidc-doctor: {cut_text(row.reason)}"
        lines = [cut_text(line) for line in row.traceback.splitlines()]
        return Further("!", "warn", "Broken", *_named(row), reason, traceback=lines)
    sign, state, word = _EFFECTS[row.effect]
    words = "; ".join(visible(finding.message) for finding in row.findings) or visible(row.reason)
    return Further(sign, state, word, *_named(row), shortened(words, LONG))


def _comparisons(report: Report) -> list[str]:
    sheet = Sheet(_COLUMNS)
    tables.comparisons(sheet, report, verbose=True)
    return sheet.lines[1:] if sheet.lines[:1] == [""] else sheet.lines


def _account(row: dict[str, object]) -> tuple[str, str, str, str, str]:
    sign = {"accepted": "✓", "refused": "✗"}.get(str(row["prediction"]), "?")
    why = " · ".join(visible(str(part)) for part in (row["clause"], row["why"]) if part)
    at = f" ({visible(str(row['at']))})" if row["at"] and why else ""
    resource = cut_text(str(row["resource"]))
    return sign, _class_of(sign), visible(str(row["prediction"])), resource, shortened(why + at, LONG)


# The logs


def _attempt(report: Report, row: AttemptRow) -> Attempt:
    sign, state = _OUTCOMES.get(row.outcome, ("?", "open"))
    return Attempt(
        sign, state, visible(row.outcome), row.count,
        f"{CLOUDS[row.cloud]} {attempts.call_of(row.step)}",
        period(row.first_seen, row.last_seen, report.evaluated_at),
        shortened(attempts.whose(row), LONG),
        ", ".join(clip(visible(reason), _NAME) for reason in (row.error, row.cause) if reason),
    )  # fmt: skip


def _volumes(report: Report) -> tuple[list[str], list[Volume]]:
    if not report.volumes:
        return [], []
    first = date.fromisoformat(report.volumes[0]["first_day"])
    number = len(report.volumes[0]["accepted"])
    days = [first + timedelta(days=at) for at in range(number)][-_MOST_DAYS:]
    names = attempts.short_names(sorted({row["family"] for row in report.volumes if row["family"]}))
    listed = []
    for row in report.volumes:
        whose = names.get(row["family"], "subjects that are not known")
        call = f"{CLOUDS[row['cloud']]} {attempts.call_of(row['step'])}"
        name = f"{call}, {whose}, {cut_text(row['target'] or 'an unknown target')}"
        listed += [
            Volume(name, outcome, row[outcome][-_MOST_DAYS:])
            for outcome in ("accepted", "refused", "unknown")
            if any(row[outcome])
        ]
    return [f"{day:%d %b}".lstrip("0") for day in days], listed


# The evidence


def _targets(report: Report) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    for target in map(without_secrets_in, report.target):
        origins = target.get("origins")
        origins = origins if isinstance(origins, dict) else {}
        rows = []
        for key, value in target.items():
            if key in ("name", "origins") or value is None:
                continue
            for name, part in value.items() if isinstance(value, dict) else [("", value)]:
                path = f"{key}.{name}" if name else key
                if part is not None and part != {}:
                    place = cut_place(str(origins.get(path) or ""))
                    rows.append((clip(visible(path), _NAME), cut_text(as_written(part)), place))
        yield clip(visible(str(target.get("name") or "")), _NAME), rows
