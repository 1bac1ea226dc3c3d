"""Writes of one second that cannot be separated.

CloudTrail has the time of a call to the second, and Google's services each stamp with a clock of their own. Where two
writes of one second each explain a refusal alone, or only both together do, both are named.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from oidc_doctor.history.diffs import write_view
from oidc_doctor.history.outages import UNDECIDED
from oidc_doctor.history.revisions import FieldValue
from oidc_doctor.history.writes import UNSEEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from oidc_doctor.history.outages import Verdict
    from oidc_doctor.history.revisions import History
    from oidc_doctor.model.evidence import TargetEvidence


def not_told_apart(
    history: History, index: int, step: str, judge: Callable[[TargetEvidence], Verdict]
) -> dict[str, Any]:
    """Return the other writes of a revision's second that explain a refusal as well, as its change's view has them.

    `judge` is the verdict on the refused attempt with other evidence. A cloud says the same of all that refuses at one
    step, so the kind of refusal does not tell two writes apart. Under "or" stand writes that refuse it alone, as
    this one does; under "with" those without which this one does not.
    """
    second = math.floor(history.revisions[index].start)
    tied = [
        place
        for place, revision in enumerate(history.revisions)
        if revision.change is not None and math.floor(revision.start) == second
    ]
    if len(tied) < 2 or not tied[0] or history.build is None:  # noqa: PLR2004 - a write and another one
        return {}
    alone = {place: judge(_evidence_alone(history, place, tied[0] - 1)) for place in tied}
    others = [place for place in tied if place != index]
    if _refuses_at(step, alone[index]):
        found = [_entry(history, place) for place in others if _refuses_at(step, alone[place])]
        return {"or": found} if found else {}
    if alone[index].decision in UNDECIDED:
        return {}
    together = [place for place in others if place < index and not alone[place].stands_against]
    return {"with": [_entry(history, place) for place in together]} if together else {}


def _refuses_at(step: str, verdict: Verdict) -> bool:
    return verdict.decision == "refused" and any(refused == step for refused, _ in verdict.refusals)


def around(history: History, named: Mapping[str, Any], turned: int, brought: int, appears: int) -> dict[str, Any]:
    """Return what lies before and after the write that brought a refusal, where it is not the whole of it.

    Under "after" stands the deletion of what it made again in another form: since that the token was refused. Under
    "then" stands a later write, without which the token was refused already, and with which the refusal of the present
    appears. `named` is the view of the write, with the writes that are named next to it.
    """
    beside = [*named.get("or", ()), *named.get("with", ())]
    out = {}
    for word, place in (("after", turned), ("then", appears)):
        is_other = place < brought if word == "after" else place > brought
        if is_other and history.revisions[place].change is not None and (entry := _entry(history, place)) not in beside:
            out[word] = [entry]
    return out


def _evidence_alone(history: History, place: int, before: int) -> TargetEvidence:
    """Return the evidence as of a revision, with the writes of another one alone."""
    fields: dict[str, FieldValue] = dict(history.revisions[before].fields)
    revision = history.revisions[place]
    for write in revision.writes:
        old = fields.get(write.field)
        value = write.onto(UNSEEN if old is None else old.value)
        if value is UNSEEN:
            fields.pop(write.field, None)
        else:
            shown = revision.fields.get(write.field, FieldValue(value, revision.change))
            fields[write.field] = shown._replace(value=value)
    assert history.build is not None  # noqa: S101 - the caller's branch
    return history.build(fields)


def _entry(history: History, place: int) -> dict[str, Any]:
    change = history.revisions[place].change
    assert change is not None  # noqa: S101 - the caller's branch
    return write_view(change)
