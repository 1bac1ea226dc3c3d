"""The screens, started from the options of the command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from oidc_doctor.cli import live as live_cli

if TYPE_CHECKING:
    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.examine.question import Question
    from oidc_doctor.tui.examination import Inquiry
from oidc_doctor.cli.evidence import bundle_path, open_evidence, question_of
from oidc_doctor.cli.options import OK, UsageError, make_parser
from oidc_doctor.cli.output import warn_of_unknown_checks
from oidc_doctor.iam.arns import account_of

_TARGET_FILE = "oidc-doctor.toml"


def on_a_terminal(options: argparse.Namespace) -> bool:
    """Whether screens can be shown and are wanted: a format, -q and -v are for the report alone."""
    if options.format != "text" or options.quiet or options.verbose:
        return False
    if os.environ.get("TEXTUAL_DRIVER"):  # textual-serve shows them in a browser
        return True
    # Textual draws on stderr
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream.isatty() for stream in streams) and os.environ.get("TERM") != "dumb"


def open_screens(options: argparse.Namespace) -> NoReturn:
    """The screens: on what the flags name, else on the target in ./oidc-doctor.toml, else on the start screen."""
    from oidc_doctor.tui.app import Doctor
    from oidc_doctor.tui.examination import Inquiry
    from oidc_doctor.tui.preferences import config_file, load

    here = _TARGET_FILE if os.path.isfile(_TARGET_FILE) else None
    inquiry = None
    if _given(options):
        inquiry = _inquiry(options, here)
    elif here:
        inquiry = Inquiry(_TARGET_FILE, ".")
    doctor = Doctor(inquiry, load((config_file(), _TARGET_FILE)), _inquire)
    doctor.run()
    doctor.leave()
    # The interpreter would end a thread that reads, or that is just ending, wherever it stands, and that aborts the
    # process where it is in a library written in C++. Nothing is being written: all of it ends here.
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(OK)


def _inquire(flags: list[str]) -> Inquiry:
    """What the screens ask for in the words of the command line. Raises ValueError, with one line for people."""
    try:
        return _inquiry(make_parser().parse_args(flags), None)
    except (UsageError, live_cli.LiveError) as error:
        raise ValueError(str(error)) from None


def _inquiry(options: argparse.Namespace, here: str | None) -> Inquiry:
    """What the flags name, for the screens: files, or the clouds."""
    from oidc_doctor.tui.examination import Inquiry, Live

    path = bundle_path(options) or ("." if here else None)
    if path is not None and not os.path.exists(path):
        message = f"--from {path}: no such file or folder"
        raise UsageError(message)
    warn_of_unknown_checks(options)
    title = os.path.basename(os.path.normpath(path)) if path else "the command line"
    title = title if title != "." else _TARGET_FILE
    # the pipeline is imported by the run, after the first paint, unless there are flags to be refused at once
    question = question_of(options) if _given(options) - {"bundle", "demo", "offline"} else None
    if not (live_cli.is_live(options) or live_cli.uses_files(options)):
        return Inquiry(title, path, question)

    def gather(narrate: Callable[[str], None]) -> tuple[Bundle | None, Question]:
        prepared = live_cli.prepare(options, question or question_of(options), open_evidence(options), narrate)
        return prepared.bundle, prepared.question

    return Inquiry(_called(options) or title, None, question, Live(gather, live_cli.LiveError))


def _called(options: argparse.Namespace) -> str:
    """A live target in few words, what tells it apart first: a title has room for some thirty characters."""
    if options.role:
        name, account = options.role.rpartition("/")[2], account_of(options.role)
        return f"{name} in {account}" if account else name
    parts = (options.gcp_provider or "").split("/")
    if len(parts) > 2:  # noqa: PLR2004 - …/POOL/providers/ID
        return f"{parts[-1]} in {parts[-3]}"
    return options.gcp_provider or options.truss or ""


def _given(options: argparse.Namespace) -> set[str]:
    """The options that say what to examine, or how."""
    unsaid = vars(make_parser().parse_args([]))
    return {name for name, value in vars(options).items() if value != unsaid[name] and name != "web"}


def serve_screens(arguments: list[str], port: int) -> int:
    """The screens in a browser."""
    try:
        from oidc_doctor.tui.web import serve
    except ImportError:
        message = "--web needs the extra of that name: pip install 'oidc-doctor[web]'"
        raise UsageError(message) from None
    rest = [
        one for at, one in enumerate(arguments) if not one.startswith("--web") and arguments[max(at - 1, 0)] != "--web"
    ]
    try:
        serve(rest, port)
    except OSError as error:
        message = f"--web {port}: {error.strerror or error}"
        raise UsageError(message) from None
    return OK
