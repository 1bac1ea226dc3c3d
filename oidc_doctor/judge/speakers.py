"""Envelopes that show who wrote an error text whose sentence is unknown."""

from __future__ import annotations

import re

_AWS_IAM_CALL = r"(?:Create|Update|Put|Attach|Add|Set|Tag)\w*(?:Role|Policy|OpenIDConnectProvider)\w*"
_OAUTH = "invalid_grant|invalid_request|invalid_target|unauthorized_client"
# The first match decides. OAuth's error codes are those of RFC 6749 and RFC 8693, which Google's STS returns.
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
