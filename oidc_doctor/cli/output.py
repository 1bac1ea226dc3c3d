"""The output of the command line: data to stdout, messages to stderr, the report to either or to a file."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from oidc_doctor.cli.exit_codes import UsageError
from oidc_doctor.cli.streams import Messages, show, tell
from oidc_doctor.report.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oidc_doctor.model.expectations import Expectations
    from oidc_doctor.model.health import Health
    from oidc_doctor.model.report import Report

_WIDEST, _NARROWEST, _USUAL = 120, 60, 80  # columns of a report


# Messages on stderr


def complain(message: str) -> None:
    """Print an error, a warning or progress as one line on stderr, escaped and without tokens."""
    from oidc_doctor.report.parts.escape import forbid_tokens, visible

    tell(f"oidc-doctor: {visible(forbid_tokens(message))}\n")


def note(message: str) -> None:
    """Print a line about a written file on stderr. Its names are `visible`."""
    from oidc_doctor.report.parts.escape import forbid_tokens

    tell(forbid_tokens(message) + "\n")


def print_traceback(text: str) -> None:
    """Print the traceback of an internal error on stderr, escaped and without tokens."""
    from oidc_doctor.report.parts.escape import as_lines

    # set off from our own lines: the exception's message may have lines too
    tell("".join(f"  | {line}\n" for line in as_lines(text).split("\n") if line))


def progress_bar(options: argparse.Namespace) -> AbstractContextManager[Any]:
    """Return the progress bar of a long read of logs, on stderr unless -q."""
    if options.quiet:
        return nullcontext()
    from oidc_doctor.logs.reading.progress import ProgressBar

    return ProgressBar(Messages())


def warn_of_unknown_checks(options: argparse.Namespace) -> None:
    """Warn of each --check and --skip pattern that matches no check."""
    if not options.check and not options.skip:
        return
    from oidc_doctor.findings import packs, run_checks

    for option, globs in (("--check", options.check), ("--skip", options.skip)):
        for glob in globs:
            codes = ((check, code) for check in packs.all_checks() for code in check.codes)
            if not any(run_checks.wanted(check, code, (glob,), ()) for check, code in codes):
                complain(f"{option} {glob}: no check has this code or name; oidc-doctor --list-checks lists them")


# The report


def rendered(options: argparse.Namespace, report: Report) -> str:
    """Return the report in the format of the options, for the present terminal."""
    from oidc_doctor.report.formats import render

    return render(report, form_of(options), **_layout(options))


def rendered_health(options: argparse.Namespace, health: Health) -> str:
    """Return a health run in the format of the options, for the present terminal."""
    from oidc_doctor.report.formats import render_health

    return render_health(health, form_of(options), **_layout(options))


def rendered_expect(options: argparse.Namespace, run: Expectations) -> str:
    """Return a run of `expect` in the format of the options, for the present terminal."""
    from oidc_doctor.report.formats import EXPECT_FORMATS, render_expect

    return render_expect(run, form_of(options, EXPECT_FORMATS), **_layout(options))


def _layout(options: argparse.Namespace) -> dict[str, Any]:
    to_file = _is_file(options)
    return {
        "width": _width(to_file=to_file),
        "color": not to_file and _color(),
        "verbose": options.verbose,
        "quiet": options.quiet,
    }


def _is_file(options: argparse.Namespace) -> bool:
    return options.output not in (None, "-")


def form_of(options: argparse.Namespace, formats: Mapping[str, str] = FORMATS) -> str:
    """Return the format of the report: that of --format, else that of the ending of -o, else text. Raises UsageError.

    A name without an ending is a text; an ending that no format has is refused, so that no .pdf holds a text.
    """
    if options.format is not None or not _is_file(options):
        return options.format or "text"
    ending = os.path.splitext(options.output)[1].lower().removeprefix(".")
    form = next((form for form, usual in formats.items() if usual == ending), None if ending else "text")
    if form is None:
        endings = ", ".join(f".{usual}" for usual in formats.values() if usual)
        message = f"-o {options.output}: no format has this ending; use one of {endings}, or add --format"
        raise UsageError(message)
    return form


def check_output(options: argparse.Namespace, formats: Mapping[str, str] | None = FORMATS) -> None:
    """Refuse a file that exists before minutes of reading, or whose ending is none of `formats`. Raises UsageError."""
    if formats is not None:
        form_of(options, formats)
    if not _is_file(options):
        return
    from oidc_doctor import files

    try:
        if not options.force:
            files.check_new(options.output)
        if os.path.isdir(options.output):
            raise IsADirectoryError(errno.EISDIR, "a folder; name a file in it")
        folder = os.path.dirname(options.output) or "."
        if not os.path.isdir(folder):
            raise FileNotFoundError(errno.ENOENT, f"no such folder: {folder}")
    except OSError as error:
        raise _unwritable(options, error) from None


def _unwritable(options: argparse.Namespace, error: OSError) -> UsageError:
    return UsageError(f"-o {options.output}: {error.strerror or error}")


def _width(*, to_file: bool) -> int:
    if to_file or not sys.stdout.isatty():
        return _USUAL
    import shutil

    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((_USUAL, 24)).columns))


def _color() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def write(options: argparse.Namespace, text: str, what: str = "report") -> bool:
    """Write to stdout, or to the file of -o; return whether it has a reader. Raises UsageError."""
    text = text if text.endswith("\n") else text + "\n"
    if not _is_file(options):
        return show(text)
    from oidc_doctor import files  # late: most reports go to stdout

    try:
        files.write(options.output, text.encode("utf-8", "backslashreplace"), replaces=options.force)
    except OSError as error:
        raise _unwritable(options, error) from None
    if not options.quiet:
        from oidc_doctor.report.parts.escape import visible

        note(f"{what} written to {visible(options.output)}")
    return True
