"""A target in the logs of one cloud: its history, the replayed attempts, and claims deduced from Google's entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.history.attempt_groups import AttemptGroup
from oidc_doctor.history.outage_search import TargetHistory, fields_of_steps
from oidc_doctor.history.outages import LAG, Verdict, index_at
from oidc_doctor.history.replayer import Replayer
from oidc_doctor.history.revisions import changed_fields
from oidc_doctor.logs.attempts.columns import session_number
from oidc_doctor.model.google_names import mapped_subject
from oidc_doctor.model.steps import PASSED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.history.searched import Searched
    from oidc_doctor.issuers.profile import Profile
    from oidc_doctor.logs.attempts.signatures import Attempts
    from oidc_doctor.model.events import Attempt, Change, SessionDenial, Signature
    from oidc_doctor.model.evidence import Token
    from oidc_doctor.model.steps import Cloud


class Deduced(NamedTuple):
    """Claims of the logged tokens that Google's entries lack, deduced from the provider's history."""

    issuer: str | None = None
    audience: str | None = None
    profile: Profile | None = None
    subject_is_sub: bool = False  # accepted exchanges show google.subject, and it is the token's sub


class ReplayedLogs(NamedTuple):
    """The replayed logs of one target in one cloud."""

    cloud: Cloud
    replayer: Replayer
    target_history: TargetHistory
    attempts: Attempts
    profile: Profile | None
    deduced: Deduced = Deduced()
    changes: Sequence[Change] = ()  # all logged writes that may concern the target
    read_at: float = 0.0  # when the evidence was collected, epoch seconds
    searched: Searched | None = None  # the logs of this cloud that were read

    def stand_in(self) -> str | None:
        """Describe the fields taken from the logs because a file is absent; None without such fields."""
        names = self.target_history.history.stand_ins
        listed = ", ".join(names)
        return f"that no later write changed the values that only the logs show: {listed}" if names else None

    def family(self, subject: str) -> str:
        """Return the subject with `*` for parts that are new in each run."""
        return self.profile.subject_family(subject) if self.profile else subject

    def groups_like(self, token: Token, step: str, vector: Sequence[Verdict]) -> list[AttemptGroup]:
        """Return the attempt groups of the token: by its family, else by the decisions on every revision.

        `vector` has the verdict on the token in each revision. A group that the present configuration refuses for
        another reason is that of another workload.
        """
        subject, audience = token.subject, token.claims.get("aud")
        family = self.family(subject) if subject else self._family_of_event(token)
        same_family = [
            group
            for group in self.target_history.groups
            if group.step == step
            and (family is None or family in group.families or group.families == {None})
            and (None in group.audiences or not isinstance(audience, str) or audience in group.audiences)
        ]
        if same_family:
            return same_family
        decisions, refusals = tuple(verdict.decision for verdict in vector), vector[-1].refusals
        return [
            group
            for group in self.target_history.groups
            if group.step == step
            and group.decisions == decisions
            and (not refusals or not group.vector[-1].refusals or refusals & group.vector[-1].refusals)
        ]

    def _family_of_event(self, token: Token) -> str | None:
        """Return the family of a token that is a logged event without a subject."""
        if token.kind != "event":
            return None
        return next(
            (signature.family for signature in self.replayer.signatures if token.name in signature.event_ids), None
        )

    def attempt_of_session(self, denial: SessionDenial) -> Attempt | None:
        """Return the attempt that issued the session whose call was denied; None if it is not logged."""
        row = self.attempts.by_session(session_number(denial.session)) if denial.cloud == "aws" else None
        attempt = self.attempts.attempt(row) if row is not None else None
        if attempt is not None or not denial.session:
            return attempt
        accepted = (
            signature.sample for signature in self.replayer.signatures if signature.sample.outcome == "accepted"
        )
        return next((sample for sample in accepted if sample.mapped_principal == denial.session), None)

    def subject_of_session(self, denial: SessionDenial) -> str | None:
        """Return the subject of the token that a session was issued for; None if unknown.

        A Google principal contains the mapped subject, which is the token's if tokens of its family were logged.
        """
        attempt = self.attempt_of_session(denial)
        if attempt is not None:
            return attempt.subject
        mapped = mapped_subject(denial.session) if denial.cloud == "gcp" else None
        families = {signature.family for signature in self.replayer.signatures}
        return mapped if mapped and self.family(mapped) in families else None

    def is_fixed(self, signature: Signature) -> bool:
        """Whether an earlier configuration refused, and the present one accepts.

        If a present step is unknown, every step that refused then has to pass now.
        """
        if signature.number not in self.target_history.verdicts:
            return False
        then, index = self.target_history.verdicts[signature.number]
        last = len(self.target_history.starts) - 1
        if index == last or not then.stands_against:
            return False
        now = self.replayer.verdict(signature.sample, last)
        states = dict(now.states)
        passed = all(states.get(step) == PASSED for step, _ in then.refusals)
        return now.decision == "accepted" or (now.decision == "unknown" and passed)

    def age_of_change(self, signature: Signature, steps: frozenset[str]) -> float | None:
        """Return the seconds from a change that may not have been effective yet to this refusal; else None."""
        index = self.young_change(signature, steps)
        return None if index is None else signature.last_seen - self.target_history.starts[index]

    def young_change(self, signature: Signature, steps: frozenset[str]) -> int | None:
        """Return the revision of the newest change that may not have been effective at this refusal.

        It concerns a step that can cause the refusal, and the configuration before it is not known to accept the
        attempt: otherwise a delayed change would explain nothing.
        """
        history, starts = self.target_history.history, self.target_history.starts
        fields = fields_of_steps(self.cloud, steps)
        time = signature.last_seen
        for index in range(index_at(starts, time), 0, -1):
            if not 0 <= time - starts[index] <= LAG[self.cloud]:
                break
            concerns = not steps or fields & changed_fields(history, index).keys()
            if concerns and self.replayer.verdict(signature.sample, index - 1).decision != "accepted":
                return index
        return None
