"""A live run: the files of the command line, the request, and the collected bundle."""

from __future__ import annotations

import argparse
import os
import re
import time
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.cli.exit_codes import UsageError
from oidc_doctor.cli.log_places import log_places
from oidc_doctor.cli.output import complain
from oidc_doctor.cli.streams import read_file
from oidc_doctor.documents.target_file import FILE as TARGET_FILE
from oidc_doctor.documents.target_file import merge
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Target, TargetAws
from oidc_doctor.model.log_place import LogOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.examine.question import Question
    from oidc_doctor.live.plan import CollectionRequest, Goal
    from oidc_doctor.model.evidence import Token

_DAY = 86_400
_FIRST_LOGS = 1_384_300_800  # 13 November 2013: CloudTrail began, before Google's audit logs; both ask day by day
_USUAL_WINDOW = 7 * 86_400.0  # seconds: the window of logs without --since
_TOKEN_FILES = ("B10_OIDC_TOKEN_PATH", "AWS_WEB_IDENTITY_TOKEN_FILE")
_CREDENTIALS = "gcp/credentials.json"  # where the configuration of a client is in a bundle
_LARGEST_FILE = 256 * 1024  # bytes of a file of the command line
_PAUSE = 3.0  # seconds between two lines on the progress of a live run


class Prepared(NamedTuple):
    """The evidence and the question of the examination."""

    bundle: Bundle | None
    question: Question


def is_live(options: argparse.Namespace) -> bool:
    """Return whether the options ask to read a cloud's configuration or an issuer."""
    if options.offline or options.demo is not None:
        return False
    if options.live or (options.dry_run and not log_places(options)):
        return True
    named = (options.role, options.gcp_provider, options.service_account, options.truss, options.credentials)
    return not options.bundles and any(named)


def adds_evidence(options: argparse.Namespace) -> bool:
    """Return whether the command line names files or logs that are added to the bundle."""
    return any((options.truss, options.credentials, options.whoami, options.pasted, log_places(options)))


class Progress:
    """The narration of a live run, with pauses: the first text, one every few seconds, and the last, which sums up."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._waiting = ""
        self._next = 0.0  # monotonic seconds from which a text is shown

    def __call__(self, text: str) -> None:
        """Show the text, or keep it."""
        self._waiting = text
        if time.monotonic() >= self._next:
            self.end()

    def end(self) -> None:
        """Show the text that was kept."""
        if self._waiting:
            self._show(self._waiting)
        self._waiting = ""
        self._next = time.monotonic() + _PAUSE


def prepare(
    options: argparse.Namespace, question: Question, base: Bundle | None, narrate: Callable[[str], None] | None = None
) -> Prepared:
    """Return the bundle with the files of the command line and the live evidence. Raises UsageError.

    `narrate` is called with the name of each read; by default some of them are printed on stderr, unless -q.
    """
    live = is_live(options)
    files = _files(options, live=live, base=base)
    if not live and not log_places(options):
        from oidc_doctor.live.collect import collect

        return Prepared(collect((), base=base, given=files).bundle, question)
    from oidc_doctor.live.obstacles import obstacles_of
    from oidc_doctor.live.plan import gather

    if live and not question.tokens and base is None:
        tokens, warnings = _tokens_of_environment(options)
        question = question._replace(tokens=tokens, warnings=(*question.warnings, *warnings))
    request, question = _request(options, question, base, files)
    progress = Progress(_silence if options.quiet else complain)
    collected = gather(request, narrate or progress)
    progress.end()
    return Prepared(
        collected.bundle,
        question._replace(
            warnings=(*question.warnings, *collected.warnings), obstacles=obstacles_of(collected, options.profile)
        ),
    )


def dry_run(options: argparse.Namespace, question: Question, base: Bundle | None) -> str:
    """Return the files that `prepare` would read, one line each. Raises UsageError."""
    from oidc_doctor.live.plan import plan
    from oidc_doctor.report.parts.escape import visible

    request, _ = _request(options, question, base, _files(options, live=True, base=base))
    lines = []
    for reader in plan(request):
        lines.append(f"{visible(reader.path):<44} {visible(reader.call)}")
        also = dict.fromkeys(grant.permission for files in reader.follows for grant in files.grants)
        lines += [f"  {'then, for each resource that it names':<42} {', '.join(also)}"] if also else []
    return "\n".join(lines) or "nothing: no role, provider or issuer is named"


# The request


def _request(
    options: argparse.Namespace, question: Question, base: Bundle | None, files: list[tuple[str, bytes | str]]
) -> tuple[CollectionRequest, Question]:
    from oidc_doctor.bundle.snapshot import load_snapshot
    from oidc_doctor.live.collect import collect
    from oidc_doctor.live.plan import CollectionRequest

    places = log_places(options)
    only_logs = bool(places) and not is_live(options)
    local = collect((), base=base, given=files).bundle
    snapshot = load_snapshot(local, overrides=question.overrides, extra_tokens=question.tokens)
    if len(snapshot.targets) == 1:
        question = _with_environment(question, snapshot.targets[0].target, base)
        snapshot = load_snapshot(local, overrides=question.overrides, extra_tokens=question.tokens)
    folders = len(snapshot.targets) > 1 or any(name.startswith("targets/") for name in local.names())
    goals = tuple(_goal(options, found.target, found.tokens, base) for found in snapshot.targets)
    if folders:
        _check_names([goal.target.name for goal in goals])
    if not only_logs and not any(goal.target.aws or goal.target.gcp or goal.issuer or goal.tokens for goal in goals):
        message = f"nothing to read: name a --role, a --gcp-provider or an --issuer, or write them to {TARGET_FILE}"
        raise UsageError(message)
    if options.attempt and not any(token.kind == "jwt" for goal in goals for token in goal.tokens):
        message = "--try needs the token itself: add --token FILE"
        raise UsageError(message)
    if options.attempt and not any(names_a_resource(goal.target) for goal in goals):
        message = "--try needs a role or provider: add --role ARN or --gcp-provider NAME"
        raise UsageError(message)
    now = time.time()
    until = None if question.until is None else min(question.until, now + _DAY)
    end = now if until is None else until
    judged_at = question.at if question.at is not None else snapshot.collected_at
    if only_logs and until is None and judged_at is not None and judged_at < now - _DAY:
        until, end = judged_at + _DAY, judged_at  # the failure is of the bundle's time, and later attempts are few
    since = question.since if question.since_back is None else end - question.since_back
    since = end - _USUAL_WINDOW if since is None else since
    is_relative = until is None and (question.since is None or question.since_back is not None)
    request = CollectionRequest(
        goals=goals,
        folders=folders,
        given=tuple(files),
        profile=options.profile,
        regions=tuple(region for region in (options.region or "").split(",")[1:] if region),
        since=max(since, _FIRST_LOGS),
        until=until,
        back=min(end - since, end - _FIRST_LOGS) if is_relative else None,
        max_pages=max(1, options.max_pages),
        aws_places=tuple(place for place in places if place.text in options.cloudtrail),
        gcp_places=tuple(place for place in places if place.text in options.gcp_logs),
        log_options=LogOptions(
            options.max_bytes,
            options.athena_workgroup,
            options.athena_output,
            None if options.no_log_cache else _cache(),
        ),
        only_logs=only_logs,
        owners=_owners(options.resource_account),
        logs=not options.no_logs,
        oracles=options.cross_check,
        attempt=options.attempt,
        from_token=options.fetch_token_issuer,
        private=options.private_issuer,
        timeout=options.timeout,
        base=base,
        account=options.account,
        project=os.environ.get("GOOGLE_CLOUD_PROJECT") if options.account else None,
    )
    return request, question._replace(profile=options.profile or os.environ.get("AWS_PROFILE", ""))


def _cache() -> str:
    """Return the folder of the cache of archives [XDG Base Directory Specification]."""
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "oidc-doctor", "logs")


def _goal(options: argparse.Namespace, target: Target, tokens: tuple[Token, ...], base: Bundle | None) -> Goal:
    from oidc_doctor.live.plan import Goal

    origin = target.origins.get("issuer")
    by_token = origin is not None and any(origin.file == token.origin.file for token in tokens)
    by_file = origin.file if origin is not None and not origin.file.startswith("--") else ""
    by = target.origins.get("gcp.provider") or target.origins.get("gcp.audience")
    # a configuration of a client that neither a bundle nor an option brought is that of the environment
    own = base is None and not options.credentials and by is not None and by.file == _CREDENTIALS
    own = own or (by is not None and by.file.startswith("--"))
    return Goal(target, tokens, None if by_token else target.issuer, "" if by_token else by_file, own)


def _owners(texts: list[str]) -> tuple[tuple[str, str], ...]:
    """Return (name, account) of each --resource-account; the name is empty where it is for all. Raises UsageError."""
    owners = []
    for text in texts:
        name, _, account = text.rpartition("=")
        if not re.fullmatch(r"[0-9]{12}", account):
            message = f"--resource-account {text}: not an account id of 12 digits, nor NAME=ID"
            raise UsageError(message)
        owners.append((name, account))
    return tuple(owners)


def names_a_resource(target: Target) -> bool:
    """Return whether a target names a role, a provider or the audience of an exchange."""
    return bool((target.aws and target.aws.role_arn) or (target.gcp and (target.gcp.provider or target.gcp.audience)))


def _check_names(names: list[str]) -> None:
    from oidc_doctor.live.plan import FOLDER

    for name in names:
        if not FOLDER.fullmatch(name) or names.count(name) > 1:
            message = f"{TARGET_FILE}: each of several targets needs its own name, of letters, digits, - and _"
            raise UsageError(message)


def _with_environment(question: Question, target: Target, base: Bundle | None) -> Question:
    """Return the question with the role of the environment variables, unless options or files name a target."""
    role = os.environ.get("AWS_ROLE_ARN")
    if base is not None or not role or target.gcp is not None or (target.aws and target.aws.role_arn):
        return question
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    session = os.environ.get("AWS_ROLE_SESSION_NAME")
    names = {"role_arn": (role, "AWS_ROLE_ARN"), "region": (region, "AWS_REGION")}
    names["role_session_name"] = (session, "AWS_ROLE_SESSION_NAME")
    values = {name: value for name, (value, _) in names.items() if value}
    target = Target(
        "",
        aws=TargetAws(values["role_arn"], values.get("role_session_name"), region=values.get("region")),
        origins={f"aws.{name}": Origin(f"the variable {names[name][1]}") for name in values},
    )
    return question._replace(overrides=merge(target, question.overrides) if question.overrides else target)


# Files and tokens


def _files(options: argparse.Namespace, *, live: bool, base: Bundle | None) -> list[tuple[str, bytes | str]]:
    """Return files of the command line, the working folder and the environment: (path in a bundle, content)."""
    files: list[tuple[str, bytes | str]] = list(options.pasted or ())
    if options.truss:
        files.append(("truss/config.yaml", _bytes(options.truss, "--truss")))
    if options.whoami:
        files.append(("truss/whoami.txt", _bytes(options.whoami, "--whoami")))
    credentials = options.credentials
    if credentials:
        files.append((_CREDENTIALS, _configuration(credentials, "--credentials", must=True) or b""))
    elif live and base is None and os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        name = "GOOGLE_APPLICATION_CREDENTIALS"
        # the variable may also name a user login; only the configuration of a federated client is evidence
        configuration = _configuration(os.environ[name], name, must=False)
        if configuration and (options.gcp_provider or options.live):
            files.append((_CREDENTIALS, configuration))
    named = options.role or options.gcp_provider or options.truss or credentials
    if live and base is None and not named and os.path.isfile(TARGET_FILE):
        if os.path.dirname(os.path.realpath(TARGET_FILE)) != os.path.realpath(os.curdir):
            message = f"{TARGET_FILE}: a link that leads out of this folder, and was not read"
            raise UsageError(message)
        files.append((TARGET_FILE, _bytes(TARGET_FILE, TARGET_FILE)))
    return files


def _configuration(path: str, name: str, *, must: bool) -> bytes | None:
    """Return an external_account configuration without possible secrets; None for other files."""
    from oidc_doctor.ci.client_configuration import configuration_of  # late: few runs have one

    content, reason = configuration_of(_bytes(path, name), path)
    if content is None and must:
        message = f"{name} {path}: no configuration of type external_account{reason}"
        raise UsageError(message)
    return content


def _tokens_of_environment(options: argparse.Namespace) -> tuple[tuple[Token, ...], tuple[str, ...]]:
    """Return the token that the environment of the workload names, and warnings.

    GitHub's is requested only with --fetch-github-token.
    """
    from oidc_doctor.documents.token import parse_token

    if options.fetch_github_token is not None:
        text = _github_token(options.fetch_github_token, private=options.private_issuer)
        return (parse_token(text, Origin("the variable ACTIONS_ID_TOKEN_REQUEST_URL"), "github"),), ()
    for name in _TOKEN_FILES:
        path = os.environ.get(name)
        if path:
            text = _bytes(path, name).decode("utf-8", "surrogateescape")
            return (parse_token(text, Origin(f"the variable {name}"), "token"),), ()
    if not options.credentials:
        return (), ()
    from oidc_doctor.ci.client_configuration import token_of

    configuration = _configuration(options.credentials, "--credentials", must=True) or b"{}"
    named = token_of(configuration, options.credentials, f"--credentials {options.credentials}", _bytes)
    return (named.token,) if named.token else (), (named.warning,) if named.warning else ()


def _github_token(audience: str, *, private: bool) -> str:
    """Return the token of the current GitHub job, whose server may be `private`. Raises UsageError."""
    from oidc_doctor.ci.github import request_token  # late: only a job of GitHub asks
    from oidc_doctor.ci.token_error import TokenError

    try:
        return request_token(os.environ, audience, private=private)
    except TokenError as error:
        message = f"--fetch-github-token: {error}"
        raise UsageError(message) from None


def _bytes(path: str, name: str) -> bytes:
    return read_file(path, name, _LARGEST_FILE)


def _silence(_: str) -> None:
    """Ignore the progress text."""
