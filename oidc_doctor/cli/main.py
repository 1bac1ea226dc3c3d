"""The command that the arguments name, and the exit code. stdout is data, stderr is messages."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from oidc_doctor.cli.capture import capture
from oidc_doctor.cli.exit_codes import ExitCode, UsageError
from oidc_doctor.cli.explain import explain, list_checks
from oidc_doctor.cli.options import make_parser
from oidc_doctor.cli.output import complain, print_traceback
from oidc_doctor.cli.permissions import permissions
from oidc_doctor.cli.report import report
from oidc_doctor.cli.screens import on_a_terminal, open_screens, serve_screens

_COMMANDS = {"capture": capture, "explain": explain, "permissions": permissions}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code. Writes to stdout and stderr, raises nothing."""
    # A report creates many lasting objects and few cycles: with the default threshold, 60 collections free nothing.
    gc.set_threshold(50_000)
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        try:
            return _command(arguments)
        finally:
            sys.stdout.flush()  # flush here, where a closed pipe can still be handled
    except UsageError as error:
        complain(str(error))
        return ExitCode.USAGE
    except KeyboardInterrupt:
        complain("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # the reader has closed the pipe: write no more, and avoid a message at interpreter exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except Exception as error:  # noqa: BLE001 - a bug of oidc-doctor must look neither like a finding nor like a usage error
        complain(f"internal error in oidc-doctor (your evidence is not at fault): {type(error).__name__}: {error}")
        if "-v" in arguments or "--verbose" in arguments:
            import traceback  # late: only our own defect needs it

            print_traceback(traceback.format_exc())
        return ExitCode.BROKEN


def _command(arguments: list[str]) -> int:
    if not arguments or arguments[0].startswith("-"):
        return _main(arguments)
    name, *command_arguments = arguments
    if name not in _COMMANDS:
        raise UsageError(_unknown_command(name))
    return _COMMANDS[name](command_arguments)


def _unknown_command(name: str) -> str:
    import difflib  # late: only for a mistyped command

    similar = difflib.get_close_matches(name.lower(), _COMMANDS, n=1)
    if similar:
        return f"{name}: no such command; did you mean oidc-doctor {similar[0]}?"
    bundle = f"; to examine it as a bundle: oidc-doctor --from {name}" if os.path.exists(name) else ""
    return f"{name}: no such command; the commands are {', '.join(_COMMANDS)}{bundle}"


def _main(arguments: list[str]) -> int:
    options = make_parser().parse_args(arguments)
    if options.pack:
        from oidc_doctor.findings import packs  # late: most runs name no pack

        packs.use(options.pack)
    if options.list_checks:
        return list_checks(options)
    if options.web is not None:
        return serve_screens(arguments, options.web)
    if options.report is None and not options.dry_run and on_a_terminal(options):
        open_screens(options)
    if options.report is None and options.demo is None and not options.dry_run:
        message = (
            "no terminal to open the interactive UI on: use --report with evidence (--from BUNDLE), or --demo; "
            "oidc-doctor --help lists all options"
        )
        raise UsageError(message)
    return report(options)
