"""The command that the arguments name."""

from __future__ import annotations

import os

from oidc_doctor.cli.capture import capture
from oidc_doctor.cli.command_line import as_typed
from oidc_doctor.cli.exit_codes import UsageError
from oidc_doctor.cli.explain import explain, list_checks
from oidc_doctor.cli.options import make_parser
from oidc_doctor.cli.permissions import permissions
from oidc_doctor.cli.report import report
from oidc_doctor.cli.screens import open_screens, serve_screens, why_no_screens
from oidc_doctor.cli.setup import setup

_COMMANDS = {"capture": capture, "explain": explain, "permissions": permissions, "setup": setup}


def run_command(arguments: list[str]) -> int:
    """Run the command; returns its exit code. Raises UsageError."""
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
    options.command_line = as_typed(arguments)
    if options.pack:
        from oidc_doctor.findings import packs  # late: most runs name no pack

        packs.use(options.pack)
    if options.list_checks:
        return list_checks(options)
    if options.web is not None:
        return serve_screens(arguments, options.web)
    if options.report is None and not options.dry_run:
        reason = why_no_screens(options)
        if not reason:
            open_screens(options)
        if options.demo is None:
            message = (
                f"{reason}: use --report with evidence (--from BUNDLE), or --demo; oidc-doctor --help lists all options"
            )
            raise UsageError(message)
    return report(options)
