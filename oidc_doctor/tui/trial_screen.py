"""The base of the screens on which the user tries other tokens and texts for the current exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from oidc_doctor.tui.report_screen import ReportScreen

if TYPE_CHECKING:
    from oidc_doctor.tui.trials import Trial


class TrialScreen(ReportScreen):
    """A screen about the current exchange."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "next_exchange", "Exchange", id="desk.next", tooltip="The next exchange")
    ]

    @property
    def trial(self) -> Trial | None:
        """Return the trial of the current exchange."""
        return self.session.trial

    def on_screen_resume(self) -> None:
        """Show the exchange of the selected finding, with the edits that were made on another screen."""
        entry, trials = self.session.entry, self.session.trials
        if trials is not None and entry is not None and entry.exchange is not None:
            trials.follow(entry.exchange.id)
        if self.session.report is not None:
            self.show_report(self.session.report)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer "next exchange" only if there are several."""
        if action == "next_exchange":
            return self.is_attached and self.session.trials is not None and len(self.session.trials.order) > 1
        return super().check_action(action, parameters)

    def action_next_exchange(self) -> None:
        """Go to the next exchange."""
        if self.session.trials is not None and self.session.report is not None:
            self.session.trials.next()
            self.show_report(self.session.report)
