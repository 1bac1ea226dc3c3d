"""What Google says, word for word as recorded, and a short way to change the request of the healthy set-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

if TYPE_CHECKING:
    from tests.conftest import Bundle

Aim = Callable[..., "Bundle"]


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
        return "invalid_grant", f"The issuer in ID Token {found} does not match the expected ones: {wanted}"

    @staticmethod
    def audience(found: str) -> tuple[str, str]:
        """Say that the token's audience is none that the provider takes."""
        return "invalid_grant", f"The audience in ID Token [{found}] does not match the expected audience."

    @staticmethod
    def stale(issued: object) -> tuple[str, str]:
        """Say that the token's times are no good."""
        return "invalid_grant", f"ID Token issued at {issued} is stale to sign-in."


@pytest.fixture(scope="session")
def says() -> type[Says]:
    """Google's sentences."""
    return Says


@pytest.fixture
def aim(gcp: Bundle) -> Aim:
    """Change the request of the healthy set-up: `aim(provider=…, audience=…)`; a value of `...` is left out."""

    def change(**values: Any) -> Bundle:
        request: dict[str, Any] = {"provider": gcp.GCP_PROVIDER, "service_account": gcp.SERVICE_ACCOUNT} | values
        return gcp.target(gcp={name: value for name, value in request.items() if value is not ...})

    return change
