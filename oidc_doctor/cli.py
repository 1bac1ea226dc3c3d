"""Arguments and exit codes; nothing else reads argv. stdout is data, stderr is narration."""

from __future__ import annotations

import argparse
import gc
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, NoReturn

from oidc_doctor import __version__, live_cli

if TYPE_CHECKING:
    from oidc_doctor.model.evidence import Target, Token
    from oidc_doctor.model.report import Report
    from oidc_doctor.pipeline import Question
    from oidc_doctor.sources.bundle import Bundle
    from oidc_doctor.tui.inquiry import Inquiry

OK, FINDING, USAGE, UNKNOWN, BROKEN, INTERRUPTED = 0, 1, 2, 3, 4, 130
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_FIRST_SCENARIO = "aws-wrong-team"  # what --demo alone shows: the commonest failure, with its logs
_TARGET_FILE = "oidc-doctor.toml"
_WEB_PORT = 8765
_WIDEST, _NARROWEST, _USUAL, _HELP_WIDTH = 120, 60, 80, 100


class UsageError(Exception):
    """Something the user gave cannot be used; one line for people."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
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
    parser.add_argument(
        "--format", choices=("text", "markdown", "json"), default="text", help="of the report (default text)"
    )
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


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code. Writes to stdout and stderr, raises nothing."""
    # A report makes many lasting objects and hardly any cycles: the default threshold collects 60 times for nothing.
    gc.set_threshold(50_000)
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        try:
            command = _COMMANDS.get(arguments[0]) if arguments else None
            return command(arguments[1:]) if command else _main(arguments)
        finally:
            sys.stdout.flush()  # here, where a reader that went away can still be met
    except (UsageError, live_cli.LiveError) as error:
        _complain(str(error))
        return USAGE
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # the reader of our output went away: nothing more to say, and no message at interpreter exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:  # noqa: BLE001 - our defect must not look like a finding, nor like the user's fault
        _complain(f"this is a defect of oidc-doctor, not of what it read: {type(error).__name__}: {error}")
        if "-v" in arguments or "--verbose" in arguments:
            from oidc_doctor.report.escape import forbid_tokens

            sys.stderr.write(forbid_tokens(traceback.format_exc()))
        return BROKEN


def _complain(message: str) -> None:
    from oidc_doctor.report.escape import forbid_tokens, visible

    print(f"oidc-doctor: {visible(forbid_tokens(message))}", file=sys.stderr)


def _main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    if options.list_checks:
        return _list_checks(options)
    if options.web is not None:
        return _serve(arguments, options.web)
    if options.report is None and not options.dry_run and _on_a_terminal(options):
        _open(options)
    if options.report is None and options.demo is None and not options.dry_run:
        message = (
            "there is no terminal to open the screens on: say --report, with evidence (--from BUNDLE), or --demo; "
            "oidc-doctor --help lists everything"
        )
        raise UsageError(message)
    return _report(options)


# The screens


def _on_a_terminal(options: argparse.Namespace) -> bool:
    """Whether screens can be shown and are wanted: a format, -q and -v are for the report alone."""
    if options.format != "text" or options.quiet or options.verbose:
        return False
    if os.environ.get("TEXTUAL_DRIVER"):  # textual-serve shows them in a browser
        return True
    # Textual draws on stderr
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream.isatty() for stream in streams) and os.environ.get("TERM") != "dumb"


def _open(options: argparse.Namespace) -> NoReturn:
    """The screens: on what the flags name, else on the target in ./oidc-doctor.toml, else on the start screen."""
    from oidc_doctor.tui.app import Doctor
    from oidc_doctor.tui.inquiry import Inquiry
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
        return _inquiry(_parser().parse_args(flags), None)
    except (UsageError, live_cli.LiveError) as error:
        raise ValueError(str(error)) from None


def _inquiry(options: argparse.Namespace, here: str | None) -> Inquiry:
    """What the flags name, for the screens: files, or the clouds."""
    from oidc_doctor.tui.inquiry import Inquiry, Live

    path = _path(options) or ("." if here else None)
    if path is not None and not os.path.exists(path):
        message = f"--from {path}: no such file or folder"
        raise UsageError(message)
    _warn_of_unknown_checks(options)
    title = os.path.basename(os.path.normpath(path)) if path else "the command line"
    title = title if title != "." else _TARGET_FILE
    # the pipeline is imported by the run, after the first paint, unless there are flags to be refused at once
    question = _question(options) if _given(options) - {"bundle", "demo", "offline"} else None
    if not (live_cli.is_live(options) or live_cli.uses_files(options)):
        return Inquiry(title, path, question)

    def gather(narrate: Callable[[str], None]) -> tuple[Bundle | None, Question]:
        prepared = live_cli.prepare(options, question or _question(options), _bundle(options), narrate)
        return prepared.bundle, prepared.question

    return Inquiry(_called(options) or title, None, question, Live(gather, live_cli.LiveError))


def _called(options: argparse.Namespace) -> str:
    """A live target in few words, what tells it apart first: a title has room for some thirty characters."""
    if options.role:
        name, account = options.role.rpartition("/")[2], options.role.split(":")[4:5]
        return f"{name} in {account[0]}" if account and account[0] else name
    parts = (options.gcp_provider or "").split("/")
    if len(parts) > 2:  # noqa: PLR2004 - …/POOL/providers/ID
        return f"{parts[-1]} in {parts[-3]}"
    return options.gcp_provider or options.truss or ""


def _given(options: argparse.Namespace) -> set[str]:
    """The options that say what to examine, or how."""
    unsaid = vars(_parser().parse_args([]))
    return {name for name, value in vars(options).items() if value != unsaid[name] and name != "web"}


def _serve(arguments: list[str], port: int) -> int:
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


# Evidence from the command line


def _moment(text: str, name: str) -> float:
    from datetime import UTC, datetime

    if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
        return float(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{name} {text}: not a time; 2026-11-22T13:00:00Z or seconds since 1970 are wanted"
        raise UsageError(message) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _since(text: str | None) -> tuple[float | None, float | None]:
    """An absolute begin, or seconds back from the instant."""
    if text is None:
        return None, None
    found = _SPAN.fullmatch(text.strip())
    if found:
        return None, float(found[1]) * _SECONDS[found[2]]
    return _moment(text, "--since"), None


def _read_text(path: str, name: str) -> str:
    try:
        if path == "-":
            return sys.stdin.read()
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            return stream.read()
    except OSError as error:
        message = f"{name} {path}: {error.strerror or error}"
        raise UsageError(message) from None


def _tokens(options: argparse.Namespace) -> tuple[Token, ...]:
    from oidc_doctor.model.evidence import Origin
    from oidc_doctor.parse.token import hypothetical, parse_token

    found = []
    for name, paths in (("--token", options.token), ("--claims", options.claims)):
        for path in paths:
            label = "stdin" if path == "-" else os.path.basename(path)
            found.append(parse_token(_read_text(path, name), Origin(name if path == "-" else path), label))
    found += [hypothetical(subject, origin=Origin("--subject")) for subject in options.subject]
    return tuple(found)


def _compared(path: str | None) -> Token | None:
    """The token of --compare: a compact JWT or decoded claims."""
    if path is None:
        return None
    from oidc_doctor.model.evidence import Origin
    from oidc_doctor.parse.token import parse_token

    return parse_token(_read_text(path, "--compare"), Origin("--compare" if path == "-" else path), "compared")


def _overrides(options: argparse.Namespace) -> Target | None:
    from oidc_doctor.model.evidence import Origin, Target, TargetAws, TargetGcp

    given = {
        "issuer": options.issuer,
        "aws.role_arn": options.role,
        "aws.region": options.region and options.region.partition(",")[0],
        "gcp.provider": options.gcp_provider,
        "gcp.service_account": options.service_account,
    }
    flags = {"aws.role_arn": "--role", "gcp.provider": "--gcp-provider"}
    given = {key: value for key, value in given.items() if value is not None}
    if not given:
        return None
    aws = {key.partition(".")[2]: value for key, value in given.items() if key.startswith("aws.")}
    gcp = {key.partition(".")[2]: value for key, value in given.items() if key.startswith("gcp.")}
    return Target(
        name="",
        issuer=given.get("issuer"),
        aws=TargetAws(**aws) if aws else None,
        gcp=TargetGcp(**gcp) if gcp else None,
        origins={key: Origin(flags.get(key, "--" + key.rpartition(".")[2].replace("_", "-"))) for key in given},
    )


def _files(paths: list[str], name: str) -> tuple[str, ...]:
    found: list[str] = []
    for path in paths:
        if path.startswith(("s3://", "logging:")):
            message = f"{name} {path}: read live only, with --role or --live; else files and folders"
            raise UsageError(message)
        if os.path.isdir(path):
            inside = [os.path.join(folder, file) for folder, _, files in os.walk(path) for file in files]
            found += sorted(file for file in inside if file.endswith((".json", ".json.gz", ".jsonl", ".gz", ".log")))
        elif os.path.isfile(path):
            found.append(path)
        else:
            message = f"{name} {path}: no such file or folder"
            raise UsageError(message)
    return tuple(found)


def _local(options: argparse.Namespace) -> list[str]:
    """The places of --cloudtrail without those that a live run reads."""
    live = live_cli.is_live(options)
    return [path for path in options.cloudtrail if not (live and path.startswith("s3://"))]


def _question(options: argparse.Namespace) -> Question:
    from oidc_doctor.pipeline import Question

    since, back = _since(options.since)
    return Question(
        overrides=_overrides(options),
        error_text=options.error,
        tokens=_tokens(options),
        at=_moment(options.at, "--at") if options.at else None,
        since=since,
        since_back=back,
        until=_moment(options.until, "--until") if options.until else None,
        cloudtrail=_files(_local(options), "--cloudtrail"),
        gcp_logs=_files(options.gcp_logs, "--gcp-logs"),
        check=tuple(options.check),
        skip=tuple(options.skip),
        fail_on=options.fail_on,
        compare=_compared(options.compare),
        account=options.account,
    )


def _path(options: argparse.Namespace) -> str | None:
    """The bundle's path: what was given, or the bundled scenario's."""
    given: str | None = options.bundle
    if options.demo is None:
        return given
    if given is not None:
        message = "--demo and --from exclude each other"
        raise UsageError(message)
    return _scenario(options.demo)


def _bundle(options: argparse.Namespace) -> Any:
    from oidc_doctor.sources.bundle import BundleError, open_bundle

    path = _path(options)
    if path is None:
        return None
    try:
        return open_bundle(path)
    except BundleError as error:
        raise UsageError(str(error)) from None


def _scenario(name: str) -> str:
    from oidc_doctor import packs

    folder = packs.bundled("_samples", "sample_logs")
    names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    name = name or _FIRST_SCENARIO
    if name not in names:
        message = f"--demo {name}: no such scenario; there are: {', '.join(names)}"
        raise UsageError(message)
    return os.path.join(folder, name)


# Output


def _report(options: argparse.Namespace) -> int:
    from oidc_doctor.packs import PackError
    from oidc_doctor.pipeline import run

    question = _question(options)
    _warn_of_unknown_checks(options)
    bundle = _bundle(options)
    if options.dry_run:
        print(live_cli.dry_run(options, question, bundle))
        return OK
    if live_cli.is_live(options) or live_cli.uses_files(options):
        bundle, question = live_cli.prepare(options, question, bundle)
    given = (question.tokens, question.error_text, question.overrides, question.cloudtrail, question.gcp_logs)
    if bundle is None and not any(given):
        message = "nothing to examine: give --from BUNDLE, a --token, a --subject or an --error"
        raise UsageError(message)
    try:
        with _progress(options) as progress:
            report = run(bundle, question._replace(progress=progress))
    except PackError as error:
        _complain(str(error))
        return BROKEN
    finally:
        if bundle is not None:
            bundle.close()
    unread = [one for one in report.coverage if one.named]
    if bundle is not None and not any(one.status in ("read", "partial") for one in report.coverage) and unread:
        message = f"nothing could be read: {unread[0].what}: {unread[0].reason}"
        raise UsageError(message)
    for warning in report.warnings:
        _complain(warning)
    _write(options, _rendered(options, report))
    return report.exit_code


def _progress(options: argparse.Namespace) -> AbstractContextManager[Any]:
    """What tells, on stderr, how far a long read of logs is."""
    if options.quiet:
        return nullcontext()
    from oidc_doctor.logs.progress import Bar

    return Bar(sys.stderr)


def _warn_of_unknown_checks(options: argparse.Namespace) -> None:
    if not options.check and not options.skip:
        return
    from oidc_doctor import packs, runner

    for flag, globs in (("--check", options.check), ("--skip", options.skip)):
        for glob in globs:
            if not any(runner.wanted(check, (glob,), ()) for check in packs.all_checks()):
                _complain(f"{flag} {glob}: no check has this code or name; oidc-doctor --list-checks lists them")


def _rendered(options: argparse.Namespace, report: Report) -> str:
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
        return _USUAL
    import shutil

    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((_USUAL, 24)).columns))


def _color() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def _write(options: argparse.Namespace, text: str) -> None:
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


def _list_checks(options: argparse.Namespace) -> int:
    from oidc_doctor import packs, runner

    for check in packs.all_checks():
        if runner.wanted(check, options.check, options.skip):
            title = check.page.strip().split("\n", 1)[0]
            print(f"{check.code}  {check.effect:<7}  {check.name:<34}  {title}")
    return OK


def _permissions(arguments: list[str]) -> int:
    parser = _Parser(prog="oidc-doctor permissions", description="The least that a live run needs.", allow_abbrev=False)
    print(live_cli.permissions(arguments, parser))
    return OK


def _explain(arguments: list[str]) -> int:
    """Print the page of a check, by code or name."""
    from oidc_doctor import packs

    parser = _Parser(prog="oidc-doctor explain", description="The page of a cause or check.", allow_abbrev=False)
    parser.add_argument("code", nargs="?", metavar="CODE", help="such as AWS025, or the name")
    parser.add_argument("--all", action="store_true", help="every page")
    options = parser.parse_args(arguments)
    checks = packs.all_checks()
    if options.all:
        chosen = list(checks)
    else:
        if options.code is None:
            message = "explain: say a CODE such as AWS025, or --all; oidc-doctor --list-checks lists them"
            raise UsageError(message)
        wanted = options.code
        chosen = [check for check in checks if wanted.upper() == check.code or wanted.lower() == check.name]
        if not chosen:
            message = f"explain {wanted}: no such check; oidc-doctor --list-checks lists them"
            raise UsageError(message)
    print("\n\n".join(f"{check.code} {check.name}\n\n{check.page.strip()}" for check in chosen))
    return OK


def _capture(arguments: list[str]) -> int:
    """Write the evidence as a bundle, or compare two bundles."""
    from oidc_doctor import capture_command
    from oidc_doctor.capture import CaptureError

    parser = _parser()
    parser.prog = "oidc-doctor capture"
    parser.description = "Write the evidence as a bundle, redacted: names go, what decisions depend on stays."
    parser.epilog = None
    capture_command.configure(parser)
    options = parser.parse_args(arguments)

    def gather() -> Any:
        question, bundle = _question(options), _bundle(options)
        if live_cli.is_live(options) or live_cli.uses_files(options):
            bundle, question = live_cli.prepare(options, question, bundle)
        if bundle is None and not any((question.tokens, question.error_text, question.overrides)):
            message = "capture: nothing to capture: give --from BUNDLE, or name a --role or --gcp-provider"
            raise UsageError(message)
        return bundle, question

    try:
        return capture_command.command(options, gather)
    except CaptureError as error:
        raise UsageError(str(error)) from None


_COMMANDS = {"capture": _capture, "explain": _explain, "permissions": _permissions}
