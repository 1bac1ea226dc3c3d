"""A run's input: the question, and the callback that reports progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from oidc_doctor.model.evidence import (
    Target,
    Token,
)
from oidc_doctor.model.obstacle import Obstacle
from oidc_doctor.model.report import Exchange

if TYPE_CHECKING:
    from oidc_doctor.bundle.files import Bundle

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
    proposed: tuple[tuple[str, Bundle], ...] = ()  # changes to lay over the evidence, each with the user's name for it
    present_command: str = ""  # the command line without the changes
    command: str = ""  # the command line, for the report
    profile: str = ""  # the AWS profile of a live run, for the report
    progress: Callable[[int, int, int, int], None] | None = None  # files and bytes of logs, done and in all


class RunProgress(Protocol):
    """Called with a short description of the current work, and with each judged exchange. An exception ends the run."""

    def __call__(self, text: str, exchange: Exchange | None = None) -> None:
        """`text` may contain an untrusted file name."""


def silent(text: str, exchange: Exchange | None = None) -> None:
    """Default progress callback: does nothing."""
