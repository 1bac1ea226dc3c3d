"""From traces and observed errors to causes: what was refused, in which order of likelihood, with which confidence.

The order and the confidence are the contract's: the steps that the observed error allows, definite before suspected,
step order, order inside the step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from oidc_doctor.checkkit import Check, Words
from oidc_doctor.evaluate.error_texts import before, on_the_wire
from oidc_doctor.model.case import Case, Reading
from oidc_doctor.model.evidence import Origin, Role
from oidc_doctor.model.exchange import (
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
from oidc_doctor.model.report import Cause, StepRow
from oidc_doctor.model.trace import CloudError, Kind, Refusal, Trace

CLOUD_NAMES: dict[Cloud, str] = {"aws": "AWS", "gcp": "Google Cloud"}

# What an observed refusal of a step most often means, for when nothing that was read refuses there.
_SUSPECTS: dict[tuple[str, str], tuple[tuple[Kind, str], ...]] = {
    ("aws", "obtain"): ((Kind.TOKEN_NOT_ISSUED, "the workload's own log"),),
    ("aws", "request"): ((Kind.REQUEST_MALFORMED, "the request as it was sent"),),
    ("aws", "token"): ((Kind.NOT_A_JWT, "the token that was sent"),),
    ("aws", "provider"): ((Kind.PROVIDER_MISSING, "aws iam list-open-id-connect-providers in the role's account"),),
    ("aws", "audience"): ((Kind.AUDIENCE_NOT_REGISTERED, "aws iam get-open-id-connect-provider, and the token's aud"),),
    ("aws", "keys"): ((Kind.JWKS_UNREACHABLE, "fetch the issuer's discovery document and key set from outside"),),
    ("aws", "session-claims"): ((Kind.TAGS_CLAIM_MALFORMED, "the claims of the token that was sent"),),
    ("aws", "duration"): (
        (Kind.SESSION_DURATION_OVER_LIMIT, "aws iam get-role, and the DurationSeconds that was sent"),
    ),
    ("aws", "permission"): ((Kind.PERMISSION_MISSING, "the role's permission policies"),),
    ("gcp", "configure"): ((Kind.POOL_DELETED, "gcloud iam workload-identity-pools list --show-deleted"),),
    ("gcp", "obtain"): ((Kind.TOKEN_NOT_ISSUED, "the workload's own log"),),
    ("gcp", "target"): ((Kind.PROVIDER_NOT_FOUND, "gcloud iam workload-identity-pools providers describe"),),
    ("gcp", "token"): ((Kind.NOT_A_JWT, "the token that was sent"),),
    ("gcp", "issuer"): ((Kind.ISSUER_MISMATCH, "the token's iss and the provider's issuerUri"),),
    ("gcp", "audience"): ((Kind.AUDIENCE_NOT_ALLOWED, "the token's aud and the provider's allowedAudiences"),),
    ("gcp", "times"): ((Kind.TOKEN_EXPIRED, "the iat and exp of the token that was sent"),),
    ("gcp", "keys"): ((Kind.ISSUER_UNREACHABLE, "fetch the issuer's discovery document and key set from outside"),),
    ("gcp", "condition"): (
        (Kind.ATTRIBUTE_CONDITION_FALSE, "the provider's attribute condition and the token's claims"),
    ),
    ("gcp", "mapping"): ((Kind.MAPPING_CLAIM_MISSING, "the provider's attribute mapping and the token's claims"),),
    ("gcp", "impersonate"): (
        (Kind.IMPERSONATION_BINDING_MISSING, "gcloud iam service-accounts get-iam-policy of the service account"),
    ),
    ("gcp", "permission"): ((Kind.PERMISSION_MISSING, "the allow policy of the resource"),),
}
# Everything read lets the token pass, and yet it was refused there.
_BEYOND: dict[tuple[str, str], tuple[tuple[Kind, str], ...]] = {
    ("aws", "authorise"): (
        (Kind.OUTSIDE_THE_TRUST_POLICY, "the resource control policies of the organisation, and the role as it is now"),
    ),
    ("gcp", "times"): ((Kind.TOKEN_EXPIRED, "the token that was refused: the one that was given is within its times"),),
    ("aws", "keys"): ((Kind.JWKS_UNREACHABLE, "fetch discovery document and key set from outside your own network"),),
    ("gcp", "keys"): ((Kind.ISSUER_UNREACHABLE, "fetch discovery document and key set from outside your own network"),),
    ("gcp", "impersonate"): (
        (Kind.PROPAGATION_DELAY, "when the binding was made: a change takes 2 to 7 minutes or longer"),
        (Kind.OUTSIDE_THE_ALLOW_POLICY, "deny policies and principal access boundaries"),
    ),
}
_FRESH = 300  # seconds after its creation in which a role may not be usable everywhere


@dataclass
class Diagnosis:
    """One exchange, diagnosed."""

    case: Case
    trace: Trace
    rows: list[StepRow]
    prediction: Literal["accepted", "refused", "unknown"]
    step: str | None
    error: CloudError | None
    refusals: list[Refusal] = field(default_factory=list)  # ordered as causes
    observed: bool = False  # a failure of this exchange was seen


def readings_for(case: Case) -> tuple[Reading, ...]:
    """The observed errors that this exchange can have given."""
    return tuple(reading for reading in case.readings if reading.cloud in (None, case.cloud))


def diagnose(case: Case, trace: Trace) -> Diagnosis:
    """Predict, and put the refusals into the order of causes."""
    readings = readings_for(case)
    named = [_named(case, reading) for reading in readings if reading.kind is not None]
    _add_named(trace, [refusal for refusal in named if refusal is not None])
    allowed = frozenset[str]().union(*(reading.steps for reading in readings)) if readings else frozenset()
    _add_suspicions(case, trace, readings, allowed)
    rows = _rows(trace, readings, case.shown_passed)
    prediction, step, error = _predict(case.cloud, trace, rows)
    refusals = sorted(
        trace.refusals,
        key=lambda refusal: (
            bool(allowed) and refusal.step not in allowed,
            not refusal.named_by_error,
            not refusal.certain,
            position(case.cloud, refusal.step),
            refusal.rank,
        ),
    )
    return Diagnosis(case, trace, rows, prediction, step, error, _distinct(refusals), observed=bool(readings))


def _distinct(refusals: list[Refusal]) -> list[Refusal]:
    """One refusal for each kind and clause; the first of them is the surest."""
    seen: set[tuple[Kind, str]] = set()
    kept = []
    for refusal in refusals:
        key = (refusal.kind, refusal.location or str(refusal.where or ""))
        if key not in seen:
            seen.add(key)
            kept.append(refusal)
    return kept


def _first_step(cloud: Cloud, steps: frozenset[str]) -> str:
    known = [step.id for step in STEPS[cloud] if step.id in steps]
    return known[0] if known else STEPS[cloud][0].id


def _named(case: Case, reading: Reading) -> Refusal | None:
    """The refusal that a sentence which names one fault stands for."""
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
    if case.profile is not None and case.profile.token_sources:
        facts.setdefault("hint", case.profile.token_sources[0].hint)
    if case.evidence.target.aws and case.evidence.target.aws.role_arn:
        facts.setdefault("role_arn", case.evidence.target.aws.role_arn)
    if case.evidence.target.gcp and case.evidence.target.gcp.service_account:
        facts.setdefault("service_account", case.evidence.target.gcp.service_account)
    return facts


def _add_named(trace: Trace, named: list[Refusal]) -> None:
    """Join the faults that the error names with what was evaluated: the same fault keeps the evaluated detail."""
    for refusal in named:
        for result in trace.steps:
            same = [one for one in result.refusals if one.kind is refusal.kind]
            if same:
                result.refusals = [
                    one._replace(certain=True, named_by_error=True) if one is same[0] and refusal.certain else one
                    for one in result.refusals
                ]
                if refusal.certain:
                    result.state = REFUSED
                break
        else:
            result = trace.step(refusal.step)
            result.refusals.insert(0, refusal)
            if refusal.certain:
                result.state = REFUSED
                result.at = refusal.where


def _add_suspicions(case: Case, trace: Trace, readings: tuple[Reading, ...], allowed: frozenset[str]) -> None:
    """Refused in fact: where nothing that was read refuses at the steps that can have said so, say what may."""
    if not readings or any(refusal.step in allowed for refusal in trace.refusals):
        return
    if not allowed:
        if not trace.refusals:
            last = STEPS[case.cloud][-1].id
            _suspect(trace, case, last, Kind.REFUSED_UNEXPLAINED, "a sentence of the cloud: this one is not known")
        return
    steps = [step.id for step in STEPS[case.cloud] if step.id in allowed]
    open_steps = [step for step in steps if trace.step(step).state != PASSED]
    for step in open_steps or steps:
        if step == "authorise" and trace.step(step).state == UNKNOWN:
            _suspect(
                trace, case, step, Kind.REFUSED_UNEXPLAINED, "aws iam get-role: the role's trust policy was not read"
            )
            continue
        passed = trace.step(step).state == PASSED
        suspects = _BEYOND.get((case.cloud, step)) if passed else _SUSPECTS.get((case.cloud, step))
        if passed and (case.since_change is not None or (step == "authorise" and _fresh_role(case))):
            suspects = ((Kind.PROPAGATION_DELAY, "the same call a minute later"),)
        if step == "authorise" and passed and ":role/role/" in _role_arn(case):
            suspects = ((Kind.ROLE_MISSING, "aws iam get-role: role/ stands in the ARN twice"), *(suspects or ()))
        if suspects is None:
            suspects = ((Kind.REFUSED_UNEXPLAINED, "the token and the configuration of the moment of the refusal"),)
        for kind, settle in suspects:
            _suspect(trace, case, step, kind, settle)


def _role_arn(case: Case) -> str:
    return (case.evidence.target.aws.role_arn if case.evidence.target.aws else None) or ""


def _fresh_role(case: Case) -> bool:
    from datetime import datetime

    aws = case.evidence.aws
    role = aws.role if aws else None
    if not isinstance(role, Role) or not role.created:
        return False
    try:
        created = datetime.fromisoformat(role.created).timestamp()
    except ValueError:
        return False
    return 0 <= case.at - created < _FRESH


def _suspect(trace: Trace, case: Case, step: str, kind: Kind, settle: str) -> None:
    facts = {"step": step, "what": "role" if case.cloud == "aws" else "binding"}
    if kind is Kind.PROPAGATION_DELAY and case.since_change is not None:
        facts |= {"what": "the configuration", "seconds": f"{case.since_change:.0f}"}
    if case.profile is not None and case.profile.token_sources:
        facts["hint"] = case.profile.token_sources[0].hint
    trace.step(step).refusals.append(
        Refusal(case.cloud, step, kind, certain=False, facts=facts, settle=settle, where=None)
    )


def _rows(trace: Trace, readings: tuple[Reading, ...], shown: frozenset[str]) -> list[StepRow]:
    """The steps as shown: what an observed error proves to have passed, and what was never reached."""
    by_error = frozenset[str]()
    for reading in readings:
        by_error |= before(trace.cloud, reading.steps)
    for reading in readings:
        by_error -= reading.steps  # where two errors disagree, neither shows that the other's step passed
    by_error |= shown
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
            note = note or "not looked at"
        rows.append(StepRow(result.id, state, str(result.at) if result.at else None, note))
        if state == REFUSED and result.id in exchange_steps | {"obtain"}:
            reached = False
    return rows


def _predict(
    cloud: Cloud, trace: Trace, rows: list[StepRow]
) -> tuple[Literal["accepted", "refused", "unknown"], str | None, CloudError | None]:
    exchange_steps = [step.id for step in STEPS[cloud] if step.exchange]
    states = {row.id: row.state for row in rows}
    refused = next((step for step in exchange_steps if states[step] == REFUSED), None)
    if refused is None:
        open_ = any(states[step] not in (PASSED, ASSUMED, PASSED_BY_ERROR) for step in exchange_steps)
        return ("unknown" if open_ else "accepted"), None, None
    refusal = next((one for one in trace.step(refused).refusals if one.certain and one.error), None)
    if refusal is None or refusal.error is None:
        return "refused", refused, CloudError("", "", certain=False)
    earlier = exchange_steps[: exchange_steps.index(refused)]
    certain = refusal.error.certain and all(states[step] != UNKNOWN for step in earlier)
    return "refused", refused, refusal.error._replace(certain=certain)


def confidence(refusal: Refusal) -> Literal["proven", "predicted", "suspected"]:
    """How sure the cause is."""
    if not refusal.certain:
        return "suspected"
    return "proven" if refusal.named_by_error else "predicted"


def sentence(refusal: Refusal, words: Words) -> str:
    """The cause in one sentence."""
    cloud = CLOUD_NAMES[refusal.cloud]
    may = "" if refusal.certain else "may "
    verb = "refuses" if refusal.certain else "refuse"
    if refusal.kind is Kind.REFUSED_UNEXPLAINED:
        start = "A refusal was seen"
    elif refusal.kind is Kind.TRUST_POLICY_WRITE_REFUSED:
        start = f"{cloud} {may}{verb} the trust policy"
    elif refusal.step == "obtain":
        start = "The exchange was never reached" if refusal.certain else "The exchange may never have been reached"
    elif refusal.step == "configure":
        start = f"{cloud} {may}{verb} the set-up"
    elif refusal.step == "permission":
        start = f"After the exchange, {cloud} {may}{verb} the request"
    else:
        start = f"{cloud} {may}{verb} this token"
    return f"{start}: {words.headline}."


def as_causes(
    diagnosis: Diagnosis, exchange_id: str, checks: dict[Kind, Check], words: dict[int, Words]
) -> list[Cause]:
    """The exchange's causes. `words` are the checks' own, by the refusal's place."""
    allowed = frozenset[str]().union(*(reading.steps for reading in readings_for(diagnosis.case)))
    causes = []
    for index, refusal in enumerate(diagnosis.refusals):
        check = checks.get(refusal.kind) or checks.get(Kind.REFUSED_UNEXPLAINED)
        said = words[index]
        causes.append(
            Cause(
                code=check.code if check else "",
                name=check.name if check else str(refusal.kind),
                cloud=refusal.cloud,
                exchange=exchange_id,
                position="next",
                confidence=confidence(refusal),
                status="active",
                summary=sentence(refusal, said),
                location=refusal.location,
                expected=refusal.expected,
                actual=refusal.actual,
                step=refusal.step,
                at=str(refusal.where) if refusal.where else None,
                fix=said.fix,
                commands=said.commands,
                settle="" if refusal.certain else refusal.settle or "the values that were not given",
                contradicts_observed=bool(allowed) and refusal.step not in allowed,
            )
        )
    return causes
