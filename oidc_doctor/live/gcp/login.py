"""Explain a missing Google Cloud login, with the command to log in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from oidc_doctor.model.obstacle import Obstacle

if TYPE_CHECKING:
    from oidc_doctor.live.collect import CallError

_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
_LOG_IN = ("gcloud auth application-default login",)


def login_obstacle(failure: CallError) -> Obstacle:
    """Describe a failure to find or use application default credentials."""
    named = os.environ.get(_VARIABLE)
    source = f"the file that {_VARIABLE} names" if named else "gcloud's application default credentials"
    why = failure.message.rstrip(".")
    if failure.code == "OwnLogin":
        text = f"No Google Cloud login: {why}."
    elif failure.answered:
        text = f"Google Cloud refused the login of {source}: {why}."
    elif failure.code == "NoCredentials" and not named:
        text = f"No Google Cloud login: there are no application default credentials, and {_VARIABLE} names no file."
    else:
        text = f"No Google Cloud login: {source} cannot be used: {why}."
    return Obstacle("credentials", "gcp", text, _LOG_IN)
