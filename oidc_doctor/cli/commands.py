"""The command that the arguments name."""

from __future__ import annotations

import os
import re
import sys

from oidc_doctor.cli.capture import capture
from oidc_doctor.cli.ci import ci
from oidc_doctor.cli.command_line import as_typed, without_option
from oidc_doctor.cli.completion import complete, completion, is_asked, make_completion_parser
from oidc_doctor.cli.exit_codes import UsageError
from oidc_doctor.cli.expect import expect, make_expect_parser
from oidc_doctor.cli.explain import explain, list_checks, make_explain_parser
from oidc_doctor.cli.health import health, make_health_parser
from oidc_doctor.cli.init import init, make_init_parser
from oidc_doctor.cli.options import make_capture_parser, make_ci_parser, make_parser
from oidc_doctor.cli.output import complain
from oidc_doctor.cli.permissions import make_permissions_parser, permissions
from oidc_doctor.cli.proposed import refuse_changes
from oidc_doctor.cli.report import report
from oidc_doctor.cli.screens import open_screens, serve_screens, why_no_screens, with_port
from oidc_doctor.cli.self_test import make_self_test_parser, self_test
from oidc_doctor.cli.setup import make_setup_parser, setup
from oidc_doctor.cli.sql import make_sql_parser, sql

_OTHER_NAMES = {  # what other programs call it
    "help": "--help",
    "version": "--version",
    "diagnose": "--report THING…",
    "report": "--report THING…",
    "check": "--report THING…",
    "examine": "--report THING…",
    "demo": "--demo",
    "checks": "--list-checks",
    "list-checks": "--list-checks",
    "web": "--web",
    "policy": "permissions aws|gcp",
}
_COMMANDS = {
    "capture": capture,
    "ci": ci,
    "completion": completion,
    "expect": expect,
    "explain": explain,
    "health": health,
    "init": init,
    "permissions": permissions,
    "self-test": self_test,
    "setup": setup,
    "sql": sql,
}
_PARSERS = {
    "capture": make_capture_parser,
    "ci": make_ci_parser,
    "completion": make_completion_parser,
    "expect": make_expect_parser,
    "explain": make_explain_parser,
    "health": make_health_parser,
    "init": make_init_parser,
    "permissions": make_permissions_parser,
    "self-test": make_self_test_parser,
    "setup": make_setup_parser,
    "sql": make_sql_parser,
}


def run_command(arguments: list[str]) -> int:
    """Run the command; returns its exit code. Raises UsageError."""
    if is_asked():
        complete(_PARSERS, make_parser())
    if arguments and arguments[0] in _COMMANDS:
        return _COMMANDS[arguments[0]](arguments[1:])
    if arguments and re.fullmatch(r"[A-Za-z][A-Za-z-]{0,19}", arguments[0]) and not os.path.exists(arguments[0]):
        similar = _similar_command(arguments[0])
        if similar:
            message = f"{arguments[0]}: no such command; did you mean oidc-doctor {similar}?"
            raise UsageError(message)
    return _main(arguments)


def _similar_command(name: str) -> str:
    import difflib  # late: only for a mistyped command

    lower = name.lower()
    return _OTHER_NAMES.get(lower) or next(iter(difflib.get_close_matches(lower, _COMMANDS, n=1)), "")


def _main(arguments: list[str]) -> int:
    arguments = with_port(arguments)
    options = make_parser().read(arguments)
    options.command_line = as_typed(arguments)
    options.present_command = as_typed(without_option(arguments, "--with")) if options.proposed else ""
    if options.pack:
        from oidc_doctor.findings import packs  # late: most runs name no pack

        packs.use(options.pack)
    if options.list_checks is not None:
        return list_checks(options)
    refuse_changes(options, on_screens=options.web is not None)
    if options.web is not None:
        return serve_screens(arguments, options.web)
    if not (options.report or options.output or options.dry_run):
        reason = why_no_screens(options)
        if not reason:
            refuse_changes(options, on_screens=True)
            open_screens(options)
        if sys.stdout.isatty() and not (options.format or options.quiet or options.verbose):
            complain(f"{reason}; the report follows")
    return report(options)
