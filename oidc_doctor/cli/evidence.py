"""The evidence and the question that the options name. Raises UsageError for input that cannot be used."""

from __future__ import annotations

import argparse
import os
import re
from typing import TYPE_CHECKING

from oidc_doctor.cli.exit_codes import UsageError
from oidc_doctor.cli.log_places import check_idle, log_places, meant
from oidc_doctor.cli.streams import read_file

if TYPE_CHECKING:
    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.examine.question import Question
    from oidc_doctor.model.evidence import Token

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LONGEST_SPAN = 36_525 * 86_400  # a hundred years, further back than any log
_LARGEST_TOKEN = 32 * 1024 * 1024  # bytes of a token's file, as of a file of a bundle
_FIRST_SCENARIO = "aws-wrong-team"  # the scenario of --demo without a name: the most common failure, with logs


def moment_of(text: str, name: str, spans: str = "") -> float:
    """Return the instant that the value of an option means. `spans` are examples of what it may be as well."""
    from oidc_doctor.model.times import epoch_of

    if re.fullmatch(r"\d{9,11}(\.\d{1,20})?", text, re.ASCII):
        return float(text)
    moment = None if re.fullmatch(r"\d{12,}", text) else epoch_of(text)  # so many digits are milliseconds, no date
    if moment is None:
        message = f"{name} {text}: not a time; use {spans}2026-11-22T13:00:00Z or seconds since 1970"
        raise UsageError(message)
    return moment


def span_of(text: str, name: str) -> float:
    """Return the seconds of a span such as 5m or 7d. Raises UsageError."""
    span = _SPAN.fullmatch(text.strip())
    if span is None:
        message = f"{name} {text}: not a span; use 5m, 24h or 7d"
        raise UsageError(message)
    seconds = float(span[1]) * _SECONDS[span[2]]
    if seconds > _LONGEST_SPAN:
        message = f"{name} {text}: longer than {_LONGEST_SPAN // _SECONDS['d']} days"
        raise UsageError(message)
    return seconds


def since_of(text: str | None) -> tuple[float | None, float | None]:
    """Return the start of the window, or its seconds before the examined instant."""
    if text is None:
        return None, None
    if _SPAN.fullmatch(text.strip()) is None:
        return moment_of(text, "--since", "24h, 7d, "), None
    return None, span_of(text, "--since")


def _read_text(path: str, name: str) -> str:
    return read_file(path, name, _LARGEST_TOKEN).decode("utf-8", "surrogateescape")


def _tokens(options: argparse.Namespace) -> tuple[Token, ...]:
    from oidc_doctor.documents.token import hypothetical, parse_token
    from oidc_doctor.model.document import Origin

    tokens = []
    for name, paths in (("--token", options.token), ("--claims", options.claims)):
        for path in paths:
            text, place, label = _given(path, name, options.stdin)
            tokens.append(parse_token(text, Origin(place), label))
    tokens += [hypothetical(subject, origin=Origin("--subject")) for subject in options.subject]
    return tuple(tokens)


def _given(value: str, name: str, stdin: str | None) -> tuple[str, str, str]:
    """Return a token's text, its place, and a label. The value of an option is a file, `-`, or the token itself."""
    if value == "-" or (stdin is not None and value == stdin):
        return (_read_text("-", name) if value == "-" else value), name if value == "-" else "stdin", "stdin"
    if os.path.exists(value) or not _is_token(value):
        return _read_text(value, name), value, os.path.basename(value)
    return value, name, "token"


def _is_token(value: str) -> bool:
    from oidc_doctor.things.recognise import recognise_text  # late: most tokens are files
    from oidc_doctor.things.thing import Kind

    return recognise_text(value).kind in (Kind.TOKEN, Kind.CLAIMS)


def _compared(path: str | None) -> Token | None:
    """Return the token of --compare: a compact JWT or decoded claims."""
    if path is None:
        return None
    from oidc_doctor.documents.token import parse_token
    from oidc_doctor.model.document import Origin

    text, place, _ = _given(path, "--compare", None)
    return parse_token(text, Origin(place), "compared")


def _files(paths: list[str], name: str) -> tuple[str, ...]:
    files: list[str] = []
    for path in paths:
        if os.path.isdir(path):
            inside = [os.path.join(folder, file) for folder, _, names in os.walk(path) for file in names]
            files += sorted(file for file in inside if file.endswith((".json", ".json.gz", ".jsonl", ".gz", ".log")))
        elif os.path.isfile(path):
            files.append(path)
        else:
            near = meant(path, "gcp-logs" if name == "--gcp-logs" else "cloudtrail")
            message = f"{name} {path}: no such file or folder{near}"
            raise UsageError(message)
    return tuple(files)


def _local(options: argparse.Namespace, paths: list[str]) -> list[str]:
    """Return the paths that are files or folders."""
    elsewhere = {place.text for place in log_places(options)}
    return [path for path in paths if path not in elsewhere]


def question_of(options: argparse.Namespace) -> Question:
    """Return the question of the options. Raises UsageError."""
    from oidc_doctor.examine.question import Question, named_target

    check_idle(options)
    since, back = since_of(options.since)
    until = moment_of(options.until, "--until") if options.until else None
    if since is not None and until is not None and until < since:
        message = f"--until {options.until}: before --since {options.since}"
        raise UsageError(message)
    return Question(
        overrides=named_target(
            issuer=options.issuer,
            role=options.role,
            region=options.region and options.region.partition(",")[0],
            gcp_provider=options.gcp_provider,
            service_account=options.service_account,
            options=True,
        ),
        error_text=options.error,
        error_place=options.error_file or "--error",
        tokens=_tokens(options),
        at=moment_of(options.at, "--at") if options.at else None,
        since=since,
        since_back=back,
        until=until,
        cloudtrail=_files(_local(options, options.cloudtrail), "--cloudtrail"),
        gcp_logs=_files(_local(options, options.gcp_logs), "--gcp-logs"),
        check=tuple(options.check),
        skip=tuple(options.skip),
        fail_on=options.fail_on,
        compare=_compared(options.compare),
        account=options.account,
        command=getattr(options, "command_line", ""),
    )


def bundle_paths(options: argparse.Namespace) -> list[str]:
    """Return the paths of the evidence, or of the bundled scenario. Raises UsageError."""
    paths: list[str] = options.bundles
    if options.demo is None:
        return paths
    if paths:
        message = f"--demo has evidence of its own: leave out {', '.join(paths)}"
        raise UsageError(message)
    return [_scenario(options.demo)]


def open_evidence(options: argparse.Namespace) -> Bundle | None:
    """Open the bundle that the options name; None if they name none. Raises UsageError."""
    from oidc_doctor.bundle.files import BundleError
    from oidc_doctor.things.open import open_paths

    paths = bundle_paths(options)
    if not paths and options.plan is None:
        return None
    try:
        return open_paths(paths, options.plan)
    except BundleError as error:
        raise UsageError(str(error)) from None


def _scenario(name: str) -> str:
    from oidc_doctor.findings import packs

    folders = packs.scenarios()
    name = name or _FIRST_SCENARIO
    if name not in folders:
        import difflib  # late: only for a wrong name

        near = difflib.get_close_matches(name, folders, n=1)
        there_are = f"did you mean {near[0]}?" if near else f"there are: {', '.join(folders)}"
        message = f"--demo {name}: no such scenario; {there_are}"
        raise UsageError(message)
    return folders[name]
