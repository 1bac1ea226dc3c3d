"""The names of the healthy set-ups: an issuer, an AWS account and a Google project that do not exist."""

from __future__ import annotations

from typing import ClassVar


class Names:
    """Constants of `Bundle`, so that a test can write `aws.ROLE_ARN`."""

    COLLECTED_AT: ClassVar[str] = "2026-11-22T22:40:00Z"
    NOW: ClassVar[int] = 1795387200  # the same instant

    ISSUER: ClassVar[str] = "https://oidc.baseten.co"
    AUDIENCE: ClassVar[str] = "oidc.baseten.co"
    ORG: ClassVar[str] = "Org8Kd2P"
    TEAM: ClassVar[str] = "Tq7LmZ2x"
    SUBJECT: ClassVar[str] = (
        "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:deployment=4be1c07:environment=production:type=model_container"
    )
    PATTERN: ClassVar[str] = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*"
    KID: ClassVar[str] = "key-1"

    ACCOUNT: ClassVar[str] = "210987654321"
    OTHER_ACCOUNT: ClassVar[str] = "554433221100"
    ROLE_ARN: ClassVar[str] = "arn:aws:iam::210987654321:role/ModelWeights"
    PROVIDER_ARN: ClassVar[str] = "arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co"
    AUD_KEY: ClassVar[str] = "oidc.baseten.co:aud"
    SUB_KEY: ClassVar[str] = "oidc.baseten.co:sub"

    PROJECT_NUMBER: ClassVar[str] = "482910375566"
    PROJECT_ID: ClassVar[str] = "weights-prod"
    POOL: ClassVar[str] = "projects/482910375566/locations/global/workloadIdentityPools/baseten-pool"
    GCP_PROVIDER: ClassVar[str] = POOL + "/providers/baseten-provider"
    SERVICE_ACCOUNT: ClassVar[str] = "baseten-oidc@weights-prod.iam.gserviceaccount.com"
    MEMBER: ClassVar[str] = f"principalSet://iam.googleapis.com/{POOL}/attribute.team/Tq7LmZ2x"

    # AWS's own sentences, as on the wire
    NOT_AUTHORIZED: ClassVar[tuple[str, str]] = (
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    )
    COULD_NOT_VALIDATE: ClassVar[tuple[str, str]] = (
        "InvalidIdentityToken",
        (
            "The web identity token provided could not be validated. "
            "See the AssumeRoleWithWebIdentity documentation for requirements."
        ),
    )
    NO_VERIFICATION_KEY: ClassVar[tuple[str, str]] = (
        "InvalidIdentityToken",
        (
            "Couldn't retrieve verification key from your identity provider,  "
            "please reference AssumeRoleWithWebIdentity documentation for requirements"
        ),
    )
    NOT_A_JWT: ClassVar[tuple[str, str]] = (
        "InvalidIdentityToken",
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
    )

    GITHUB: ClassVar[str] = "https://token.actions.githubusercontent.com"
    GITHUB_SUBJECT: ClassVar[str] = "repo:octo-org/weights:ref:refs/heads/main"
