"""The options of the report and of `capture`, in the groups of --help."""

from __future__ import annotations

import argparse
import re

from oidc_doctor import __version__
from oidc_doctor.cli.help import COMMANDS, DESCRIPTION, ShortHelp
from oidc_doctor.cli.parser import Parser, help_formatter
from oidc_doctor.report.formats import EXPECT_FORMATS, FORMATS

WEB_PORT = 8765
_TIMEOUT = 300.0  # seconds for all reads of a live run
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,3})?) ?(?:([kKMGTP])(i)?)?B?", re.ASCII)
_LONGEST_GLOB = 200  # characters; no check has a name as long
_LONGEST_TIMEOUT = 86_400  # a day; the system cannot wait for any number of seconds


def _whole_number(text: str, least: int, most: int) -> int:
    number = int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else -1
    if not least <= number <= most:
        message = f"{text}: not a whole number from {least} to {most}"
        raise argparse.ArgumentTypeError(message)
    return number


def _pages_of(text: str) -> int:
    return _whole_number(text, 1, 999_999_999)


def _bytes_of(text: str) -> int:
    """Return the bytes of a size such as 500GB (10^9) or 2TiB (2^40)."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        message = f"{text!r} is not a size such as 500GB or 2TiB"
        raise argparse.ArgumentTypeError(message)
    base = 1024 if match[3] else 1000
    return int(float(match[1]) * base ** (" KMGTP".index(match[2].upper()) if match[2] else 0))


def _port(text: str) -> int:
    return _whole_number(text, 1, 65_535)


def _glob(text: str) -> str:
    if len(text) > _LONGEST_GLOB:
        message = f"a pattern of {len(text):,} characters; at most {_LONGEST_GLOB} are accepted"
        raise argparse.ArgumentTypeError(message)
    return text


def seconds_of(text: str) -> float:
    """Return the seconds that an option names."""
    try:
        seconds = float(text) if "_" not in text else 0.0
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST_TIMEOUT:  # false for NaN
        message = f"{text}: not a number of seconds above 0 and up to {_LONGEST_TIMEOUT}"
        raise argparse.ArgumentTypeError(message)
    return seconds


def make_parser() -> Parser:
    """Return the parser of the main command."""
    parser = Parser(
        prog="oidc-doctor",
        usage="oidc-doctor [OPTIONS] [THING…]",
        description=DESCRIPTION,
        epilog=COMMANDS,
        formatter_class=help_formatter,
        allow_abbrev=False,
        add_help=False,
    )
    parser.add_argument("-h", "--help", action=ShortHelp, help="one screen of help, with examples")
    parser.add_argument("--help-all", action="help", help="show every option and exit")
    parser.add_argument("--version", action="version", version=f"oidc-doctor {__version__}", help="print the version")
    _add_things(parser)
    parser.add_argument("--report", action="store_true", help="write the report, without the interactive UI")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the report to FILE: .md, .json or .txt chooses the format"
    )
    parser.add_argument("--force", action="store_true", help="allow -o to replace a file that exists")
    parser.add_argument("--format", choices=tuple(FORMATS), help="format of the report (default text)")
    parser.add_argument(
        "--demo",
        nargs="?",
        const="",
        metavar="SCENARIO",
        help="examine a bundled scenario, without accounts (default: a refused token)",
    )
    parser.add_argument(
        "--web",
        nargs="?",
        const=WEB_PORT,
        type=_port,
        metavar="PORT",
        help=f"open the UI in a browser on this machine (port {WEB_PORT}; needs oidc-doctor[web])",
    )
    parser.add_argument(
        "--with",
        dest="proposed",
        action="append",
        default=[],
        metavar="FILE",
        help="a changed document or a Terraform plan: report which workloads would gain or lose access",
    )
    _add_evidence(parser)
    live = _add_live(parser)
    live.add_argument("--dry-run", action="store_true", help="print what would be read, and read nothing")
    token = _add_tokens(parser)
    token.add_argument("--compare", metavar="FILE", help="a second token to compare clause by clause")
    _add_account(token)
    _add_logs(parser)
    checks = parser.add_argument_group("checks")
    checks.add_argument(
        "--list-checks",
        nargs="?",
        const="",
        metavar="WORD",
        help="the code, name and effect of every check (with WORD)",
    )
    checks.add_argument(
        "--check",
        type=_glob,
        action="append",
        default=[],
        metavar="GLOB",
        help="show only these checks (code or name)",
    )
    checks.add_argument(
        "--skip",
        type=_glob,
        action="append",
        default=[],
        metavar="GLOB",
        help="hide these checks (the verdict is unaffected)",
    )
    checks.add_argument(
        "--pack", action="append", default=[], metavar="NAME", help="also load the checks of this installed package"
    )
    add_fail_on(checks)
    parser.add_argument("-q", "--quiet", action="store_true", help="print only the verdict")
    parser.add_argument("-v", "--verbose", action="store_true", help="also print the trace, every check and every file")
    return parser


def make_capture_parser() -> Parser:
    """Return the parser of `capture`: its own options, and the evidence options of the report."""
    parser = Parser(
        prog="oidc-doctor capture",
        description=("Write the evidence as a redacted bundle: names are replaced, values that decide are kept."),
        formatter_class=help_formatter,
        allow_abbrev=False,
    )
    parser.add_argument("-o", "--output", metavar="BUNDLE", help="the folder or .tar.gz to write")
    parser.add_argument(
        "--no-redact", action="store_true", help="keep names; signatures and secrets are always removed"
    )
    parser.add_argument(
        "--redact-addresses",
        action="store_true",
        help="also replace IP addresses (the copy then no longer shows from whose network a call came)",
    )
    parser.add_argument(
        "--map",
        metavar="FILE",
        help="where to save the mapping to the original names (default BUNDLE.map.json); "
        "the key of an existing one is used again",
    )
    _add_things(parser)
    parser.add_argument("--diff", nargs=2, metavar=("A", "B"), help="show what differs between two bundles")
    parser.add_argument("--demo", nargs="?", const="", metavar="SCENARIO", help="capture a bundled scenario")
    _add_evidence(parser)
    _add_live(parser)
    _add_account(_add_tokens(parser))
    _add_logs(parser)
    # the options of the report that capture does not offer
    parser.set_defaults(report=False, dry_run=False, compare=None, proposed=[], check=[], skip=[], fail_on="blocks")
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing but errors")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the traceback of an internal error")
    return parser


def make_expect_parser() -> Parser:
    """Return the parser of `expect`: its own options, and the evidence options of the report."""
    parser = Parser(
        prog="oidc-doctor expect",
        usage="oidc-doctor expect [FILE] [OPTIONS] [THING…]",
        description=(
            "Test a trust policy or a provider: judge each expectation of FILE (default ./expect.toml).\n"
            "Name a trust policy, a provider, a bundle or a plan; a role ARN or a provider's name is read live.\n"
            "Without any, the targets of oidc-doctor.toml are judged."
        ),
        epilog=_EXPECT_EXAMPLES,
        formatter_class=help_formatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--learn",
        action="store_true",
        help="write the expectations that the evidence meets now: what the logs show accepted, or the tokens given",
    )
    parser.add_argument("--format", choices=tuple(EXPECT_FORMATS), help="format of the result (default text)")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the result to FILE: .md, .json, .xml or .txt chooses the format"
    )
    parser.add_argument("--force", action="store_true", help="allow -o to replace a file that exists")
    parser.add_argument(
        "-c", "--config", metavar="FILE", help="the targets, where no evidence is given (default ./oidc-doctor.toml)"
    )
    _add_things(parser)
    _add_evidence(parser)
    _add_live(parser)
    _add_tokens(parser)
    _add_logs(parser)
    # the options of the report that expect does not offer
    parser.set_defaults(
        report=False, dry_run=False, compare=None, check=[], skip=[], fail_on="blocks", demo=None, account=False
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print only what is not met, and the last line")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="also print each stranger that is not refused, and each audience"
    )
    return parser


_EXPECT_EXAMPLES = """\
FILE, for example:
  [[expect]]
  accepted = ["repo:acme/app:ref:refs/heads/main"]
  refused = ["repo:acme/app:pull_request"]
  strangers = "refused"    # synthetic tokens of other owners and issuers, and for other audiences
examples:
  oidc-doctor expect trust-policy.json
  oidc-doctor expect expect.toml BUNDLE --format junit -o expect.xml
  oidc-doctor expect --learn BUNDLE -o expect.toml
exit code: 0 every expectation is met · 1 one is broken · 3 one is unknown · 2 wrong usage
"""


def make_ci_parser() -> Parser:
    """Return the parser of `ci`: the evidence options of the report, and those of a job."""
    parser = Parser(
        prog="oidc-doctor ci",
        description="Explain a failing CI job: find its OIDC token where the platform keeps it, and judge it against\n"
        "the policy, provider, plan or bundle that you name. No cloud is asked. Without a THING,\n"
        "./oidc-doctor.toml names the evidence; without that, the output says what to write into the\n"
        "policy for this workload.",
        epilog="In a workflow of GitHub, after the step that failed:\n"
        "  - if: failure()\n    run: oidc-doctor ci infra/trust-policy.json",
        formatter_class=help_formatter,
        allow_abbrev=False,
    )
    _add_things(parser)
    parser.add_argument(
        "--audience", metavar="AUD", help="the audience to request a token for (default: as the job's own sign-in does)"
    )
    parser.add_argument(
        "--artifact", metavar="DIR", help="write a redacted bundle and its report to DIR, for the job's artifacts"
    )
    _add_evidence(parser, may_be_live=False)
    parser.add_argument(
        "--private-issuer", action="store_true", help="request the token of a server at a private address"
    )
    _add_tokens(parser)
    parser.add_argument("--at", metavar="TIME", help="judge the token at this moment")
    add_fail_on(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="print only the annotations")
    parser.add_argument("-v", "--verbose", action="store_true", help="also print the trace, every check and every file")
    # the options of the report that ci does not offer: nothing is read live
    parser.set_defaults(
        report=True, dry_run=False, compare=None, check=[], skip=[], account=False, demo=None, live=False
    )
    parser.set_defaults(truss=None, whoami=None, credentials=None, cloudtrail=[], gcp_logs=[], since=None, until=None)
    parser.set_defaults(max_bytes=None, athena_workgroup=None, athena_output=None, no_log_cache=False)
    parser.set_defaults(profile=None, fetch_github_token=None, attempt=False, cross_check=False)
    return parser


def add_fail_on(parser: argparse._ActionsContainer) -> None:
    """Add the option that says which findings end the run with 1."""
    parser.add_argument(
        "--fail-on",
        choices=("blocks", "weakens", "never"),
        default="blocks",
        help="what makes the exit code 1 (default blocks)",
    )


def _add_things(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "things",
        nargs="*",
        metavar="THING",
        help="folders, archives, files, ARNs, names, URLs, tokens, subjects or error texts; - is stdin",
    )


def _add_evidence(parser: argparse.ArgumentParser, *, may_be_live: bool = True) -> None:
    evidence = parser.add_argument_group("evidence")
    evidence.add_argument(
        "--from",
        dest="bundles",
        action="append",
        default=[],
        metavar="BUNDLE",
        help="a folder, .zip, .tar.gz or file with saved evidence; may be repeated; - is stdin",
    )
    if may_be_live:
        evidence.add_argument(
            "--offline", action="store_true", help="read local files only (default with --from unless --live is given)"
        )
    else:
        parser.set_defaults(offline=True)
    evidence.add_argument("--role", metavar="ARN", help="the role that the workload assumes")
    evidence.add_argument(
        "--gcp-provider", metavar="NAME", help="projects/NUMBER/…/providers/ID, as configured in the client"
    )
    evidence.add_argument("--service-account", metavar="EMAIL", help="the service account to impersonate")
    evidence.add_argument("--issuer", metavar="URL", help="the token's issuer")
    evidence.add_argument(
        "--region", metavar="REGION", help="STS region; add comma-separated regions to search as well"
    )
    evidence.add_argument(
        "--error", metavar="TEXT", help="the error message that the caller received, or the logged event; - is stdin"
    )
    parser.set_defaults(
        command_line="", present_command="", pasted=None, plan=None, stdin=None, error_file=""
    )  # what was given in place of a file: see things.py


def _add_live(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    live = parser.add_argument_group("live (read-only; begins with --role, --gcp-provider, --truss, … or --live)")
    live.add_argument("--live", action="store_true", help="read the clouds and the issuer, also with --from BUNDLE")
    add_profile(live)
    live.add_argument(
        "--resource-account",
        action="append",
        default=[],
        metavar="[NAME=]ID",
        help="the account of the buckets, or of bucket NAME, if it differs from the account of the credentials",
    )
    live.add_argument("--truss", metavar="FILE", help="a Truss config.yaml: roles, providers, buckets")
    live.add_argument("--credentials", metavar="FILE", help="the client's external_account configuration for Google")
    live.add_argument("--whoami", metavar="FILE", help="the saved output of truss whoami --show-oidc; - is stdin")
    add_bounds(live, "time limit of the whole live run", _TIMEOUT)
    add_cross_check(live, "also query Access Analyzer, both policy simulators and AWS Organizations")
    live.add_argument(
        "--try",
        dest="attempt",
        action="store_true",
        help="really exchange the token and use the cloud's response",
    )
    live.add_argument(
        "--fetch-token-issuer", action="store_true", help="fetch an issuer that only a token or a file names"
    )
    live.add_argument("--private-issuer", action="store_true", help="fetch an issuer at a private address")
    live.add_argument("--fetch-github-token", metavar="AUDIENCE", help="request the token of the GitHub job")
    return live


def add_profile(group: argparse._ActionsContainer) -> None:
    """Add --profile."""
    group.add_argument("--profile", metavar="NAME", help="the AWS profile (default: as the AWS CLI chooses)")


def add_bounds(group: argparse._ActionsContainer, of_what: str, seconds: float) -> None:
    """Add the options that bound what is read; `of_what` says what --timeout limits, by default to `seconds`."""
    group.add_argument("--no-logs", action="store_true", help="do not query the clouds' logs")
    group.add_argument(
        "--max-pages", type=_pages_of, default=40, metavar="N", help="maximum pages per log query (default 40)"
    )
    group.add_argument(
        "--timeout", type=seconds_of, default=seconds, metavar="SECONDS", help=f"{of_what} (default {seconds:.0f})"
    )


def add_cross_check(group: argparse._ActionsContainer, text: str) -> None:
    """Add --cross-check, and --oracles, its former name."""
    group.add_argument("--cross-check", dest="cross_check", action="store_true", help=text)
    group.add_argument("--oracles", dest="cross_check", action="store_true", help=argparse.SUPPRESS)


def _add_tokens(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    token = parser.add_argument_group("token (several may be given)")
    token.add_argument("--token", action="append", default=[], metavar="FILE", help="a compact JWT; - is stdin")
    token.add_argument("--claims", action="append", default=[], metavar="FILE", help="decoded claims as JSON")
    token.add_argument(
        "--subject", action="append", default=[], metavar="SUB", help="a hypothetical token with this subject"
    )
    return token


def _add_account(token: argparse._ArgumentGroup) -> None:
    token.add_argument(
        "--account", action="store_true", help="list the roles and providers of the account that accept the token"
    )


def _add_logs(parser: argparse.ArgumentParser) -> None:
    logs = parser.add_argument_group("logs and time")
    logs.add_argument(
        "--cloudtrail",
        action="append",
        default=[],
        metavar="PATH",
        help="trail files, a folder of them, an event, s3://BUCKET/PREFIX, athena:DATABASE.TABLE or "
        "cloudwatch:LOG_GROUP",
    )
    logs.add_argument(
        "--gcp-logs",
        action="append",
        default=[],
        metavar="PATH",
        help="exported log entries, a folder of them, one, gs://BUCKET/PREFIX, bigquery:PROJECT.DATASET or "
        "loganalytics:PROJECT.LOCATION.BUCKET",
    )
    logs.add_argument(
        "--max-bytes", type=_bytes_of, metavar="SIZE", help="the most that a log engine may scan, such as 500GB or 2TiB"
    )
    logs.add_argument("--athena-workgroup", metavar="NAME", help="the workgroup of athena: (default primary)")
    logs.add_argument(
        "--athena-output", metavar="s3://…", help="where Athena writes results, if its workgroup does not say"
    )
    logs.add_argument("--no-log-cache", action="store_true", help="do not cache what is read of s3:// and gs://")
    logs.add_argument("--since", metavar="TIME", help="24h, 7d, or a time like 2026-11-22T13:00:00Z")
    logs.add_argument("--until", metavar="TIME", help="the end of the window")
    logs.add_argument("--at", metavar="TIME", help="judge the token at this moment")
