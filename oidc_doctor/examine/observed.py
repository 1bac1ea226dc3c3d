"""Assign observations: each error and logged event belongs to one exchange and one token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from oidc_doctor.judge.error_texts import before
from oidc_doctor.model.case import Reading
from oidc_doctor.model.evidence import TargetEvidence, Token
from oidc_doctor.model.google_names import mapped_subject
from oidc_doctor.model.steps import REFUSED, Cloud

if TYPE_CHECKING:
    from oidc_doctor.history.replayed_logs import ReplayedLogs
    from oidc_doctor.model.events import SessionDenial, Signature
    from oidc_doctor.model.refusal import Trace

_IDS_KEPT = 20
# The services of the calls that workloads make with their sessions: images and weights, and the keys that encrypt them.
_SERVICES = ("s3.", "ecr.", "kms.", "storage.", "artifactregistry.")


def token_of_reading(reading: Reading, tokens: Sequence[Token], judge: Callable[[Token], Trace]) -> int:
    """Return the index of an error's token: the token whose claims it names, or that it matches best.

    An error matches a token refused at a step of the error, then a token that may reach such a step; among equals the
    first. A token refused at an earlier step cannot have caused the error, unless there is no other token.
    """
    if reading.quoted_claims:
        for index, token in enumerate(tokens):
            if all(_holds(token, claim, value) for claim, value in reading.quoted_claims.items()):
                return index
    if len(tokens) == 1 or not reading.steps:
        return 0
    return min(range(len(tokens)), key=lambda index: _distance(reading, judge(tokens[index])))


def _distance(reading: Reading, trace: Trace) -> int:
    """Return a decision's distance from an error: 0 refused at its step, 1 perhaps refused there, 2 refused earlier."""
    if any(trace.step(step).state == REFUSED for step in before(trace.cloud, reading.steps)):
        return 2
    own = [trace.step(step).state for step in reading.steps if step in {result.id for result in trace.steps}]
    return 0 if REFUSED in own else 1


def _holds(token: Token, claim: str, value: str) -> bool:
    claimed = token.claim(claim)
    return value in claimed if isinstance(claimed, list) else claimed == value


def token_of_signature(
    signature: Signature, tokens: Sequence[Token], replayed: ReplayedLogs | None, mapped: Sequence[str | None] = ()
) -> int | None:
    """Return the index of the token that logged attempts belong to; None if it is none of the tokens.

    The newest subject decides, then every subject of the signature, then its family. Attempts without a subject belong
    to the first token, as does everything if no token's subject is known. `mapped` are the tokens' google.subject as
    mapped by the judge, None if unknown: Google uses it for callers without a logged exchange.
    """
    caller = mapped_subject(signature.sample.mapped_principal)
    if signature.sample.step == "impersonate" and signature.sample.subject is None and caller is not None:
        family_of = replayed.family if replayed is not None else str
        whose = [None if value is None else family_of(value) for value in mapped]
        if None in whose or not whose:
            return 0
        return whose.index(family_of(caller)) if family_of(caller) in whose else None
    subjects = [token.subject for token in tokens]
    for subject in (signature.sample.subject, *signature.subjects):
        if subject is not None and subject in subjects:
            return subjects.index(subject)
    for index, subject in enumerate(subjects):
        family = replayed.family(subject) if replayed is not None and subject is not None else subject
        if subject is None or (signature.family is not None and signature.family == family):
            return index
    if signature.sample.subject is None and signature.sample.mapped_principal:
        named = mapped_subject(signature.sample.mapped_principal)
        return subjects.index(named) if named in subjects else 0  # a mapping may change a subject
    # with several tokens the owner of such an attempt is unknown: a token supplied with the logs would prove nothing
    return 0 if signature.family is None and len(tokens) == 1 else None


def newest_of_steps(signatures: Sequence[Signature]) -> list[Signature]:
    """Return the newest attempts with an outcome, per workload and per separately logged step.

    The exchanges are first. An exchange proves nothing about the impersonation after it, and an impersonation may come
    from an earlier exchange: a token counts as refused if the newest attempt at either step was refused.
    """
    newest: list[Signature] = []
    for step in ("exchange", "impersonate"):
        of_step = [
            signature
            for signature in signatures
            if signature.sample.step == step and signature.sample.outcome != "unknown"
        ]
        # A token with an unknown subject has the attempts of every workload. An attempt without a caller may belong to
        # any of them.
        families = {signature.family for signature in of_step} - {None} or ({None} if of_step else set())
        newest_ones = [
            max(
                (signature for signature in of_step if signature.family in (family, None)),
                key=lambda signature: signature.last_seen,
            )
            for family in families
        ]
        newest += sorted(newest_ones, key=lambda signature: (-signature.last_seen, signature.family or ""))
    return newest


def without_strangers(of_token: Sequence[Signature], of_target: Sequence[Signature]) -> list[Signature]:
    """Return a token's attempts without refusals that name no caller and may belong to another workload.

    Google hides the caller of a denied impersonation. Where several workloads use the account and this token's own
    impersonations were accepted after such refusals began, they cannot be attributed to this token.
    """
    families = {signature.family for signature in of_target} - {None}
    own = [logged for logged in of_token if logged.family is not None and logged.sample.step == "impersonate"]
    accepted = max((logged.last_seen for logged in own if logged.sample.outcome == "accepted"), default=float("-inf"))
    return [
        logged
        for logged in of_token
        if logged.family is not None
        or logged.sample.outcome != "refused"
        or len(families) < 2  # noqa: PLR2004
        or logged.first_seen > accepted
    ]


def refused_at_last(signatures: Sequence[Signature], replayed: ReplayedLogs | None) -> Signature | None:
    """Return a token's newest attempt if it was refused by the configuration that is still effective."""
    return next(
        (
            signature
            for signature in newest_of_steps(signatures)
            if signature.sample.outcome == "refused" and not (replayed is not None and replayed.is_fixed(signature))
        ),
        None,
    )


def token_of_denial(denial: SessionDenial, tokens: Sequence[Token], replayed: ReplayedLogs | None) -> int | None:
    """Return the index of the token whose session had a denied call: the first, unless the logs show another.

    None if the session belongs to a workload without a supplied token.
    """
    subject = replayed.subject_of_session(denial) if replayed is not None else None
    if subject is None or replayed is None:
        return 0
    subjects = [token.subject for token in tokens]
    if subject in subjects:
        return subjects.index(subject)
    families = [replayed.family(other_subject) if other_subject else None for other_subject in subjects]
    return next((index for index, family in enumerate(families) if family in (None, replayed.family(subject))), None)


def denial_of_session(denials: Sequence[SessionDenial], newest: Signature | None) -> SessionDenial | None:
    """Return the newest denied call of a token's sessions, merged with the same call of its other sessions.

    None if the newest attempt was refused: then the exchange failed, and created no session.
    """
    latest = max(denials, key=lambda denial: denial.time, default=None)
    if latest is None or (newest is not None and newest.sample.outcome != "accepted"):
        return None
    call = (latest.service, latest.action, latest.error_code)
    same = [denial for denial in denials if (denial.service, denial.action, denial.error_code) == call]
    same.sort(key=lambda denial: -denial.time)
    return replace(
        latest,
        first_seen=min(denial.first_seen for denial in same),
        count=sum(denial.count for denial in same),
        event_ids=tuple(dict.fromkeys(event for denial in same for event in denial.event_ids))[:_IDS_KEPT],
    )


def denials_of_target(denials: Sequence[SessionDenial], evidence: TargetEvidence, cloud: Cloud) -> list[SessionDenial]:
    """Return the denied calls of the target's sessions."""
    return [denial for denial in denials if denial.cloud == cloud and _concerns(denial, evidence)]


def _concerns(denial: SessionDenial, evidence: TargetEvidence) -> bool:
    if not denial.service.startswith(_SERVICES):
        return False
    target = evidence.target
    if denial.cloud == "aws":
        return target.aws is not None and denial.target == target.aws.role_arn
    account = target.gcp.service_account if target.gcp else None
    if account and denial.target:
        return denial.target == account
    provider = (target.gcp.provider if target.gcp else None) or ""
    pool = provider.partition("/providers/")[0]
    return bool(pool) and f"/{pool.partition('projects/')[2]}/" in (denial.session or "")
