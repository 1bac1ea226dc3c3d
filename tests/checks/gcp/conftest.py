"""Google's recorded errors, and a short way to change the request of the healthy set-up."""

from __future__ import annotations

from typing import Any

import pytest

from evidence import Aim, Bundle
from evidence.google_errors import Says


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
