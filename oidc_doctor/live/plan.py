"""Plan the readers that a run needs, and collect live evidence as a bundle in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from oidc_doctor.bundle.files import Bundle
from oidc_doctor.live import issuer
from oidc_doctor.live.aws import readers as aws
from oidc_doctor.live.aws.lists import Roles
from oidc_doctor.live.collect import Collected, Reader, collect
from oidc_doctor.live.gcp import readers as gcp
from oidc_doctor.live.gcp.lists import Providers
from oidc_doctor.live.https import Rules
from oidc_doctor.model.evidence import Target, TargetAws, Token
from oidc_doctor.model.log_place import LogOptions, LogPlace

FOLDER = re.compile(r"[\w-][\w.-]{0,63}", re.ASCII)  # target names that are valid folder names


class Goal(NamedTuple):
    """A target, the tokens that are judged for it, and the issuer if a source other than a token names it.

    `issuer_by` is that source where it is a file, which a stranger may have written; else empty.
    `own_provider`: the user named Google's provider, so what is configured there speaks for its issuer.
    """

    target: Target
    tokens: tuple[Token, ...] = ()
    issuer: str | None = None
    issuer_by: str = ""
    own_provider: bool = False


class CollectionRequest(NamedTuple):
    """The evidence to gather. Times are epoch seconds; `timeout` is in seconds for the whole collection."""

    goals: tuple[Goal, ...]
    folders: bool = False  # each goal has its own folder below targets/
    given: tuple[tuple[str, bytes | str], ...] = ()  # files that need no reading: path and content
    profile: str | None = None
    regions: tuple[str, ...] = ()  # further ones, of endpoints
    since: float | None = None
    until: float | None = None
    back: float | None = None  # seconds of a window that ends now, by the cloud's clock, which may differ
    max_pages: int = 40
    aws_places: tuple[LogPlace, ...] = ()  # further logs
    gcp_places: tuple[LogPlace, ...] = ()
    log_options: LogOptions = LogOptions()
    only_logs: bool = False  # read nothing but these
    owners: tuple[tuple[str, str], ...] = ()  # the accounts of buckets and repositories, by name; "" is all others
    logs: bool = True
    oracles: bool = False
    attempt: bool = False  # --try
    from_token: bool = False
    private: bool = False
    timeout: float = 300.0
    base: Bundle | None = None
    account: bool = False  # every resource that may accept the token, not only the target
    project: str | None = None  # Google's, for --account


def plan(request: CollectionRequest) -> list[Reader]:
    """Return every reader that the goals need."""
    readers: list[Reader] = []
    clients: dict[str, aws.AwsClients] = {}
    groups: dict[str, aws.RoleGroup] = {}
    logins = _Logins(request)
    for requested in request.goals:
        goal = _widened(request, requested)
        prefix = f"targets/{goal.target.name}/" if request.folders else ""
        if goal.target.aws is not None or (request.only_logs and request.aws_places):
            partition = aws.partition_of(goal.target, request.regions)
            client = clients.setdefault(partition, aws.AwsClients(request.profile, partition))
            group = groups.setdefault(partition, aws.RoleGroup())
            readers += aws.readers(client, _of_aws(request, goal, prefix), group)
        if goal.target.gcp is not None or (request.only_logs and request.gcp_places):
            login = logins.of(goal)
            readers += gcp.readers(login.clients, _of_gcp(request, goal, prefix), login.group)
        if request.only_logs:
            continue
        if request.account:
            readers += _lists(request, goal, prefix, clients, logins)
        readers += issuer.readers(_of_issuer(request, goal, prefix))
    return readers


def gather(request: CollectionRequest, narrate: Callable[[str], None] = lambda _: None) -> Collected:
    """Read everything that `plan` names. KeyboardInterrupt ends it at once."""
    files: list[tuple[str, bytes | str]] = list(request.given)
    if request.folders:  # a target keeps its folder even if none of its files could be read
        mark = "# the target is in the file at the top\n"
        files += [(f"targets/{goal.target.name}/oidc-doctor.toml", mark) for goal in request.goals]
    return collect(
        plan(request),
        base=request.base,
        given=files,
        timeout=request.timeout,
        narrate=narrate,
        only_logs=request.only_logs,
    )


def _token_to_exchange(request: CollectionRequest, goal: Goal) -> Token | None:
    """Return the first compact JWT if --try requests an exchange."""
    compact = (token for token in goal.tokens if token.kind == "jwt" and token.signing_input)
    return next(compact, None) if request.attempt else None


def _of_aws(request: CollectionRequest, goal: Goal, prefix: str) -> aws.AwsScope:
    issuers = [*_claimed(goal.tokens), *([goal.issuer] if goal.issuer else [])]
    return aws.AwsScope(
        target=goal.target,
        issuers=tuple(dict.fromkeys(issuers)),
        regions=request.regions,
        since=request.since,
        until=request.until,
        back=request.back,
        max_pages=request.max_pages,
        places=request.aws_places,
        log_options=request.log_options,
        only_logs=request.only_logs,
        lookup=request.logs,
        oracles=request.oracles,
        attempt=_token_to_exchange(request, goal),
        prefix=prefix,
        owners=request.owners,
    )


def _widened(request: CollectionRequest, goal: Goal) -> Goal:
    """With --account, read AWS even if only a token is known."""
    target = goal.target
    if not request.account or target.aws is not None or target.gcp is not None or request.project:
        return goal
    return goal._replace(target=target._replace(aws=TargetAws()))


def _lists(
    request: CollectionRequest, goal: Goal, prefix: str, clients: dict[str, aws.AwsClients], logins: _Logins
) -> list[Reader]:
    """Return readers of the account's roles, and of the project's pools and providers."""
    readers: list[Reader] = []
    if goal.target.aws is not None:
        partition = aws.partition_of(goal.target, request.regions)
        readers.append(Roles(clients[partition], _of_aws(request, goal, prefix)).roles())
    gcp_side = Providers(logins.of(goal).clients, _of_gcp(request, goal, prefix))
    project = request.project or gcp_side.provider_project
    if project:
        readers.append(gcp_side.providers(project))
    return readers


class _Login(NamedTuple):
    """A login at Google, and the targets that are read with it."""

    clients: gcp.GcpClients
    group: gcp.ProjectGroup


class _Logins:
    """At most two logins: the usable credentials depend on whether GOOGLE_APPLICATION_CREDENTIALS is examined."""

    def __init__(self, request: CollectionRequest) -> None:
        self._attempt = request.attempt
        self._pacer = gcp.new_pacer()
        self._made: dict[bool, _Login] = {}

    def of(self, goal: Goal) -> _Login:
        """Return the login for a target."""
        target = goal.target.gcp
        examined = (target.audience or target.provider) if target and not self._attempt else None
        is_own = gcp.is_configured(examined)
        if is_own not in self._made:
            self._made[is_own] = _Login(gcp.GcpClients(examined, pacer=self._pacer), gcp.ProjectGroup())
        return self._made[is_own]


def _of_gcp(request: CollectionRequest, goal: Goal, prefix: str) -> gcp.GcpScope:
    return gcp.GcpScope(
        target=goal.target,
        since=request.since,
        until=request.until,
        back=request.back,
        max_pages=request.max_pages,
        places=request.gcp_places,
        log_options=request.log_options,
        only_logs=request.only_logs,
        lookup=request.logs,
        attempt=_token_to_exchange(request, goal),
        prefix=prefix,
        oracles=request.oracles,
    )


def _of_issuer(request: CollectionRequest, goal: Goal, prefix: str) -> issuer.IssuerScope:
    in_file = goal.issuer if goal.issuer_by else None
    # a role and its providers are read in the caller's account; a Google provider in any project that permits it
    vouchers = ["aws.provider", "aws.role"]
    vouchers += ["gcp.provider"] if goal.own_provider else []
    vouchers += ["gcp.providers"] if goal.own_provider or request.project else []
    return issuer.IssuerScope(
        named=None if in_file else goal.issuer,
        claimed=tuple(dict.fromkeys([*([in_file] if in_file else []), *_claimed(goal.tokens)])),
        claimed_by=goal.issuer_by if in_file else "the token",
        from_token=request.from_token,
        rules=Rules(private=request.private),
        vouchers=tuple(prefix + name for name in vouchers),
        prefix=prefix,
    )


def _claimed(tokens: Iterable[Token]) -> tuple[str, ...]:
    """Return the issuers that tokens name."""
    issuers = (token.claims.get("iss") for token in tokens)
    return tuple(dict.fromkeys(issuer for issuer in issuers if isinstance(issuer, str) and issuer))
