"""The errors of Google's token exchange and impersonation, word for word as recorded."""

from __future__ import annotations

from typing import ClassVar


class Says:
    """Google's sentences: those of sts.googleapis.com with their error code, then those of impersonation."""

    INVALID_TARGET: ClassVar[tuple[str, str]] = (
        "invalid_target",
        (
            'The target service indicated by the "audience" parameters is invalid. This might either be because '
            "the pool or provider is disabled or deleted or because it doesn't exist."
        ),
    )
    INVALID_AUDIENCE: ClassVar[tuple[str, str]] = (
        "invalid_request",
        (
            'Invalid value for "audience". This value should be the full resource name of the Identity Provider. See '
            "https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats."
        ),
    )
    NO_CONNECTION: ClassVar[tuple[str, str]] = (
        "invalid_grant",
        "Error connecting to the given credential's issuer.",
    )
    BAD_SIGNATURE: ClassVar[tuple[str, str]] = ("invalid_grant", "Unable to verify the ID Token signature.")
    UNPARSABLE: ClassVar[tuple[str, str]] = ("invalid_grant", "Unable to parse the ID Token.")
    REJECTED: ClassVar[tuple[str, str]] = (
        "unauthorized_client",
        "The given credential is rejected by the attribute condition.",
    )
    NO_SUBJECT: ClassVar[tuple[str, str]] = (
        "unauthorized_client",
        "Could not obtain a value for google.subject from the given credential.",
    )
    SUBJECT_TOO_LONG: ClassVar[tuple[str, str]] = (
        "invalid_request",
        (
            "The size of mapped attribute google.subject exceeds the 127 bytes limit. Either modify your attribute "
            "mapping or the incoming assertion to produce a mapped attribute that is less than 127 bytes."
        ),
    )
    DENIED: ClassVar[tuple[str, str]] = (
        "PERMISSION_DENIED",
        "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
    )

    @staticmethod
    def issuer(found: str, wanted: str) -> tuple[str, str]:
        """Say that the token's issuer is another one."""
        return "invalid_grant", f"The issuer in ID Token {found} does not match the expected one in config: {wanted}."

    @staticmethod
    def audience(found: str) -> tuple[str, str]:
        """Say that the token's audience is none that the provider accepts."""
        return "invalid_grant", f"The audience in ID Token [{found}] does not match the expected audience."

    @staticmethod
    def stale(issued: object) -> tuple[str, str]:
        """Say that the token's times are no good."""
        return "invalid_grant", f"ID Token issued at {issued} is stale to sign-in."
