"""Each target, cloud and token as a Case, judged and diagnosed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.findings.causes import Diagnosis, diagnose
from oidc_doctor.issuers import profile_for
from oidc_doctor.judge import evaluate
from oidc_doctor.model.case import Case
from oidc_doctor.model.document import Missing, Origin
from oidc_doctor.model.evidence import (
    AwsOidcProvider,
    GcpProvider,
    Role,
    TargetEvidence,
    Token,
)
from oidc_doctor.model.steps import Cloud

if TYPE_CHECKING:
    from oidc_doctor.history.replayed_logs import ReplayedLogs
    from oidc_doctor.model.events import SessionDenial, Signature
from oidc_doctor.examine.collect import Run, of_target
from oidc_doctor.examine.observed import observed, reading_of, reading_of_use, refused_use, steps_of

_GOOGLE = re.compile(r"google|gcloud|gcp", re.IGNORECASE)


class Judged(NamedTuple):
    """One exchange of the report, and what it was made from."""

    id: str
    evidence: TargetEvidence
    diagnosis: Diagnosis
    groups: list[Signature]
    past: ReplayedLogs | None = None
    used: SessionDenial | None = None  # the refused call that stands for this exchange's failure


def judge_all(state: Run) -> list[Judged]:
    """Every exchange, judged: the observed ones first, then refused, unknown, accepted."""
    judged = []
    for evidence in state.snapshot.targets:
        clouds = _clouds(state, evidence)
        tokens = evidence.tokens
        for cloud in clouds:
            groups = [one for one in of_target(state, evidence) if one.sample.cloud == cloud]
            past = _past(state, evidence, cloud, groups)
            if past is not None:
                state.pasts[evidence.target.name, cloud] = past
            for token in tokens or (_token_of_events(evidence, cloud, groups, past),):
                name = f"{evidence.target.name}/{cloud}" + (f"/{token.name}" if len(tokens) > 1 else "")
                judged.append(_judge(state, evidence, cloud, token, groups, name))
    order: dict[str, int] = {"refused": 1, "unknown": 2, "accepted": 3}
    judged.sort(key=lambda one: (not one.diagnosis.observed, order[one.diagnosis.prediction]))
    return judged


def _past(state: Run, evidence: TargetEvidence, cloud: Cloud, groups: list[Signature]) -> ReplayedLogs | None:
    """The target's history and its replayed attempts; None where no log was read."""
    if state.rows is None or not (groups or state.changes):
        return None
    from oidc_doctor.history.replay import past_of

    # files without a date were read after everything that is logged
    newest = max((one.last_seen for one in groups), default=state.at)
    read_at = state.snapshot.collected_at or max(state.at, newest) + 1
    attempts = state.attempts
    if attempts is None:
        from oidc_doctor.logs.attempts.signatures import Attempts

        attempts = Attempts(state.rows)
    return past_of(
        cloud,
        evidence,
        groups,
        state.changes,
        attempts,
        read_at=read_at,
        at=state.at,
        profile_of=profile_of,
        steps_of=steps_of,
    )


def _clouds(state: Run, evidence: TargetEvidence) -> list[Cloud]:
    """The clouds that the target or any file names; failing that, the one that the observed error names."""
    named: list[Cloud] = []
    if evidence.target.aws is not None or evidence.aws is not None:
        named.append("aws")
    if evidence.target.gcp is not None or evidence.gcp is not None:
        named.append("gcp")
    readings = observed(evidence)
    if named:
        # a sentence that only the other cloud says is about an exchange with that one
        return [*named, *dict.fromkeys(one.cloud for one in readings if one.cloud and one.cloud not in named)]
    if readings:
        return [readings[0].cloud or ("gcp" if _GOOGLE.search(readings[0].text) else "aws")]
    seen = sorted({one.sample.cloud for one in of_target(state, evidence)})
    return list(seen)


def _token_of_events(
    evidence: TargetEvidence, cloud: Cloud, groups: Sequence[Signature], past: ReplayedLogs | None
) -> Token:
    """No token was given: the newest failing attempt of this target stands for it, else its newest success."""
    exchanges = [one for one in groups if one.sample.cloud == cloud and one.sample.subject]
    chosen = next((one for one in exchanges if one.sample.outcome == "refused"), None) or next(iter(exchanges), None)
    if chosen is None or past is None:
        return Token("decoded", {}, None, complete=False, origin=Origin("(no token was given)"), name="none")
    from oidc_doctor.history.replay import token_of

    return token_of(chosen.sample, evidence, past.known)


def complete_hypothetical(token: Token, profile: Any, issuer: str | None) -> Token:
    """A hypothetical token takes the target's issuer or the profile's, and aud where the issuer fixes it."""
    if token.kind != "hypothetical":
        return token
    claims = dict(token.claims)
    known = issuer or (profile.url if profile is not None else None)
    if "iss" not in claims and known:
        claims["iss"] = known
    if "aud" not in claims and profile is not None and profile.audience.fixed:
        claims["aud"] = profile.audience.fixed
    return token._replace(claims=claims)


def profile_of(evidence: TargetEvidence, token: Token) -> Any:
    """The issuer's profile for a token of this target; None for an unknown issuer."""
    issuer = token.claims.get("iss")
    if not isinstance(issuer, str):
        issuer = evidence.target.issuer
    if issuer is None and evidence.aws is not None and isinstance(evidence.aws.provider, AwsOidcProvider):
        issuer = "https://" + evidence.aws.provider.url.removeprefix("https://")
    if issuer is None and evidence.gcp is not None and isinstance(evidence.gcp.provider, GcpProvider):
        issuer = evidence.gcp.provider.issuer_uri
    if issuer is None and evidence.aws is not None and isinstance(evidence.aws.role, Role):
        from oidc_doctor.judge.aws.arns import provider_issuer

        policy = evidence.aws.role.trust_policy
        trusted = None if isinstance(policy, Missing) else provider_issuer(policy.value)
        issuer = f"https://{trusted}" if trusted else None
    return profile_for(issuer, token.subject)


def _judge(
    state: Run, evidence: TargetEvidence, cloud: Cloud, token: Token, groups: list[Signature], name: str
) -> Judged:
    readings = observed(evidence)
    past = state.pasts.get((evidence.target.name, cloud))
    newest = _newest_like(token, groups, past)
    logged = reading_of(newest.sample) if newest is not None else None
    if logged is not None and newest is not None and past is not None and past.is_mended(newest):
        logged = None  # the configuration that refused it is no longer in force
    if logged is not None and not any(one.steps & logged.steps and one.cloud == logged.cloud for one in readings):
        readings.append(logged)
    used = None
    if not readings or any("permission" in one.steps for one in readings):
        used = refused_use(state, evidence, cloud, newest)
    if used is not None and not readings:
        readings.append(reading_of_use(used))
    missing = frozenset[str]().union(*(one.missing_claims for one in readings)) if readings else frozenset()
    token = token._replace(missing_claims=missing)
    profile = profile_of(evidence, token)
    token = complete_hypothetical(token, profile, evidence.target.issuer)
    accepted = past.replayer.accepted_providers(-1) if past is not None else frozenset()
    now = evidence
    if past is not None:
        from oidc_doctor.history.replay import present_of

        now = present_of(past, token, groups)
    age = past.age_of_change(newest) if past is not None and newest is not None and logged is not None else None
    case = Case(cloud, now, token, state.at, profile, tuple(readings), accepted, age)
    trace = evaluate(case)
    if past is not None and (wrote := past.stand_in()):
        trace.assumed.append(wrote)
    return Judged(name, evidence, diagnose(case, trace), groups, past, used)


def _newest_like(token: Token, groups: Sequence[Signature], past: ReplayedLogs | None) -> Signature | None:
    """The newest signature of this kind of token, or of nobody in particular."""
    if token.subject is None:
        return next(iter(groups), None)
    family = past.family(token.subject) if past is not None else token.subject
    return next((one for one in groups if one.family in {None, family} or one.sample.subject == token.subject), None)
