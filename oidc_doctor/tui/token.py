"""The token in words: each claim, what looks at it, and what came of that. Another token can be pasted."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from oidc_doctor.report.parts import sentences
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.rows import claims
from oidc_doctor.tui import trial_page
from oidc_doctor.tui.trials import DeskScreen
from oidc_doctor.tui.widgets.page_view import STYLES, PaperView, StyledSheet

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Paste

    from oidc_doctor.model.report import Exchange, Report
    from oidc_doctor.report.rows.claims import Claim


class Claims(OptionList):
    """The claims, those that every token has first."""

    HELP = (
        "The header and the claims; the sign before a claim says what came of it: ✗ it is what refuses, ✓ what looks "
        "at it is content, ~ assumed. ↑ and ↓ select, the page beside shows the whole value and all that looks at it. "
        "Enter edits the claim in What-if, p pastes another token, y copies the value."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Edit", id="token.edit", tooltip="Change the claim in What-if and see what follows"),
    ]

    class Resized(Message):
        """Another width."""

    def on_resize(self) -> None:
        """The rows are written for a width."""
        self.post_message(self.Resized())


class Hidden(Input):
    """Takes a token without showing it. What is pasted never becomes its value."""

    HELP = "Paste a token (a JWT, or its decoded claims as JSON). It is not shown and not kept; Esc goes back."

    class Given(Message):
        """What was pasted or typed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self) -> None:
        super().__init__(password=True, placeholder="paste here, or type and press Enter", id="hidden")

    def on_paste(self, event: Paste) -> None:
        """All lines of it: a token may have been wrapped."""
        event.stop()
        event.prevent_default()
        self.post_message(self.Given(event.text))

    def action_submit_text(self) -> None:
        """Enter."""
        text, self.value = self.value, ""
        self.post_message(self.Given(text))


class PasteScreen(ModalScreen[str]):
    """Asks for a token. Gives its text, which the caller takes apart and drops; an empty one for none."""

    DEFAULT_CSS = "PasteScreen { align: center middle; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "none", "Back", id="paste.back", key_display="esc"),
        Binding("enter", "submit", "Take it", id="paste.take", priority=True, show=False),
    ]

    def compose(self) -> ComposeResult:
        """A box with a hidden line."""
        with Vertical(classes="dialog"):
            yield Static("Another token", markup=False, classes="page-title")
            yield Static(
                "A JWT, or its decoded claims as JSON. It stays on this machine: its claims are read, a signature is "
                "checked where the issuer's keys are here, and then the token itself is forgotten.",
                markup=False,
            )
            yield Hidden()

    def action_submit(self) -> None:
        """Enter."""
        self.query_one(Hidden).action_submit_text()

    def on_hidden_given(self, message: Hidden.Given) -> None:
        """Enough."""
        self.dismiss(message.text)

    def action_none(self) -> None:
        """No token."""
        self.query_one(Hidden).value = ""
        self.dismiss("")


class TokenScreen(DeskScreen):
    """The claims on the left or above, one of them in full beside or below."""

    MODE: ClassVar[str] = "token"
    CSS_PATH = "token.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "paste", "Paste", id="token.paste", tooltip="Judge another token; it is not shown or kept"),
        Binding("b", "back", "Back", id="token.back", tooltip="Back to the token that was read"),
        Binding("y", "copy", "Copy value", id="token.copy", tooltip="Copy the claim's value as shown", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._claims: list[Claim] = []
        self._width = 0

    def body(self) -> ComposeResult:
        """Whose token and what came of it; the claims; one claim in full."""
        yield Static("", markup=False, id="whose")
        with Horizontal(id="token"):
            yield Claims(id="claims", markup=False)
            yield PaperView(id="claim")

    def on_mount(self) -> None:
        """The list is where the keys go."""
        self.query_one(Claims).focus()

    @property
    def exchange(self) -> Exchange | None:
        """Its decision for the token that is shown."""
        return self.bench.now.present.exchange if self.bench is not None else None

    def show_report(self, report: Report) -> None:
        """The token of the exchange in front."""
        del report
        bench, exchange = self.bench, self.exchange
        if bench is None or exchange is None:
            self.query_one("#claim", PaperView).show(lambda paper: paper.say("No exchange was examined."))
            return
        self._claims = claims.claims(exchange, list(bench.now.present.causes))
        sign, told = trial_page.outcome(bench.now.present)
        issuer = exchange.token.get("issuer")
        whose = "the pasted token" if bench.token is not None else str(exchange.token.get("read_at") or "no token")
        self.query_one("#whose", Static).update(
            Content.assemble(
                (f"{sign} {told}", STYLES[sentences.SIGN_STYLES[sign]]),
                f"  {sentences.CLOUDS[exchange.cloud]} · {visible(exchange.target_name)}",
                (f"{' · ' + visible(str(issuer)) if issuer else ''} · {visible(whose)}", STYLES["dim"]),
            )
        )
        self._fill()
        self.refresh_bindings()

    def _fill(self) -> None:
        """The list, for its present width."""
        exchange = self.exchange
        found = self.query_one(Claims)
        width = found.scrollable_content_region.width
        if exchange is None or width <= 0:
            return
        self._width = width
        at = found.highlighted
        header = exchange.token.get("header")
        named = [f"{name} {value}" for name, value in header.items()] if isinstance(header, dict) else ["not given"]
        if exchange.token.get("fault"):
            named = [str(exchange.token["fault"])]
        rows = [claims.Claim("header", visible(" · ".join(named)), "", ()), *self._claims]
        prompts = []
        for row in rows:
            paper = StyledSheet(width)
            claims.summary(paper, row)
            prompts.append(Option(paper.content()))
        found.clear_options()
        found.add_options(prompts)
        found.highlighted = min(at, len(rows) - 1) if at is not None else self._worst()

    def _worst(self) -> int:
        """The first claim that is what refuses."""
        return next((place for place, one in enumerate(self._claims, 1) if one.worst[0] == "✗"), 0)

    def on_claims_resized(self) -> None:
        """Rows for another width."""
        if self.query_one(Claims).scrollable_content_region.width != self._width:
            self._fill()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The page follows the list."""
        exchange, place = self.exchange, event.option_index
        if exchange is None:
            return
        page = self.query_one("#claim", PaperView)
        if place == 0:
            page.show(lambda paper: claims.header(paper, exchange))
        elif place <= len(self._claims):
            claim = self._claims[place - 1]
            page.show(lambda paper: claims.detail(paper, exchange, claim))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter: the claim in What-if."""
        bench = self.bench
        if bench is None:
            return
        place = event.option_index
        bench.part = "claims"
        name = self._claims[place - 1].key if 0 < place <= len(self._claims) else ""
        bench.line = bench.now.line_of_claim(name, bench.text("claims"))
        self.doctor.action_show("whatif")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done."""
        if action == "back":
            return self.is_attached and self.bench is not None and self.bench.token is not None
        return super().check_action(action, parameters)

    def action_paste(self) -> None:
        """Ask for another token."""
        if self.bench is not None:
            self.app.push_screen(PasteScreen(), self._take)

    def _take(self, text: str | None) -> None:
        """Take it apart; its text goes no further."""
        bench = self.bench
        if bench is None or not text or not text.strip():
            return
        _, token = bench.read.pasted(text)
        bench.take(token)
        self._anew()

    def _anew(self) -> None:
        """Another token: begin at what matters most in it."""
        self.query_one(Claims).highlighted = None
        if self.doctor.report is not None:
            self.show_report(self.doctor.report)

    def action_back(self) -> None:
        """The token that was read."""
        if self.bench is not None:
            self.bench.take(None)
            self._anew()

    def action_other(self) -> None:
        """The next exchange's token."""
        self.query_one(Claims).highlighted = None
        super().action_other()

    def action_copy(self) -> None:
        """The claim's value, as it is shown."""
        place = self.query_one(Claims).highlighted or 0
        if 0 < place <= len(self._claims):
            claim = self._claims[place - 1]
            self.doctor.take(claim.value, f"claim {claim.name}")
