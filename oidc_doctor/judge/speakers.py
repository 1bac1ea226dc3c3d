"""The parties that can write an error text, and the envelopes by which a text shows who wrote it.

The speaker decides what a sentence may show: AWS STS and Google's STS speak of the exchange, a service speaks of a call
made after it, and a client, a proxy or a resolver speaks of neither.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from oidc_doctor.model.steps import Cloud


class Speaker(NamedTuple):
    """A party: its cloud, its name in a sentence, and whether its refusal shows that the earlier steps passed."""

    cloud: Cloud | None
    name: str
    follows_steps: bool = False


SPEAKERS: dict[str, Speaker] = {
    "aws-sts": Speaker("aws", "AWS STS", follows_steps=True),
    "aws-sts-call": Speaker("aws", "AWS STS, of another call than the exchange"),
    "aws-iam": Speaker("aws", "AWS IAM, of a policy or provider that is written"),
    "aws-service": Speaker("aws", "an AWS service"),
    "google-sts": Speaker("gcp", "Google's Security Token Service", follows_steps=True),
    "google-iam-credentials": Speaker("gcp", "Google's IAM Credentials API", follows_steps=True),
    "google-service": Speaker("gcp", "a Google service"),
    "google-iam": Speaker("gcp", "Google IAM, of a provider or policy that is written"),
    "issuer": Speaker(None, "the issuer"),
    "registry": Speaker(None, "a registry"),
    "client": Speaker(None, "the client"),
    "network": Speaker(None, "the network"),
}

_AWS_IAM_CALL = r"(?:Create|Update|Put|Attach|Add|Set|Tag)\w*(?:Role|Policy|OpenIDConnectProvider)\w*"
_OAUTH = "invalid_grant|invalid_request|invalid_target|unauthorized_client"
# The first that is found decides. OAuth's error codes are those of RFC 6749 and RFC 8693, which Google's STS returns.
_ENVELOPES: tuple[tuple[str, str], ...] = (
    ("aws-sts", r"when calling the AssumeRoleWithWebIdentity operation|STS: AssumeRoleWithWebIdentity\b"),
    ("aws-sts-call", r"when calling the (?:AssumeRole|GetCallerIdentity|GetSessionToken) operation|STS: \w+"),
    ("aws-iam", rf"when calling the {_AWS_IAM_CALL} operation|IAM: {_AWS_IAM_CALL}\b"),
    ("aws-service", r"when calling the \w+ operation|\bapi error \w+:|\bService: Amazon\w+"),
    ("google-sts", rf"""(?i:error|code)["']?\s*[:=]?\s*["']?(?:{_OAUTH})\b|\bsts\.googleapis\.com/"""),
    ("google-iam-credentials", r"\biamcredentials\.googleapis\.com/"),
    ("google-iam", r"\(gcloud\.iam\.[\w.-]+\)|\biam\.googleapis\.com/v1/projects"),
    ("google-service", r"\bgoogleapi: Error \d|\bgoogle\.api_core\.exceptions\.|\(gcloud\.[\w.-]+\)"),
)


def speaker_of_envelope(text: str) -> str | None:
    """Return the speaker that the envelope of an unknown sentence shows: an SDK, an OAuth error, a command's name."""
    for speaker, pattern in _ENVELOPES:
        if re.search(pattern, text):
            return speaker
    return None
