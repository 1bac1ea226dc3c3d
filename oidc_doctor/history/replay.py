"""Replay logged attempts: judge them as cases on the configuration of their time."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from oidc_doctor.findings.causes import Diagnosis, diagnose
from oidc_doctor.history.aws_writes import provider_path
from oidc_doctor.history.outage_search import target_history
from oidc_doctor.history.outages import LAG
from oidc_doctor.history.replayed_logs import Deduced, ReplayedLogs
from oidc_doctor.history.replayer import Replayer
from oidc_doctor.history.revisions import history_of
from oidc_doctor.issuers import profile_for
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.error_texts import read_error
from oidc_doctor.judge.profiles import profile_of
from oidc_doctor.logs.records.cloudtrail import NO_TIME
from oidc_doctor.model.case import Case
from oidc_doctor.model.evidence import AwsOidcProvider, GcpProvider, TargetAws, TargetEvidence, Token
from oidc_doctor.model.google_names import mapped_subject

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from oidc_doctor.history.revisions import History
    from oidc_doctor.logs.attempts.signatures import Attempts
    from oidc_doctor.model.events import Attempt, Change, Signature
    from oidc_doctor.model.steps import Cloud

_TIMES = ("iat", "exp", "nbf", "jti")


def replay(
    cloud: Cloud,
    evidence: TargetEvidence,
    signatures: Sequence[Signature],
    changes: Sequence[Change],
    attempts: Attempts,
    *,
    read_at: float,
    at: float,
) -> ReplayedLogs:
    """Return the target's history in this cloud, with every signature replayed on it. Times are epoch seconds."""
    history = history_of(cloud, evidence, changes, issuers_of(evidence, signatures), read_at)
    deduced = _deduced(evidence, history, signatures)
    deduced = deduced._replace(profile=profile_for(deduced.issuer) if cloud == "gcp" else None)
    newest = signatures[0].sample if signatures else None
    profile = profile_of(evidence, evidence.tokens[0] if evidence.tokens else _sample(newest, evidence, deduced))

    def case_of_attempt(attempt: Attempt, index: int) -> Case:
        then = with_deduced(history.revisions[index].evidence, deduced)
        token = token_of(attempt, then, deduced)
        then = then._replace(target=then.target._replace(aws=_request(then.target.aws, attempt)))
        time = at if attempt.time == NO_TIME else attempt.time
        return Case(cloud, then, token, time, profile_of(then, token), (), replayer.accepted_providers(index))

    def judge(attempt: Attempt, index: int) -> Diagnosis:
        case = case_of_attempt(attempt, index)
        return diagnose(case, evaluate(case))

    def case_then(case: Case, index: int) -> Case:
        return case._replace(
            evidence=with_deduced(history.revisions[index].evidence, deduced)._replace(target=case.evidence.target),
            readings=(),
            accepted_providers=replayer.accepted_providers(index),
            since_change=None,
            asks_access=False,
        )

    replayer = Replayer(
        cloud,
        history,
        attempts,
        signatures,
        judge=judge,
        case_of_attempt=case_of_attempt,
        case_then=case_then,
        profile=profile,
    )
    return ReplayedLogs(cloud, replayer, target_history(replayer), attempts, profile, deduced, changes, read_at)


def present_of(replayed: ReplayedLogs, token: Token, signatures: Sequence[Signature]) -> TargetEvidence:
    """Return the present evidence, with fields of absent files from the last logged writes.

    A token from an event uses the event's request, unless the target has its own request.
    """
    now = with_deduced(replayed.target_history.history.revisions[-1].evidence, replayed.deduced)
    event = next((signature.sample for signature in signatures if signature.sample.event_id == token.name), None)
    request = now.target.aws
    sent = _request(request, event) if event is not None and token.kind == "event" else None
    if request is None or sent is None:
        return now
    sent = sent._replace(
        role_session_name=request.role_session_name or sent.role_session_name,
        duration_seconds=request.duration_seconds or sent.duration_seconds,
        context={**sent.context, **request.context},
    )
    return now._replace(target=now.target._replace(aws=sent))


def with_deduced(evidence: TargetEvidence, deduced: Deduced) -> TargetEvidence:
    """Return the evidence, with facts about an unread provider's mapping from accepted exchanges."""
    gcp = evidence.gcp
    if gcp is None or gcp.written_provider is None or not deduced.subject_is_sub:
        return evidence
    return evidence._replace(gcp=gcp._replace(written_provider=gcp.written_provider._replace(subject_is_sub=True)))


def token_of(attempt: Attempt, evidence: TargetEvidence, deduced: Deduced) -> Token:
    """Return the claims that a logged attempt shows, as a token; all other claims are unknown.

    If a token with the same subject was supplied, its claims complete the event's.
    """
    claims: dict[str, Any] = {}
    supplied = next((token for token in evidence.tokens if token.subject and token.subject == attempt.subject), None)
    if supplied is not None:
        claims = {name: value for name, value in supplied.claims.items() if name not in _TIMES}
    subject = attempt.subject or _mapped_subject(attempt, evidence)
    if subject:
        claims["sub"] = subject
        if deduced.profile is not None:
            claims = {**deduced.profile.implied_claims(subject), **claims}
    if attempt.cloud == "aws":
        if ":oidc-provider/" in (attempt.provider or ""):
            claims["iss"] = "https://" + provider_path(attempt.provider or "")
        if attempt.audience:
            claims["aud"] = attempt.audience
            claims.pop("azp", None)
    else:
        claims |= _named_by_google(attempt, claims, deduced, evidence)
    claims.update(dict(attempt.claims))
    return Token(
        "event",
        claims,
        None,
        complete=False,
        origin=attempt.origin._replace(event_id=attempt.event_id),
        name=attempt.event_id,
    )


def _mapped_subject(attempt: Attempt, evidence: TargetEvidence) -> str | None:
    """Return the subject of a principal in Google's logs, if the provider maps the subject unchanged."""
    provider = evidence.gcp.provider if evidence.gcp else None
    mapping = provider.mapping if isinstance(provider, GcpProvider) else None
    as_it_is = isinstance(mapping, dict) and mapping.get("google.subject", "").strip() == "assertion.sub"
    return mapped_subject(attempt.mapped_principal) if as_it_is else None


def _named_by_google(
    attempt: Attempt, claims: dict[str, Any], deduced: Deduced, evidence: TargetEvidence
) -> dict[str, Any]:
    """Return issuer and audience of a token if Google's entry shows only its subject.

    Some refusals name them; otherwise they are the provider's when it accepted such tokens.
    """
    claims_of_provider: dict[str, Any] = {}
    provider = evidence.gcp.provider if evidence.gcp else None
    configured = provider.issuer_uri if isinstance(provider, GcpProvider) else None
    quoted = _quoted_claims(attempt)
    if "iss" not in claims and (address := quoted.get("iss") or deduced.issuer or configured):
        claims_of_provider["iss"] = address
    if "aud" not in claims and (aud := quoted.get("aud") or deduced.audience):
        claims_of_provider["aud"] = aud
    return claims_of_provider


def _quoted_claims(attempt: Attempt) -> Mapping[str, str]:
    """Return the claims of the refused token that the event's error quotes."""
    reading = read_error(attempt.error_message) if attempt.error_message else None
    return reading.quoted_claims if reading is not None else {}


def issuers_of(evidence: TargetEvidence, signatures: Sequence[Signature]) -> frozenset[str]:
    """Return the addresses, without scheme, of the OIDC providers for the target's tokens."""
    issuers = {signature.sample.provider for signature in signatures if signature.sample.provider}
    issuers |= {token.claims["iss"] for token in evidence.tokens if isinstance(token.claims.get("iss"), str)}
    if evidence.target.issuer:
        issuers.add(evidence.target.issuer)
    if not issuers and evidence.aws and isinstance(evidence.aws.provider, AwsOidcProvider):
        issuers.add(evidence.aws.provider.url)
    return frozenset(map(provider_path, issuers))


def _deduced(evidence: TargetEvidence, history: History, signatures: Sequence[Signature]) -> Deduced:
    """Return issuer and audience of Google's logged tokens: the provider's when it last accepted a token."""
    claimed = next((token.claims["iss"] for token in evidence.tokens if isinstance(token.claims.get("iss"), str)), None)
    issuer = claimed or evidence.target.issuer
    exchanges = [
        signature for signature in signatures if signature.sample.cloud == "gcp" and signature.sample.step == "exchange"
    ]
    quoted = (_quoted_claims(signature.sample).get("aud") for signature in exchanges)
    audience = next(filter(None, quoted), None)
    accepted = [signature.sample for signature in exchanges if signature.sample.outcome == "accepted"]
    successes = [signature.last_seen for signature in exchanges if signature.sample.outcome == "accepted"]
    if not successes:
        return Deduced(issuer, audience)
    mapped = [(sample.subject, mapped_subject(sample.mapped_principal)) for sample in accepted]
    shown = [(subject, principal) for subject, principal in mapped if subject and principal]
    is_sub = bool(shown) and all(subject == principal for subject, principal in shown)
    is_sub = is_sub and all(
        "mapping" not in {write.field for write in revision_write.writes} for revision_write in history.revisions
    )
    # Field by field: a provider with an unknown condition may have known audiences.
    fields = history.revisions[history.index_at(max(successes) - LAG["gcp"])].fields
    address, audiences = (fields[name].value if name in fields else None for name in ("issuer", "audiences"))
    if not issuer and isinstance(address, str):
        issuer = address or None
    if audience is None and isinstance(audiences, list) and len(audiences) == 1:
        audience = audiences[0]
    return Deduced(issuer, audience, subject_is_sub=is_sub)


def _sample(attempt: Attempt | None, evidence: TargetEvidence, deduced: Deduced) -> Token:
    from oidc_doctor.model.document import Origin

    if attempt is None:
        return Token("decoded", {}, None, complete=False, origin=Origin("(no token was given)"), name="none")
    return token_of(attempt, evidence, deduced)


def _request(request: TargetAws | None, attempt: Attempt) -> TargetAws | None:
    """Return the event's request: session name, duration, and the condition keys that the event shows."""
    if request is None or attempt.cloud != "aws":
        return request
    context = {
        "aws:RequestedRegion": attempt.region,
        "aws:UserAgent": attempt.user_agent,
        "aws:SourceIp": _ip(attempt.caller),
    }
    return request._replace(
        role_session_name=attempt.session_name or request.role_session_name,
        duration_seconds=attempt.duration_seconds,
        context={**request.context, **{name: value for name, value in context.items() if value}},
    )


def _ip(caller: str | None) -> str | None:
    try:
        return str(ip_address(caller or ""))
    except ValueError:
        return None  # a service's name: the call came from inside AWS
