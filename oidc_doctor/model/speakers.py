"""The parties that can write an error text.

The speaker determines what a sentence can prove: AWS STS and Google's STS report on the exchange, a service reports on
a later call, and a client, proxy or resolver reports on neither.
"""

from __future__ import annotations

from typing import NamedTuple

from oidc_doctor.model.steps import Cloud


class Speaker(NamedTuple):
    """A party: its cloud, its name in a sentence, and whether its refusal shows that the earlier steps passed."""

    cloud: Cloud | None
    name: str
    follows_steps: bool = False


SPEAKERS: dict[str, Speaker] = {
    "aws-sts": Speaker("aws", "AWS STS", follows_steps=True),
    "aws-sts-call": Speaker("aws", "AWS STS (another call than the exchange)"),
    "aws-iam": Speaker("aws", "AWS IAM (a policy or provider being saved)"),
    "aws-service": Speaker("aws", "an AWS service"),
    "google-sts": Speaker("gcp", "Google's Security Token Service", follows_steps=True),
    "google-iam-credentials": Speaker("gcp", "Google's IAM Credentials API", follows_steps=True),
    "google-service": Speaker("gcp", "a Google service"),
    "google-iam": Speaker("gcp", "Google IAM (a provider or policy being saved)"),
    "issuer": Speaker(None, "the issuer"),
    "registry": Speaker(None, "a registry"),
    "client": Speaker(None, "the client"),
    "network": Speaker(None, "the network"),
}
