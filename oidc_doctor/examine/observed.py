"""Observations and their owners: each error and each logged event belongs to one exchange and one token."""

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
    """The index of the token that an error was observed of: the one whose claims it names, or that it fits best.

    An error fits a token that is refused at a step of the error, then one that may reach such a step; among equals
    the first. A token that an earlier step refuses cannot have got the error, unless there is no other.
    """
    if reading.quoted_claims:
        for index, token in enumerate(tokens):
            if all(_holds(token, claim, value) for claim, value in reading.quoted_claims.items()):
                return index
    if len(tokens) == 1 or not reading.steps:
        return 0
    return min(range(len(tokens)), key=lambda index: _distance(reading, judge(tokens[index])))


def _distance(reading: Reading, trace: Trace) -> int:
    """How far a decision is from an error: 0 refused at its step, 1 perhaps refused there, 2 refused before it."""
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
    """The index of the token that logged attempts belong to; None where they belong to none of the tokens.

    The newest subject decides, then every subject of the signature, then its family. Attempts whose events name no
    subject belong to the first token, and so does everything where no token's subject is known. `mapped` are the
    tokens' google.subject as the judge maps it, None where that is not known: by it Google names a caller that no
    logged exchange is joined to.
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
        return subjects.index(named) if named in subjects else 0  # a mapping may make another text of a subject
    # with several tokens nothing shows whose such an attempt was: one given next to the logs' own would prove nothing
    return 0 if signature.family is None and len(tokens) == 1 else None


def newest_of_steps(signatures: Sequence[Signature]) -> list[Signature]:
    """The newest attempts with an outcome, of each workload and of each step that is logged on its own.

    The exchanges are first. An exchange says nothing about the impersonation after it, and an impersonation may come
    from an earlier exchange: a token is refused at last where the newest attempt of either step was.
    """
    newest: list[Signature] = []
    for step in ("exchange", "impersonate"):
        of_step = [
            signature
            for signature in signatures
            if signature.sample.step == step and signature.sample.outcome != "unknown"
        ]
        # A token without a known subject has the attempts of every workload. An attempt that names no caller may be of
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
    """The attempts of a token without refusals that name no caller and that are as well another workload's.

    Google hides the caller of a denied impersonation. Where several workloads use the account and this token's own
    impersonations were accepted after such refusals began, nothing shows that they are of this token.
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
    """The newest attempt of a token, if it was refused on the configuration that is in force still."""
    return next(
        (
            signature
            for signature in newest_of_steps(signatures)
            if signature.sample.outcome == "refused" and not (replayed is not None and replayed.is_fixed(signature))
        ),
        None,
    )


def token_of_denial(denial: SessionDenial, tokens: Sequence[Token], replayed: ReplayedLogs | None) -> int | None:
    """The index of the token whose session was denied a call: the first, unless the logs show that it was another's.

    None where the session is of a workload of which no token was given.
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
    """The newest of the denied calls of a token's sessions, merged with the same call of other sessions of it.

    None where the newest attempt was refused: then the exchange failed, and no session came of it.
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
    """The denied calls of the target's sessions."""
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
