"""The issuer's profile for a token, and the claims that it implies."""

from __future__ import annotations

from typing import Any

from oidc_doctor.issuers import profile_for
from oidc_doctor.judge.aws.arns import provider_issuer
from oidc_doctor.model.document import Missing
from oidc_doctor.model.evidence import AwsOidcProvider, GcpProvider, Role, TargetEvidence, Token


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
        policy = evidence.aws.role.trust_policy
        trusted = None if isinstance(policy, Missing) else provider_issuer(policy.value)
        issuer = f"https://{trusted}" if trusted else None
    return profile_for(issuer, token.subject)


def complete_hypothetical(token: Token, profile: Any, issuer: str | None) -> Token:
    """Claims of a hypothetical token: the target's issuer or the profile's, aud where the issuer fixes it, and those
    that the issuer's documents call parts of the subject."""
    if token.kind != "hypothetical":
        return token
    claims = dict(token.claims)
    if profile is not None and token.subject is not None:
        claims = {**profile.implied_claims(token.subject), **claims}
    address = issuer or (profile.url if profile is not None else None)
    if "iss" not in claims and address:
        claims["iss"] = address
    if "aud" not in claims and profile is not None and profile.audience.fixed:
        claims["aud"] = profile.audience.fixed
    return token._replace(claims=claims)
