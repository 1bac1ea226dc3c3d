"""`oidc-doctor explain` and `--list-checks`: the pages of the checks, and their list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.cli.exit_codes import ExitCode, UsageError
from oidc_doctor.cli.parser import Parser
from oidc_doctor.cli.streams import show

if TYPE_CHECKING:
    import argparse

    from oidc_doctor.checkkit import Check


def explain(arguments: list[str]) -> int:
    """Print the page of a check, by code or name."""
    from oidc_doctor.findings import packs

    parser = Parser(prog="oidc-doctor explain", description="Print the page of a cause or check.", allow_abbrev=False)
    parser.add_argument("code", nargs="?", metavar="CODE", help="such as AWS025, or the name")
    parser.add_argument("--all", action="store_true", help="every page")
    options = parser.read(arguments)
    checks = list(packs.all_checks())
    if not options.all:
        if options.code is None:
            message = "explain: missing CODE (for example AWS025), or use --all; oidc-doctor --list-checks lists them"
            raise UsageError(message)
        checks = [check for check in checks if options.code.upper() == check.code or options.code.lower() == check.name]
        if not checks:
            message = f"explain {options.code}: no such check; oidc-doctor --list-checks lists them"
            raise UsageError(message)
    from oidc_doctor.report.parts.escape import as_lines  # late, as the packs

    pages = (f"{check.code} {check.name}\n\n{check.page.strip()}{_proof(check)}" for check in checks)
    show(as_lines("\n\n".join(pages)) + "\n")
    return ExitCode.OK


def _proof(check: Check) -> str:
    """Return the page's last section: the evidence that proves the cause; empty for a check that names no cause."""
    if check.kind is None:
        return ""
    import textwrap  # late, as the table: every report imports this file

    from oidc_doctor.judge.error_texts import table

    rows = [row for row in table() if row.get("kind") == check.kind and row.get("proves", True)]
    lines = [f"    The error text of a caller or a log: {row['samples'][0][1]}" for row in rows]
    if not check.kind.seen_only:
        lines.append("    The replay of logged attempts: the decision flips with the outcome, by this clause alone.")
        lines.append("    Without either the cause is predicted; where a value is not known it is suspected.")
    elif not rows:
        lines.append("    Nothing that the tool reads proves it: it is at most suspected.")
    indent = "    "
    wrapped = (textwrap.wrap(text, 116, subsequent_indent=indent, break_on_hyphens=False) for text in lines)
    return "\nProof\n" + "\n".join(line for text in wrapped for line in text)


def list_checks(options: argparse.Namespace) -> int:
    """Print a line for each check that --check and --skip select."""
    from oidc_doctor.findings import packs, run_checks
    from oidc_doctor.report.parts.escape import as_lines

    lines = []
    for check in packs.all_checks():
        if run_checks.wanted(check, options.check, options.skip):
            title = check.page.strip().split("\n", 1)[0]
            lines.append(f"{check.code}  {check.effect:<7}  {check.name:<34}  {as_lines(title)}\n")
    show("".join(lines))
    return ExitCode.OK
