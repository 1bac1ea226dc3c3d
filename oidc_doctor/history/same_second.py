"""Writes within the same second that cannot be separated.

CloudTrail times have a resolution of one second, and each Google service uses its own clock. If two writes in the same
second each explain a refusal, or only both together do, both are reported.
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
    """Return the other writes in a revision's second that also explain a refusal, for the view of its change.

    `judge` returns the verdict on the refused attempt with other evidence. A cloud returns the same error for every
    refusal at a step, so the kind of refusal does not distinguish two writes. "or" lists writes that cause the refusal
    alone, as this one does; "with" lists writes without which this one does not.
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
        alternatives = [_entry(history, place) for place in others if _refuses_at(step, alone[place])]
        return {"or": alternatives} if alternatives else {}
    if alone[index].decision in UNDECIDED:
        return {}
    together = [place for place in others if place < index and not alone[place].stands_against]
    return {"with": [_entry(history, place) for place in together]} if together else {}


def _refuses_at(step: str, verdict: Verdict) -> bool:
    return verdict.decision == "refused" and any(refused == step for refused, _ in verdict.refusals)


def around(history: History, named: Mapping[str, Any], turned: int, brought: int, appears: int) -> dict[str, Any]:
    """Return further events around the write that caused a refusal, if that write is only part of the cause.

    "after" is the deletion of the resource that the write recreated differently: the token was refused from then on.
    "then" is a later write, before which the token was already refused, and after which the present refusal appears.
    `named` is the view of the write, with the writes reported alongside it.
    """
    beside = [*named.get("or", ()), *named.get("with", ())]
    out = {}
    for word, place in (("after", turned), ("then", appears)):
        is_other = place < brought if word == "after" else place > brought
        if is_other and history.revisions[place].change is not None and (entry := _entry(history, place)) not in beside:
            out[word] = [entry]
    return out


def _evidence_alone(history: History, place: int, before: int) -> TargetEvidence:
    """Return a revision's evidence, with only the writes of another revision."""
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
