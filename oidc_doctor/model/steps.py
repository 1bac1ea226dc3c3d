"""The steps of each cloud's token exchange, in the order in which the cloud decides them.

The order is inferred from which error wins when two faults are present (AWS: recorded calls of September 2026;
Google: measured notes of September 2026). One list per cloud; everything that orders, draws or groups follows it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Cloud = Literal["aws", "gcp"]
State = Literal["passed", "passed-by-error", "assumed", "refused", "unknown", "not-reached"]

CLOUDS = {"aws": "AWS", "gcp": "Google Cloud"}  # each cloud's name in a sentence

PASSED: State = "passed"
PASSED_BY_ERROR: State = "passed-by-error"
ASSUMED: State = "assumed"
REFUSED: State = "refused"
UNKNOWN: State = "unknown"
NOT_REACHED: State = "not-reached"


class Step(NamedTuple):
    """A step: its id (JSON contract), its title, and the question that it answers."""

    id: str
    title: str
    question: str
    exchange: bool = True  # False: before or after the exchange, so never part of the prediction


STEPS: dict[Cloud, tuple[Step, ...]] = {
    "aws": (
        Step("obtain", "token obtained", "did the workload get a token to send?", exchange=False),
        Step("request", "request", "are the role ARN, session name, duration and token of the right shape?"),
        Step("token", "token", "is it a JWT with the required claims, and is it within its times?"),
        Step("provider", "provider", "does the role's account have an OIDC provider for the token's issuer?"),
        Step("audience", "audience", "is the token's audience in the provider's ClientIDList?"),
        Step("keys", "keys", "can AWS fetch the issuer's keys, and do they verify the signature?"),
        Step("session-claims", "session claims", "are the tags, source identity and roles claims well formed?"),
        Step("authorise", "trust policy", "does the role's trust policy allow this token?"),
        Step("duration", "duration", "is the session no longer than the role allows?"),
        Step("permission", "permission", "may the role do what the workload then asks for?", exchange=False),
    ),
    "gcp": (
        Step("configure", "configuration", "could the provider and its bindings be set up at all?", exchange=False),
        Step("obtain", "token obtained", "did the workload get a token to send?", exchange=False),
        Step("target", "target", "does the request name a provider that exists and is enabled?"),
        Step("token", "token", "is it a JWT with the required claims?"),
        Step("issuer", "issuer", "is the token's issuer the provider's issuerUri?"),
        Step("audience", "audience", "is the token's audience one that the provider allows?"),
        Step("times", "times", "is the token within its times?"),
        Step("keys", "keys", "can Google get the issuer's keys, and do they verify the signature?"),
        Step("condition", "condition", "is the provider's attribute condition true?"),
        Step("mapping", "mapping", "does the attribute mapping yield a usable google.subject?"),
        Step("impersonate", "service account", "may the mapped principal impersonate the service account?"),
        Step("permission", "permission", "may the principal do what the workload then asks for?", exchange=False),
    ),
}


# Steps whose refusals leave no event. AWS: usually [re:Post on InvalidIdentityToken, and the IAM user guide's page on
# CloudTrail]. Google: probably, since the entry of an exchange is of a provider that exists (inferred).
UNLOGGED: dict[Cloud, tuple[str, ...]] = {
    "aws": ("token", "provider", "audience", "keys"),
    "gcp": ("target", "token"),
}


def position(cloud: Cloud, step: str) -> int:
    """Return the index of `step` among the cloud's steps; KeyError for a step that the cloud does not have."""
    for index, candidate in enumerate(STEPS[cloud]):
        if candidate.id == step:
            return index
    raise KeyError(step)
