"""Turn traces and observed errors into causes: refusals in order of likelihood, each with its confidence.

Order and confidence follow the contract: steps that the observed error allows, definite before suspected, step order,
order within the step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from oidc_doctor.checkkit import Check
from oidc_doctor.findings import run_checks
from oidc_doctor.findings.saved_token import aged_kinds, note_lasting
from oidc_doctor.findings.sources import links_for
from oidc_doctor.findings.suspicions import add_suspicions
from oidc_doctor.issuers import Profile
from oidc_doctor.judge.aws.session_claims import ROLES
from oidc_doctor.judge.error_texts import before, on_the_wire
from oidc_doctor.judge.readings import S3_PERMISSIONS, follows_steps, named_kind
from oidc_doctor.model.arns import is_session_of
from oidc_doctor.model.case import Case, Reading
from oidc_doctor.model.document import Origin
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.planned import PlannedChange
from oidc_doctor.model.refusal import Clause, CloudError, Refusal, Trace
from oidc_doctor.model.report import NamedRefusal, StepRow
from oidc_doctor.model.steps import (
    ASSUMED,
    NOT_REACHED,
    PASSED,
    PASSED_BY_ERROR,
    REFUSED,
    STEPS,
    UNKNOWN,
    Cloud,
    position,
)


@dataclass
class Diagnosis:
    """The diagnosis of an exchange: prediction, steps, and refusals as causes."""

    case: Case
    trace: Trace
    rows: list[StepRow]
    prediction: Literal["accepted", "refused", "unknown"]
    step: str | None
    error: CloudError | None
    refusals: list[Refusal] = field(default_factory=list)  # ordered as causes
    readings: tuple[Reading, ...] = ()  # the observed errors of this exchange, as explained by its own values
    token_aged: bool = False  # the token expired since it was saved, but a new token would be refused as well

    @property
    def observed(self) -> bool:
        """Whether a failure of this exchange was observed; an unknown error text proves none."""
        return any(reading.known for reading in self.readings)


def readings_for(case: Case) -> tuple[Reading, ...]:
    """Return the observed errors that can come from this exchange."""
    return tuple(reading for reading in case.readings if reading.cloud in (None, case.cloud))


def diagnose(case: Case, trace: Trace) -> Diagnosis:
    """Predict the outcome, and order the refusals as causes."""
    readings = tuple(_as_explained(case, trace, reading) for reading in readings_for(case))
    by_error = [_refusal_of(case, reading) for reading in readings]
    _add_named(case, trace, [refusal for refusal in by_error if refusal is not None])
    allowed = frozenset[str]().union(*(reading.steps for reading in readings)) if readings else frozenset()
    add_suspicions(case, trace, tuple(reading for reading in readings if reading.known), allowed)
    rows = _rows(case, trace, readings)
    prediction, step, error = _predict(case, trace, rows)
    aged = aged_kinds(case, trace, allowed)
    if aged:
        note_lasting(trace)
    refusals = sorted(
        trace.refusals,
        key=lambda refusal: (
            bool(allowed) and refusal.step not in allowed,
            not refusal.named_by_error,
            not refusal.certain,
            refusal.kind in aged,
            position(case.cloud, refusal.step),
            refusal.rank,
        ),
    )
    return Diagnosis(case, trace, rows, prediction, step, error, _distinct(refusals), readings, bool(aged))


def _as_explained(case: Case, trace: Trace, reading: Reading) -> Reading:
    """Return the reading of an error, as explained by the target's own values or a fault at an earlier step.

    Credentials are valid in the partition that issued them: an endpoint in any other partition reports them as invalid.
    """
    if reading.kind is Kind.SESSION_CREDENTIALS_INVALID and trace.cloud == "aws":
        for result in trace.steps:
            if any(refusal.kind is Kind.ENDPOINT_PARTITION_DIFFERS and refusal.certain for refusal in result.refusals):
                steps = frozenset((result.id,))
                return reading._replace(steps=steps, kind=Kind.ENDPOINT_PARTITION_DIFFERS, follows_steps=False)
    kind = named_kind(case, reading)
    if kind is None or kind is reading.kind:
        return reading
    return reading._replace(kind=kind, steps=frozenset((kind.step_in(case.cloud),)))


def _distinct(refusals: list[Refusal]) -> list[Refusal]:
    """Return the first, and so most certain, refusal of each kind and clause."""
    by_clause: dict[tuple[Kind, Clause | str], Refusal] = {}
    for refusal in refusals:
        key = (refusal.kind, refusal.clause if refusal.clause.parts else str(refusal.where or ""))
        by_clause.setdefault(key, refusal)
    return list(by_clause.values())


def _first_step(cloud: Cloud, steps: frozenset[str]) -> str:
    return next((step.id for step in STEPS[cloud] if step.id in steps), STEPS[cloud][0].id)


def _refusal_of(case: Case, reading: Reading) -> Refusal | None:
    """Return the refusal that an observed error names; None if its sentence matches several kinds."""
    if reading.kind is None:
        return None
    step = _first_step(case.cloud, reading.steps)
    return Refusal(
        case.cloud,
        step,
        reading.kind,
        certain=reading.proves,
        where=Origin(reading.source) if reading.source else None,
        facts=_named_facts(case, reading),
        settle="" if reading.proves else "the whole error text",
        error=CloudError(*on_the_wire(reading.text)) if reading.proves else None,
        named_by_error=True,
    )


def _named_facts(case: Case, reading: Reading) -> dict[str, str]:
    facts = dict(reading.facts)
    if facts.get("operation") in S3_PERMISSIONS:
        facts.setdefault("permission", S3_PERMISSIONS[facts["operation"]])
    if "permission" in facts:
        facts.setdefault("call", facts["permission"])
    if case.profile is not None and case.profile.token_sources:
        facts.setdefault("hint", case.profile.token_sources[0].hint)
    if case.evidence.target.aws and case.evidence.target.aws.role_arn:
        facts.setdefault("role_arn", case.evidence.target.aws.role_arn)
        if facts.get("caller") and not is_session_of(facts["caller"], case.evidence.target.aws.role_arn):
            facts["other_caller"] = facts["caller"]
    if case.evidence.target.gcp and case.evidence.target.gcp.service_account:
        facts.setdefault("service_account", case.evidence.target.gcp.service_account)
    return facts


# Steps decided by documents of the bundle. For the others a bundle may lack the refused request or token.
_DECIDED_BY_DOCUMENTS = frozenset(
    ("provider", "audience", "authorise", "target", "issuer", "condition", "mapping", "impersonate")
)
_OF_ANOTHER_MOMENT = "the token and the configuration of the moment of the error: those that were read pass this step"


# The claim whose value the sentence states.
_STATED = {Kind.TOKEN_EXPIRED: "exp", Kind.TOKEN_ISSUED_IN_FUTURE: "iat", Kind.TOKEN_NOT_YET_VALID: "nbf"}
_ROLES = (Kind.ROLES_CLAIM_EXCLUDES_ROLE, Kind.ROLES_CLAIM_MALFORMED)


def _is_of_another_request(case: Case, trace: Trace, refusal: Refusal) -> bool:
    """Whether the error that a caller saw is of another token than the one that was read whole, or of another request.

    An event is of a signature, which tokens share; a decoded token may have been cut short.
    """
    token, target = case.token, case.evidence.target
    if refusal.where is not None and refusal.where.file.startswith("event "):
        return False
    if refusal.kind is Kind.ROLE_ARN_MALFORMED:
        at = target.origins.get("aws.role_arn")
        return trace.step("request").state == PASSED and at is not None and not at.file.startswith("aws/")
    if token.kind != "jwt" or token.fault:
        return False
    if refusal.kind is Kind.SIGNATURE_INVALID:
        return trace.step("keys").state == PASSED
    if refusal.kind is Kind.CLAIM_MISSING:
        return token.claims.get(refusal.fact("claim")) is not None
    if refusal.kind in _ROLES:
        return ROLES not in token.claims
    stated = refusal.fact("stated")
    return bool(stated) and str(token.claims.get(_STATED.get(refusal.kind, ""), "")) != stated


def _is_contradicted(trace: Trace, refusal: Refusal) -> bool:
    """Whether the documents prove that the named fault does not exist."""
    shown = not refusal.kind.seen_only and refusal.kind not in trace.unseen
    return shown and refusal.step in _DECIDED_BY_DOCUMENTS and trace.step(refusal.step).state == PASSED


def _is_same_fault(evaluated: Refusal, named: Refusal) -> bool:
    """Whether an evaluated refusal is the one that an error names: same kind and same call."""
    if evaluated.kind is not named.kind:
        return False
    permission = named.fact("permission")
    return not (evaluated.fact("shown_by") and permission) or _is_of_call(evaluated, permission)


def _is_of_call(evaluated: Refusal, permission: str) -> bool:
    """Whether a refusal by policies concerns this call, which `calls` lists. AWS prints some actions in lower case."""
    return permission.lower() in evaluated.fact("calls").lower().split()


def _is_explained(trace: Trace, named: Refusal) -> bool:
    """Whether the policies deny the call that an error names for a reason other than a missing permission.

    A sentence that names no policy proves only the denial: a grant to the role would not help.
    """
    permission = named.fact("permission")
    if named.kind is not Kind.PERMISSION_MISSING or not permission or named.fact("policy"):
        return False
    return any(
        refusal.certain and refusal.fact("shown_by") and _is_of_call(refusal, permission)
        for refusal in trace.step("permission").refusals
        if refusal.kind is not Kind.PERMISSION_MISSING
    )


def _add_named(case: Case, trace: Trace, by_error: list[Refusal]) -> None:
    """Merge the refusals that an error names with the evaluated ones; evaluated details take precedence."""
    for refusal in by_error:
        if _is_explained(trace, refusal):
            continue
        if _is_of_another_request(case, trace, refusal):
            refusal = refusal._replace(certain=False, settle=_OF_ANOTHER_MOMENT)  # noqa: PLW2901
        for result in trace.steps:
            index = next((at for at, rest in enumerate(result.refusals) if _is_same_fault(rest, refusal)), None)
            if index is not None:
                if refusal.certain:
                    evaluated = result.refusals[index]._replace(certain=True, named_by_error=True)
                    result.refusals = [*result.refusals[:index], evaluated, *result.refusals[index + 1 :]]
                    result.state = REFUSED
                break
        else:
            result = trace.step(refusal.step)
            if _is_contradicted(trace, refusal):
                refusal = refusal._replace(certain=False, settle=_OF_ANOTHER_MOMENT)  # noqa: PLW2901
            result.refusals.insert(0, refusal)
            if refusal.certain:
                result.state = REFUSED
                result.at = refusal.where


def _rows(case: Case, trace: Trace, readings: tuple[Reading, ...]) -> list[StepRow]:
    """Return the steps for the report: passed according to an observed error, not reached, or as evaluated."""
    by_error = frozenset[str]()
    for reading in readings:
        if follows_steps(case, reading):
            by_error |= before(trace.cloud, reading.steps)
    for reading in readings:
        by_error -= reading.steps  # if two errors disagree, neither proves that the other's step passed
    by_error |= case.shown_passed
    rows: list[StepRow] = []
    reached = True
    exchange_steps = {step.id for step in STEPS[trace.cloud] if step.exchange}
    for result in trace.steps:
        state, note = result.state, result.note
        if result.id in by_error and state in (UNKNOWN, ASSUMED, REFUSED):
            state, note = PASSED_BY_ERROR, "the observed error comes from a later step"
        if not reached and state != REFUSED:
            note = "would pass" if state in (PASSED, ASSUMED) else ""
            state = NOT_REACHED
        if result.id in ("permission", "configure") and state == UNKNOWN and not result.refusals:
            note = note or "not examined"
        rows.append(StepRow(result.id, state, str(result.at) if result.at else None, note))
        if state == REFUSED and result.id in exchange_steps | {"obtain"}:
            reached = False
    return rows


def _predict(
    case: Case, trace: Trace, rows: list[StepRow]
) -> tuple[Literal["accepted", "refused", "unknown"], str | None, CloudError | None]:
    exchange_steps = [step.id for step in STEPS[case.cloud] if step.exchange]
    states = {row.id: row.state for row in rows}
    refused = next((step for step in exchange_steps if states[step] == REFUSED), None)
    if refused is None:
        open_ = any(states[step] not in (PASSED, ASSUMED, PASSED_BY_ERROR) for step in exchange_steps)
        return ("unknown" if open_ else "accepted"), None, None
    errors = (refusal.error for refusal in trace.step(refused).refusals if refusal.certain)
    error = next((error for error in errors if error), None)
    if error is None:
        return "refused", refused, CloudError("", "", certain=False)
    earlier = exchange_steps[: exchange_steps.index(refused)]
    certain = error.certain and all(states[step] != UNKNOWN for step in earlier)
    certain = certain and not case.evidence.plan_assumes  # a policy that is rebuilt may be another one after apply
    return "refused", refused, error._replace(certain=certain)


def name_refusals(diagnosis: Diagnosis, checks: Mapping[Kind, Check]) -> list[NamedRefusal]:
    """Return the exchange's refusals with the names and words of their checks, in the order of causes."""
    named = [_named_by_check(refusal, checks, diagnosis.case.profile) for refusal in diagnosis.refusals]
    if diagnosis.case.evidence.planned:  # the configuration may not exist yet, and is changed in its source
        return [_of_plan(refusal, diagnosis.case.evidence.planned) for refusal in named]
    return named


_DELETED = {  # the file of the resource whose absence each kind of refusal is
    Kind.ROLE_MISSING: "aws/role.json",
    Kind.WORKLOAD_POOL_MISSING: "gcp/pool.json",
    Kind.PROVIDER_NOT_FOUND: "gcp/provider.json",
    Kind.SERVICE_ACCOUNT_MISSING: "gcp/service-account.json",
}


def deleted_in(planned: Sequence[PlannedChange], refusal: Refusal) -> str:
    """Return the address of the resource whose deletion by a plan is the refusal's cause; "" without one."""
    place = _DELETED.get(refusal.kind)
    return next((change.address for change in planned if change.place == place and change.is_deletion), "")


def _of_plan(named: NamedRefusal, planned: Sequence[PlannedChange]) -> NamedRefusal:
    """Return the words for a plan: without commands, and with the resource that the plan deletes as the cause."""
    gone = deleted_in(planned, named.refusal)
    if not gone:
        return named._replace(commands=())
    fix = f"Keep {gone} in the configuration, or forget it with a removed block (destroy = false), and plan again."
    return named._replace(headline=f"the plan deletes {gone}", fix=fix, commands=())


def contradicts_observed(diagnosis: Diagnosis, refusal: Refusal) -> bool:
    """Whether the observed error cannot come from the refusal's step."""
    steps = frozenset[str]().union(*(reading.steps for reading in diagnosis.readings))
    return bool(steps) and refusal.step not in steps


def _named_by_check(refusal: Refusal, checks: Mapping[Kind, Check], profile: Profile | None) -> NamedRefusal:
    words, broken = run_checks.say(checks.get(refusal.kind), refusal)
    check = checks.get(refusal.kind) or checks.get(Kind.REFUSED_UNEXPLAINED)
    return NamedRefusal(
        refusal,
        check.code_in(refusal.cloud) if check else "",
        check.name if check else str(refusal.kind),
        words.headline,
        words.fix,
        tuple(filter(None, words.commands)),  # empty if the guard refused a word
        broken,
        tuple(links_for(check, profile).items()) if check else (),
    )
