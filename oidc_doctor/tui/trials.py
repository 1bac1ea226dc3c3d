"""The trials of each exchange: another token, edited texts. The screens share them; they are sent nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.report.parts import sentences

if TYPE_CHECKING:
    from oidc_doctor.examine.examine import Examined
    from oidc_doctor.model.evidence import Token
    from oidc_doctor.whatif.ask import WhatIf
    from oidc_doctor.whatif.parts import PartId


class State(NamedTuple):
    """The edits of an exchange."""

    token: Token | None
    edits: dict[PartId, str]
    part: PartId


class Trial:
    """An exchange as it was read, perhaps with another token, and the edits on it."""

    def __init__(self, exchange: str, read: WhatIf) -> None:
        self.exchange = exchange  # its id
        self.read = read
        self.current = read  # `read` with the pasted token, if there is one
        self.token: Token | None = None  # the pasted token
        self.edits: dict[PartId, str] = {}
        self.part: PartId = read.parts[0].id
        self.line = 0  # the line of the cursor, from 1; 0: the line that decides
        self._undoable: list[State] = []  # before each step that replaced whole texts, the last one at the end
        self._undone: list[State] = []

    @property
    def _state(self) -> State:
        return State(self.token, dict(self.edits), self.part)

    def remember(self) -> None:
        """Make the step that follows undoable."""
        self._undoable.append(self._state)
        self._undone.clear()

    def undo(self) -> bool:
        """Go back to before the last step; False if there was none."""
        return self._exchange(self._undoable, self._undone)

    def redo(self) -> bool:
        """Redo the step that was undone last; False if there is none."""
        return self._exchange(self._undone, self._undoable)

    def _exchange(self, taken_from: list[State], kept_in: list[State]) -> bool:
        """Keep the present state, so that undoing loses nothing that was typed since."""
        if not taken_from:
            return False
        kept_in.append(self._state)
        state = taken_from.pop()
        self._use(state.token)
        self.edits, self.part = dict(state.edits), state.part
        return True

    def use_token(self, token: Token | None) -> None:
        """Replace the token (None restores the original) and discard edits to its claims. It can be undone."""
        self.remember()
        self._use(token)
        self.edits.pop("claims", None)

    def _use(self, token: Token | None) -> None:
        self.token = token
        self.current = self.read if token is None else self.read.with_token(token)

    def reset(self) -> None:
        """Restore the original token and discard all edits. It can be undone."""
        self.remember()
        self._use(None)
        self.edits.clear()

    def text(self, part: PartId) -> str:
        """Return the edited text of a part, or the text that was read."""
        return self.edits.get(part, self.current.part(part).text)

    def edit(self, part: PartId, text: str) -> None:
        """Store an edited text; a text equal to the one that was read is no edit."""
        if text == self.current.part(part).text:
            self.edits.pop(part, None)
        else:
            self.edits[part] = text

    def repeat(self, earlier: Trial) -> None:
        """Apply the token and the edits of a trial of the same exchange in an earlier report."""
        self._use(earlier.token)
        self._undoable, self._undone = earlier._undoable, earlier._undone
        parts = {part.id for part in self.current.parts}
        self.edits = {part: text for part, text in earlier.edits.items() if part in parts}
        self.part = earlier.part if earlier.part in parts else self.part


class Trials:
    """The trials of an examination. The trials of the previous examination, `before`, are repeated."""

    def __init__(self, examined: Examined, before: Trials | None = None) -> None:
        self._examined = examined
        self.by_exchange: dict[str, Trial] = {}  # created on first use
        self._earlier = before.by_exchange if before is not None else {}
        self.order = [row.id for row in sentences.in_order(examined.report) if row.id in examined.diagnoses]
        self._position = 0
        self.followed: str = (
            before.followed if before is not None else ""
        )  # the exchange last selected on another screen

    @property
    def current(self) -> Trial | None:
        """Return the trial of the current exchange; None if no exchange was examined."""
        return self.of(self.order[self._position]) if self.order else None

    def of(self, exchange: str) -> Trial:
        """Return the trial of the exchange with this id."""
        from oidc_doctor.whatif.ask import WhatIf  # late: not needed for the first paint

        if exchange not in self.by_exchange:
            examined = self._examined
            fixes = [row for row in examined.report.fixes if row.exchange == exchange]
            what_if = WhatIf(examined.diagnoses[exchange], examined.accepted[exchange], fixes)
            trial = Trial(exchange, what_if)
            if exchange in self._earlier:
                trial.repeat(self._earlier[exchange])
            self.by_exchange[exchange] = trial
        return self.by_exchange[exchange]

    def follow(self, exchange: str) -> None:
        """Make the exchange selected on another screen current, unless this selection was followed before."""
        if exchange in self.order and exchange != self.followed:
            self._position = self.order.index(exchange)
            self.followed = exchange

    def next(self) -> None:
        """Make the next exchange current; after the last exchange, the first."""
        self._position = (self._position + 1) % max(len(self.order), 1)
