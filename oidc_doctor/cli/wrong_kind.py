"""Options that were given the wrong kind of thing: `--token role.json`. No message quotes a token."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.cli.exit_codes import UsageError

if TYPE_CHECKING:
    import argparse

    from oidc_doctor.things.thing import Thing

_ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_LARGEST_LOG = 1024 * 1024  # bytes of a log that is read to see whether it is one; a large file is no role
_FLAGS = {  # a kind's name, and the option that takes it
    "TOKEN": "--token",
    "CLAIMS": "--claims",
    "SUBJECT": "--subject",
    "ROLE": "--role",
    "GCP_PROVIDER": "--gcp-provider",
    "SERVICE_ACCOUNT": "--service-account",
    "ISSUER": "--issuer",
}
_FILES = frozenset({"BUNDLE", "DOCUMENT", "LOG", "PLAN"})
_NAMES = frozenset({"ROLE", "AWS_PROVIDER", "GCP_PROVIDER", "SERVICE_ACCOUNT", "ISSUER", "SUBJECT"})


class _Option(NamedTuple):
    flag: str
    expected: str  # what it takes, in a message
    wrong: frozenset[str]  # names of kinds that it does not take
    place: str = ""  # in a bundle, of the one document that it takes


_OPTIONS = {
    "token": _Option("--token", "a token", _FILES | _NAMES),
    "claims": _Option("--claims", "the claims of a token", _FILES | _NAMES),
    "compare": _Option("--compare", "a token", _FILES | _NAMES),
    "subject": _Option("--subject", "a subject", _FILES | {"TOKEN", "CLAIMS", "ROLE", "AWS_PROVIDER", "GCP_PROVIDER"}),
    "error": _Option("--error", "an error text", _FILES - {"LOG"} | _NAMES | {"TOKEN", "CLAIMS"}),
    "role": _Option("--role", "a role ARN", _FILES | _NAMES - {"ROLE"} | {"TOKEN", "CLAIMS", "ERROR"}),
    "gcp_provider": _Option(
        "--gcp-provider", "a provider's name", _FILES | _NAMES - {"GCP_PROVIDER"} | {"TOKEN", "CLAIMS", "ERROR"}
    ),
    "service_account": _Option(
        "--service-account", "a service account", _FILES | _NAMES - {"SERVICE_ACCOUNT"} | {"TOKEN", "CLAIMS", "ERROR"}
    ),
    "issuer": _Option("--issuer", "an issuer URL", _FILES | _NAMES - {"ISSUER"} | {"TOKEN", "CLAIMS", "ERROR"}),
    "truss": _Option("--truss", "a Truss config.yaml", _FILES | {"TOKEN", "CLAIMS"}, "truss/config.yaml"),
    "whoami": _Option("--whoami", "the output of truss whoami", _FILES | {"TOKEN", "CLAIMS"}, "truss/whoami.txt"),
    "credentials": _Option(
        "--credentials", "a credential configuration", _FILES | {"TOKEN", "CLAIMS"}, "gcp/credentials.json"
    ),
    "cloudtrail": _Option("--cloudtrail", "a log", frozenset({"DOCUMENT", "TOKEN", "CLAIMS", "ROLE"})),
    "gcp_logs": _Option("--gcp-logs", "a log", frozenset({"DOCUMENT", "TOKEN", "CLAIMS", "ROLE"})),
}
_OF_FILES = frozenset({"token", "claims", "compare", "cloudtrail", "gcp_logs", "truss", "whoami", "credentials"})


def refuse_wrong_kinds(options: argparse.Namespace) -> None:
    """Refuse a value that is known to be another kind of thing; accept a provider's name as Google prints it.

    A value that is recognised as nothing is left to the option: a role ARN with a fault is judged as it was sent.
    Raises UsageError.
    """
    for name, option in _OPTIONS.items():
        given = getattr(options, name)
        for value in given if isinstance(given, list) else [given]:
            if value not in (None, "", "-") and not _is_plain(name, value):
                _check(options, name, option, value)


def is_role_name(value: str) -> bool:
    """Whether a value of --role is the name of a role and not an ARN."""
    return _ROLE_NAME.fullmatch(value) is not None and not value.startswith("eyJ")


def _is_plain(name: str, value: str) -> bool:
    """Whether a value needs no look: the option's own form, or a file that is large."""
    if name == "role":
        return value.startswith("arn:aws:iam::") or (is_role_name(value) and not os.path.isfile(value))
    if name in ("cloudtrail", "gcp_logs"):
        return not os.path.isfile(value) or os.path.getsize(value) > _LARGEST_LOG
    return False


def _check(options: argparse.Namespace, name: str, option: _Option, value: str) -> None:
    from oidc_doctor.things.recognise import recognise_word

    thing = recognise_word(value)
    kind = thing.kind.name
    if name == "gcp_provider" and kind == "GCP_PROVIDER":
        options.gcp_provider = thing.value
    if thing.place and thing.place == option.place:
        return
    if name == "issuer" and kind == "NOTHING" and not thing.file and _has_hint_of_its_own(value):
        raise UsageError(f"--issuer: {value} is no issuer URL: {thing.hint}")
    if kind in option.wrong or (thing.file and name not in _OF_FILES and thing.kind.name != "NOTHING"):
        raise UsageError(_message(option, thing, value))


def _has_hint_of_its_own(value: str) -> bool:
    """Whether a value is a name that another option is for, such as s3://BUCKET or an image."""
    from oidc_doctor.things.names import recognise_name

    return recognise_name(value) is not None


def _message(option: _Option, thing: Thing, value: str) -> str:
    from oidc_doctor.things.thing import Kind

    if thing.file and thing.kind.name not in option.wrong:
        return f"{option.flag}: {thing.file} is a file; oidc-doctor {thing.file} reads it"
    what = thing.file or ("the value" if thing.kind in (Kind.TOKEN, Kind.CLAIMS) or len(value) > 80 else value)  # noqa: PLR2004 - a line
    flag = _FLAGS.get(thing.kind.name)
    if thing.file:
        instead = f"oidc-doctor {thing.file} reads it"
    elif thing.kind is Kind.TOKEN:
        instead = "pipe it: --token -"
    else:
        instead = f"use {flag}" if flag else "pass it without an option"
    return f"{option.flag}: {what} is {thing.noun}, not {option.expected}; {instead}"
