"""The screens, started from the options of the command line."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from oidc_doctor.cli import live
from oidc_doctor.cli.evidence import bundle_paths, open_evidence, question_of
from oidc_doctor.cli.exit_codes import ExitCode, UsageError
from oidc_doctor.cli.options import WEB_PORT, make_parser
from oidc_doctor.cli.output import warn_of_unknown_checks
from oidc_doctor.cli.role_name import with_role_of_credentials, with_role_that_was_read
from oidc_doctor.cli.signals import ending_of
from oidc_doctor.cli.streams import show
from oidc_doctor.cli.things import take_things
from oidc_doctor.cli.wrong_kind import is_role_name
from oidc_doctor.model.arns import account_of

if TYPE_CHECKING:
    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.examine.question import Question
    from oidc_doctor.tui.app import Doctor
    from oidc_doctor.tui.examination import EvidenceSource

_TARGET_FILE = "oidc-doctor.toml"
_FEWEST_COLUMNS, _FEWEST_LINES = 20, 6  # of a terminal: below, nothing can be read


def why_no_screens(options: argparse.Namespace) -> str:
    """Return why the screens are not opened: no terminal that can show them, or an option of the report; else ""."""
    if not (options.format not in (None, "text") or options.quiet or options.verbose):
        if os.environ.get("TEXTUAL_DRIVER"):  # textual-serve shows them in a browser
            return ""
        # Textual draws on stderr
        streams = (sys.stdin, sys.stdout, sys.stderr)
        if all(stream.isatty() for stream in streams) and not _dumb():
            return _too_small()
    return "no terminal to open the interactive UI on"


def _dumb() -> bool:
    """Return whether the terminal cannot move its cursor. Only Unix names its terminals."""
    return os.environ.get("TERM", "" if os.name == "posix" else "windows") in ("", "dumb", "unknown")


def _too_small() -> str:
    import shutil

    size = shutil.get_terminal_size()
    if size.columns >= _FEWEST_COLUMNS and size.lines >= _FEWEST_LINES:
        return ""
    needed = f"{_FEWEST_COLUMNS} × {_FEWEST_LINES}"
    return f"the terminal of {size.columns} × {size.lines} is too small for the interactive UI (at least {needed})"


def open_screens(options: argparse.Namespace) -> NoReturn:
    """Open the screens on the evidence of the options, or of ./oidc-doctor.toml, or the start screen."""
    from oidc_doctor.tui.app import Doctor
    from oidc_doctor.tui.examination import EvidenceSource
    from oidc_doctor.tui.preferences import config_file, load

    target_file = os.path.isfile(_TARGET_FILE)
    source = None
    if _used_options(options):
        source = _source(options, target_file=target_file)
    elif target_file:
        source = EvidenceSource(_TARGET_FILE, ".")
    run_screens(Doctor(source, load(config_file()), _parse_options))


def run_screens(doctor: Doctor) -> NoReturn:
    """Run the screens until the user or a signal closes them, then end the process."""
    doctor.run()
    doctor.leave()
    if doctor.ended_by is not None:
        raise ending_of(doctor.ended_by)
    # At exit, the interpreter ends a thread that still reads; inside a C++ library, this aborts the process. No file is
    # being written, so the process can end here.
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(ExitCode.OK)


def _parse_options(arguments: list[str]) -> EvidenceSource:
    """Return the evidence of options that were entered on a screen. Raises ValueError, with a message of one line."""
    try:
        return _source(make_parser().read(arguments), target_file=False)
    except UsageError as error:
        raise ValueError(str(error)) from None


def _source(options: argparse.Namespace, *, target_file: bool) -> EvidenceSource:
    """Return the evidence of the options. `target_file`: without a bundle, the working folder is read as one."""
    from oidc_doctor.tui.examination import EvidenceSource, LiveSource

    take_things(options, reads_stdin=False)
    paths = bundle_paths(options) or (["."] if target_file else [])
    for path in paths:
        if not os.path.exists(path):
            message = f"--from {path}: no such file or folder"
            raise UsageError(message)
    warn_of_unknown_checks(options)
    title = ", ".join(os.path.basename(os.path.normpath(path)) for path in paths) or "the command line"
    title = title if title != "." else _TARGET_FILE
    # the examination is imported after the first paint, unless options must be validated before it
    question = question_of(options) if _used_options(options) - {"bundles", "demo", "offline", "pasted"} else None
    is_name = options.role is not None and is_role_name(options.role)
    if len(paths) <= 1 and not (is_name or live.is_live(options) or live.adds_evidence(options)):
        return EvidenceSource(title, paths[0] if paths else None, question)

    def collect(narrate: Callable[[str], None]) -> tuple[Bundle | None, Question]:
        asked = with_role_of_credentials(options, question or question_of(options))
        prepared = live.prepare(options, asked, open_evidence(options), narrate)
        return prepared.bundle, with_role_that_was_read(options, prepared.question, prepared.bundle)

    return EvidenceSource(_target_title(options) or title, None, question, LiveSource(collect, UsageError))


def _target_title(options: argparse.Namespace) -> str:
    """Return a title for a live target, its name first: the title line has room for about 30 characters."""
    if options.role:
        name, account = options.role.rpartition("/")[2], account_of(options.role)
        return f"{name} in {account}" if account else name
    parts = (options.gcp_provider or "").split("/")
    if len(parts) > 2:  # noqa: PLR2004 - …/POOL/providers/ID
        return f"{parts[-1]} in {parts[-3]}"
    return options.gcp_provider or options.truss or ""


def _used_options(options: argparse.Namespace) -> set[str]:
    """Return the names of the options that the user has set, except --web."""
    defaults = vars(make_parser().parse_args([])) | {name: getattr(options, name) for name in ("web", "command_line")}
    return {name for name, value in vars(options).items() if value != defaults[name]}


def with_port(arguments: list[str]) -> list[str]:
    """Return the arguments with the port of --web in one word with it: a thing that follows is no port."""
    joined: list[str] = []
    waiting = False
    for argument in arguments:
        if waiting:
            waiting = False
            if re.fullmatch(r"\d+", argument, re.ASCII):
                joined[-1] = f"--web={argument}"
                continue
        waiting = argument == "--web"
        joined.append(f"--web={WEB_PORT}" if waiting else argument)
    return joined


def serve_screens(arguments: list[str], port: int) -> int:
    """Serve the screens on the other `arguments` to a browser until interrupted. Raises UsageError."""
    try:
        from oidc_doctor.tui.web import serve
    except ImportError:
        message = "--web needs an optional dependency: pip install 'oidc-doctor[web]'"
        raise UsageError(message) from None
    others = [argument for argument in arguments if not argument.startswith("--web=")]
    try:
        serve(others, port, show)
    except OSError as error:
        message = f"--web {port}: {error.strerror or error}"
        raise UsageError(message) from None
    return ExitCode.OK
