"""The part of the command line that reads live: its options, what they mean for a run, dry runs and permissions."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.documents.target_file import FILE as TARGET_FILE
from oidc_doctor.documents.target_file import merge
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Target, TargetAws

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.examine.question import Question
    from oidc_doctor.live.plan import Goal, Request
    from oidc_doctor.model.evidence import Token

_USUAL_WINDOW = 7 * 86_400.0  # seconds of exchanges that are looked up where no --since is given
_PATIENCE = 300.0  # seconds for everything
_TOKEN_FILES = ("B10_OIDC_TOKEN_PATH", "AWS_WEB_IDENTITY_TOKEN_FILE")
_LARGEST_GIVEN = 256 * 1024  # bytes of a file of the command line


class LiveError(Exception):
    """Something the user gave cannot be used; one line for people."""


class Prepared(NamedTuple):
    """What the pipeline gets."""

    bundle: Bundle | None
    question: Question


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of a live run."""
    live = parser.add_argument_group("live (read-only; begins with --role, --gcp-provider, --truss, … or --live)")
    live.add_argument("--live", action="store_true", help="read the clouds and the issuer, also with --from BUNDLE")
    live.add_argument("--profile", metavar="NAME", help="the AWS profile (default: as the AWS CLI chooses)")
    live.add_argument("--truss", metavar="FILE", help="a Truss config.yaml: roles, providers, buckets")
    live.add_argument("--credentials", metavar="FILE", help="Google's external_account configuration of the client")
    live.add_argument("--whoami", metavar="FILE", help="the pasted output of truss whoami --show-oidc; - is stdin")
    live.add_argument("--no-logs", action="store_true", help="do not look up what the clouds recorded")
    live.add_argument("--max-pages", type=int, default=40, metavar="N", help="of one query of the logs (default 40)")
    live.add_argument(
        "--timeout", type=float, default=_PATIENCE, metavar="SECONDS", help="for everything (default 300)"
    )
    live.add_argument("--oracles", action="store_true", help="also ask Access Analyzer, policy simulator, organization")
    live.add_argument(
        "--try", dest="attempt", action="store_true", help="present the token to the cloud, for its true answer"
    )
    live.add_argument("--fetch-token-issuer", action="store_true", help="fetch an issuer that only the token names")
    live.add_argument("--private-issuer", action="store_true", help="fetch an issuer at a private address")
    live.add_argument("--fetch-github-token", metavar="AUDIENCE", help="in a GitHub job: ask for its token")
    live.add_argument("--dry-run", action="store_true", help="print what would be read, and read nothing")


def is_live(options: argparse.Namespace) -> bool:
    """Whether anything but files is to be read."""
    if options.offline or options.demo is not None:
        return False
    if options.live or options.dry_run:
        return True
    named = (options.role, options.gcp_provider, options.service_account, options.truss, options.credentials)
    return options.bundle is None and any(named)


def uses_files(options: argparse.Namespace) -> bool:
    """Whether files are given beside the bundle."""
    return any((options.truss, options.credentials, options.whoami))


def prepare(
    options: argparse.Namespace, question: Question, base: Bundle | None, narrate: Callable[[str], None] | None = None
) -> Prepared:
    """The bundle that the run is about: what was given, and what was read. Raises LiveError.

    `narrate` is told what is being read; without it, stderr is, unless -q.
    """
    live = is_live(options)
    given = _given(options, live=live, base=base)
    if not live:
        from oidc_doctor.live.collect import collect

        return Prepared(collect((), base=base, given=given).bundle, question)
    from oidc_doctor.live.plan import gather

    if not question.tokens and base is None:
        question = question._replace(tokens=_tokens_of_environment(options))
    request, question = _request(options, question, base, given)
    found = gather(request, narrate or (_silence if options.quiet else _narrate))
    return Prepared(found.bundle, question._replace(warnings=(*question.warnings, *found.warnings)))


def dry_run(options: argparse.Namespace, question: Question, base: Bundle | None) -> str:
    """What `prepare` would read, one line each. Raises LiveError."""
    from oidc_doctor.live.plan import plan

    request, _ = _request(options, question, base, _given(options, live=True, base=base))
    lines = []
    for reader in plan(request):
        lines.append(f"{reader.path:<44} {reader.call}")
        further = dict.fromkeys(grant.permission for files in reader.follows for grant in files.grants)
        lines += [f"  {'then, for each that it names':<42} {', '.join(further)}"] if further else []
    return "\n".join(lines) or "nothing: no role, provider or issuer is named"


# What is asked


def _request(
    options: argparse.Namespace, question: Question, base: Bundle | None, given: list[tuple[str, bytes | str]]
) -> tuple[Request, Question]:
    from oidc_doctor.bundle.snapshot import load_snapshot
    from oidc_doctor.live.collect import collect
    from oidc_doctor.live.plan import Request

    known = collect((), base=base, given=given).bundle
    snapshot = load_snapshot(known, overrides=question.overrides, extra_tokens=question.tokens)
    if len(snapshot.targets) == 1:
        question = _with_environment(question, snapshot.targets[0].target, base)
        snapshot = load_snapshot(known, overrides=question.overrides, extra_tokens=question.tokens)
    folders = len(snapshot.targets) > 1 or any(name.startswith("targets/") for name in known.names())
    goals = tuple(_goal(one.target, one.tokens) for one in snapshot.targets)
    if folders:
        _check_names([goal.target.name for goal in goals])
    if not any(goal.target.aws or goal.target.gcp or goal.issuer or goal.tokens for goal in goals):
        message = f"nothing to read: name a --role, a --gcp-provider or an --issuer, or write them to {TARGET_FILE}"
        raise LiveError(message)
    if options.attempt and not any(token.kind == "jwt" for goal in goals for token in goal.tokens):
        message = "--try needs the token itself: give --token FILE"
        raise LiveError(message)
    if options.attempt and not any(_names_a_resource(goal.target) for goal in goals):
        message = "--try needs to know where: give --role ARN or --gcp-provider NAME"
        raise LiveError(message)
    now = time.time()
    until = question.until
    since = question.since if question.since_back is None else (until or now) - question.since_back
    request = Request(
        goals=goals,
        folders=folders,
        given=tuple(given),
        profile=options.profile,
        regions=tuple(one for one in (options.region or "").split(",")[1:] if one),
        since=since if since is not None else (until or now) - _USUAL_WINDOW,
        until=until,
        max_pages=max(1, options.max_pages),
        trails=tuple(place for place in options.cloudtrail if place.startswith("s3://")),
        logs=not options.no_logs,
        oracles=options.oracles,
        attempt=options.attempt,
        from_token=options.fetch_token_issuer,
        private=options.private_issuer,
        timeout=options.timeout,
        base=base,
        account=options.account,
        project=os.environ.get("GOOGLE_CLOUD_PROJECT") if options.account else None,
    )
    return request, question


def _goal(target: Target, tokens: tuple[Token, ...]) -> Goal:
    from oidc_doctor.live.plan import Goal

    origin = target.origins.get("issuer")
    by_token = origin is not None and any(origin.file == token.origin.file for token in tokens)
    return Goal(target, tokens, None if by_token else target.issuer)


def _names_a_resource(target: Target) -> bool:
    return bool((target.aws and target.aws.role_arn) or (target.gcp and (target.gcp.provider or target.gcp.audience)))


def _check_names(names: list[str]) -> None:
    from oidc_doctor.live.plan import FOLDER

    for name in names:
        if not FOLDER.fullmatch(name) or names.count(name) > 1:
            message = f"{TARGET_FILE}: several targets need names of their own, of letters, digits, - and _"
            raise LiveError(message)


def _with_environment(question: Question, target: Target, base: Bundle | None) -> Question:
    """The workload's own variables, for what nothing else says."""
    role = os.environ.get("AWS_ROLE_ARN")
    if base is not None or not role or target.gcp is not None or (target.aws and target.aws.role_arn):
        return question
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    session = os.environ.get("AWS_ROLE_SESSION_NAME")
    names = {"role_arn": (role, "AWS_ROLE_ARN"), "region": (region, "AWS_REGION")}
    names["role_session_name"] = (session, "AWS_ROLE_SESSION_NAME")
    values = {name: value for name, (value, _) in names.items() if value}
    found = Target(
        "",
        aws=TargetAws(values["role_arn"], values.get("role_session_name"), region=values.get("region")),
        origins={f"aws.{name}": Origin(f"the variable {names[name][1]}") for name in values},
    )
    return question._replace(overrides=merge(found, question.overrides) if question.overrides else found)


# What is given


def _given(options: argparse.Namespace, *, live: bool, base: Bundle | None) -> list[tuple[str, bytes | str]]:
    """Files of the command line, of the working folder and of the environment, by their places in a bundle."""
    found: list[tuple[str, bytes | str]] = []
    if options.truss:
        found.append(("truss/config.yaml", _bytes(options.truss, "--truss")))
    if options.whoami:
        found.append(("truss/whoami.txt", _bytes(options.whoami, "--whoami")))
    credentials = options.credentials
    if credentials:
        found.append(("gcp/credentials.json", _configuration(credentials, "--credentials", must=True) or b""))
    elif live and base is None and os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        name = "GOOGLE_APPLICATION_CREDENTIALS"
        # the user's own login may stand there as well; only the configuration of a federated client is evidence
        held = _configuration(os.environ[name], name, must=False)
        found += [("gcp/credentials.json", held)] if held and (options.gcp_provider or options.live) else []
    named = options.role or options.gcp_provider or options.truss or credentials
    if live and base is None and not named and os.path.isfile(TARGET_FILE):
        found.append((TARGET_FILE, _bytes(TARGET_FILE, TARGET_FILE)))
    return found


def _configuration(path: str, name: str, *, must: bool) -> bytes | None:
    """An external_account configuration without what could be a secret; None where it is something else."""
    data = _bytes(path, name)
    try:
        value = json.loads(data)
    except ValueError:
        value = None
    if not isinstance(value, dict) or value.get("type") != "external_account":
        if must:
            message = f"{name} {path}: no configuration of type external_account"
            raise LiveError(message)
        return None
    value.pop("client_secret", None)
    source = value.get("credential_source")
    if isinstance(source, dict) and isinstance(source.get("headers"), dict):
        source["headers"] = dict.fromkeys(source["headers"], "(not kept)")
    return json.dumps(value, indent=2).encode()


def _tokens_of_environment(options: argparse.Namespace) -> tuple[Token, ...]:
    """The token that the workload's environment names; GitHub's only where it was asked for."""
    from oidc_doctor.documents.token import parse_token

    if options.fetch_github_token is not None:
        text = _github_token(options.fetch_github_token, private=options.private_issuer)
        return (parse_token(text, Origin("the variable ACTIONS_ID_TOKEN_REQUEST_URL"), "github"),)
    for name in _TOKEN_FILES:
        path = os.environ.get(name)
        if path:
            text = _bytes(path, name).decode("utf-8", "surrogateescape")
            return (parse_token(text, Origin(f"the variable {name}"), "token"),)
    return _token_of_configuration(options.credentials)


def _token_of_configuration(path: str | None) -> tuple[Token, ...]:
    """The token file that an external_account configuration of the command line names, if it is there."""
    from oidc_doctor.documents.token import parse_token

    value: dict[str, Any] = json.loads(_configuration(path, "--credentials", must=True) or b"{}") if path else {}
    source = value.get("credential_source")
    if not isinstance(source, dict):
        return ()
    file, shape = source.get("file"), source.get("format")
    if not isinstance(file, str) or not os.path.isfile(file):
        return ()
    found: Any = _bytes(file, f"--credentials {path}: the token's file").decode("utf-8", "surrogateescape")
    if isinstance(shape, dict) and shape.get("type") == "json":
        try:
            found = json.loads(found)[shape["subject_token_field_name"]]
        except (ValueError, KeyError, TypeError):
            return ()
    return (parse_token(found, Origin(f"--credentials {path}"), "token"),) if isinstance(found, str) else ()


def _github_token(audience: str, *, private: bool) -> str:
    """A token of the GitHub job that this runs in; an Enterprise server may be private. Raises LiveError."""
    from urllib.parse import quote

    from oidc_doctor.live.collect import CallError
    from oidc_doctor.live.https import Rules, fetch

    url, bearer = os.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"), os.environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    if not url or not bearer:
        message = "--fetch-github-token: no ACTIONS_ID_TOKEN_REQUEST_URL; the job needs permissions: id-token: write"
        raise LiveError(message)
    separator = "&" if "?" in url else "?"
    try:
        page = fetch(f"{url}{separator}audience={quote(audience, safe='')}", Rules(private=private), bearer=bearer)
        value = json.loads(page.body)["value"]
    except CallError as error:
        message = f"--fetch-github-token: {error}"
        raise LiveError(message) from None
    except (ValueError, KeyError, TypeError):
        value = None
    if not isinstance(value, str):
        message = "--fetch-github-token: the answer holds no token"
        raise LiveError(message)
    return value


def _bytes(path: str, name: str) -> bytes:
    try:
        if path == "-":
            return sys.stdin.buffer.read(_LARGEST_GIVEN)
        with open(path, "rb") as stream:
            data = stream.read(_LARGEST_GIVEN + 1)
    except OSError as error:
        message = f"{name} {path}: {error.strerror or error}"
        raise LiveError(message) from None
    if len(data) > _LARGEST_GIVEN:
        message = f"{name} {path}: larger than {_LARGEST_GIVEN // 1024} KiB"
        raise LiveError(message)
    return data


# Narration


def _narrate(text: str) -> None:
    from oidc_doctor.report.parts.escape import visible

    sys.stderr.write(f"oidc-doctor: {visible(text)}\n")
    sys.stderr.flush()


def _silence(_: str) -> None:
    """Say nothing."""
