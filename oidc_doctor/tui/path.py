"""The exchange as a path of steps, the findings, and what each rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from oidc_doctor.report.parts import sentences, tree
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.rows import listing
from oidc_doctor.tui.frame import ReportScreen
from oidc_doctor.tui.widgets.page_view import STYLES, PaperView, StyledSheet
from oidc_doctor.tui.widgets.sparkline import Pulse
from oidc_doctor.tui.widgets.steps import Steps

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from oidc_doctor.model.report import Exchange, Report
    from oidc_doctor.report.rows.listing import Entry

_GROUPS = {"passed": "✓", "skipped": "–"}


class Findings(OptionList):
    """What was found, the worst first."""

    HELP = (
        "What was found, the worst first: ✗ refuses, ! lets in more than it should, ? is a note or a suspicion, "
        "– is past or was skipped. ↑ and ↓ select, Enter opens the whole finding, y copies its command, f shows its "
        "fix, x explains its cause, / filters. Enter on a number of checks unfolds them."
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "Open", id="findings.open")]


class Filter(Input):
    """Words to look for in codes, names and sentences."""

    HELP = "Type words: rows that hold them all stay, checks that found nothing too. Enter goes to the rows, Esc ends."
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "screen.end_filter", "End filter", id="filter.end")]


class FilteredScreen(ReportScreen):
    """A screen with rows and a Filter with the id `filter` over them."""

    ROWS: ClassVar[str]  # the selector of the rows

    def action_filter(self) -> None:
        """Show the filter and go there."""
        self.query_one("#filter").display = True
        self.query_one("#filter").focus()

    def action_end_filter(self) -> None:
        """All rows again."""
        found = self.query_one(Filter)
        found.value = ""
        found.display = False
        self.query_one(self.ROWS).focus()


class PathScreen(FilteredScreen):
    """The first screen: where the exchange breaks, why, and what to do."""

    MODE: ClassVar[str] = "path"
    ROWS = "Findings"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="filter", key_display="/"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Entry | str] = []  # of the list; a text for a group of checks
        self._judged: list[Exchange] = []
        self._unfolded: set[str] = set()

    def body(self) -> ComposeResult:
        """The path above, the list on the left, the page on the right, the attempts below."""
        yield Steps()
        yield Static("", markup=False, id="step")
        with Horizontal(id="main"):
            with Vertical(id="side"):
                yield Filter(placeholder="filter", id="filter")
                yield Findings(id="findings", markup=False)
            yield PaperView(id="detail")
            yield PaperView(id="decision")
        yield Pulse()

    def on_mount(self) -> None:
        """The list is where the keys go."""
        self.query_one("#filter").display = False
        self.query_one("#step").display = False
        super().on_mount()
        self.query_one(Findings).focus()

    def wait(self) -> None:
        """An empty path, list and page; the path fills first."""
        self._judged, self._rows = [], []
        self._unfolded.clear()
        self.query_one(Steps).show([], None)
        self.query_one(Findings).clear_options()
        for page in self.query(PaperView):
            page.show(_nothing)

    def show_exchange(self, exchange: Exchange) -> None:
        """Its path, before the findings are known."""
        self._judged.append(exchange)
        self.query_one(Steps).show(self._judged, None)

    def show_report(self, report: Report) -> None:
        """Path, list, page."""
        self._judged = []
        self.query_one(Steps).show(sentences.in_order(report), report)
        self.query_one(Pulse).show(report)
        self._fill(report)

    def _fill(self, report: Report) -> None:
        """The list, as the filter leaves it."""
        wanted = self.query_one(Filter).value.lower().split()
        rows: list[Entry | str] = [
            row for row in listing.entries(report) if _holds(listing.sentence(report, row)[1], row, wanted)
        ]
        quiet = [row for row in listing.rest(report) if _holds("", row, wanted)]
        for word in _GROUPS:
            group = [row for row in quiet if row.word == word]
            if group and not wanted:
                rows.append(f"{len(group)} {word}")
            if wanted or word in self._unfolded:
                rows += group
        self._rows = rows
        findings = self.query_one(Findings)
        findings.clear_options()
        findings.add_options([Option(_label(row)) for row in rows])
        findings.highlighted = 0 if rows else None
        if not rows:
            self.query_one("#detail", PaperView).show(lambda paper: paper.say("No finding and no check holds this."))

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The page follows the list."""
        report = self.doctor.report
        if report is None or event.option_index >= len(self._rows):
            return
        row = self._rows[event.option_index]
        detail, decision = self.query_one("#detail", PaperView), self.query_one("#decision", PaperView)
        if isinstance(row, str):
            detail.show(lambda paper: _group(paper, report, row))
            decision.show(_nothing)
            return
        self.doctor.entry = row
        split = self.has_class("-widest")
        detail.show(lambda paper: listing.detail(paper, report, row, decision=not split))
        exchange = row.exchange
        decision.show(lambda paper: tree.decision(paper, exchange) if exchange is not None else None)
        if exchange is not None:
            step = row.cause.step if row.cause is not None else exchange.step
            self.query_one(Steps).point(exchange, step)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter: the whole finding, or the checks behind a number."""
        from oidc_doctor.tui.pages import detail_page

        report = self.doctor.report
        row = self._rows[event.option_index]
        if report is None:
            return
        if isinstance(row, str):
            self._unfolded ^= {row.split()[-1]}
            self._fill(report)
            self.query_one(Findings).highlighted = self._rows.index(row)
            return
        self.app.push_screen(detail_page(report, row))

    def on_steps_moved(self, event: Steps.Moved) -> None:
        """The step in words; on Enter or a click, its finding."""
        from oidc_doctor.tui.widgets.steps import describe

        step = self.query_one("#step", Static)
        step.update(describe(event.exchange, event.step))
        step.display = True
        if not event.chosen:
            return
        for index, row in enumerate(self._rows):
            about = None if isinstance(row, str) else row
            if about is None or about.exchange is None or about.exchange.id != event.exchange.id:
                continue
            if about.cause is None or about.cause.step == event.step.id:
                findings = self.query_one(Findings)
                findings.highlighted = index
                findings.focus()
                return

    def on_descendant_blur(self) -> None:
        """The step's sentence is for the one who walks the path."""
        self.query_one("#step").display = self.query_one(Steps).has_focus

    def on_input_changed(self) -> None:
        """Filter as the person types."""
        if self.doctor.report is not None:
            self._fill(self.doctor.report)

    def on_input_submitted(self) -> None:
        """From the words to the rows."""
        self.query_one(Findings).focus()


def _holds(sentence: str, row: Entry, wanted: list[str]) -> bool:
    told = f"{row.code} {row.name} {row.word} {sentence}".lower()
    return all(word in told for word in wanted)


def _label(row: Entry | str) -> Content:
    """A row of the list: sign, code, name; the word of its state where there is room."""
    if isinstance(row, str):
        return Content.styled(f"{_GROUPS[row.split()[-1]]} {row}", "$foreground-muted")
    style = STYLES.get(sentences.SIGN_STYLES[row.sign], "")
    word = (f"  {row.word}", "$foreground-muted")
    return Content.assemble((row.sign, style), f" {row.code} ", visible(row.name), word)


def _nothing(paper: StyledSheet) -> None:
    """A page without a line."""


def _group(paper: StyledSheet, report: Report, row: str) -> None:
    """The checks behind a number; those that were skipped by reason."""
    number, word = row.split()
    paper.say(f"{number} checks {word}", lead=f"{_GROUPS[word]} ", bold=True)
    paper.gap()
    if word == "skipped":
        for reason, codes in sentences.skipped(report.checks):
            paper.say(f"{reason}: {', '.join(codes)}")
        return
    for check in report.checks:
        if check.status == word:
            paper.say(f"{visible(check.code):<7} {visible(check.name)}")
