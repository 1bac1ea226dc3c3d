"""A run's input: the question, and the callback that reports progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Target, TargetAws, TargetGcp, Token
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
    own_workload: bool = False  # suggest no condition that would accept other workloads than the token's
    profile: str = ""  # the AWS profile of a live run, for the report
    progress: Callable[[int, int, int, int], None] | None = None  # files and bytes of logs, done and in all
    edits: bool = True  # propose edits; False where only the diagnosis counts


def named_target(
    *,
    issuer: str | None = None,
    role: str | None = None,
    region: str | None = None,
    gcp_provider: str | None = None,
    service_account: str | None = None,
    options: bool = False,
) -> Target | None:
    """Return the target of these values, or None. `options`: they come from options, and were read in `--role`."""
    named = {
        "issuer": ("issuer", issuer),
        "aws.role_arn": ("role", role),
        "aws.region": ("region", region),
        "gcp.provider": ("gcp-provider", gcp_provider),
        "gcp.service_account": ("service-account", service_account),
    }
    given = [key for key, (_, value) in named.items() if value is not None]
    if not given:
        return None
    return Target(
        name="",
        issuer=issuer,
        aws=None if role is None and region is None else TargetAws(role_arn=role, region=region),
        gcp=None
        if gcp_provider is None and service_account is None
        else TargetGcp(provider=gcp_provider, service_account=service_account),
        origins={key: Origin(f"--{named[key][0]}" if options else named[key][0].replace("-", "_")) for key in given},
    )


class RunProgress(Protocol):
    """Called with a short description of the current work, and with each judged exchange. An exception ends the run."""

    def __call__(self, text: str, exchange: Exchange | None = None) -> None:
        """`text` may contain an untrusted file name."""


def silent(text: str, exchange: Exchange | None = None) -> None:
    """Default progress callback: does nothing."""
