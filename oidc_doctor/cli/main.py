"""Arguments and exit codes; nothing else reads argv. stdout is data, stderr is narration."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from oidc_doctor.cli import live as live_cli
from oidc_doctor.cli.evidence import open_evidence, question_of
from oidc_doctor.cli.explain import explain
from oidc_doctor.cli.options import BROKEN, INTERRUPTED, OK, USAGE, UsageError, make_parser
from oidc_doctor.cli.output import complain, list_checks, progress_bar, rendered, warn_of_unknown_checks, write
from oidc_doctor.cli.permissions import permissions
from oidc_doctor.cli.screens import on_a_terminal, open_screens, serve_screens


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
        complain(str(error))
        return USAGE
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # the reader of our output went away: nothing more to say, and no message at interpreter exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:  # noqa: BLE001 - our defect must not look like a finding, nor like the user's fault
        complain(f"this is a defect of oidc-doctor, not of what it read: {type(error).__name__}: {error}")
        if "-v" in arguments or "--verbose" in arguments:
            from oidc_doctor.report.parts.escape import forbid_tokens

            sys.stderr.write(forbid_tokens(traceback.format_exc()))
        return BROKEN


def _main(arguments: list[str]) -> int:
    options = make_parser().parse_args(arguments)
    if options.list_checks:
        return list_checks(options)
    if options.web is not None:
        return serve_screens(arguments, options.web)
    if options.report is None and not options.dry_run and on_a_terminal(options):
        open_screens(options)
    if options.report is None and options.demo is None and not options.dry_run:
        message = (
            "there is no terminal to open the screens on: say --report, with evidence (--from BUNDLE), or --demo; "
            "oidc-doctor --help lists everything"
        )
        raise UsageError(message)
    return _report(options)


def _report(options: argparse.Namespace) -> int:
    from oidc_doctor.examine.examine import run
    from oidc_doctor.findings.packs import PackError

    question = question_of(options)
    warn_of_unknown_checks(options)
    bundle = open_evidence(options)
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
        with progress_bar(options) as progress:
            report = run(bundle, question._replace(progress=progress))
    except PackError as error:
        complain(str(error))
        return BROKEN
    finally:
        if bundle is not None:
            bundle.close()
    unread = [one for one in report.coverage if one.named]
    if bundle is not None and not any(one.status in ("read", "partial") for one in report.coverage) and unread:
        message = f"nothing could be read: {unread[0].what}: {unread[0].reason}"
        raise UsageError(message)
    for warning in report.warnings:
        complain(warning)
    write(options, rendered(options, report))
    return report.exit_code


def _capture(arguments: list[str]) -> int:
    """Write the evidence as a bundle, or compare two bundles."""
    from oidc_doctor.capture.capture import CaptureError
    from oidc_doctor.cli import capture

    parser = make_parser()
    parser.prog = "oidc-doctor capture"
    parser.description = "Write the evidence as a bundle, redacted: names go, what decisions depend on stays."
    parser.epilog = None
    capture.configure(parser)
    options = parser.parse_args(arguments)

    def gather() -> Any:
        question, bundle = question_of(options), open_evidence(options)
        if live_cli.is_live(options) or live_cli.uses_files(options):
            bundle, question = live_cli.prepare(options, question, bundle)
        if bundle is None and not any((question.tokens, question.error_text, question.overrides)):
            message = "capture: nothing to capture: give --from BUNDLE, or name a --role or --gcp-provider"
            raise UsageError(message)
        return bundle, question

    try:
        return capture.command(options, gather)
    except CaptureError as error:
        raise UsageError(str(error)) from None


_COMMANDS = {"capture": _capture, "explain": explain, "permissions": permissions}
