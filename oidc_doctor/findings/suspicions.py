"""Suspected causes, for an observed refusal that no evidence explains."""

from __future__ import annotations

import json

from oidc_doctor.judge.keys import known_kids
from oidc_doctor.judge.times import number, span
from oidc_doctor.model.case import Case, Reading
from oidc_doctor.model.evidence import GcpProvider, Role
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal, Trace
from oidc_doctor.model.steps import (
    PASSED,
    STEPS,
    UNKNOWN,
)
from oidc_doctor.model.times import epoch_of

# The usual meaning of an observed refusal at a step, if no evidence refuses at that step.
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


# All evidence accepts the token at the step, but it was refused there.
_BEYOND: dict[tuple[str, str], tuple[tuple[Kind, str], ...]] = {
    ("aws", "authorise"): (
        (Kind.OUTSIDE_THE_TRUST_POLICY, "the resource control policies of the organization, and the role as it is now"),
    ),
    ("gcp", "times"): ((Kind.TOKEN_STALE, "an exchange with a token that was issued just now"),),
    ("aws", "keys"): ((Kind.JWKS_UNREACHABLE, "fetch discovery document and key set from outside your own network"),),
    ("gcp", "keys"): ((Kind.ISSUER_UNREACHABLE, "fetch discovery document and key set from outside your own network"),),
    ("gcp", "impersonate"): ((Kind.OUTSIDE_THE_ALLOW_POLICY, "deny policies and principal access boundaries"),),
}


_MOST_STEPS = 5  # a sentence that more steps can cause names none of them
_FRESH = 300  # seconds after its creation during which a role may not be usable everywhere


def add_suspicions(case: Case, trace: Trace, readings: tuple[Reading, ...], allowed: frozenset[str]) -> None:
    """Add suspected refusals for an observed refusal that no evidence explains at its possible steps."""
    if not readings or any(refusal.step in allowed for refusal in trace.refusals):
        return
    if any(refusal.kind is Kind.ENDPOINT_PARTITION_DIFFERS for refusal in trace.refusals):
        return  # STS in another partition may return anything
    if not allowed:
        if not trace.refusals:
            exchange_steps = [step.id for step in STEPS[case.cloud] if step.exchange]
            settle = "the full message: this text is not a known error of AWS or Google"
            _suspect_unexplained(trace, case, exchange_steps, settle)
        return
    steps = [step.id for step in STEPS[case.cloud] if step.id in allowed]
    if len(steps) > _MOST_STEPS:
        _suspect_unexplained(trace, case, steps, "the whole error text: this sentence names no step")
        return
    open_steps = [step for step in steps if trace.step(step).state != PASSED]
    for step in open_steps or steps:
        if step == "authorise" and trace.step(step).state == UNKNOWN:
            _suspect(
                trace, case, step, Kind.REFUSED_UNEXPLAINED, "aws iam get-role: the role's trust policy was not read"
            )
            continue
        passed = trace.step(step).state == PASSED
        uploaded = _with_uploaded_keys(case) if (case.cloud, step) == ("gcp", "keys") else None
        if uploaded is not None:
            _suspect_uploaded_keys(trace, case, uploaded, passed=passed)
            continue
        # a sentence that several steps can cause does not prove a fault of the issuer's keys
        beyond = _BEYOND.get((case.cloud, step)) if step != "keys" or len(steps) == 1 else None
        suspects = beyond if passed else _SUSPECTS.get((case.cloud, step))
        if passed and (case.since_change is not None or (step == "authorise" and _fresh_role(case))):
            suspects = ((Kind.PROPAGATION_DELAY, "the same call a minute later"),)
        if step == "authorise" and passed and ":role/role/" in _role_arn(case):
            suspects = ((Kind.ROLE_MISSING, "aws iam get-role: role/ appears twice in the ARN"), *(suspects or ()))
        if case.cloud == "aws" and step == "keys" and "provider" in allowed:
            # this sentence means that a key was found but does not verify, not that keys are unreachable
            if passed:
                continue
            suspects = ((Kind.SIGNATURE_INVALID, "the token as it was sent, and the issuer's key set at that moment"),)
        if suspects is None:
            suspects = ((Kind.REFUSED_UNEXPLAINED, "the token and the configuration of the moment of the refusal"),)
        for kind, settle in suspects:
            _suspect(trace, case, step, kind, settle)


def _suspect_unexplained(trace: Trace, case: Case, steps: list[str], settle: str) -> None:
    """Suspect an unnamed refusal at the first of these steps that has not certainly passed."""
    step = next((step for step in steps if trace.step(step).state != PASSED), steps[-1])
    _suspect(trace, case, step, Kind.REFUSED_UNEXPLAINED, settle, named=len(steps) == 1)


def _with_uploaded_keys(case: Case) -> GcpProvider | None:
    """Return the provider if it has its own key set, so that Google fetches nothing from the issuer."""
    provider = case.evidence.gcp.provider if case.evidence.gcp is not None else None
    return provider if isinstance(provider, GcpProvider) and provider.jwks_json else None


def _suspect_uploaded_keys(trace: Trace, case: Case, provider: GcpProvider, *, passed: bool) -> None:
    """Suspect the uploaded key set for a refusal that would otherwise suggest a failed key fetch."""
    if passed:
        settle = "the token that was refused, and the uploaded key set of that moment"
        _suspect(trace, case, "keys", Kind.REFUSED_UNEXPLAINED, settle)
        return
    try:
        kids = known_kids(json.loads(provider.jwks_json or ""))
    except (ValueError, RecursionError):
        kids = []
    facts = {"known": ", ".join(kids), "source": "the provider's uploaded jwksJson"}
    where = provider.document.at("/oidc/jwksJson")
    settle = "the header of the token that was refused: its kid"
    trace.step("keys").refusals.append(
        Refusal("gcp", "keys", Kind.KEY_ID_UNKNOWN, certain=False, facts=facts, settle=settle, where=where)
    )


def _role_arn(case: Case) -> str:
    return (case.evidence.target.aws.role_arn if case.evidence.target.aws else None) or ""


def _fresh_role(case: Case) -> bool:
    aws = case.evidence.aws
    role = aws.role if aws else None
    if not isinstance(role, Role):
        return False
    created = epoch_of(role.created)
    return created is not None and 0 <= case.at - created < _FRESH


def _suspect(trace: Trace, case: Case, step: str, kind: Kind, settle: str, *, named: bool = True) -> None:
    """Add a suspicion; `named`: whether the observed error names the step."""
    facts = {"step": step if named else "", "what": "role" if case.cloud == "aws" else "binding"}
    if kind is Kind.PROPAGATION_DELAY and case.since_change is not None:
        facts |= {"what": "the configuration", "seconds": f"{case.since_change:.0f}"}
    if kind is Kind.TOKEN_STALE:
        issued = number(case.token.claim("iat"))
        if issued is not None:
            facts["reason"] = f"it was issued {span(case.at - issued)} before this exchange, too long ago for Google"
    if case.profile is not None and case.profile.token_sources:
        facts["hint"] = case.profile.token_sources[0].hint
    trace.step(step).refusals.append(
        Refusal(case.cloud, step, kind, certain=False, facts=facts, settle=settle, where=None)
    )
