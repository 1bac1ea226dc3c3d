"""The Path screen: the steps of each exchange, the findings, and the evidence of the selected one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from oidc_doctor.report.parts import sentences, tree
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import columns, cut_in_the_middle
from oidc_doctor.report.rows import listing
from oidc_doctor.tui.filtered_screen import FilteredScreen
from oidc_doctor.tui.widgets.attempts_line import AttemptsLine
from oidc_doctor.tui.widgets.filter import Filter
from oidc_doctor.tui.widgets.page_view import STYLES, PageView, StyledSheet
from oidc_doctor.tui.widgets.rows import Rows
from oidc_doctor.tui.widgets.steps import Steps

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from oidc_doctor.model.report import Exchange, Report
    from oidc_doctor.tui.session import Session

_GROUPS = {"passed": "✓", "skipped": "–"}
_MOST_NARROW, _MOST_WIDE, _LEAST = 30, 52, 12  # columns of the list
_AROUND = 3  # columns: a space on either side, and a scrollbar


class Findings(Rows):
    """The list of findings, the worst first."""

    HELP = (
        "Findings, the worst first: ✗ refuses, ! accepts more than it should, ? is a note or a suspicion, "
        "– is past or was skipped. ↑ and ↓ select, Enter opens the full finding, y copies its command, f shows its "
        "fix, x explains its cause, / filters. Enter on a number of checks unfolds them."
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "Open", id="findings.open")]


class CheckGroup(NamedTuple):
    """The checks of one state, folded into one row of the list."""

    status: str
    number: int

    def __str__(self) -> str:
        """`41 passed`."""
        return f"{self.number} {self.status}"


Row = listing.Entry | CheckGroup


class PathScreen(FilteredScreen):
    """The first screen: the step at which the exchange fails, why, and the fix."""

    MODE: ClassVar[str] = "path"
    ROWS = "Findings"
    LIST: ClassVar[str] = "#findings"
    PAGE: ClassVar[str] = "#detail"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="filter", key_display="/"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._rows: list[Row] = []
        self._judged: list[Exchange] = []
        self._unfolded: set[str] = set()  # states whose checks are listed
        self._is_narrow = False

    def body(self) -> ComposeResult:
        """Yield the steps, the list and the page side by side, and the attempts."""
        yield Steps()
        yield Static("", markup=False, id="step")
        with Horizontal(id="main"):
            with Vertical(id="side"):
                findings = Findings(id="findings", classes="pane", markup=False)
                findings.border_title = " Findings "
                yield Filter(placeholder="filter", id="filter")
                yield findings
            yield PageView("Finding", id="detail")
            yield PageView("Decision", id="decision")
        yield AttemptsLine()

    def on_mount(self) -> None:
        """Focus the list."""
        self.query_one("#filter").display = False
        self.query_one("#step").display = False
        super().on_mount()
        self.query_one(Findings).focus()

    def wait(self) -> None:
        """Clear steps, list and page until the next report."""
        self._judged, self._rows = [], []
        self._unfolded.clear()
        self.query_one(Steps).show([], None)
        self.query_one(Findings).clear_options()
        for page in self.query(PageView):
            page.show(_empty)

    def show_exchange(self, exchange: Exchange) -> None:
        """Show the steps of an exchange before the findings are known."""
        self._judged.append(exchange)
        self.query_one(Steps).show(self._judged, None)

    def show_report(self, report: Report) -> None:
        """Show steps, list and page."""
        self._judged = []
        self.query_one(Steps).show(sentences.in_order(report), report)
        self.query_one(AttemptsLine).show(report)
        self._fill(report)

    def _fill(self, report: Report) -> None:
        """Fill the list with the rows that match the filter."""
        words = self.query_one(Filter).value.lower().split()
        rows: list[Row] = [
            entry for entry in listing.entries(report) if _contains(listing.sentence(report, entry)[1], entry, words)
        ]
        without_findings = [entry for entry in listing.checks_without_findings(report) if _contains("", entry, words)]
        for status in _GROUPS:
            group = [entry for entry in without_findings if entry.word == status]
            if group and not words:
                rows.append(CheckGroup(status, len(group)))
            if words or status in self._unfolded:
                rows += group
        self._rows = rows
        self._label_rows(0)
        if not rows:
            self.query_one("#detail", PageView).show(lambda sheet: sheet.say("No matching findings or checks."))

    def _label_rows(self, highlighted: int) -> None:
        """Write the rows into a list that is as wide as they need, and highlight one of them."""
        self._is_narrow = self.has_class("-narrow")
        most = _MOST_NARROW if self._is_narrow else _MOST_WIDE
        labels = [_label(row, most - _AROUND, in_two_lines=self._is_narrow) for row in self._rows]
        lines = [line for label in labels for line in label.plain.split("\n")]
        self.query_one("#side").styles.width = max(map(columns, lines), default=_LEAST) + _AROUND
        findings = self.query_one(Findings)
        findings.clear_options()
        findings.add_options([Option(label) for label in labels])
        findings.highlighted = highlighted if labels else None

    def on_resize(self) -> None:
        """Write the rows for another width."""
        if self._rows and self._is_narrow != self.has_class("-narrow"):
            self._label_rows(self.query_one(Findings).highlighted or 0)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show the page of the highlighted row."""
        report = self.session.report
        if report is None or event.option_index >= len(self._rows):
            return
        row = self._rows[event.option_index]
        detail, decision = self.query_one("#detail", PageView), self.query_one("#decision", PageView)
        if isinstance(row, CheckGroup):
            detail.show(lambda sheet: _group(sheet, report, row))
            decision.show(_empty)
            return
        self.session.entry = row
        has_decision_page = self.has_class("-widest")
        detail.show(lambda sheet: listing.detail(sheet, report, row, decision=not has_decision_page))
        exchange = row.exchange
        decision.show(lambda sheet: tree.decision(sheet, exchange) if exchange is not None else None)
        if exchange is not None:
            step = row.cause.step if row.cause is not None else exchange.step
            self.query_one(Steps).point(exchange, step)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open the full finding, or list the checks of a group."""
        from oidc_doctor.tui.finding_pages import detail_page  # late: the first paint needs no page

        report = self.session.report
        row = self._rows[event.option_index]
        if report is None:
            return
        if isinstance(row, CheckGroup):
            self._unfolded ^= {row.status}
            self._fill(report)
            self.query_one(Findings).highlighted = self._rows.index(row)
            return
        self.app.push_screen(detail_page(report, row))

    def on_steps_moved(self, event: Steps.Moved) -> None:
        """Describe the step; on Enter or a click, select its finding."""
        from oidc_doctor.tui.widgets.steps import describe

        step = self.query_one("#step", Static)
        step.update(describe(event.exchange, event.step))
        step.display = True
        if not event.chosen:
            return
        for index, row in enumerate(self._rows):
            if isinstance(row, CheckGroup) or row.exchange is None or row.exchange.id != event.exchange.id:
                continue
            if row.cause is None or row.cause.step == event.step.id:
                findings = self.query_one(Findings)
                findings.highlighted = index
                findings.focus()
                return

    def on_descendant_blur(self) -> None:
        """Show the description of the step only while the steps have the focus."""
        self.query_one("#step").display = self.query_one(Steps).has_focus

    def on_input_changed(self) -> None:
        """Filter as the user types."""
        if self.session.report is not None:
            self._fill(self.session.report)

    def on_input_submitted(self) -> None:
        """Focus the rows."""
        self.query_one(Findings).focus()


def _contains(sentence: str, entry: listing.Entry, words: list[str]) -> bool:
    text = f"{entry.code} {entry.name} {entry.word} {sentence}".lower()
    return all(word in text for word in words)


def _label(row: Row, room: int, *, in_two_lines: bool) -> Content:
    """Return a row of the list: sign, code, name, and the state. The state of a check is its sign."""
    if isinstance(row, CheckGroup):
        return Content.styled(f"{_GROUPS[row.status]} {row}", "$foreground-muted")
    start = Content.assemble((row.sign, STYLES.get(sentences.SIGN_STYLES[row.sign], "")), f" {row.code}")
    word = Content.styled("" if row.word in _GROUPS else row.word, "$foreground-muted")
    if in_two_lines and word:
        return start + "  " + word + f"\n  {cut_in_the_middle(row.name, room - 2)}"
    taken = columns(start.plain) + 1 + (columns(word.plain) + 2 if word else 0)
    return start + f" {cut_in_the_middle(row.name, room - taken)}" + (Content("  ") + word if word else "")


def _empty(sheet: StyledSheet) -> None:
    """Write nothing, for an empty page."""


def _group(sheet: StyledSheet, report: Report, group: CheckGroup) -> None:
    """Write the page of a group: its checks; skipped checks by reason."""
    sheet.say(f"{group.number} checks {group.status}", lead=f"{_GROUPS[group.status]} ", bold=True)
    sheet.gap()
    if group.status == "skipped":
        for reason, codes in sentences.skipped(report.checks):
            sheet.say(f"{reason}: {', '.join(codes)}")
        return
    for check in report.checks:
        if check.status == group.status:
            sheet.say(f"{visible(check.code):<7} {visible(check.name)}")
