"""The parts of an exchange on a page: its path, both sides of the difference, facts and fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.model.secret_texts import without_secrets_in
from oidc_doctor.report import text
from oidc_doctor.report.html_parts.rows import Piece, Row, Rows
from oidc_doctor.report.parts import facts, fixes, links, sentences, steps
from oidc_doctor.report.parts.commands import command_lines, visible_command
from oidc_doctor.report.parts.cut import LONG, cut_place, cut_text
from oidc_doctor.report.parts.escape import as_written, exact, visible
from oidc_doctor.report.parts.lines import clip, shortened
from oidc_doctor.report.parts.pair import difference, is_cut, pair, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oidc_doctor.model.refusal import Side
    from oidc_doctor.model.report import Cause, Exchange, FixRow, Report
    from oidc_doctor.report.parts.links import Link

_COLUMNS = 96  # of a command, as in a ticket: a browser breaks longer words, and they are copied whole
_ROOM = 400  # characters of a value that are shown around its difference
_NAME = 120  # characters of a name
_WHERE = {"target", "role", "provider", "find it", "allows"}
_STATES = {"✗": "bad", "✓": "good", "?": "open", "!": "warn", "–": "past"}  # the classes of the style sheet
_WORDS = {"✗": "Refused", "✓": "Accepted", "?": "Unknown", "!": "Accepted, open to others", "–": "Past"}


class Verdict(NamedTuple):
    """A sign and its words."""

    sign: str
    sentence: str
    tag: str = ""  # proven, predicted, suspected

    @property
    def state(self) -> str:
        """The class of the style sheet."""
        return _STATES[self.sign]

    @property
    def word(self) -> str:
        """The sign in words, for readers who do not see it."""
        return _WORDS[self.sign]


class Step(NamedTuple):
    """A step of the path."""

    title: str
    state: str
    sign: str
    word: str
    note: str
    at: str


class Value(NamedTuple):
    """A side of a difference: pieces of its text, and whether each belongs to the difference."""

    label: str
    pieces: list[tuple[str, bool]]
    in_full: str = ""  # if the pieces are a part of it


class Sides(NamedTuple):
    """What a clause expects and what it gets."""

    clause: str
    values: list[Value]
    difference: str
    read_in: list[Row]


class Edit(NamedTuple):
    """An edit of one document."""

    headline: str  # of the second and further ones
    file: str  # of an edit that no command makes
    diff: Piece | None
    commands: list[Piece]


class Fix(NamedTuple):
    """The fix of a cause."""

    label: str
    words: str
    edits: list[Edit]
    commands: list[Piece]  # without an edit, those of the check
    notes: list[Row]
    after: list[Row]  # verify and undo
    terraform: list[Piece]
    has_invisible: bool


class Call(NamedTuple):
    """A call that the workload makes with its session."""

    sign: str
    state: str
    decision: str
    action: str
    resource: str
    why: str


class Section(NamedTuple):
    """An exchange."""

    anchor: str
    name: str
    verdict: Verdict
    resource: str
    path: list[Step]
    stopped_at: str
    facts: list[Row]
    happened: bool  # whether they are about a time
    sides: Sides | None
    fix: Fix | None
    reasons: list[Row]
    context: list[Row]
    calls: list[Call]
    claims: list[tuple[str, str]]
    steps: list[Step]
    links: list[Link]
    documents: list[tuple[str, str]]


def section(report: Report, exchange: Exchange, anchor: str) -> Section:
    """Return an exchange for its place on the page."""
    cause = text.main_cause(report, exchange)
    sign, sentence = sentences.verdict(report, exchange)
    before, why, context = Rows(), Rows(), Rows()
    if cause is None:
        facts.describe(before, report, exchange, None, verbose=True)
    else:
        if exchange.allows:
            from oidc_doctor.report.parts import asks  # late: most reports have a token

            asks.allows(before, exchange.allows, verbose=True)
        facts.changes(before, report, exchange, cause)
        facts.resource(before, report, exchange)
        facts.reasons(why, report, exchange, cause, verbose=True)
    facts.context(context, report, exchange, cause, verbose=True)
    every = [_step(exchange, at) for at in range(len(exchange.steps))]
    hidden = {at for at, step in enumerate(exchange.steps) if step.id in ("configure", "obtain")}
    refusing = next((step.title for step in every if step.state == "refused"), "")
    return Section(
        anchor=anchor,
        name=sentences.name(report, exchange),
        verdict=Verdict(sign, shortened(sentence, LONG), cause.confidence if cause is not None else ""),
        resource=cut_text(exchange.resource or "") or "not named",
        path=[step for at, step in enumerate(every) if at not in hidden or step.state == "refused"],
        stopped_at=refusing,
        facts=before.rows,
        happened=cause is not None and not {row.label for row in before.rows} <= _WHERE,
        sides=None if cause is None else sides_of(report, cause),
        fix=None if cause is None else fix_of(report, cause, exchange),
        reasons=[row for row in why.rows if row.label != "read in"],  # below the sides
        context=context.rows,
        calls=list(_calls(exchange)),
        claims=_claims(exchange),
        steps=every,
        links=links.links(report, exchange, cause),
        documents=list(cause.named.documents) if cause is not None else [],
    )


def _step(exchange: Exchange, at: int) -> Step:
    step = exchange.steps[at]
    sign, word, _ = sentences.STATES[step.state]
    place = cut_place(step.at) if step.at else ""
    return Step(sentences.title(exchange, step.id), step.state, sign, word, cut_text(step.note), place)


def _calls(exchange: Exchange) -> Iterable[Call]:
    for row in exchange.accesses:
        sign = {"allowed": "✓", "denied": "✗"}.get(row.decision, "?")
        why = [steps.decided_by(row)]
        why += [f"to confirm: {cut_text(row.note)}"] if row.note else []
        why += [f"{cut_text(row.second.by)} says: {row.second.decision}"] if row.second is not None else []
        words = "; ".join(filter(None, why))
        action, resource = clip(visible(row.need.action), _NAME), cut_text(str(row.need.resource))
        yield Call(sign, _STATES[sign], row.decision, action, resource, words)


def _claims(exchange: Exchange) -> list[tuple[str, str]]:
    claims = exchange.token.get("claims")
    if not isinstance(claims, dict):
        return []
    return [
        (clip(visible(str(name)), _NAME), cut_text(as_written(value)))
        for name, value in without_secrets_in(claims).items()
    ]


# Both sides


def sides_of(report: Report, cause: Cause, *, read_in: bool = True) -> Sides | None:
    """Return the deciding clause of a cause with both of its sides."""
    places = Rows()
    if read_in:
        facts.sides_read_in(places, report, cause, verbose=True)
    shown = facts.shown_sides(cause)
    return _sides(facts.clause_text(cause), *shown, report.evaluated_at, facts.wants(cause), places)


def sides_of_finding(expected: Side | None, actual: Side | None) -> Sides | None:
    """Return both sides of a finding of a check."""
    places = Rows()
    facts.read_in(places, None, actual, verbose=True)
    return _sides("", expected, actual, "", "expects", places)


def _sides(clause: str, expected: Side | None, actual: Side | None, now: str, wants: str, places: Rows) -> Sides | None:
    is_marked = facts.is_marked(expected, actual)
    rows = pair(expected, actual, _ROOM) if is_marked else []
    labels = {"expected": wants, "actual": facts.label_of(expected, actual, now)}
    values = []
    for kind, side in (("expected", expected), ("actual", actual)):
        if side is None:
            continue
        whole = shortened(exact(side.value), LONG)
        if not is_marked:
            values.append(Value(labels[kind], [(whole, False)]))
            continue
        lines = [pieces for name, pieces in rows if name == kind or (name == "more" and rows[0][0] == kind)]
        in_full = whole if is_cut(side, kind, rows) else ""
        values.append(Value(labels[kind], _joined([piece for line in lines for piece in line]), in_full))
    if not (clause or values or places.rows):
        return None
    return Sides(clause, values, difference(expected, actual) if is_marked else "", places.rows)


def _joined(pieces: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """Return the pieces with neighbours of one kind joined; an empty marked one is a place where text is missing."""
    joined: list[tuple[str, bool]] = []
    for words, differs in pieces:
        if joined and words and joined[-1][1] == differs and plain(joined[-1:]):
            joined[-1] = (joined[-1][0] + words, differs)
        else:
            joined.append((words, differs))
    return joined


# The fix


def fix_of(report: Report, cause: Cause, exchange: Exchange | None = None) -> Fix | None:
    """Return the fix of a cause; with its `exchange`, also the event that shows it at work."""
    rows = fixes.edit_of(report, cause)
    words = fixes.sentence(cause, rows)
    commands = fixes.commands(cause, rows)
    if not words and not commands:
        return None
    notes = [_row(label, note) for label, note in fixes.notes(rows)]
    if exchange is not None and (rows or cause.named.commands):
        notes.append(_row("expect", fixes.expected(exchange, cause)))
    return Fix(
        label="If so" if cause.confidence == "suspected" else "Fix",
        words=cut_text(words),
        edits=[edit(row, is_first=not index) for index, row in enumerate(rows)],
        commands=[] if any(row.commands for row in rows) else [command(line) for line in commands],
        notes=notes,
        after=[
            Row(label, [command(line) for line in listed])
            for label, listed in fixes.after(rows, verbose=True)
            if not isinstance(listed, str)
        ],
        terraform=[
            Piece("command", [visible(line) for line in row.terraform.split("\n")]) for row in rows if row.terraform
        ],
        has_invisible=not all(map(visible_command, commands)),
    )


def edit(row: FixRow, *, is_first: bool = True) -> Edit:
    """Return the edit of one document."""
    lines = [cut_text(line) for line in row.diff.split("\n") if line.strip()]
    return Edit(
        "" if is_first else cut_text(row.headline),
        cut_text(row.file) if row.file and not row.commands else "",
        Piece("diff", lines) if lines else None,
        [command(line) for line in row.commands],
    )


def command(line: str) -> Piece:
    """Return a command in lines that can be pasted."""
    return Piece("command", command_lines(line, _COLUMNS))


def _row(label: str, words: str) -> Row:
    return Row(label, [Piece("text", [cut_text(words)])])
