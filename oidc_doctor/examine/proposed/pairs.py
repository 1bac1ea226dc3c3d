"""The cases of one target before and after a change, and the decisions on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.bundle.contract import deciding
from oidc_doctor.findings import packs, run_checks
from oidc_doctor.findings.causes import diagnose
from oidc_doctor.judge import evaluate
from oidc_doctor.model.document import Missing
from oidc_doctor.model.steps import ASSUMED, PASSED, PASSED_BY_ERROR, REFUSED, STEPS, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from oidc_doctor.examine.judge import Judged
    from oidc_doctor.examine.proposed.lay import Laid
    from oidc_doctor.findings.causes import Diagnosis
    from oidc_doctor.history.replayed_logs import ReplayedLogs
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.events import SessionDenial
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.proposed import Decision
    from oidc_doctor.model.steps import Cloud, State

_PASSING = (PASSED, ASSUMED, PASSED_BY_ERROR)


class Changed(NamedTuple):
    """A target that a change is about, in one cloud. `at` is the instant judged at, epoch seconds."""

    target: str
    cloud: Cloud
    exchanges: tuple[Judged, ...]
    before: TargetEvidence
    after: TargetEvidence
    documents: tuple[tuple[str, Laid], ...]  # each with the file that the user named
    affected: frozenset[str]  # steps that the change may decide otherwise
    replayed: ReplayedLogs | None
    at: float
    denials: tuple[SessionDenial, ...] = ()
    settles: tuple[tuple[str, str], ...] = ()  # names of what the change leaves open, and what would settle it
    said: tuple[str, ...] = ()  # further notes on the change

    @property
    def resource(self) -> str:
        """The role's ARN, or the provider's name; empty if the evidence names none."""
        aws, gcp = self.before.target.aws, self.before.target.gcp
        if self.cloud == "aws":
            return (aws.role_arn if aws is not None else None) or ""
        return (gcp.provider if gcp is not None else None) or ""

    @property
    def exchange_steps(self) -> tuple[str, ...]:
        """The steps that decide whether a token is accepted."""
        return tuple(step.id for step in STEPS[self.cloud] if step.exchange)

    @property
    def decides_exchange(self) -> bool:
        """Whether the change may alter the decision on a token, and not only on later calls."""
        return bool(self.affected & set(self.exchange_steps))

    def then(self, case: Case) -> Case:
        """Return a case of the present with the change; what was observed of the present is left out."""
        pasted = self.after.target.pasted
        target = case.evidence.target._replace(pasted=pasted)
        # A logged success shows that a ClientIDList works, as long as the provider stays as it is.
        accepted = frozenset[str]() if "audience" in self.affected else case.accepted_providers
        return case._replace(
            evidence=self.after._replace(target=target, tokens=case.evidence.tokens),
            readings=tuple(one for one in case.readings if one.steps and not one.steps & self.affected),
            accepted_providers=accepted,
            since_change=None,
            refused_writes=(),
        )


def states_of(case: Case, shown: Collection[str] = ()) -> dict[str, State]:
    """Return the state of each step of the exchange. `shown`: steps that the logs show as passed.

    Logs settle what is unknown; a refusal by the documents stays, since they may be newer.
    """
    trace = evaluate(case._replace(explain=False, traced=False, contradictions=True, asks_access=False))
    exchange = {step.id for step in STEPS[case.cloud] if step.exchange}
    return {
        result.id: PASSED_BY_ERROR if result.id in shown and result.state == UNKNOWN else result.state
        for result in trace.steps
        if result.id in exchange
    }


def decision_of(states: dict[str, State]) -> Decision:
    """Return the decision on a token by the states of the steps of its exchange."""
    if REFUSED in states.values():
        return "refused"
    return "accepted" if all(state in _PASSING for state in states.values()) else "unknown"


def diagnosed(case: Case, shown: Collection[str] = ()) -> Diagnosis:
    """Return the diagnosis of a case, in which the logs show these steps as passed where the documents are silent."""
    case = case._replace(asks_access=False)
    trace = evaluate(case)
    settled = frozenset(step for step in shown if trace.step(step).state == UNKNOWN)
    return diagnose(case._replace(shown_passed=case.shown_passed | settled), trace)


def why_refused(diagnosis: Diagnosis) -> tuple[str, str]:
    """Return why a token is refused, in the words of the check, and where the clause was read; or ("", "")."""
    refusal = next(
        (one for one in diagnosis.refusals if one.certain and one.step == diagnosis.step),
        next((one for one in diagnosis.refusals if one.certain), None),
    )
    if refusal is None:
        return "", ""
    checks = run_checks.by_kind(packs.all_checks())
    words = run_checks.say(checks.get(refusal.kind), refusal)[0].headline
    return words.rstrip(". "), str(refusal.where or "")


def why_unknown(diagnosis: Diagnosis) -> str:
    """Return what would settle an unknown decision: by its suspicions, else the files that decide the open steps."""
    settles = [one.settle for one in diagnosis.refusals if not one.certain and one.settle]
    if settles:
        return "; ".join(dict.fromkeys(settles[:_MOST]))
    titles = {step.id: step.title for step in STEPS[diagnosis.case.cloud] if step.exchange}
    unread, files = set(_unread(diagnosis.case.evidence)), deciding(diagnosis.case.cloud)
    wanted: dict[str, list[str]] = {}
    for row in diagnosis.rows:
        if row.state == UNKNOWN and row.id in titles:
            what = next((file.path for file in files[row.id] if file.path in unread), row.note or _TOKEN)
            wanted.setdefault(what, []).append(titles[row.id])
    return "; ".join(f"{what} ({', '.join(steps)})" for what, steps in list(wanted.items())[:_MOST])


def _unread(evidence: TargetEvidence) -> Iterator[str]:
    """Yield the files of the bundle that were not read."""
    for part in (evidence.aws, evidence.gcp, evidence.issuer):
        yield from (read.what for read in part or () if isinstance(read, Missing) and not read.proves_absence)


_MOST = 3  # things that would settle a decision
_TOKEN = "a token with all its claims"
