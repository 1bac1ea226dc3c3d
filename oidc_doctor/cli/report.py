"""The main command without screens: examine the evidence, write the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.cli import live
from oidc_doctor.cli.evidence import open_evidence, question_of
from oidc_doctor.cli.exit_codes import ExitCode, UsageError
from oidc_doctor.cli.output import check_output, complain, progress_bar, rendered, warn_of_unknown_checks, write
from oidc_doctor.cli.proposed import as_usage, with_changes
from oidc_doctor.cli.role_name import with_role_of_credentials, with_role_that_was_read
from oidc_doctor.cli.streams import show
from oidc_doctor.cli.things import EXAMPLES, take_things

if TYPE_CHECKING:
    import argparse

_NOTHING = "nothing to examine: name a folder, a file, a role ARN, a token or an error text; oidc-doctor --help"


def report(options: argparse.Namespace) -> int:
    """Write the report, or for --dry-run the list of planned reads. Raises UsageError."""
    from oidc_doctor.examine.examine import run
    from oidc_doctor.findings.packs import PackError

    check_output(options)
    take_things(options)
    question = question_of(options)
    warn_of_unknown_checks(options)
    bundle = open_evidence(options)
    question = with_changes(options, question)
    question = with_role_of_credentials(options, question)
    if options.dry_run:
        show(live.dry_run(options, question, bundle) + "\n")
        return ExitCode.OK
    if live.is_live(options) or live.adds_evidence(options):
        bundle, question = live.prepare(options, question, bundle)
    question = with_role_that_was_read(options, question, bundle)
    evidence = (question.tokens, question.error_text, question.overrides, question.cloudtrail, question.gcp_logs)
    if bundle is None and not any(evidence):
        raise UsageError(_NOTHING, EXAMPLES)
    try:
        with progress_bar(options) as progress, as_usage(question):
            result = run(bundle, question._replace(progress=progress))
    except PackError as error:
        complain(str(error))
        return ExitCode.BROKEN
    finally:
        if bundle is not None:
            bundle.close()
    unread = [row for row in result.coverage if row.named]
    read_nothing = bundle is not None and not any(row.status in ("read", "partial") for row in result.coverage)
    for warning in result.warnings:
        if not (read_nothing and unread and unread[0].reason and unread[0].reason in warning):  # it is the last line
            complain(warning)
    if read_nothing and unread:
        message = f"nothing could be read: {unread[0].what}: {unread[0].reason}"
        raise UsageError(message, tuple(command for obstacle in question.obstacles for command in obstacle.commands))
    write(options, rendered(options, result))
    return result.exit_code
