"""Evidence and questions from the options of the command line. Raises UsageError for input that cannot be used."""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from oidc_doctor.cli import live as live_cli

if TYPE_CHECKING:
    from oidc_doctor.examine.question import Question
    from oidc_doctor.model.evidence import Target, Token
from oidc_doctor.cli.options import UsageError

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)")


_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}


_FIRST_SCENARIO = "aws-wrong-team"  # what --demo alone shows: the commonest failure, with its logs


def _moment(text: str, name: str) -> float:
    from datetime import UTC, datetime

    if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
        return float(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{name} {text}: not a time; 2026-11-22T13:00:00Z or seconds since 1970 are wanted"
        raise UsageError(message) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _since(text: str | None) -> tuple[float | None, float | None]:
    """An absolute begin, or seconds back from the instant."""
    if text is None:
        return None, None
    found = _SPAN.fullmatch(text.strip())
    if found:
        return None, float(found[1]) * _SECONDS[found[2]]
    return _moment(text, "--since"), None


def _read_text(path: str, name: str) -> str:
    try:
        if path == "-":
            return sys.stdin.read()
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            return stream.read()
    except OSError as error:
        message = f"{name} {path}: {error.strerror or error}"
        raise UsageError(message) from None


def _tokens(options: argparse.Namespace) -> tuple[Token, ...]:
    from oidc_doctor.documents.token import hypothetical, parse_token
    from oidc_doctor.model.document import Origin

    found = []
    for name, paths in (("--token", options.token), ("--claims", options.claims)):
        for path in paths:
            label = "stdin" if path == "-" else os.path.basename(path)
            found.append(parse_token(_read_text(path, name), Origin(name if path == "-" else path), label))
    found += [hypothetical(subject, origin=Origin("--subject")) for subject in options.subject]
    return tuple(found)


def _compared(path: str | None) -> Token | None:
    """The token of --compare: a compact JWT or decoded claims."""
    if path is None:
        return None
    from oidc_doctor.documents.token import parse_token
    from oidc_doctor.model.document import Origin

    return parse_token(_read_text(path, "--compare"), Origin("--compare" if path == "-" else path), "compared")


def _overrides(options: argparse.Namespace) -> Target | None:
    from oidc_doctor.model.document import Origin
    from oidc_doctor.model.evidence import Target, TargetAws, TargetGcp

    given = {
        "issuer": options.issuer,
        "aws.role_arn": options.role,
        "aws.region": options.region and options.region.partition(",")[0],
        "gcp.provider": options.gcp_provider,
        "gcp.service_account": options.service_account,
    }
    flags = {"aws.role_arn": "--role", "gcp.provider": "--gcp-provider"}
    given = {key: value for key, value in given.items() if value is not None}
    if not given:
        return None
    aws = {key.partition(".")[2]: value for key, value in given.items() if key.startswith("aws.")}
    gcp = {key.partition(".")[2]: value for key, value in given.items() if key.startswith("gcp.")}
    return Target(
        name="",
        issuer=given.get("issuer"),
        aws=TargetAws(**aws) if aws else None,
        gcp=TargetGcp(**gcp) if gcp else None,
        origins={key: Origin(flags.get(key, "--" + key.rpartition(".")[2].replace("_", "-"))) for key in given},
    )


def _files(paths: list[str], name: str) -> tuple[str, ...]:
    found: list[str] = []
    for path in paths:
        if path.startswith(("s3://", "logging:")):
            message = f"{name} {path}: read live only, with --role or --live; else files and folders"
            raise UsageError(message)
        if os.path.isdir(path):
            inside = [os.path.join(folder, file) for folder, _, files in os.walk(path) for file in files]
            found += sorted(file for file in inside if file.endswith((".json", ".json.gz", ".jsonl", ".gz", ".log")))
        elif os.path.isfile(path):
            found.append(path)
        else:
            message = f"{name} {path}: no such file or folder"
            raise UsageError(message)
    return tuple(found)


def _local(options: argparse.Namespace) -> list[str]:
    """The places of --cloudtrail without those that a live run reads."""
    live = live_cli.is_live(options)
    return [path for path in options.cloudtrail if not (live and path.startswith("s3://"))]


def question_of(options: argparse.Namespace) -> Question:
    """The question that the options ask. Raises UsageError."""
    from oidc_doctor.examine.question import Question

    since, back = _since(options.since)
    return Question(
        overrides=_overrides(options),
        error_text=options.error,
        tokens=_tokens(options),
        at=_moment(options.at, "--at") if options.at else None,
        since=since,
        since_back=back,
        until=_moment(options.until, "--until") if options.until else None,
        cloudtrail=_files(_local(options), "--cloudtrail"),
        gcp_logs=_files(options.gcp_logs, "--gcp-logs"),
        check=tuple(options.check),
        skip=tuple(options.skip),
        fail_on=options.fail_on,
        compare=_compared(options.compare),
        account=options.account,
    )


def bundle_path(options: argparse.Namespace) -> str | None:
    """The bundle's path: what was given, or the bundled scenario's."""
    given: str | None = options.bundle
    if options.demo is None:
        return given
    if given is not None:
        message = "--demo and --from exclude each other"
        raise UsageError(message)
    return _scenario(options.demo)


def open_evidence(options: argparse.Namespace) -> Any:
    """The bundle that the options name, opened; None where they name none. Raises UsageError."""
    from oidc_doctor.bundle.files import BundleError
    from oidc_doctor.bundle.open import open_bundle

    path = bundle_path(options)
    if path is None:
        return None
    try:
        return open_bundle(path)
    except BundleError as error:
        raise UsageError(str(error)) from None


def _scenario(name: str) -> str:
    from oidc_doctor.findings import packs

    folder = packs.bundled("_samples", "sample_logs")
    names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    name = name or _FIRST_SCENARIO
    if name not in names:
        message = f"--demo {name}: no such scenario; there are: {', '.join(names)}"
        raise UsageError(message)
    return os.path.join(folder, name)
