"""What is tried on each exchange, kept while the person goes from screen to screen, and never sent anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from oidc_doctor.report.parts import sentences
from oidc_doctor.tui.frame import ReportScreen

if TYPE_CHECKING:
    from oidc_doctor.examine.examine import Examined
    from oidc_doctor.model.evidence import Token
    from oidc_doctor.whatif.ask import PartId, WhatIf


class Trial:
    """One exchange: what was read, perhaps with another token, and the edits on it."""

    def __init__(self, name: str, read: WhatIf) -> None:
        self.name = name
        self.read = read
        self.now = read  # with the pasted token, where there is one
        self.token: Token | None = None
        self.edits: dict[PartId, str] = {}
        self.part: PartId = read.parts[0].id
        self.line = 0  # where the cursor is to stand, from 1; 0: where it helps most

    def take(self, token: Token | None) -> None:
        """Another token in place of the one that was read; None: that one again. The edits of claims are gone."""
        self.token = token
        self.now = self.read if token is None else self.read.with_token(token)
        self.edits.pop("claims", None)

    def reset(self) -> None:
        """As it was read."""
        self.take(None)
        self.edits.clear()

    def text(self, part: PartId) -> str:
        """The part's text as it stands on the desk."""
        return self.edits.get(part, self.now.part(part).text)

    def edit(self, part: PartId, text: str) -> None:
        """Keep a text; one that is as it was read is no edit."""
        if text == self.now.part(part).text:
            self.edits.pop(part, None)
        else:
            self.edits[part] = text


class Trials:
    """The benches of one run. `before` is the desk of the run before: what was tried there is laid out again."""

    def __init__(self, examined: Examined, before: Trials | None = None) -> None:
        self._examined = examined
        self.benches: dict[str, Trial] = {}  # those that were wanted so far
        self._before = before.benches if before is not None else {}
        self.order = [one.id for one in sentences.in_order(examined.report) if one.id in examined.diagnoses]
        self.place = 0
        self._followed = before.followed if before is not None else ""

    @property
    def bench(self) -> Trial | None:
        """The exchange in front; None where the run found none."""
        return self.of(self.order[self.place]) if self.order else None

    def of(self, name: str) -> Trial:
        """The bench of an exchange, made when it is first wanted."""
        from oidc_doctor.whatif.ask import WhatIf

        if name not in self.benches:
            found = self._examined
            bench = Trial(name, WhatIf(found.diagnoses[name], found.accepted[name], found.report.fixes))
            earlier = self._before.get(name)
            if earlier is not None:
                bench.take(earlier.token)
                parts = {part.id for part in bench.now.parts}
                bench.edits = {part: text for part, text in earlier.edits.items() if part in parts}
                bench.part = earlier.part if earlier.part in parts else bench.part
            self.benches[name] = bench
        return self.benches[name]

    @property
    def followed(self) -> str:
        """The exchange that another screen put in front last."""
        return self._followed

    def follow(self, name: str) -> None:
        """Put in front what another screen has selected, unless the person went on from it since."""
        if name in self.order and name != self._followed:
            self.place = self.order.index(name)
            self._followed = name

    def turn(self) -> None:
        """The next exchange."""
        self.place = (self.place + 1) % max(len(self.order), 1)


class DeskScreen(ReportScreen):
    """A screen about the exchange that is in front on the desk."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("n", "other", "Next", id="desk.next", tooltip="The next exchange")]

    @property
    def bench(self) -> Trial | None:
        """The exchange in front."""
        return self.doctor.desk.bench if self.doctor.desk is not None else None

    def on_screen_resume(self) -> None:
        """Follow the finding that was selected elsewhere; another screen may have put something on the desk."""
        entry, desk = self.doctor.entry, self.doctor.desk
        if desk is not None and entry is not None and entry.exchange is not None:
            desk.follow(entry.exchange.id)
        if self.doctor.report is not None:
            self.show_report(self.doctor.report)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No next exchange, no key for it."""
        if action == "other":
            return self.is_attached and self.doctor.desk is not None and len(self.doctor.desk.order) > 1
        return super().check_action(action, parameters)

    def action_other(self) -> None:
        """The next exchange."""
        if self.doctor.desk is not None and self.doctor.report is not None:
            self.doctor.desk.turn()
            self.show_report(self.doctor.report)
