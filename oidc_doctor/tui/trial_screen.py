"""The base of the screens about the current exchange, on which the user tries other tokens and texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from oidc_doctor.tui.report_screen import ReportScreen

if TYPE_CHECKING:
    from oidc_doctor.tui.trials import Trial


class TrialScreen(ReportScreen):
    """A screen about the current exchange."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "next_exchange", "Next", id="desk.next", tooltip="The next exchange")
    ]

    @property
    def trial(self) -> Trial | None:
        """The trial of the current exchange."""
        return self.session.trial

    def on_screen_resume(self) -> None:
        """Follow the finding that was selected on another screen, and show what another screen has tried."""
        entry, trials = self.session.entry, self.session.trials
        if trials is not None and entry is not None and entry.exchange is not None:
            trials.follow(entry.exchange.id)
        if self.session.report is not None:
            self.show_report(self.session.report)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the next exchange only if there is one."""
        if action == "next_exchange":
            return self.is_attached and self.session.trials is not None and len(self.session.trials.order) > 1
        return super().check_action(action, parameters)

    def action_next_exchange(self) -> None:
        """Go to the next exchange."""
        if self.session.trials is not None and self.session.report is not None:
            self.session.trials.next()
            self.show_report(self.session.report)
