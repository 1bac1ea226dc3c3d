"""`oidc-doctor init`: write oidc-doctor.toml from the user's own settings, or from three answers."""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from oidc_doctor import files
from oidc_doctor.cli.exit_codes import ExitCode, UsageError
from oidc_doctor.cli.output import note
from oidc_doctor.cli.parser import Parser, help_formatter
from oidc_doctor.documents.target_file import FILE, to_toml
from oidc_doctor.model.evidence import Target, TargetAws, TargetGcp

if TYPE_CHECKING:
    from oidc_doctor.live.own_settings import Setting
    from oidc_doctor.things.thing import Kind

_HEAD = (
    "# The targets of oidc-doctor: the request of each workload. oidc-doctor --live reads them from the clouds,\n"
    "# oidc-doctor --dry-run lists what would be read. All keys: docs/bundle.md\n\n"
)
_ISSUERS = {"baseten": "https://oidc.baseten.co", "github": "https://token.actions.githubusercontent.com"}
_TRIES = 3  # answers to one question
_MOST_NAMED = 6  # settings in a question


def make_init_parser() -> Parser:
    """Return the parser of `init`."""
    parser = Parser(
        prog="oidc-doctor init",
        description=f"Write {FILE}: the role or provider that the workload uses. The values come from the\n"
        "options, else from Truss, GitHub workflows, the environment, AWS and gcloud, else from three questions.",
        formatter_class=help_formatter,
        allow_abbrev=False,
    )
    parser.add_argument("--role", metavar="ARN", help="the role that the workload assumes")
    parser.add_argument("--gcp-provider", metavar="NAME", help="projects/NUMBER/…/providers/ID")
    parser.add_argument("--service-account", metavar="EMAIL", help="the service account to impersonate")
    parser.add_argument("--issuer", metavar="URL", help="the token's issuer: a URL, baseten or github")
    parser.add_argument("-o", "--output", metavar="FILE", default=FILE, help=f"the file to write (default {FILE})")
    parser.add_argument("--force", action="store_true", help="replace the file if it exists")
    return parser


def init(arguments: list[str]) -> int:
    """Write the file. Raises UsageError."""
    options = make_init_parser().read(arguments)
    if os.path.lexists(options.output) and not options.force:
        message = f"init: {options.output} exists; --force replaces it, -o FILE writes another"
        raise UsageError(message)
    settings = [] if (given := _of_options(options)) else _of_settings()
    targets = _named(given or [setting.target for setting in settings] or _of_answers())
    suggested = [setting.suggested_issuer for setting in settings] or [""] * len(targets)
    tables = map(_table, targets, suggested)
    data = (_HEAD + "\n".join(tables)).encode()
    try:
        files.write(options.output, data)
    except OSError as error:
        message = f"init: {options.output}: {error.strerror or error}"
        raise UsageError(message) from None
    _say_what_next(options.output, targets)
    return ExitCode.OK


def _of_options(options: argparse.Namespace) -> list[Target]:
    from oidc_doctor.things.thing import Kind

    issuer = _issuer(options.issuer) if options.issuer else None
    kinds = (("role", Kind.ROLE), ("gcp_provider", Kind.GCP_PROVIDER), ("service_account", Kind.SERVICE_ACCOUNT))
    values: dict[str, str] = {}
    for name, kind in kinds:
        given = getattr(options, name)
        if given:
            value, fault = _checked(given, kind)
            if fault:
                message = f"init: --{name.replace('_', '-')} {given}: {fault}"
                raise UsageError(message)
            values[name] = value
    target = _target(values.get("role"), values.get("gcp_provider"), values.get("service_account"), issuer)
    if issuer and not values:
        message = "init: --issuer alone is not a target; add --role ARN or --gcp-provider NAME"
        raise UsageError(message)
    return [target] if values else []


# Settings


def _of_settings() -> list[Setting]:
    """Return the settings to be written. On a terminal, an issuer that a file's name suggests is asked for."""
    from oidc_doctor.live.own_settings import settings_of

    settings = [setting for setting in settings_of(os.curdir, os.environ) if _is_usable(setting)]
    if not settings:
        return []
    for setting in settings[:_MOST_NAMED]:
        issuer = f"; its issuer is probably {setting.suggested_issuer}" if setting.suggested_issuer else ""
        note(f"found in {_visible(setting.place)}: {_visible(_words(setting))}{issuer}")
    if len(settings) > _MOST_NAMED:
        note(f"and {len(settings) - _MOST_NAMED} more")
    if not _may_ask():
        return settings
    if not _agrees(f"Write {'it' if len(settings) == 1 else 'them'} to {FILE}?"):
        return []
    return [
        setting._replace(target=setting.target._replace(issuer=setting.suggested_issuer), suggested_issuer="")
        if setting.suggested_issuer
        else setting
        for setting in settings
    ]


def _table(target: Target, suggested_issuer: str) -> str:
    """Return the target's table, with an issuer that was neither read nor asked for in a comment."""
    table = to_toml(target)
    if not suggested_issuer:
        return table
    head, name, rest = table.partition(f"name = {json.dumps(target.name)}\n")
    return f"{head}{name}# issuer = {json.dumps(suggested_issuer)}  # probably; no setting names it\n{rest}"


def _is_usable(setting: Setting) -> bool:
    """Whether its names are names: a file may hold anything in their place, a token too."""
    from oidc_doctor.things.thing import Kind

    aws, gcp = setting.target.aws, setting.target.gcp
    names = [(aws.role_arn, Kind.ROLE)] if aws else []
    names += [(gcp.provider, Kind.GCP_PROVIDER), (gcp.service_account, Kind.SERVICE_ACCOUNT)] if gcp else []
    return not any(_checked(name, kind)[1] for name, kind in names if name)


def _words(setting: Setting) -> str:
    aws, gcp = setting.target.aws, setting.target.gcp
    names = [aws.role_arn] if aws else []
    names += [gcp.provider, gcp.service_account] if gcp else []
    return ", ".join(name for name in names if name)


# Questions


def _may_ask() -> bool:
    from oidc_doctor.cli.streams import has_terminal

    return has_terminal()


def _of_answers() -> list[Target]:
    from oidc_doctor.things.thing import Kind

    if not _may_ask():
        message = (
            "init: no Truss config.yaml, workflow, AWS_ROLE_ARN, AWS profile or Google credential configuration names "
            "a role or provider here; add --role ARN or --gcp-provider NAME, or run it on a terminal"
        )
        raise UsageError(message)
    note("Three questions; Enter skips one.")
    role = _ask("1  AWS role ARN", lambda text: _checked(text, Kind.ROLE))
    provider = _ask("2  Google workload identity pool provider", lambda text: _checked(text, Kind.GCP_PROVIDER))
    account = None
    if provider:
        account = _ask("   and the service account to impersonate", lambda text: _checked(text, Kind.SERVICE_ACCOUNT))
    if not role and not provider:
        message = "init: neither a role nor a provider was given, so there is nothing to write"
        raise UsageError(message)
    issuer = _ask("3  Issuer of the tokens (a URL, baseten or github)", lambda text: _checked(text, Kind.ISSUER))
    return [_target(role, provider, account, issuer)]


def _ask(question: str, check: Callable[[str], tuple[str, str]]) -> str | None:
    """Return the answer, or None for an empty one. Raises UsageError after several that are unusable."""
    for _ in range(_TRIES):
        text = _line(question)
        if not text:
            return None
        value, fault = check(text)
        if not fault:
            return value
        note(f"   {_visible(fault)}")
    message = f"init: no usable answer to: {question.strip(' 123')}"
    raise UsageError(message)


def _agrees(question: str) -> bool:
    return _line(f"{question} [Y/n]").lower() in ("", "y", "yes")


def _line(question: str) -> str:
    from oidc_doctor.cli.streams import read_line, tell

    tell(f"{question}: ")
    line = read_line()
    if not line:
        message = "init: the input ended before the last answer; nothing was written"
        raise UsageError(message)
    return line.strip()


def _checked(text: str, kind: Kind) -> tuple[str, str]:
    """Return the name as it is written to the file, and what is wrong with it."""
    from oidc_doctor.things.names import recognise_name
    from oidc_doctor.things.thing import Kind as Kinds

    thing = recognise_name(_ISSUERS.get(text.lower(), text) if kind is Kinds.ISSUER else text)
    if thing is None or thing.kind is not kind:
        hint = f": {thing.hint}" if thing is not None and thing.hint else ""
        return "", f"not {kind}{hint}"
    return thing.value, ""


def _issuer(text: str) -> str:
    from oidc_doctor.things.thing import Kind

    value, fault = _checked(text, Kind.ISSUER)
    if fault:
        message = f"init: --issuer {text}: {fault}"
        raise UsageError(message)
    return value


# The targets


def _target(role: str | None, provider: str | None, account: str | None, issuer: str | None) -> Target:
    aws = TargetAws(role_arn=role) if role else None
    gcp = TargetGcp(provider=provider, service_account=account) if provider or account else None
    return Target("", issuer=issuer, aws=aws, gcp=gcp)


def _named(targets: list[Target]) -> list[Target]:
    """Return the targets with different names: that of the role, the service account, or the provider."""
    named: list[Target] = []
    for target in targets:
        aws, gcp = target.aws, target.gcp
        text = ((aws and aws.role_arn) or "").rpartition("/")[2]
        text = text or ((gcp and gcp.service_account) or "").partition("@")[0]
        text = text or ((gcp and gcp.provider) or "").rpartition("/")[2]
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-") or "target"
        taken = {other.name for other in named}
        number = next(number for number in range(1, len(targets) + 2) if _numbered(name, number) not in taken)
        named.append(target._replace(name=_numbered(name, number)))
    return named


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"


def _say_what_next(path: str, targets: list[Target]) -> None:
    names = ", ".join(target.name for target in targets)
    note(f"{_visible(path)} written: {len(targets)} target{'' if len(targets) == 1 else 's'} ({_visible(names)})")
    if path == FILE:
        note("next: oidc-doctor --dry-run lists what would be read; oidc-doctor --report --live reads and judges it")
    else:
        note(f"next: move the file into a bundle, or into the current folder as {FILE}")


def _visible(text: str) -> str:
    from oidc_doctor.report.parts.escape import visible

    return visible(text)
