"""Find a target's outages: when refusals began, their cause, and their end.

Recorded outcomes (runs) are compared with the verdict of each revision. No function here decides about a token.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.history.attempt_groups import AttemptGroup, attempt_groups
from oidc_doctor.history.outages import (
    EARLY,
    UNDECIDED,
    Outage,
    Verdict,
    ended_by,
    flip_before,
    index_at,
    outages_of,
    revision_of,
)
from oidc_doctor.history.revisions import changed_fields
from oidc_doctor.history.token_change import TokenChange, likeness, request_change, token_change
from oidc_doctor.history.verdicts import verdict_of
from oidc_doctor.judge.readings import steps_of_attempt
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.logs.records.cloudtrail import NO_TIME
from oidc_doctor.model import limits
from oidc_doctor.model.google_names import mapped_subject
from oidc_doctor.model.in_words import as_value
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.steps import ASSUMED, CLOUDS, UNKNOWN

if TYPE_CHECKING:
    from oidc_doctor.history.replayer import Replayer
    from oidc_doctor.history.revisions import History
    from oidc_doctor.logs.attempts.signatures import OutcomeRun
    from oidc_doctor.model.events import Attempt, Signature
    from oidc_doctor.model.steps import Cloud

_MOST_VERDICTS = 1_000  # signatures that are replayed individually; more than the rows of a report

# The fields of the configuration (config_fields.py) that each step depends on.
_FIELDS_OF: dict[tuple[str, str], frozenset[str]] = {
    ("aws", "provider"): frozenset({"provider", "url"}),
    ("aws", "audience"): frozenset({"provider", "clients"}),
    ("aws", "authorise"): frozenset({"role", "trust"}),
    ("aws", "duration"): frozenset({"duration"}),
    ("gcp", "target"): frozenset({"state", "disabled", "pool", "pool-disabled"}),
    ("gcp", "issuer"): frozenset({"issuer"}),
    ("gcp", "audience"): frozenset({"audiences"}),
    ("gcp", "keys"): frozenset({"issuer", "jwks"}),
    ("gcp", "condition"): frozenset({"condition", "mapping"}),
    ("gcp", "mapping"): frozenset({"mapping"}),
    ("gcp", "impersonate"): frozenset(
        {"account-bindings", "project-bindings", "account", "account-disabled", "mapping"}
    ),
}


_SUBJECT = "google.subject"

# Fields that show whether a resource exists.
_EXISTENCE = frozenset({"role", "provider", "state", "pool", "account"})


def fields_of_steps(cloud: Cloud, steps: Iterable[str]) -> frozenset[str]:
    """Return the fields of the configuration that some steps depend on."""
    return frozenset[str]().union(*(_FIELDS_OF.get((cloud, step), frozenset()) for step in steps))


def is_undecided(verdict: Verdict, refused: Attempt) -> bool:
    """Whether a recorded refusal comes from steps that no replay can decide (logs lack the header, for example)."""
    states, steps = dict(verdict.states), steps_of_attempt(refused)
    return bool(steps & states.keys()) and all(states.get(step) in {ASSUMED, UNKNOWN} for step in steps)


def deciding_write(cloud: Cloud, history: History, vector: Sequence[Verdict], turned: int, at: int) -> int:
    """Return the revision whose write caused the refusals that began in revision `at`.

    It is the revision at which acceptance ended. A resource that was deleted and recreated differently before the first
    refusal was replaced: the recreating write decides.
    """
    gone = {
        name
        for name, (_, after) in changed_fields(history, turned).items()
        if name in _EXISTENCE and after in {False, "DELETED"}
    }
    for place in range(turned + 1, at + 1) if gone else ():
        changed = changed_fields(history, place)
        is_again = any(changed[name][1] in {True, "ACTIVE"} for name in gone & changed.keys())
        if is_again and fields_of_steps(cloud, (step for step, _ in vector[place].refusals)) & changed.keys():
            return place
    return turned


class ExplainedOutage(NamedTuple):
    """An outage with its explained start and end. Numbers are revision indexes."""

    group: AttemptGroup
    outage: Outage
    # configuration, ran-out, not-yet, one-of-several, token, unlogged-change, drifted, accepted-by-reading, undecided,
    # all-along, unknown
    why: str
    appears: int | None  # the revision whose write caused it (see `deciding_write`)
    turned: int | None  # the revision in which acceptance ended
    token: TokenChange | None
    ended: int | None  # the revision that ended it
    suspects: tuple[int, ...] = ()  # for "one-of-several": the writes that may have caused it

    @property
    def over(self) -> bool:
        """Whether the outage ended: by a later success, or by a later configuration that accepts."""
        return self.outage.after is not None or self.ended is not None


@dataclass
class TargetHistory:
    """A target's configuration, attempts and outages in one cloud, as far as evidence and logs show them."""

    history: History
    starts: list[float]  # of the revisions, epoch seconds
    groups: list[AttemptGroup] = field(default_factory=list)
    outages: list[ExplainedOutage] = field(default_factory=list)  # oldest first
    contradictions: list[str] = field(default_factory=list)
    verdicts: Mapping[int, tuple[Verdict, int]] = field(default_factory=dict)  # by signature, for its newest attempt


def target_history(replayer: Replayer) -> TargetHistory:
    """Group the attempts, find the outages of each group, and explain them."""
    result = TargetHistory(replayer.history, replayer.starts)
    result.groups = attempt_groups(replayer)
    search = _OutageSearch(replayer, result.groups)
    for group in result.groups:
        for outage in outages_of(group.runs, replayer.starts, group.vector, replayer.lag):
            result.outages.append(search.explain(group, outage))
        result.contradictions += search.contradictions(group)
    result.outages.sort(key=lambda explained: explained.outage.begin)
    result.verdicts = _VerdictsThen(replayer)
    return result


class _VerdictsThen(Mapping[int, tuple[Verdict, int]]):
    """The verdict on the newest attempt of each signature, and the revision at its time.

    Those that a report has rows for are replayed at once; others, of which a cause or a check may ask, on access.
    """

    def __init__(self, replayer: Replayer) -> None:
        self._replayer = replayer
        self._signatures = {signature.number: signature for signature in replayer.signatures[:_MOST_VERDICTS]}
        self._verdicts = {
            signature.number: self._replayed(signature)
            for signature in replayer.signatures[: limits.ROWS.most]  # the newest first
        }

    def _replayed(self, signature: Signature) -> tuple[Verdict, int]:
        index = index_at(self._replayer.starts, signature.last_seen)
        return self._replayer.verdict_then(signature.sample, index), index

    def __getitem__(self, number: int) -> tuple[Verdict, int]:
        if number not in self._verdicts:
            self._verdicts[number] = self._replayed(self._signatures[number])
        return self._verdicts[number]

    def __contains__(self, number: object) -> bool:
        return number in self._signatures

    def __iter__(self) -> Iterator[int]:
        return iter(self._signatures)

    def __len__(self) -> int:
        return len(self._signatures)


# Refusals for an attribute that the mapping does not return, or returns with a different value.
_OF_ATTRIBUTES = {str(kind) for kind in (Kind.MAPPING_MISSING_ATTRIBUTE, Kind.MEMBER_ATTRIBUTE_DIFFERS)}


def _may_have_turned(before: Verdict, after: Verdict) -> bool:
    """Whether a write between two verdicts may have ended acceptance: the configuration before it is unknown."""
    return before.decision in UNDECIDED and after.decision != "accepted"


class _OutageSearch:
    """Explains the outages of one target."""

    def __init__(self, replayer: Replayer, groups: Sequence[AttemptGroup]) -> None:
        self.replayer = replayer
        # An outage is compared with other groups' successes: a log of refusals has hundreds of groups and few of these.
        self.successful = [group for group in groups if any(run.accepted for run in group.runs)]
        self.starts = replayer.starts
        self.lag = replayer.lag

    def explain(self, group: AttemptGroup, outage: Outage) -> ExplainedOutage:
        """Explain the outage by a write, by a different token, or by neither."""
        at = revision_of(outage, self.starts, group.vector)
        verdict = group.vector[at]
        end_revision, after = self._end(group, outage, at)
        outage = outage._replace(after=after) if after is not None else outage
        turned = flip_before(outage, self.starts, group.vector, self.lag)
        if turned is not None:
            appears = deciding_write(self.replayer.cloud, self.replayer.history, group.vector, turned, at)
            return ExplainedOutage(group, outage, "configuration", appears, turned, None, end_revision)
        if after is not None:
            return ExplainedOutage(group, outage, "not-yet", None, None, None, None)
        if self._ran_out(group, outage, at):
            return ExplainedOutage(group, outage, "ran-out", None, None, None, end_revision)
        if verdict.decision == "accepted":
            why = "drifted" if self._is_drifted(group, at) else "accepted-by-reading"
            if why != "drifted" and is_undecided(verdict, self.replayer.attempts.attempt(outage.first)):
                only = self._only_write(outage)
                why = "undecided" if only is None else "configuration"
                return ExplainedOutage(group, outage, why, only, only, None, end_revision)
            return ExplainedOutage(group, outage, why, None, None, None, end_revision)
        if not verdict.stands_against:  # the next configuration that is known may distinguish the tokens
            later = range(at + 1, len(group.vector))
            at = next((index for index in later if group.vector[index].decision != "unknown"), at)
            if not group.vector[at].stands_against:
                only = self._only_write(outage)
                if only is not None:
                    return ExplainedOutage(group, outage, "configuration", only, only, None, end_revision)
                token = self._token_side(group, outage, at)
                why = "unknown" if token is None else "token"
                return ExplainedOutage(group, outage, why, None, None, token, end_revision)
        suspects = self._suspects(group, outage, at)
        if len(suspects) == 1:
            return ExplainedOutage(group, outage, "configuration", suspects[0], suspects[0], None, end_revision)
        token = self._token_side(group, outage, at)
        if token is not None:
            return ExplainedOutage(group, outage, "token", None, None, token, end_revision)
        if suspects:
            return ExplainedOutage(
                group, outage, "one-of-several", None, None, None, end_revision, suspects=tuple(suspects)
            )
        if verdict.stands_against:
            why = "unlogged-change" if outage.before is not None else "all-along"
        else:
            why = "unknown" if outage.before is not None else "all-along"
        return ExplainedOutage(group, outage, why, None, None, None, end_revision)

    def _end(self, group: AttemptGroup, outage: Outage, at: int) -> tuple[int | None, OutcomeRun | None]:
        """Return the revision that ended an outage, or else later successes that a condition's date allowed.

        The revisions are judged at the time of the group's newest attempt. Where an outage is over and none of them
        ended it, its last refusal is judged at its own time.
        """
        end_revision = ended_by(outage, self.starts, group.vector)
        after = outage.after or self._next_success(group, outage)
        if end_revision is not None or after is None:
            return end_revision, None
        refused, last = self.replayer.attempts.attempt(outage.last), max(at, index_at(self.starts, after.begin))

        def refuses(index: int) -> bool:
            return verdict_of(self.replayer.judge(refused, index).trace, group.step).stands_against

        if not refuses(at):
            return None, None
        if not refuses(last):
            return next(index for index in range(at + 1, last + 1) if index == last or not refuses(index)), None
        then = verdict_of(self.replayer.judge(replace(refused, time=after.begin), last).trace, group.step)
        return None, after if then.decision == "accepted" else None

    def _next_success(self, group: AttemptGroup, outage: Outage) -> OutcomeRun | None:
        """Return later successes of an outage's families, which are in another group at their own time."""
        later = [
            run
            for other in self.successful
            if other.step == group.step and other.families & group.families - {None}
            for run in other.runs
            if run.accepted and run.begin > outage.end
        ]
        return min(later, key=lambda run: run.begin, default=None)

    def _ran_out(self, group: AttemptGroup, outage: Outage, at: int) -> bool:
        """Whether the refused attempt is accepted by the same configuration at the time of the last success.

        A date in a condition was reached, or a key expired: no write caused it.
        """
        if outage.before is None or not group.vector[at].stands_against:
            return False
        refused = self.replayer.attempts.attempt(outage.first)
        then = verdict_of(self.replayer.judge(replace(refused, time=outage.before.end), at).trace, group.step)
        now = verdict_of(self.replayer.judge(refused, at).trace, group.step)
        return then.decision == "accepted" and now.stands_against

    def _is_drifted(self, group: AttemptGroup, at: int) -> bool:
        """Whether the last logged write accepts the attempt, but the configuration read after it refuses."""
        revisions = self.replayer.history.revisions
        is_last_write = at == len(revisions) - 2 and revisions[-1].change is None and revisions[at].change is not None
        return is_last_write and group.vector[-1].stands_against

    def _suspects(self, group: AttemptGroup, outage: Outage, at: int) -> list[int]:
        """Return the writes between success and refusal to what now refuses, if no log shows its earlier state.

        Writes of other fields may precede, separate or follow them. Excluded are writes before which the attempt was
        already refused or after which it is accepted, and writes that changed nothing according to the successes'
        mapped principals.
        """
        if outage.before is None or not group.vector[at].stands_against:
            return []
        fields = fields_of_steps(self.replayer.cloud, (step for step, _ in group.vector[at].refusals))
        history = self.replayer.history
        return [
            index
            for index in range(max(1, index_at(self.starts, outage.before.end - self.lag)), at + 1)
            if history.revisions[index].change is not None
            and self.starts[index] >= outage.before.end - self.lag
            and fields & changed_fields(history, index).keys()
            and _may_have_turned(group.vector[index - 1], group.vector[index])
            and not (
                fields & changed_fields(history, index).keys() == {"mapping"}
                and self._maps_as_before(group, outage, outage.before, at)
            )
        ]

    def _maps_as_before(self, group: AttemptGroup, outage: Outage, before: OutcomeRun, at: int) -> bool:
        """Whether a revision's mapping returns the subject that Google logged for the successes before an outage.

        The other attributes are not logged and must not decide: the refusal has to be the same without them, and must
        not be about a missing attribute.
        """
        if {kind for _, kind in group.vector[at].refusals} & _OF_ATTRIBUTES:
            return False
        history, accepted = self.replayer.history, self.replayer.attempts.attempt(before.last)
        mapping = history.revisions[at].fields.get("mapping")
        logged = mapped_subject(accepted.mapped_principal) if accepted.subject else None
        if logged is None or history.build is None or mapping is None or not isinstance(mapping.value, dict):
            return False
        if self.replayer.judge(accepted, at).trace.mapped.get(_SUBJECT) != logged:
            return False
        subject_alone = mapping._replace(value={_SUBJECT: mapping.value.get(_SUBJECT)})
        evidence = history.build({**history.revisions[at].fields, "mapping": subject_alone})
        refused = self.replayer.attempts.attempt(outage.first)
        without = self.replayer.verdict_with(refused, at, evidence)
        return without.stands_against and without.refusals == group.vector[at].refusals

    def _only_write(self, outage: Outage) -> int | None:
        """Return the only write between success and refusal to a field that the recorded error is about.

        It explains outages whose deciding claims are not logged: nothing else changed, although no replay can prove it.
        """
        if outage.before is None:
            return None
        steps = steps_of_attempt(self.replayer.attempts.attempt(outage.first))
        fields = fields_of_steps(self.replayer.cloud, steps)
        inside = [
            index
            for index in range(1, len(self.starts))
            if outage.before.end - self.lag <= self.starts[index] <= outage.begin + EARLY
            and fields & changed_fields(self.replayer.history, index).keys()
        ]
        return inside[0] if len(inside) == 1 and self.replayer.history.revisions[inside[0]].change is not None else None

    def _token_side(self, group: AttemptGroup, outage: Outage, at: int) -> TokenChange | None:
        """Return the difference between the refused token and the most similar token that the configuration accepts.

        None if such tokens were accepted before, so that the difference is not the cause.
        """
        if outage.before is not None:
            return None
        refused = self.replayer.attempts.attempt(outage.first)
        profile = self.replayer.profile
        changes: list[TokenChange | None] = []
        for other_group in self.successful:
            if other_group is group or other_group.step != group.step or other_group.vector[at].stands_against:
                continue
            successes = [run for run in other_group.runs if run.accepted and run.begin < outage.begin]
            if not successes or not self._came_later(group, outage, successes, other_group):
                continue
            accepted = self.replayer.attempts.attempt(successes[-1].last)
            request = self.replayer.request_fields
            changes.append(token_change(accepted, refused, profile) or request_change(accepted, refused, request))
            changes += [  # of another family, with a more similar token
                token_change(signature.sample, refused, profile)
                for signature in self.replayer.signatures
                if signature.number in self.replayer.accepted
                and signature.number in other_group.keys
                and signature.first_seen < outage.begin
            ]
        differences = [change for change in changes if change]
        nearest = min(differences, key=lambda change: (not change.same_workload, change.distance), default=None)
        return self._dated(nearest) if nearest is not None else None

    def _dated(self, change: TokenChange) -> TokenChange:
        """Return the difference with the time at which the new kind was first seen, and the old one last."""
        new, old = self._seen(change, change.after), self._seen(change, change.before)
        return change.dated(new[0] if new else change.after.time, old[1] if old else change.before.time)

    def _seen(self, change: TokenChange, side: Attempt) -> tuple[float, float] | None:
        """Return when attempts like one side of a difference were first and last seen."""
        families = [self._family_of(change.before), self._family_of(change.after)]
        like = likeness(change, side, self._family_of(side))
        if change.what.startswith("subject") and families[0] == families[1]:
            like = like._replace(subject=side.subject)
        signatures = [
            signature
            for signature in self.replayer.signatures
            if signature.sample.step == side.step and like.holds(signature)
        ]
        if not like.by_signature:
            return self.replayer.own_attempts.seen([signature.number for signature in signatures], like.fits)
        times = [
            (signature.first_seen, signature.last_seen) for signature in signatures if signature.first_seen != NO_TIME
        ]
        return (min(first for first, _ in times), max(last for _, last in times)) if times else None

    def _family_of(self, attempt: Attempt) -> str | None:
        """Return the attempt's subject family in the logs."""
        of_subject = (
            signature
            for signature in self.replayer.signatures
            if attempt.subject in (signature.sample.subject, *signature.subjects)
        )
        match = next(of_subject, None)
        return match.family if match is not None else attempt.subject

    def _came_later(
        self, group: AttemptGroup, outage: Outage, successes: list[OutcomeRun], other_group: AttemptGroup
    ) -> bool:
        """Whether the refused token is new: other tokens were used well before it, and it would have been logged too.

        Two parallel workloads, one of them always refused, are no change.
        """
        refusals = sum(run.times for run in group.runs)
        quiet = outage.begin - successes[0].begin
        stopped = (
            all(run.begin < outage.begin for run in other_group.runs if run.accepted)
            and successes[-1].end <= outage.begin
        )
        if stopped and refusals:
            return True
        if refusals < 2:  # noqa: PLR2004 - a rate needs two
            return sum(run.times for run in successes) > 2  # noqa: PLR2004 - a success or two are no habit
        usual = (group.runs[-1].end - group.runs[0].begin) / (refusals - 1)
        return quiet > 5 * usual

    def contradictions(self, group: AttemptGroup) -> list[str]:
        """Return attempts that the cloud accepted and the replay refuses, away from any change.

        Either the judge is wrong, or a write was not logged.
        """
        out = []
        for place, run in enumerate(group.runs):
            if not run.accepted:
                continue
            for row, time in ((run.last, run.end), (run.first, run.begin)):
                index = index_at(self.starts, time)
                just_changed = time < self.starts[index] + self.lag and index
                # a later refusal: the configuration changed in between, even if no log shows it
                later = any(not later_run.accepted for later_run in group.runs[place + 1 :])
                if group.vector[index].decision != "refused" or just_changed or later:
                    continue
                attempt = self.replayer.attempts.attempt(row)
                cloud = CLOUDS[self.replayer.cloud]
                out.append(
                    f"{cloud} accepted {as_value(attempt.subject or 'a token')} on {rfc3339(time)} (event "
                    f"{attempt.event_id}), and the configuration of that time, as far as the evidence shows it, "
                    "refuses it: a change was not seen in the logs that were read, or this reading is wrong"
                )
                break
        return out
