"""`oidc-doctor health`: every target of oidc-doctor.toml, compared with the last run."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, NoReturn

from oidc_doctor.cli import notify
from oidc_doctor.cli.evidence import moment_of, span_of
from oidc_doctor.cli.exit_codes import ExitCode, UsageError
from oidc_doctor.cli.options import add_bounds, add_fail_on, add_profile, seconds_of
from oidc_doctor.cli.output import check_output, complain, print_traceback, rendered_health, write
from oidc_doctor.cli.parser import Parser, help_formatter
from oidc_doctor.documents.target_file import FILE as TARGET_FILE
from oidc_doctor.report.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.documents.health_file import HealthFile
    from oidc_doctor.health.reading import LiveOptions
    from oidc_doctor.health.run import Request
    from oidc_doctor.health.state import State, StateError

_TIMEOUT = 900.0  # seconds of the reads of all live targets
_LOCK_TIMEOUT = 60.0
_SHORTEST_WATCH = 10.0  # seconds
_WITH_REPORTS = ("html", "json", "junit", "sarif")  # formats that show each target's report
_EXAMPLE = "oidc-doctor init"


def make_health_parser() -> Parser:
    """Return the parser of `health`."""
    parser = Parser(
        prog="oidc-doctor health",
        description=(
            f"Judge every target of {TARGET_FILE}, and report what changed since the last run.\n"
            "A [[target]] with `from` is judged from a saved bundle, any other live. The first run makes the baseline."
        ),
        formatter_class=help_formatter,
        allow_abbrev=False,
    )
    parser.add_argument("-c", "--config", metavar="FILE", help=f"the targets (default ./{TARGET_FILE})")
    parser.add_argument(
        "--state", metavar="FILE", help="what the last run found (default in ~/.local/state/oidc-doctor, by FILE)"
    )
    parser.add_argument(
        "--at", metavar="TIME", help="judge at this moment (default: now, of a bundle when it was collected)"
    )
    parser.add_argument("--format", choices=tuple(FORMATS), help="format of the result (default text)")
    parser.add_argument(
        "-o",
        "--output",
        dest="outputs",
        action="append",
        metavar="FILE",
        help="write the result to FILE; its ending chooses the format; may be repeated, - is stdout",
    )
    parser.add_argument("--force", action="store_true", help="allow -o to replace a file that exists")
    add_fail_on(parser)
    parser.add_argument(
        "--lock-timeout",
        type=seconds_of,
        default=_LOCK_TIMEOUT,
        metavar="SECONDS",
        help=f"how long to wait for another run to end (default {_LOCK_TIMEOUT:.0f})",
    )
    live = parser.add_argument_group("live targets (read-only)")
    add_profile(live)
    live.add_argument("--region", metavar="REGIONS", help="further STS Regions to search, comma-separated")
    live.add_argument("--since", metavar="SPAN", help="the window of the logs, such as 24h (default 7d)")
    add_bounds(live, "time limit of all live reads", _TIMEOUT)
    live.add_argument("--private-issuer", action="store_true", help="fetch issuers at private addresses")
    parser.add_argument(
        "--watch",
        type=_span,
        metavar="SPAN",
        help="check again after each SPAN, such as 5m: on a terminal as a screen, otherwise line by line",
    )
    parser.add_argument(
        "--notify-test", action="store_true", help="send a test message to each [[notify]] receiver, and check nothing"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing where nothing changed")
    parser.add_argument("-v", "--verbose", action="store_true", help="also print continuing and suppressed findings")
    return parser


def health(arguments: list[str]) -> int:
    """Run the health check, with --watch again and again. Raises UsageError."""
    options = make_health_parser().read(arguments)
    if options.notify_test:
        path = _path(options)
        return notify.send_tests(health_file(path, named=options.config is not None), path)
    outputs = _outputs(options)
    for output in outputs:
        check_output(output)
    from oidc_doctor.health.state import StateError, default_path  # late, as all of the health check

    try:
        place = options.state or default_path(_path(options))
        if options.watch is None:
            return _check(options, outputs, place)
        _watch(options, outputs, place)
    except StateError as error:
        raise UsageError(str(error)) from None


def _span(text: str) -> float:
    """Return the seconds of --watch."""
    seconds = span_of(text, "--watch")
    if seconds < _SHORTEST_WATCH:
        message = f"{text}: the shortest is {_SHORTEST_WATCH:.0f}s"
        raise argparse.ArgumentTypeError(message)
    return seconds


def _outputs(options: argparse.Namespace) -> list[argparse.Namespace]:
    """Return the options of each output: one for stdout if -o names none. Raises UsageError."""
    paths = options.outputs or ["-"]
    if options.format is not None and len(paths) > 1:
        message = "health: --format with several -o: each file has the format of its ending"
        raise UsageError(message)
    return [argparse.Namespace(**vars(options), output=path) for path in dict.fromkeys(paths)]


def _path(options: argparse.Namespace) -> str:
    path: str = options.config or TARGET_FILE
    return path


def _watch(options: argparse.Namespace, outputs: list[argparse.Namespace], place: str) -> NoReturn:
    """Check after each span until interrupted: on the Health screen, or without a terminal line by line."""
    import time

    from oidc_doctor.cli.health_screen import health_source, open_health_screen, why_no_health_screen

    _request(options, outputs)  # a mistake in the file is reported before a screen covers it
    if not why_no_health_screen(options, outputs):
        open_health_screen(health_source(lambda: _request(options, outputs), place, options.watch, _path(options)))
    while True:
        _check(options, outputs, place)
        time.sleep(options.watch)


def _check(options: argparse.Namespace, outputs: list[argparse.Namespace], place: str) -> int:
    """Run one check."""
    from oidc_doctor.health.state import locked

    request = _request(options, outputs)
    with locked(place, options.lock_timeout):
        return _run(options, outputs, request, place)


def _run(options: argparse.Namespace, outputs: list[argparse.Namespace], request: Request, place: str) -> int:
    """Run the check under the lock: the new state is written before its changes are reported, and once more after."""
    from oidc_doctor.health import state as states
    from oidc_doctor.health.run import reported, run

    state = states.load(place)
    narrate = _narrator(options)
    result = run(request, state, narrate)
    channels = notify.queue(request.file, result, state.outbox)
    unsaved = _save(place, state)
    for warning in result.warnings:
        complain(warning)
    if options.verbose:
        for target in result.targets:
            print_traceback(target.traceback)
    texts = [(output, text) for output in outputs if (text := rendered_health(output, result))]
    is_read = [write(output, text) for output, text in texts]
    if unsaved is not None:  # the report was written: of a full disk, the user learns both
        raise unsaved
    if not all(is_read):
        raise UsageError("stdout: closed before the report was written; the next run reports the changes")
    reported(state)
    states.save(place, state)
    if not state.outbox:
        return result.exit_code
    try:
        delivered = notify.deliver(channels, state.outbox, narrate)
    finally:
        states.save(place, state)
    return result.exit_code if delivered else result.exit_code or ExitCode.UNKNOWN


def _save(place: str, state: State) -> StateError | None:
    """Write the state; return why it could not be written."""
    from oidc_doctor.health import state as states

    try:
        states.save(place, state)
    except states.StateError as error:
        return error
    return None


def health_file(path: str, *, named: bool) -> HealthFile:
    """Return the user's file. Raises UsageError."""
    from oidc_doctor.cli.streams import read_file
    from oidc_doctor.documents.health_file import parse_health_file
    from oidc_doctor.documents.json_text import Unreadable, decode
    from oidc_doctor.model.limits import TOML

    if not named and not os.path.lexists(path):
        message = f"health: there is no {TARGET_FILE} in this folder; name one with -c FILE, or write one"
        raise UsageError(message, (_EXAMPLE,))
    if not named and os.path.dirname(os.path.realpath(path)) != os.path.realpath(os.curdir):
        message = f"{path}: a link that leads out of this folder, and was not read; name it with -c"
        raise UsageError(message)
    try:
        file = parse_health_file(decode(read_file(path, "-c", TOML.most, regular=not named), path), path)
    except Unreadable as error:
        raise UsageError(str(error)) from None
    try:
        _check_file(file, path, named=named)
    except UsageError:
        for warning in file.warnings:  # a misspelled key is often the cause
            complain(warning)
        raise
    return file


def _check_file(file: HealthFile, path: str, *, named: bool) -> None:
    """Raise UsageError for what only a whole look at the file shows."""
    from oidc_doctor.findings import packs
    from oidc_doctor.live.plan import FOLDER

    if not file.targets:
        message = f"{path}: no [[target]]; add one for each role or provider to check"
        raise UsageError(message, (_EXAMPLE,))
    codes = {code for check in packs.all_checks() for code in check.codes}
    for suppression in file.suppressions:
        if suppression.code not in codes:
            message = f"{suppression.at}: [[suppress]]: no check has the code {suppression.code}"
            raise UsageError(message, ("oidc-doctor --list-checks",))
    for target in file.targets:
        name = target.target.name
        if not target.source and not FOLDER.fullmatch(name):
            message = f"{path}: [[target]] {name}: the name of a live target has only letters, digits, -, _ and ."
            raise UsageError(message)
        if not target.source and target.target.aws is None and target.target.gcp is None:
            message = f"{path}: [[target]] {name}: neither `from`, nor [target.aws], nor [target.gcp]"
            raise UsageError(message)
    for target in file.targets if not named else ():
        inside = os.path.relpath(os.path.realpath(target.source or "."), os.path.realpath(os.curdir))
        if inside.startswith(os.pardir):
            message = (
                f"{path}: [[target]] from {target.source}: outside this folder; allowed only where -c names the file"
            )
            raise UsageError(message)
    if not named and file.receivers:
        message = f"{file.receivers[0].at}: [[notify]] counts only where -c names the file; add -c {path}"
        raise UsageError(message)


def _request(options: argparse.Namespace, outputs: list[argparse.Namespace]) -> Request:
    """Return the request, with the file as it is now. Raises UsageError."""
    path = _path(options)
    from oidc_doctor.cli.output import form_of
    from oidc_doctor.health.run import Request

    return Request(
        health_file(path, named=options.config is not None),
        os.path.dirname(os.path.abspath(path)),
        at=moment_of(options.at, "--at") if options.at else None,
        fail_on=options.fail_on,
        live=_live(options),
        keep_reports=any(form_of(output) in _WITH_REPORTS for output in outputs),
    )


def _live(options: argparse.Namespace) -> LiveOptions:
    from oidc_doctor.health.reading import LiveOptions

    live = LiveOptions(
        profile=options.profile,
        regions=tuple(region for region in (options.region or "").split(",") if region),
        max_pages=options.max_pages,
        timeout=options.timeout,
        logs=not options.no_logs,
        private=options.private_issuer,
        vouched=options.config is not None,
    )
    return live._replace(back=span_of(options.since, "--since")) if options.since else live


def _narrator(options: argparse.Namespace) -> Callable[[str], None]:
    """Return what prints progress: some of it, on stderr, where a person may be waiting."""
    import sys

    from oidc_doctor.cli.live import Progress

    if options.quiet or not sys.stderr.isatty():
        return lambda _: None
    return Progress(complain)
