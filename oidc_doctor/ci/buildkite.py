"""Buildkite: the agent on the machine requests the job's token (Buildkite Docs, "buildkite-agent oidc")."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from oidc_doctor.ci.token_error import TokenError
from oidc_doctor.model.limits import TOKEN

if TYPE_CHECKING:
    from collections.abc import Mapping

AGENT = "buildkite-agent"


def request_token(environment: Mapping[str, str], audience: str | None, *, seconds: float = 20.0) -> str:
    """Return the token that Buildkite issues to the running job, as the agent prints it. Raises TokenError.

    Without an audience it is Buildkite's default, the address of the organization.
    """
    program = shutil.which(AGENT, path=environment.get("PATH"))
    if program is None:
        raise TokenError(f"{AGENT} is not on the PATH of this step; run the step outside of a container, or mount it")
    command = [program, "oidc", "request-token", *(["--audience", audience] if audience else [])]
    try:
        done = subprocess.run(  # noqa: S603 - the job's own agent, and an audience as one word
            command, capture_output=True, env=dict(environment), timeout=seconds, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise TokenError(f"{AGENT} oidc request-token did not answer in {seconds:.0f} seconds") from None
    except OSError as error:
        raise TokenError(f"{AGENT} cannot be started: {error.strerror or error}") from None
    if done.returncode:
        raise TokenError(f"{AGENT} oidc request-token ended with code {done.returncode}; its own message says why")
    return done.stdout[: 2 * TOKEN.most].decode("utf-8", "replace").strip()
