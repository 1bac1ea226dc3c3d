"""What the logs show as served by one role or provider, as checks ask for it."""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

from oidc_doctor.model.document import Origin


class Share(NamedTuple):
    """Workloads that one trust serves next to others, by the logs."""

    name: str  # environment production
    attempts: int  # accepted, in the logs
    patterns: tuple[str, ...]  # AWS: of its subjects; Google: the test that a condition gets besides its own


class Separation(NamedTuple):
    """The shares of one trust, and where the trust was read. Each pattern is proven on the logged subjects."""

    shares: tuple[Share, ...]
    clause: str
    at: Origin | None


class Uses(Protocol):
    """Answers what one role or provider serves, by the logs. Everything may raise NotReadError."""

    @property
    def cloud(self) -> Literal["aws", "gcp"]:
        """The cloud of the exchange."""

    @property
    def resource(self) -> str:
        """The role's ARN or the provider's name; empty where the target names none."""

    def separation(self) -> Separation | None:
        """The shares into which the trust could be separated; None where it serves one."""
