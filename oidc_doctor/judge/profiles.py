"""The issuer's profile for a token, and the claims that it implies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oidc_doctor.issuers import profile_for
from oidc_doctor.judge.aws.arns import federated, provider_issuer, split_provider
from oidc_doctor.model.document import Missing
from oidc_doctor.model.evidence import AwsOidcProvider, GcpProvider, Role, TargetEvidence, Token


def profile_of(evidence: TargetEvidence, token: Token) -> Any:
    """Return the issuer's profile for a token of this target; None for an unknown issuer."""
    issuer = token.claims.get("iss")
    if not isinstance(issuer, str):
        issuer = evidence.target.issuer
    named = issuer is not None
    if issuer is None and evidence.aws is not None and isinstance(evidence.aws.provider, AwsOidcProvider):
        issuer = "https://" + evidence.aws.provider.url.removeprefix("https://")
    if issuer is None and evidence.gcp is not None and isinstance(evidence.gcp.provider, GcpProvider):
        issuer = evidence.gcp.provider.issuer_uri
    if issuer is None and evidence.aws is not None and isinstance(evidence.aws.role, Role):
        policy = evidence.aws.role.trust_policy
        trusted = None if isinstance(policy, Missing) else provider_issuer(policy.value)
        issuer = f"https://{trusted}" if trusted else None
    profile = profile_for(issuer, token.subject)
    if named or token.kind != "hypothetical" or profile is None or profile.recognises(token.subject):
        return profile
    return profile_for(None, token.subject) or profile  # a subject of an issuer that is not the trusted one


def complete_hypothetical(token: Token, profile: Any, evidence: TargetEvidence) -> Token:
    """Return the claims that a hypothetical token's subject implies: issuer, fixed audience, segments."""
    if token.kind != "hypothetical":
        return token
    claims = dict(token.claims)
    if profile is not None and token.subject is not None:
        implied = profile.implied_claims(token.subject)
        claims = {name: implied[name] for name in implied if name not in token.missing_claims} | claims
    address = evidence.target.issuer or _address(token, profile, evidence)
    if "iss" not in claims and address:
        claims["iss"] = address
    if "aud" not in claims and profile is not None and profile.audience.fixed:
        claims["aud"] = profile.audience.fixed
    return token._replace(claims=claims)


def _address(token: Token, profile: Any, evidence: TargetEvidence) -> str | None:
    """Return the address of the profile's issuer: as in the cloud configuration, else the usual address.

    Some issuers have an address per customer: a GitLab instance, a Vercel team, a GitHub enterprise.
    """
    if profile is None:
        return None
    for address in _configured(evidence):
        configured = profile_for(address, token.subject)
        if configured is not None and configured.name == profile.name:
            return address
    return profile.url if isinstance(profile.url, str) else None


def configured_issuer(evidence: TargetEvidence) -> str | None:
    """Return the issuer's address if the target and the configuration that was read name exactly one."""
    named = {evidence.target.issuer} if evidence.target.issuer else set(_configured(evidence))
    return named.pop() if len(named) == 1 else None


def configured_issuers(evidence: TargetEvidence) -> tuple[str, ...]:
    """Return the issuers' addresses that the target and the configuration name, the target's own first."""
    named = (evidence.target.issuer,) if evidence.target.issuer else ()
    return tuple(dict.fromkeys((*named, *_configured(evidence))))


def _configured(evidence: TargetEvidence) -> Iterator[str]:
    """Return the issuers that the configuration names."""
    aws, gcp = evidence.aws, evidence.gcp
    if aws is not None and isinstance(aws.provider, AwsOidcProvider):
        yield "https://" + aws.provider.url.removeprefix("https://")
    if aws is not None and isinstance(aws.role, Role) and not isinstance(aws.role.trust_policy, Missing):
        parts = [split_provider(name) for name, _ in federated(aws.role.trust_policy.value)]
        yield from (f"https://{part[2]}" for part in parts if part)
    uri = gcp.provider.issuer_uri if gcp is not None and isinstance(gcp.provider, GcpProvider) else None
    if uri and not evidence.is_left_open(uri):  # no token has a placeholder as its issuer
        yield uri
