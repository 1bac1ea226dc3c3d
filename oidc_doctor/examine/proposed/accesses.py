"""Which calls of the workload's session a change allows or denies: the needed ones, and those that were logged."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.judge import evaluate
from oidc_doctor.judge.readings import reading_of_denial
from oidc_doctor.model.document import Missing
from oidc_doctor.model.proposed import EFFECTS, AccessEffect

if TYPE_CHECKING:
    from oidc_doctor.examine.proposed.pairs import Changed
    from oidc_doctor.model.access import AccessDecision
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.events import SessionDenial
    from oidc_doctor.model.proposed import Effect

_MOST_DENIALS = 50  # kinds of refused calls, the newest
_EFFECTS: dict[tuple[str, str], Effect] = {
    ("allowed", "allowed"): "keeps",
    ("allowed", "denied"): "loses",
    ("denied", "allowed"): "gains",
    ("denied", "denied"): "refused",
}


class _Call(NamedTuple):
    action: str
    resource: str


def access_effects(changed: Changed) -> list[AccessEffect]:
    """Return the effect on each call, losses first. The logs show refused calls; served ones are not read."""
    if "permission" not in changed.affected or not changed.exchanges:
        return []
    role = changed.after.aws.role if changed.after.aws is not None else None
    if isinstance(role, Missing) and role.proves_absence and changed.cloud == "aws":
        return []  # without a role there is no session
    case = changed.exchanges[0].diagnosis.case._replace(readings=(), asks_access=True)
    rows = _compared(changed, case, 0)
    for denial in changed.denials[:_MOST_DENIALS]:
        for call, row in _of_denial(changed, case, denial).items():
            rows[call] = row._replace(refused=row.refused + (rows[call].refused if call in rows else 0))
    return sorted(rows.values(), key=lambda row: EFFECTS.index(row.effect))


def _of_denial(changed: Changed, case: Case, denial: SessionDenial) -> dict[_Call, AccessEffect]:
    """Return the calls that a logged refusal adds to the needed ones, or that it names among them."""
    asked = case._replace(readings=(reading_of_denial(denial),))
    named = {action.lower() for action in (denial.action, f"{denial.service.partition('.')[0]}:{denial.action}")}
    plain = {_call(row) for row in evaluate(case).accesses}
    rows = _compared(changed, asked, denial.count)
    return {call: row for call, row in rows.items() if call not in plain or call.action.lower() in named}


def _compared(changed: Changed, case: Case, refused: int) -> dict[_Call, AccessEffect]:
    after = changed.then(case)._replace(readings=case.readings)  # which calls are needed, the change does not alter
    now = {_call(row): row for row in evaluate(case).accesses}
    then = {_call(row): row for row in evaluate(after).accesses}
    rows = {}
    for call in dict.fromkeys((*now, *then)):
        before = now[call].decision if call in now else "unknown"
        decided = then.get(call)
        later = decided.decision if decided is not None else "unknown"
        effect = _EFFECTS.get((before, later), "unknown")
        shown = now[call] if effect == "gains" else decided
        rows[call] = AccessEffect(
            changed.target, changed.cloud, call.action, call.resource, effect, before, later,
            "" if shown is None else shown.note, "" if shown is None or shown.location is None else str(shown.location),
            refused,
        )  # fmt: skip
    return rows


def _call(row: AccessDecision) -> _Call:
    return _Call(row.need.action, str(row.need.resource))
