"""What a changed document would do, as titled items: the same for text, Markdown and HTML. All texts are visible."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.report.parts import sentences
from oidc_doctor.report.parts.commands import command_lines
from oidc_doctor.report.parts.cut import cut_place, cut_text
from oidc_doctor.report.parts.escape import as_lines, gapless
from oidc_doctor.report.parts.lines import Sheet
from oidc_doctor.report.parts.times import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oidc_doctor.model.proposed import AccessEffect, LaidDocument, OtherEffect, Proposed, WorkloadEffect
    from oidc_doctor.model.report import Report

_FEW, _MANY = 12, 400  # items of a part; the second with -v, and in the other formats
_LEAD = 10  # columns of the word after the sign
_MOST_DIFF = 60  # lines of a diff, unless verbose
_SIGNS = {"loses": "✗", "gains": "✓", "unknown": "?", "keeps": "✓", "refused": "–"}
_WORDS = {"loses": "loses", "gains": "gains", "unknown": "unknown", "keeps": "keeps", "refused": "refused"}
_OF_CALLS = {"loses": "denied", "gains": "allowed", "unknown": "unknown", "keeps": "allowed", "refused": "denied"}


_STATES = {
    "equal": "the present document says the same",
    "open": "its content is not known before the change is made",
    "deleted": "the change deletes it",
}


class Item(NamedTuple):
    """A document, a subject, a call: its sign and word, and what is said below it."""

    sign: str
    word: str
    text: str
    notes: tuple[str, ...] = ()
    diff: tuple[str, ...] = ()


class Part(NamedTuple):
    """Items under one title. `omitted` is how many are left out."""

    title: str
    items: tuple[Item, ...]
    omitted: int = 0


def parts_of(report: Report, *, verbose: bool = True) -> list[Part]:
    """Return the parts of the answer; empty without a change."""
    proposed = report.proposed
    if proposed is None:
        return []
    several = len({row.target for row in proposed.documents}) > 1
    several_reasons = len(proposed.objections) > 1  # the headline has the first
    found = [
        ("Not saved", [Item("✗", "refused", cut_text(text)) for text in proposed.objections if several_reasons]),
        ("Change", _documents(proposed, several=several, verbose=verbose)),
        ("Subjects", [_workload(row, report, several=several) for row in proposed.workloads]),
        ("Calls", [_access(row, several=several) for row in proposed.accesses]),
        ("Other workloads, by synthetic tokens", list(_others(proposed, several=several))),
        ("Open", [Item("?", "unknown", cut_text(text)) for text in (*proposed.unknown_values, *proposed.incomplete)]),
        ("Notes", [Item("–", "note", cut_text(text)) for text in proposed.notes]),
    ]
    most = _MANY if verbose else _FEW
    return [Part(title, tuple(items[:most]), max(0, len(items) - most)) for title, items in found if items]


def present_of(report: Report) -> tuple[str, str]:
    """Return sign and sentence of the present configuration, without the change."""
    sign, sentence = sentences.present_line(report)
    return sign, gapless(sentence)


def write(sheet: Sheet, report: Report, *, verbose: bool) -> None:
    """Write the parts, then the answer on the present configuration with the command that explains it."""
    for part in parts_of(report, verbose=verbose):
        _title(sheet, part.title)
        for item in part.items:
            _item(sheet, item)
        if part.omitted:
            sheet.say(f"and {part.omitted:,} more: -v", indent=4)
    if report.proposed is not None and report.exchanges:
        _title(sheet, "Without the change")
        sign, sentence = present_of(report)
        sheet.say(sentence, indent=4, lead=f"{sign}  ", style=sentences.SIGN_STYLES.get(sign, ""))
        if report.proposed.present_command and not verbose:
            lines = command_lines(report.proposed.present_command, sheet.width - 7)
            sheet.lines += [" " * 7 + line for line in lines]


def _title(sheet: Sheet, title: str) -> None:
    sheet.gap()
    sheet.lines.append("  " + sheet.paint(title, "bold"))


def _item(sheet: Sheet, item: Item) -> None:
    lead = f"{item.sign}  {item.word:<{_LEAD}}"
    sheet.say(item.text, indent=4, lead=lead, style=sentences.SIGN_STYLES.get(item.sign, ""))
    for note in item.notes:
        sheet.say(note, indent=4 + len(lead))
    inner = Sheet(sheet.width, color=sheet.color, indent=3)
    for line in item.diff:
        inner.changed(line)
    sheet.lines += inner.lines


def _documents(proposed: Proposed, *, several: bool, verbose: bool) -> list[Item]:
    """Return the documents; of several that are equal, their number."""
    equal = [row for row in proposed.documents if row.state == "equal"]
    if len(equal) == 1 or verbose:
        return [_document(row, several=several, verbose=verbose) for row in proposed.documents]
    rows = [row for row in proposed.documents if row.state != "equal"]
    items = [_document(row, several=several, verbose=verbose) for row in rows]
    same = [Item("–", "equal", f"{len(equal):,} documents say the same as the present ones: -v lists them")]
    return [*items, *(same if equal else [])]


def _document(row: LaidDocument, *, several: bool, verbose: bool) -> Item:
    lines = tuple(as_lines(row.diff).split("\n")) if row.diff else ()
    hidden = 0 if verbose else max(0, len(lines) - _MOST_DIFF)
    place = cut_place(row.at or row.file)
    replaces = f", instead of {cut_place(row.replaces)}" if row.replaces else ""
    notes = [f"read in {place}{replaces}"]
    notes += [_STATES[row.state]] if row.state in _STATES else []
    notes += [f"and {hidden} more lines: -v"] if hidden else []
    sign = {"equal": "–", "open": "?"}.get(row.state, "◆")
    return Item(
        sign, row.state, cut_text(row.what) + _of(row.target, several), tuple(notes), lines[: len(lines) - hidden]
    )


def _of(target: str, several: bool) -> str:
    return f" ({cut_place(target)})" if several else ""


def _workload(row: WorkloadEffect, report: Report, *, several: bool) -> Item:
    subject = cut_text(row.subject) if row.subject else "(no subject in the log)"
    notes = list(_seen(row, report))
    where = f" ({cut_place(row.at)})" if row.at else ""
    if row.why and row.effect == "gains":
        notes.append(f"without the change: {cut_text(row.why)}{where}")
    elif row.why:
        notes.append(f"with the change: {cut_text(row.why)}{where}")
    if row.effect == "unknown":
        notes.append(f"without the change {row.before}, with it {row.after}")
    notes += [f"would settle it: {cut_text(row.settle)}"] if row.settle else []
    notes += [f"{cut_text(row.contradiction)}"] if row.contradiction else []
    notes += [f"{cut_text(row.foreign)} than the tokens with access: a stranger"] if row.foreign else []
    return Item(_SIGNS[row.effect], _WORDS[row.effect], subject + _of(row.target, several), tuple(notes))


def _seen(row: WorkloadEffect, report: Report) -> Iterator[str]:
    """Yield how often the logs show a kind of token, and what the user gave."""
    counts = [f"{number:,} {word}" for number, word in ((row.accepted, "accepted"), (row.refused, "refused")) if number]
    kinds = f" with {row.subjects:,} subjects" if row.subjects > 1 else ""
    last = f", last {row.last_outcome} {moment(row.last_seen, report.evaluated_at)}" if row.last_seen else ""
    seen = f"logged{kinds}: {', '.join(counts)}{last}" if counts else ""
    given = "the given token" if row.given else ""
    text = "; ".join(filter(None, (given, seen)))
    if text:
        yield text


def _access(row: AccessEffect, *, several: bool) -> Item:
    where = f" ({cut_place(row.at)})" if row.at else ""
    settles = "would settle it: " if row.effect == "unknown" and row.why else ""
    notes = [f"{settles}{cut_text(row.why)}{where}".strip()] if row.why or where else []
    notes += [f"logged: {row.refused:,} refused"] if row.refused else []
    if row.before != row.after:
        notes.insert(0, f"without the change {row.before}, with it {row.after}")
    text = f"{cut_place(row.action)} on {cut_text(row.resource)}"
    return Item(_SIGNS[row.effect], _OF_CALLS[row.effect], text + _of(row.target, several), tuple(notes))


def _others(proposed: Proposed, *, several: bool) -> Iterator[Item]:
    """Yield the strangers that are accepted or open, that no other is, then neighbours, then who is refused now."""
    strangers = [row for row in proposed.others if row.stranger and row.effect != "loses"]
    for row in strangers:
        yield _other(row, several=several)
    if proposed.tried and not strangers:
        number = f"{proposed.tried:,} token{' was' if proposed.tried == 1 else 's were'}"
        text = f"no stranger is accepted: {number} tried, of other tenants, teams and issuers, and for other audiences"
        yield Item("✓", "none", text)
    if proposed.still_open:
        one = proposed.still_open == 1
        are = "1 token of a stranger is" if one else f"{proposed.still_open:,} tokens of strangers are"
        yield Item("!", "as before", f"{are} accepted with and without the change")
    for row in proposed.others:
        if row.effect == "loses" or not row.stranger:
            yield _other(row, several=several)


def _other(row: OtherEffect, *, several: bool) -> Item:
    sign = {"gains": "✗" if row.stranger else "!", "unknown": "?", "loses": "–"}[row.effect]
    word = {"gains": "accepted", "unknown": "unknown", "loses": "loses"}[row.effect]
    whom = "a stranger" if row.stranger else "a workload of a known owner"
    number = f"; {row.number:,} such tokens were tried" if row.number > 1 else ""
    changed = {"gains": "refused without the change", "loses": "accepted without the change"}.get(row.effect, "")
    notes = [cut_text(row.example), f"{whom}{number}{f'; {changed}' if changed else ''}"]
    return Item(sign, word, cut_text(row.who) + _of(row.target, several), tuple(notes))


def lines_of(items: Sequence[Item]) -> list[str]:
    """Return items as lines of a fenced block."""
    sheet = Sheet(100)
    for item in items:
        _item(sheet, item)
    return [line.removeprefix("    ") for line in sheet.lines]
