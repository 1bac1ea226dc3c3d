"""Candidate edits for a refusal, each proven by evaluating the edited configuration. No cloud is ever written to.

An edit is offered only when the same judge accepts the token on the edited configuration. What else it would let in is
tried with subjects of other tenants, made from the token's own by the issuer's grammar.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.judge import evaluate

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case


MOST_SEEN = 200  # distinct subjects from the logs that an edit is tried on


_MOST_TRIED = 40  # of them, while somebody waits for the answer


class Reach(NamedTuple):
    """Whom an edit lets in and shuts out, as far as it was tried."""

    foreign: int  # made-up subjects of other tenants and teams that were refused before
    let_in: tuple[str, ...]  # those of them that the edit no longer refuses
    seen: int  # subjects that the logs show as accepted, and that the configuration before accepted
    shut_out: tuple[str, ...]  # those of them that the edit refuses


def reach(case: Case, edited: Case, accepted: Sequence[str]) -> Reach:
    """What the steps that look at the subject say of other subjects, before and after an edit."""
    steps = ("authorise",) if case.cloud == "aws" else ("condition", "mapping", "impersonate")

    def refused(one: Case, subject: str) -> bool:
        return any(refuses(one, subject, step) for step in steps)

    foreign = [subject for subject in foreign_subjects(case) if refused(case, subject)]
    seen = [subject for subject in accepted[:_MOST_TRIED] if not refused(case, subject)]
    return Reach(
        len(foreign),
        tuple(subject for subject in foreign if not refused(edited, subject)),
        len(seen),
        tuple(subject for subject in seen if refused(edited, subject)),
    )


def refuses(case: Case, subject: str, step: str | None = None) -> bool:
    """Whether the exchange, or one step of it, is known to refuse this token with another subject."""
    claims = {**case.token.claims, "sub": subject}
    if case.profile is not None:
        # the claims that repeat a segment of the subject change with it
        parsed = case.profile.parse_subject(subject)
        claims |= {part.name: part.value for part in parsed.segments if part.name in claims and part.name != "sub"}
    trace = evaluate(case._replace(token=case.token._replace(kind="decoded", claims=claims), readings=()))
    return any(refusal.certain for refusal in trace.refusals if step in (None, refusal.step))


def foreign_subjects(case: Case) -> list[str]:
    """The token's subject with its tenant, then its team, replaced by another of the same shape."""
    subject, profile = case.token.subject, case.profile
    if subject is None or profile is None:
        return []
    found = []
    for name in (profile.tenancy.tenant, profile.tenancy.team):
        part = next((one for one in profile.parse_subject(subject).segments if one.name == name), None)
        if part is None or not part.value:
            continue
        last = "B" if part.value.endswith("A") else "A"
        others = {part.value[:-1] + last, "other" + part.value, part.value.swapcase()} - {part.value}
        found += [subject[: part.value_start] + other + subject[part.end :] for other in sorted(others)]
    return list(dict.fromkeys(found))
