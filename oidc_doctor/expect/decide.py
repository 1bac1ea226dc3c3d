"""Judge a token on the evidence of a trust, and say what the decision rests on.

The judge decides. A report leaves a step unknown that no evidence shows; for an expectation such a step is assumed,
where nothing but what was never asked for leaves it open: the OIDC provider next to a trust policy. What was read and
is open (a placeholder, a value that is known after apply) and what could not be read stays unknown. The trust policy,
Google's provider, and the allow policy of a service account that the target names are never assumed: they decide by the
token's identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from oidc_doctor.findings.widened import OF_TRUST
from oidc_doctor.issuers.catalogue import normalised
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.aws.arns import issuer_path
from oidc_doctor.judge.profiles import configured_issuers
from oidc_doctor.model.document import Missing
from oidc_doctor.model.evidence import AwsOidcProvider, GcpProvider, TargetGcp
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.refusal import Refusal, StepResult, Trace
from oidc_doctor.model.steps import ASSUMED, PASSED, REFUSED, STEPS, UNKNOWN, Cloud

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case

Prediction = Literal["accepted", "refused", "unknown"]
AUDIENCE_KINDS = frozenset(
    (
        Kind.AUDIENCE_CONDITION_DIFFERS,
        Kind.AUDIENCE_NOT_REGISTERED,
        Kind.AUDIENCE_NOT_ALLOWED,
        Kind.ALLOWED_AUDIENCES_EMPTY,
        Kind.AZP_DECIDES_AUDIENCE,
    )
)
# Refusals in which a value of the token differs from a value of the configuration: another token may have that value.
_OF_VALUE = frozenset(
    (
        Kind.SUBJECT_CASE_DIFFERS,
        Kind.SUBJECT_FORMAT_CHANGED,
        Kind.SUBJECT_FORM_DIFFERS,
        Kind.SUBJECT_SEGMENT_DIFFERS,
        Kind.ISSUER_MISMATCH,
        Kind.ATTRIBUTE_CONDITION_FALSE,
        Kind.CONDITION_CLAIM_MISSING,
        Kind.MEMBER_SUBJECT_DIFFERS,
        Kind.MEMBER_ATTRIBUTE_DIFFERS,
    )
)
_OF_ISSUER: dict[Cloud, str] = {"aws": "provider", "gcp": "issuer"}
_PROVIDER = "that the account has an OIDC provider for the issuer"
_CLIENT_IDS = "that the token's audience is in the ClientIDList of the OIDC provider"


class Decision(NamedTuple):
    """The judge's answer for one token. `open` are the steps that evidence leaves open, of `unknown` alone."""

    case: Case
    trace: Trace
    prediction: Prediction
    open: tuple[StepResult, ...] = ()
    assumed: tuple[str, ...] = ()

    @property
    def refusals(self) -> list[Refusal]:
        """The certain refusals, in the order of the steps."""
        return [refusal for refusal in self.trace.refusals if refusal.certain]


def decide(case: Case) -> Decision:
    """Judge the case. Raises NoEvaluationsLeftError for one of a search whose evaluations are used up."""
    trace = evaluate(case)
    steps = [trace.step(step.id) for step in STEPS[case.cloud] if step.exchange]
    if any(result.state == REFUSED for result in steps):
        return Decision(case, trace, "refused")
    open_steps = tuple(result for result in steps if _is_open(case, trace, result))
    assumed = [*trace.assumed, *_assumed(case, trace)]
    return Decision(case, trace, "unknown" if open_steps else "accepted", open_steps, tuple(dict.fromkeys(assumed)))


def is_of_identity(decision: Decision, *, named_audience: bool, controls: Sequence[Case]) -> bool:
    """Whether a refusal is about whose token it is, and not one that every token meets.

    `controls` are cases with tokens that the configuration's own values name. `named_audience`: the file of
    expectations names the audience, so that it is a part of what is expected.
    """
    for refusal in decision.refusals:
        if refusal.step not in OF_TRUST[decision.case.cloud] or _refuses_everyone(refusal.step, controls):
            continue
        if refusal.kind in AUDIENCE_KINDS:
            if named_audience:
                return True
        elif _is_of_token(decision.case, refusal) or _passes_for_another(refusal.step, controls):
            return True
    return False


def refuses_everyone(decision: Decision, controls: Sequence[Case]) -> bool:
    """Whether the first step that refuses would refuse every token."""
    step = decision.refusals[0].step
    return step not in OF_TRUST[decision.case.cloud] or _refuses_everyone(step, controls)


def _is_of_token(case: Case, refusal: Refusal) -> bool:
    """Whether the refusal names a value of the token that another token of a trusted issuer may not have."""
    issuer = str(case.token.claims.get("iss", ""))
    if refusal.kind in (Kind.PRINCIPAL_DIFFERS, Kind.WRONG_TOKEN_PRESENTED):
        return normalised(issuer) not in map(normalised, configured_issuers(case.evidence))
    if refusal.kind is Kind.CONDITION_VALUE_DIFFERS:
        return refusal.clause.key.lower().startswith(f"{issuer_path(issuer).lower()}:")
    return refusal.kind in _OF_VALUE


def _refuses_everyone(step: str, controls: Iterable[Case]) -> bool:
    """Whether the step refuses each of these tokens, one of them for a fault that no value of a token mends.

    The tokens derive from the configuration's own values. One that is refused for its value proves nothing: another
    clause may ask for a claim that it lacks.
    """
    traces = [evaluate(case._replace(explain=True, traced=True)) for case in controls]
    firsts = [next((row for row in trace.step(step).refusals if row.certain), None) for trace in traces]
    return all(firsts) and any(row is not None and _is_structural(row) for row in firsts)


def _is_structural(refusal: Refusal) -> bool:
    if refusal.kind is Kind.EXPLICIT_DENY:
        return not refusal.clause.operator
    return refusal.kind not in _OF_VALUE | AUDIENCE_KINDS | {Kind.CONDITION_VALUE_DIFFERS, Kind.BINDING_CONDITION_FALSE}


def _passes_for_another(step: str, controls: Iterable[Case]) -> bool:
    """Whether the step does not refuse one of these tokens."""
    return any(evaluate(case._replace(explain=False, traced=False)).step(step).state != REFUSED for case in controls)


def refused_by(trace: Trace, steps: Iterable[str]) -> bool:
    """Whether one of these steps certainly refuses."""
    return any(trace.step(step).state == REFUSED for step in steps)


def is_assumed(case: Case, trace: Trace, step: str) -> bool:
    """Whether a step is unknown only since nothing was given that shows it."""
    result = trace.step(step)
    return result.state == UNKNOWN and not result.refusals and case.cloud == "aws" and _is_unasked(case, step)


def has_unknown_issuer(case: Case) -> bool:
    """Whether the token's issuer is the configured one, and that is a placeholder: it may be anyone's."""
    issuer = case.token.claims.get("iss")
    return isinstance(issuer, str) and has_placeholder(issuer)


def _is_open(case: Case, trace: Trace, result: StepResult) -> bool:
    if result.id == _OF_ISSUER[case.cloud] and has_unknown_issuer(case):
        return True
    if result.state == ASSUMED:
        return _rests_on_placeholder(case, result.id)
    return result.state != PASSED and not is_assumed(case, trace, result.id)


def _is_unasked(case: Case, step: str) -> bool:
    """Whether the OIDC provider, and the list of the account's, were never asked for."""
    aws = case.evidence.aws
    if aws is None or step not in ("provider", "audience"):
        return False
    unread = (aws.provider, aws.provider_arns)
    return not aws.other_providers and all(
        isinstance(read, Missing) and read.outcome == "not-asked" and not read.local for read in unread
    )


def _assumed(case: Case, trace: Trace) -> Iterator[str]:
    for step, what in (("provider", _PROVIDER), ("audience", _CLIENT_IDS)):
        if case.cloud == "aws" and is_assumed(case, trace, step):
            yield what


def _rests_on_placeholder(case: Case, step: str) -> bool:
    """Whether the judge assumed the step in spite of a value that was read and is a placeholder."""
    aws, gcp = case.evidence.aws, case.evidence.gcp
    texts: list[str] = []
    if case.cloud == "aws" and aws is not None and isinstance(aws.provider, AwsOidcProvider):
        ids = aws.provider.client_ids if isinstance(aws.provider.client_ids, tuple) else ()
        texts = {"provider": [aws.provider.url], "audience": list(ids)}.get(step, [])
    if case.cloud == "gcp" and gcp is not None and isinstance(gcp.provider, GcpProvider):
        request = case.evidence.target.gcp or TargetGcp()
        names = [gcp.provider.name or "", request.provider or "", request.audience or ""]
        of_step = {
            "target": names if request.provider or request.audience else [],
            "issuer": [gcp.provider.issuer_uri or ""],
            "audience": list(gcp.provider.allowed_audiences),
        }
        texts = of_step.get(step, [])
    return any(has_placeholder(text) for text in texts)
