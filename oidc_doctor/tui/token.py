"""The Token screen: each claim, the policies and mappings that read it, and their result."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from oidc_doctor.model.steps import CLOUDS
from oidc_doctor.report.parts import sentences
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.rows import claims
from oidc_doctor.tui import trial_page
from oidc_doctor.tui.clipboard import copy
from oidc_doctor.tui.paste_dialog import PasteScreen
from oidc_doctor.tui.trial_screen import TrialScreen
from oidc_doctor.tui.widgets.page_view import STYLES, PageView, StyledSheet
from oidc_doctor.tui.widgets.rows import Rows

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from oidc_doctor.model.report import Exchange, Report
    from oidc_doctor.report.rows.claims import Claim
    from oidc_doctor.tui.session import Session


class Claims(Rows):
    """The list of claims, the registered ones first."""

    HELP = (
        "The header and the claims; the sign of a claim shows its result: ✗ the claim is refused, ✓ it is accepted, "
        "~ assumed. ↑ and ↓ select, the page next to the list shows the full value and every policy and mapping "
        "that reads it. "
        "Enter edits the claim in What-if, p pastes another token, y copies the value."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Edit", id="token.edit", tooltip="Change the claim in What-if and see the decision"),
    ]

    class Resized(Message):
        """The width of the list has changed."""

    def on_resize(self) -> None:
        """Post the message: the rows are formatted for a width."""
        self.post_message(self.Resized())


class TokenScreen(TrialScreen):
    """The third screen: the claims on the left or above, the details of a claim on the right or below."""

    MODE: ClassVar[str] = "token"
    LIST: ClassVar[str] = "#claims"
    PAGE: ClassVar[str] = "#claim"
    CSS_PATH = "token.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "paste", "Paste", id="token.paste", tooltip="Judge another token; it is not shown or kept"),
        Binding("b", "back", "Back", id="token.back", tooltip="Back to the token that was read"),
        Binding("y", "copy", "Copy value", id="token.copy", tooltip="Copy the claim's value as shown", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._claims: list[Claim] = []
        self._width = 0  # the width in columns for which the rows are formatted

    def body(self) -> ComposeResult:
        """Yield the exchange and its decision, the claims, and the details of a claim."""
        yield Static("", markup=False, id="whose")
        with Horizontal(id="token"):
            listed = Claims(id="claims", classes="pane", markup=False)
            listed.border_title = " Claims "
            yield listed
            yield PageView("Claim", id="claim")

    def on_mount(self) -> None:
        """Focus the list."""
        self.query_one(Claims).focus()

    @property
    def exchange(self) -> Exchange | None:
        """Return the decision on the token that is shown."""
        return self.trial.current.present.exchange if self.trial is not None else None

    def show_report(self, report: Report) -> None:
        """Show the token of the current exchange."""
        trial, exchange = self.trial, self.exchange
        if trial is None or exchange is None:
            self.query_one("#claim", PageView).show(lambda sheet: trial_page.without_exchange(sheet, report))
            return
        self._claims = claims.claims(exchange, list(trial.current.present.causes))
        sign, words = trial_page.outcome(trial.current.present, report if trial.token is None else None)
        issuer = exchange.token.get("issuer")
        origin = "the pasted token" if trial.token is not None else str(exchange.token.get("read_at") or "no token")
        self.query_one("#whose", Static).update(
            Content.assemble(
                (f"{sign} {words}", STYLES[sentences.SIGN_STYLES[sign]]),
                f"  {CLOUDS[exchange.cloud]} · {visible(exchange.target_name)}",
                (f"{' · ' + visible(str(issuer)) if issuer else ''} · {visible(origin)}", STYLES["dim"]),
            )
        )
        self._fill()
        self.refresh_bindings()

    def _fill(self) -> None:
        """Format the list for its current width."""
        exchange = self.exchange
        rows_view = self.query_one(Claims)
        width = rows_view.scrollable_content_region.width
        if exchange is None or width <= 0:
            return
        self._width = width
        selected = rows_view.highlighted
        header = exchange.token.get("header")
        header_values = (
            [f"{name} {value}" for name, value in header.items()] if isinstance(header, dict) else ["not given"]
        )
        if exchange.token.get("fault"):
            header_values = [str(exchange.token["fault"])]
        rows = [claims.Claim("header", visible(" · ".join(header_values)), "", ()), *self._claims]
        prompts = []
        for row in rows:
            sheet = StyledSheet(width)
            claims.summary(sheet, row)
            prompts.append(Option(sheet.content()))
        rows_view.clear_options()
        rows_view.add_options(prompts)
        rows_view.highlighted = min(selected, len(rows) - 1) if selected is not None else self._first_refusing()

    def _first_refusing(self) -> int:
        """Return the row of the first refused claim; the row of the header if there is none."""
        return next((row for row, claim in enumerate(self._claims, 1) if claim.worst[0] == "✗"), 0)

    def on_claims_resized(self) -> None:
        """Format the rows for another width."""
        if self.query_one(Claims).scrollable_content_region.width != self._width:
            self._fill()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show the page of the highlighted row."""
        exchange, row = self.exchange, event.option_index
        if exchange is None:
            return
        page = self.query_one("#claim", PageView)
        if row == 0:
            page.show(lambda sheet: claims.header(sheet, exchange))
        elif row <= len(self._claims):
            claim = self._claims[row - 1]
            page.show(lambda sheet: claims.detail(sheet, exchange, claim))

    async def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Edit the claim in What-if."""
        trial = self.trial
        if trial is None:
            return
        row = event.option_index
        trial.part = "claims"
        name = self._claims[row - 1].key if 0 < row <= len(self._claims) else ""
        trial.line = trial.current.line_of_claim(name, trial.text("claims"))
        await self.run_action("app.show('whatif')")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer "back" only if a pasted token is shown."""
        if action == "back":
            return self.is_attached and self.trial is not None and self.trial.token is not None
        return super().check_action(action, parameters)

    def action_paste(self) -> None:
        """Ask for another token."""
        if self.trial is not None:
            self.app.push_screen(PasteScreen(), self._use_pasted)

    def _use_pasted(self, text: str | None) -> None:
        """Judge the pasted token; its raw text is not kept."""
        trial = self.trial
        if trial is None or not text or not text.strip():
            return
        _, token = trial.read.pasted(text)
        trial.use_token(token)
        self._show_other_token()

    def _show_other_token(self) -> None:
        """Show another token, from its first refused claim."""
        self.query_one(Claims).highlighted = None
        if self.session.report is not None:
            self.show_report(self.session.report)

    def action_back(self) -> None:
        """Go back to the token that was read."""
        if self.trial is not None:
            self.trial.use_token(None)
            self._show_other_token()

    def action_next_exchange(self) -> None:
        """Go to the next exchange's token."""
        self.query_one(Claims).highlighted = None
        super().action_next_exchange()

    def action_copy(self) -> None:
        """Copy the claim's value as it is shown."""
        row = self.query_one(Claims).highlighted or 0
        if 0 < row <= len(self._claims):
            claim = self._claims[row - 1]
            copy(self.app, claim.value, f"claim {claim.name}")
