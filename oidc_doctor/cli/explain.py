"""`oidc-doctor explain` and `--list-checks`: the pages of the checks, and their list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.cli.exit_codes import ExitCode, UsageError
from oidc_doctor.cli.options import Parser

if TYPE_CHECKING:
    import argparse


def explain(arguments: list[str]) -> int:
    """Print the page of a check, by code or name."""
    from oidc_doctor.findings import packs

    parser = Parser(prog="oidc-doctor explain", description="Print the page of a cause or check.", allow_abbrev=False)
    parser.add_argument("code", nargs="?", metavar="CODE", help="such as AWS025, or the name")
    parser.add_argument("--all", action="store_true", help="every page")
    options = parser.parse_args(arguments)
    checks = list(packs.all_checks())
    if not options.all:
        if options.code is None:
            message = "explain: missing CODE (for example AWS025), or use --all; oidc-doctor --list-checks lists them"
            raise UsageError(message)
        checks = [check for check in checks if options.code.upper() == check.code or options.code.lower() == check.name]
        if not checks:
            message = f"explain {options.code}: no such check; oidc-doctor --list-checks lists them"
            raise UsageError(message)
    print("\n\n".join(f"{check.code} {check.name}\n\n{check.page.strip()}" for check in checks))
    return ExitCode.OK


def list_checks(options: argparse.Namespace) -> int:
    """Print a line for each check that --check and --skip select."""
    from oidc_doctor.findings import packs, run_checks

    for check in packs.all_checks():
        if run_checks.wanted(check, options.check, options.skip):
            title = check.page.strip().split("\n", 1)[0]
            print(f"{check.code}  {check.effect:<7}  {check.name:<34}  {title}")
    return ExitCode.OK
