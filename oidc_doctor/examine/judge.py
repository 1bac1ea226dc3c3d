"""Judge and diagnose each target, cloud and token as a Case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.examine.collect import Run, signatures_of
from oidc_doctor.examine.observed import (
    denial_of_session,
    denials_of_target,
    newest_of_steps,
    refused_at_last,
    token_of_denial,
    token_of_reading,
    token_of_signature,
    without_strangers,
)
from oidc_doctor.examine.regions import RefusedRegion, refused_region
from oidc_doctor.findings.causes import Diagnosis, diagnose
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.profiles import complete_hypothetical, profile_of
from oidc_doctor.judge.readings import reading_of_attempt, reading_of_denial, readings_of_errors
from oidc_doctor.judge.workspace import tokens_of
from oidc_doctor.model.case import Case, Reading
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import TargetEvidence, Token
from oidc_doctor.model.steps import REFUSED, Cloud

if TYPE_CHECKING:
    from oidc_doctor.history.replayed_logs import ReplayedLogs
    from oidc_doctor.history.searched import Searched
    from oidc_doctor.model.events import Attempt, Change, SessionDenial, Signature
    from oidc_doctor.model.refusal import Trace

_GOOGLE = re.compile(r"google|gcloud|gcp", re.IGNORECASE)
# The steps that evaluate the token's subject.
_OF_SUBJECT: dict[Cloud, tuple[str, ...]] = {"aws": ("authorise",), "gcp": ("condition", "impersonate")}
_ORDER = {"refused": 1, "unknown": 2, "accepted": 3}


class Judged(NamedTuple):
    """An exchange of the report, and the evidence of its decision."""

    id: str
    evidence: TargetEvidence
    diagnosis: Diagnosis
    signatures: list[Signature]  # of the target's attempts in this cloud
    own_signatures: list[Signature]  # attempts of this exchange's token
    replayed: ReplayedLogs | None = None
    denial: SessionDenial | None = None  # the denied call of this exchange's session
    last: Signature | None = None  # the newest attempt of its token; of two steps, the refused one
    region: RefusedRegion | None = None  # the refusing Region, if other Regions accept the same token
    in_force: bool = False  # it was refused, and the refusing configuration is not known to have changed since


def judge_all(run: Run) -> list[Judged]:
    """Return every judged exchange: observed ones first, then refused, unknown, accepted."""
    judged = [exchange for evidence in run.snapshot.targets for exchange in _Target(run, evidence).exchanges()]
    judged.sort(key=lambda exchange: (not exchange.diagnosis.observed, _ORDER[exchange.diagnosis.prediction]))
    return judged


class _Target:
    """The exchanges of a target: every token with every relevant cloud."""

    def __init__(self, run: Run, evidence: TargetEvidence) -> None:
        self.run = run
        self.evidence = evidence
        self.errors = readings_of_errors(evidence)
        self.clouds = self._clouds()
        self.mapped: list[str | None] | None = None  # the tokens' google.subject, cached

    def exchanges(self) -> list[Judged]:
        """Return all judged exchanges of the target."""
        tokens: dict[Cloud, tuple[Token, ...]] = {}
        signatures: dict[Cloud, list[Signature]] = {}
        for cloud in self.clouds:
            signatures[cloud] = [
                signature for signature in signatures_of(self.run, self.evidence) if signature.sample.cloud == cloud
            ]
            replayed = self._replay(cloud, signatures[cloud])
            if replayed is not None:
                self.run.replayed[self.evidence.target.name, cloud] = replayed
            tokens[cloud] = self.evidence.tokens or (self._token_of_events(cloud, signatures[cloud], replayed),)
        errors = self._errors_by_exchange(tokens)
        return [
            self._judge(cloud, index, tokens[cloud], signatures[cloud], errors.get((cloud, index), []))
            for cloud in self.clouds
            for index in range(len(tokens[cloud]))
        ]

    def _clouds(self) -> list[Cloud]:
        """Return the clouds that the target or any file names, else the observed error's cloud."""
        named: list[Cloud] = []
        if self.evidence.target.aws is not None or self.evidence.aws is not None:
            named.append("aws")
        if self.evidence.target.gcp is not None or self.evidence.gcp is not None:
            named.append("gcp")
        if named:
            # a sentence of only the other cloud is about an exchange with that cloud
            of_errors = [reading.cloud for reading in self.errors if reading.cloud and reading.cloud not in named]
            return [*named, *dict.fromkeys(of_errors)]
        speaking = next((reading for reading in self.errors if reading.known or reading.cloud), None)
        if speaking is not None:
            return [speaking.cloud or ("gcp" if _GOOGLE.search(speaking.text) else "aws")]
        return sorted({signature.sample.cloud for signature in signatures_of(self.run, self.evidence)})

    def _replay(self, cloud: Cloud, signatures: list[Signature]) -> ReplayedLogs | None:
        """Return the target's history and replayed attempts; None if no log was read."""
        run = self.run
        if run.rows is None or not (signatures or run.changes):
            return None
        from oidc_doctor.history.replay import replay

        # files without a date count as read after all logged events
        newest = max((signature.last_seen for signature in signatures), default=run.at)
        read_at = run.snapshot.collected_at or max(run.at, newest) + 1
        attempts = run.attempts
        if attempts is None:
            from oidc_doctor.logs.attempts.signatures import Attempts

            attempts = Attempts(run.rows)
        replayed = replay(cloud, self.evidence, signatures, run.changes, attempts, read_at=read_at, at=run.at)
        return replayed._replace(searched=self._searched(cloud))

    def _searched(self, cloud: Cloud) -> Searched | None:
        """Return a cloud's logs for this target; None if none were read."""
        from oidc_doctor.history.searched import Searched

        coverage = self.run.logs.get("cloudtrail" if cloud == "aws" else "gcp-logs")
        question, evidence = self.run.question, self.evidence
        files = (
            (*evidence.cloudtrail, *question.cloudtrail) if cloud == "aws" else (*evidence.gcp_logs, *question.gcp_logs)
        )
        return None if coverage is None else Searched(coverage, tuple(dict.fromkeys(files)))

    def _token_of_events(self, cloud: Cloud, signatures: Sequence[Signature], replayed: ReplayedLogs | None) -> Token:
        """Return the token of the newest failing attempt of this target, else of its newest success.

        A workload that was accepted before and is refused now comes before one that never passed. A session with a
        denied call also counts as failing: its token comes before those of other successes.
        """
        named = [signature for signature in signatures if signature.sample.subject]
        named = named or [signature for signature in signatures if signature.sample.mapped_principal]
        samples = [signature.sample for signature in named]
        outcomes: dict[str | None, list[str]] = {}  # per kind of token, the newest first
        for signature in named:
            outcomes.setdefault(signature.family, []).append(signature.sample.outcome)
        broken = {family for family, of_kind in outcomes.items() if of_kind[0] == "refused" and "accepted" in of_kind}
        refused = [signature for signature in named if signature.sample.outcome == "refused"]
        refused.sort(key=lambda signature: signature.family not in broken)
        chosen = (
            next((signature.sample for signature in refused), None)
            or self._attempt_of_denial(cloud, replayed)
            or next(iter(samples), None)
        )
        if chosen is None or replayed is None:
            supposed = self._token_of_workspace(cloud)
            if supposed is not None:
                return supposed
            return Token("decoded", {}, None, complete=False, origin=Origin("(no token was given)"), name="none")
        from oidc_doctor.history.replay import token_of

        return token_of(chosen, self.evidence, replayed.deduced)

    def _attempt_of_denial(self, cloud: Cloud, replayed: ReplayedLogs | None) -> Attempt | None:
        """Return the attempt that issued the newest session with a denied call; None if not logged."""
        denials = denials_of_target(self.run.denials, self.evidence, cloud)
        newest = max(denials, key=lambda denial: denial.time, default=None)
        attempt = replayed.attempt_of_session(newest) if replayed is not None and newest is not None else None
        return attempt if attempt is not None and attempt.subject else None

    def _token_of_workspace(self, cloud: Cloud) -> Token | None:
        """Return a hypothetical token of `truss whoami`'s workspace if tokens of all its teams are refused.

        Otherwise the ids prove nothing: the token may come from a workspace other than the user's.
        """
        cases = []
        for token in tokens_of(self.evidence):
            profile = profile_of(self.evidence, token)
            whole = complete_hypothetical(token, profile, self.evidence)
            trace = evaluate(Case(cloud, self.evidence, whole, self.run.at, profile, explain=False))
            if all(trace.step(step).state != REFUSED for step in _OF_SUBJECT[cloud]):
                return None
            cases.append(token)
        return next(iter(cases), None)

    def _errors_by_exchange(self, tokens: dict[Cloud, tuple[Token, ...]]) -> dict[tuple[Cloud, int], list[Reading]]:
        """Return the observed errors, each under the exchange that it belongs to."""
        errors: dict[tuple[Cloud, int], list[Reading]] = {}
        for reading in self.errors if self.clouds else ():
            cloud = reading.cloud or self._cloud_of_unknown_sentence(tokens)
            index = token_of_reading(reading, tokens[cloud], partial(self._alone, cloud))
            errors.setdefault((cloud, index), []).append(reading)
        return errors

    def _alone(self, cloud: Cloud, token: Token) -> Trace:
        """Judge a token by the documents alone, without observations."""
        return evaluate(Case(cloud, self.evidence, token, self.run.at, profile_of(self.evidence, token), explain=False))

    def _cloud_of_unknown_sentence(self, tokens: dict[Cloud, tuple[Token, ...]]) -> Cloud:
        """Return the cloud for a sentence that names none: that of the first refused, else unknown, exchange."""
        if len(self.clouds) == 1:
            return self.clouds[0]
        predictions = {}
        for cloud in self.clouds:
            token = tokens[cloud][0]
            case = Case(cloud, self.evidence, token, self.run.at, profile_of(self.evidence, token))
            predictions[cloud] = diagnose(case, evaluate(case)).prediction
        return min(self.clouds, key=lambda cloud: _ORDER[predictions[cloud]])

    def _refused_writes(
        self, cloud: Cloud, evidence: TargetEvidence, signatures: Sequence[Signature]
    ) -> tuple[Change, ...]:
        if not any(change.error_code and change.cloud == cloud for change in self.run.changes):
            return ()
        from oidc_doctor.history.refused_writes import refused_writes

        return refused_writes(cloud, self.run.changes, evidence, signatures)

    def _mapped_subjects(
        self, cloud: Cloud, tokens: Sequence[Token], signatures: Sequence[Signature]
    ) -> list[str | None]:
        """Return each token's google.subject if it identifies impersonations without an exchange."""
        samples = [signature.sample for signature in signatures]
        if cloud == "aws" or all(sample.subject or not sample.mapped_principal for sample in samples):
            return []
        if self.mapped is not None:
            return self.mapped
        mapped = self.mapped = []
        for token in tokens:
            profile = profile_of(self.evidence, token)
            whole = complete_hypothetical(token, profile, self.evidence)
            trace = evaluate(Case(cloud, self.evidence, whole, self.run.at, profile, explain=False))
            mapped.append(trace.mapped.get("google.subject"))
        return mapped

    def _judge(
        self,
        cloud: Cloud,
        index: int,
        tokens: Sequence[Token],
        signatures: list[Signature],
        errors: Sequence[Reading],
    ) -> Judged:
        evidence, token, readings = self.evidence, tokens[index], list(errors)
        replayed = self.run.replayed.get((evidence.target.name, cloud))
        mapped = self._mapped_subjects(cloud, tokens, signatures)
        of_token = [
            signature for signature in signatures if token_of_signature(signature, tokens, replayed, mapped) == index
        ]
        of_token = without_strangers(of_token, signatures)
        if token.kind == "event" and token.subject is None:  # of several principals, only the event's own
            families = {candidate.family for candidate in of_token if token.name in candidate.event_ids} - {None}
            of_token = [
                candidate
                for candidate in of_token
                if not families or candidate.family is None or candidate.family in families
            ]
        newest = next(iter(of_token), None)
        refused = refused_at_last(of_token, replayed)
        region = refused_region(of_token, replayed)
        if region is not None and refused in (None, region.signature):
            refused = region.signature
        else:
            region = None
        logged = reading_of_attempt(refused.sample) if refused is not None else None
        if logged is not None and not any(
            reading.steps & logged.steps and reading.cloud == logged.cloud for reading in readings
        ):
            readings.append(logged)
        denial = None
        if not readings or any("permission" in reading.steps for reading in readings):
            of_target = () if refused is not None else denials_of_target(self.run.denials, evidence, cloud)
            own = [denial for denial in of_target if token_of_denial(denial, tokens, replayed) == index]
            denial = denial_of_session(own, newest)
        if denial is not None and not readings:
            readings.append(reading_of_denial(denial))
        token = token._replace(missing_claims=frozenset[str]().union(*(reading.missing_claims for reading in readings)))
        profile = profile_of(evidence, token)
        token = complete_hypothetical(token, profile, evidence)
        accepted: frozenset[str] = frozenset()
        age = None
        if replayed is not None:
            from oidc_doctor.history.replay import present_of

            accepted = replayed.replayer.accepted_providers(-1)
            evidence = present_of(replayed, token, signatures)
            if refused is not None and logged is not None:
                age = replayed.age_of_change(refused, logged.steps)
        case = Case(
            *(cloud, evidence, token, self.run.at, profile, tuple(readings), accepted, age),
            asks_access=True,
            at_asked=self.run.question.at is not None,
            refused_writes=self._refused_writes(cloud, evidence, signatures),
        )
        trace = evaluate(case)
        if replayed is not None and (stand_in := replayed.stand_in()):
            trace.assumed.append(stand_in)
        name = f"{self.evidence.target.name}/{cloud}" + (f"/{token.name}" if len(tokens) > 1 else "")
        last = refused or next(iter(newest_of_steps(of_token)), None)
        return Judged(
            *(name, self.evidence, diagnose(case, trace), signatures, of_token, replayed, denial, last, region),
            in_force=last is refused,
        )
