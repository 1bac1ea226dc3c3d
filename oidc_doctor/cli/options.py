"""Options and exit codes of the command line."""

from __future__ import annotations

import argparse
from typing import NoReturn

from oidc_doctor import __version__
from oidc_doctor.cli import live as live_cli
from oidc_doctor.report.formats import FORMATS

OK, FINDING, USAGE, UNKNOWN, BROKEN, INTERRUPTED = 0, 1, 2, 3, 4, 130


_WEB_PORT = 8765


WIDEST, NARROWEST, USUAL, _HELP_WIDTH = 120, 60, 80, 100


class UsageError(Exception):
    """Something the user gave cannot be used; one line for people."""


class Parser(argparse.ArgumentParser):
    """Raises UsageError instead of leaving the process."""

    def error(self, message: str) -> NoReturn:
        """Raise the message as a UsageError."""
        raise UsageError(message)


def make_parser() -> argparse.ArgumentParser:
    """The parser of the main command, whose options `capture` shares."""
    parser = Parser(
        prog="oidc-doctor",
        description=(
            "Tell exactly why AWS or Google Cloud refused a workload's OIDC token.\n\n"
            "On a terminal and without --report, screens to walk through: on what the options name, else on the\n"
            "target in ./oidc-doctor.toml, else on a choice of bundled scenarios, bundles and live targets."
        ),
        epilog="Further: oidc-doctor explain CODE | --all    the page of a cause or check, offline.\n"
        "         oidc-doctor capture -o BUNDLE       the evidence as a redacted bundle.\n"
        "         oidc-doctor permissions aws|gcp     the least that a live run needs.",
        # with a width of its own argparse need not import shutil to ask the terminal for every option
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=_HELP_WIDTH),
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"oidc-doctor {__version__}")
    parser.add_argument(
        "--report", nargs="?", const="-", metavar="FILE", help="write the report to FILE, or to stdout without FILE"
    )
    parser.add_argument("--format", choices=tuple(FORMATS), default="text", help="of the report (default text)")
    parser.add_argument(
        "--demo",
        nargs="?",
        const="",
        metavar="SCENARIO",
        help="a bundled scenario, without accounts; alone: the first failing one",
    )
    parser.add_argument(
        "--web",
        nargs="?",
        const=_WEB_PORT,
        type=int,
        metavar="PORT",
        help=f"the screens in a browser of this machine (port {_WEB_PORT}; needs oidc-doctor[web])",
    )
    evidence = parser.add_argument_group("evidence")
    evidence.add_argument(
        "--from", dest="bundle", metavar="BUNDLE", help="a folder, .zip or .tar.gz with saved evidence"
    )
    evidence.add_argument(
        "--offline", action="store_true", help="read nothing but files (so it is with --from, without --live)"
    )
    evidence.add_argument("--role", metavar="ARN", help="the role that the workload asks for")
    evidence.add_argument(
        "--gcp-provider", metavar="NAME", help="projects/NUMBER/…/providers/ID, as configured in the client"
    )
    evidence.add_argument("--service-account", metavar="EMAIL", help="the service account to impersonate")
    evidence.add_argument("--issuer", metavar="URL", help="the token's issuer")
    evidence.add_argument(
        "--region", metavar="REGION", help="the AWS region of the STS endpoint; after commas, more to search"
    )
    evidence.add_argument("--error", metavar="TEXT", help="what the caller saw, verbatim")
    live_cli.add_options(parser)
    token = parser.add_argument_group("token (several may be given)")
    token.add_argument("--token", action="append", default=[], metavar="FILE", help="a compact JWT; - is stdin")
    token.add_argument("--claims", action="append", default=[], metavar="FILE", help="decoded claims as JSON")
    token.add_argument(
        "--subject", action="append", default=[], metavar="SUB", help="a hypothetical token with this subject"
    )
    token.add_argument("--compare", metavar="FILE", help="a token that fares otherwise, set beside it clause by clause")
    token.add_argument(
        "--account", action="store_true", help="which roles and providers of the account would take the token"
    )
    logs = parser.add_argument_group("logs and time")
    logs.add_argument(
        "--cloudtrail", action="append", default=[], metavar="PATH", help="trail files, or a folder of them"
    )
    logs.add_argument(
        "--gcp-logs", action="append", default=[], metavar="PATH", help="exported log entries, or a folder of them"
    )
    logs.add_argument("--since", metavar="TIME", help="24h, 7d, or a time like 2026-11-22T13:00:00Z")
    logs.add_argument("--until", metavar="TIME", help="the end of the window")
    logs.add_argument("--at", metavar="TIME", help="judge the token at this moment")
    checks = parser.add_argument_group("checks")
    checks.add_argument("--list-checks", action="store_true", help="the code, name and effect of every check")
    checks.add_argument("--check", action="append", default=[], metavar="GLOB", help="show only these (code or name)")
    checks.add_argument(
        "--skip", action="append", default=[], metavar="GLOB", help="do not show these; the verdict stays"
    )
    checks.add_argument(
        "--fail-on",
        choices=("blocks", "weakens", "never"),
        default="blocks",
        help="what makes the exit code 1 (default blocks)",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="the answer alone")
    parser.add_argument("-v", "--verbose", action="store_true", help="also the trace, every check and every file")
    return parser
