"""The state that the screens share: the evidence, the report, and the selection and the edits of the user."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from oidc_doctor.report.parts.escape import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.examine.examine import Examined
    from oidc_doctor.model.report import Exchange, Report
    from oidc_doctor.report.rows.listing import Entry
    from oidc_doctor.report.rows.log_rows import Row
    from oidc_doctor.tui.examination import EvidenceSource
    from oidc_doctor.tui.trials import Trial, Trials

    # a row, the number of its events to skip, the most to return -> (the place of an event, its JSON text)
    ReadEvents = Callable[[Row, int, int], list[tuple[str, str]]]


STOPS = "r stops · "  # before the status of a running examination


class Session:
    """The shared state. The app writes it; a screen writes only the selection and the edits of the user."""

    def __init__(self, source: EvidenceSource | None = None) -> None:
        self.source = source  # the evidence; None until the user has chosen it
        self.report: Report | None = None
        self.judged: list[Exchange] = []  # the exchanges judged so far, while an examination runs
        self.trials: Trials | None = None
        self.entry: Entry | None = None  # the selected finding
        self.read_events: ReadEvents | None = None  # raises OSError, ValueError and BundleError
        self.status = ""  # the text of the status line
        self.is_reading = False  # whether an examination runs

    @property
    def title(self) -> str:
        """Return the name of the evidence, as the user wrote it. Not escaped."""
        return self.source.title if self.source is not None else ""

    @property
    def missing_answer(self) -> str:
        """Return why there is no report, as an escaped sentence; an empty text if there is one."""
        if self.report is not None:
            return ""
        if self.is_reading:
            return f"The answer is not there yet: {visible(self.status.removeprefix(STOPS))}"
        return visible(self.status) or "Nothing was examined yet: o opens the start screen."

    @property
    def trial(self) -> Trial | None:
        """Return the trial of the current exchange."""
        return self.trials.current if self.trials is not None else None

    def begin(self, source: EvidenceSource) -> None:
        """Record that an examination starts. A report on the same evidence is kept until the next one is ready."""
        if source != self.source:
            self.report = self.entry = self.trials = None
        self.source = source
        self.judged = []

    def finish(self, examined: Examined) -> None:
        """Record the report of an examination, select the first finding, and repeat earlier edits."""
        from oidc_doctor.report.rows.listing import entries  # late: not needed for the first paint
        from oidc_doctor.tui.trials import Trials

        self.report, self.judged = examined.report, []
        self.entry = next(iter(entries(examined.report)), None)
        self.trials = Trials(examined, self.trials)
        raw, source = examined.raw, self.source
        self.read_events = partial(source.read_events, raw) if source is not None and raw is not None else None
