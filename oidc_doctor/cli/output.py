"""Output of the command line: the rendered report, the list of checks, messages on stderr."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oidc_doctor.model.report import Report
from oidc_doctor.cli.options import NARROWEST, OK, USUAL, WIDEST, UsageError


def complain(message: str) -> None:
    """Print one line on stderr, escaped, without tokens."""
    from oidc_doctor.report.parts.escape import forbid_tokens, visible

    print(f"oidc-doctor: {visible(forbid_tokens(message))}", file=sys.stderr)


def progress_bar(options: argparse.Namespace) -> AbstractContextManager[Any]:
    """What tells, on stderr, how far a long read of logs is."""
    if options.quiet:
        return nullcontext()
    from oidc_doctor.logs.reading.progress import ProgressBar

    return ProgressBar(sys.stderr)


def warn_of_unknown_checks(options: argparse.Namespace) -> None:
    """Warn of each --check and --skip pattern that matches no check."""
    if not options.check and not options.skip:
        return
    from oidc_doctor.findings import packs, run_checks

    for flag, globs in (("--check", options.check), ("--skip", options.skip)):
        for glob in globs:
            if not any(run_checks.wanted(check, (glob,), ()) for check in packs.all_checks()):
                complain(f"{flag} {glob}: no check has this code or name; oidc-doctor --list-checks lists them")


def rendered(options: argparse.Namespace, report: Report) -> str:
    """The report in the format and for the terminal that the options ask for."""
    from oidc_doctor.report.formats import render

    to_file = options.report not in (None, "-")
    return render(
        report,
        options.format,
        width=_width(to_file=to_file),
        color=not to_file and _color(),
        verbose=options.verbose,
        quiet=options.quiet,
    )


def _width(*, to_file: bool) -> int:
    if to_file or not sys.stdout.isatty():
        return USUAL
    import shutil

    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size((USUAL, 24)).columns))


def _color() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def write(options: argparse.Namespace, text: str) -> None:
    """Write to stdout, or to the file of --report. Raises UsageError."""
    text = text if text.endswith("\n") else text + "\n"
    data = text.encode("utf-8", "backslashreplace")
    if options.report in (None, "-"):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        with open(options.report, "wb") as stream:
            stream.write(data)
    except OSError as error:
        message = f"--report {options.report}: {error.strerror or error}"
        raise UsageError(message) from None
    if not options.quiet:
        print(f"report written to {options.report}", file=sys.stderr)


def list_checks(options: argparse.Namespace) -> int:
    """Print one line for each check."""
    from oidc_doctor.findings import packs, run_checks

    for check in packs.all_checks():
        if run_checks.wanted(check, options.check, options.skip):
            title = check.page.strip().split("\n", 1)[0]
            print(f"{check.code}  {check.effect:<7}  {check.name:<34}  {title}")
    return OK
