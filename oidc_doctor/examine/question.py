"""A run's input: the question, and the callback that reports progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol

from oidc_doctor.model.evidence import (
    Target,
    Token,
)
from oidc_doctor.model.obstacle import Obstacle
from oidc_doctor.model.report import Exchange

FailOn = Literal["blocks", "weakens", "never"]


class Question(NamedTuple):
    """The request of a run. `at` and the window are epoch seconds."""

    overrides: Target | None = None
    error_text: str | None = None
    error_place: str = "--error"  # the option, or the file, that the text was read in
    tokens: tuple[Token, ...] = ()
    at: float | None = None
    since: float | None = None
    until: float | None = None
    since_back: float | None = None  # seconds before the instant, for a relative --since
    cloudtrail: tuple[str, ...] = ()  # further log files or folders, on disk
    gcp_logs: tuple[str, ...] = ()
    renewed: bool = False  # judge a sample token that is not valid at the instant as the one the issuer would sign then
    check: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    fail_on: FailOn = "blocks"
    warnings: tuple[str, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()  # what kept a live run from reading the clouds
    compare: Token | None = None  # a second token to compare with each exchange's token
    account: bool = False  # list the roles and providers of the account with their decisions
    command: str = ""  # the command line, for the report
    own_workload: bool = False  # suggest no condition that would accept other workloads than the token's
    profile: str = ""  # the AWS profile of a live run, for the report
    progress: Callable[[int, int, int, int], None] | None = None  # files and bytes of logs, done and in all


class RunProgress(Protocol):
    """Called with a short description of the current work, and with each judged exchange. An exception ends the run."""

    def __call__(self, text: str, exchange: Exchange | None = None) -> None:
        """`text` may contain an untrusted file name."""


def silent(text: str, exchange: Exchange | None = None) -> None:
    """Default progress callback: does nothing."""
