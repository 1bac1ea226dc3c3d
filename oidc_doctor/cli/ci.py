"""`oidc-doctor ci`: the step for a failing CI job, which finds the job's token, judges it, and annotates the job.

No cloud is asked: only the platform itself, for the token.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from oidc_doctor.cli.evidence import open_evidence, question_of
from oidc_doctor.cli.exit_codes import ExitCode, UsageError
from oidc_doctor.cli.live import adds_evidence, names_a_resource, prepare
from oidc_doctor.cli.options import make_ci_parser
from oidc_doctor.cli.output import complain, warn_of_unknown_checks
from oidc_doctor.cli.role_name import with_role_that_was_read
from oidc_doctor.cli.streams import filter_output, filtered, read_file, show
from oidc_doctor.cli.things import take_things
from oidc_doctor.documents.target_file import FILE as TARGET_FILE

if TYPE_CHECKING:
    import argparse

    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.ci.platforms import Platform
    from oidc_doctor.ci.request import Request
    from oidc_doctor.ci.secret_values import SecretValues
    from oidc_doctor.examine.question import Question
    from oidc_doctor.model.evidence import Target
    from oidc_doctor.model.job import Job
    from oidc_doctor.model.report import Report

_LARGEST_ERROR = 32 * 1024 * 1024  # bytes of a log with the error
_LARGEST_TOKEN = 64 * 1024  # bytes of a token whose pieces are kept out of the output
_WIDTH = 100  # columns of a job's log
_TITLE = "oidc-doctor: the whole report"
_EXAMPLES = ("oidc-doctor ci infra/trust-policy.json", "oidc-doctor ci trust-policy.json --token token.jwt")


def ci(arguments: list[str]) -> int:
    """Judge the job's token, and show annotations, summary and report. Raises UsageError."""
    from oidc_doctor.ci.artifact import ArtifactError, check_folder
    from oidc_doctor.ci.platforms import platform_of
    from oidc_doctor.ci.secret_values import SecretValues
    from oidc_doctor.report.annotations import without_commands

    secrets = SecretValues()
    secrets.add_environment(os.environ)
    # the runner reads stderr as well, and an error that ends this run may repeat what a stranger wrote
    filter_output(secrets.removed, lambda text: without_commands(secrets.removed(text)))
    options = make_ci_parser().read(arguments)
    platform = platform_of(os.environ)
    try:
        if options.artifact:
            check_folder(options.artifact)
        return _run(options, platform, secrets)
    except ArtifactError as error:
        message = f"ci: --artifact {error}"
        raise UsageError(message) from None


def _run(options: argparse.Namespace, platform: Platform, secrets: SecretValues) -> int:
    from oidc_doctor.ci.artifact import JobFacts, write_artifact
    from oidc_doctor.ci.job import job_of
    from oidc_doctor.ci.request import audience_for, request_of
    from oidc_doctor.ci.token_search import find_tokens
    from oidc_doctor.examine.examine import run
    from oidc_doctor.findings.packs import PackError

    request = request_of(os.environ, platform)
    bundle, question = _evidence(options, request, secrets)
    try:
        targets = _targets(bundle, question)
        audience = audience_for(targets, request, options.audience)
        search = find_tokens(os.environ, platform, audience.value, secrets, private=options.private_issuer)
        question = question._replace(tokens=(*search.tokens, *question.tokens))
        notes = (*request.notes, *([audience.note] if audience.note else ()))
        search = search._replace(notes=(*search.notes, *notes))
        try:
            report = run(bundle, question)
        except PackError as error:
            complain(str(error))
            return ExitCode.BROKEN
        assumed = audience.value if audience.assumed else ""
        job = job_of(platform, search, question.tokens, targets, report, assumed_audience=assumed)
        _show(options, job, report, platform, _in_repository(bundle))
        if options.artifact:
            job_facts = JobFacts(platform, search, secrets)
            for note in write_artifact(options.artifact, bundle, question, job_facts):
                complain(note)
    finally:
        if bundle is not None:
            bundle.close()
    return _exit_code(report, job, options.fail_on)


def _exit_code(report: Report, job: Job, fail_on: str) -> int:
    """Return the report's code, or that of a missing token: it is a cause like any other.

    A refusal of an audience that was assumed here is no refusal of the job.
    """
    from oidc_doctor.report.job import is_about_audience

    code = report.exit_code
    causes = [cause for cause in report.causes if cause.status == "active" and cause.confidence != "suspected"]
    if code == ExitCode.FINDING and job.assumed_audience and causes and fail_on == "blocks":
        code = ExitCode.UNKNOWN if all(is_about_audience(cause.name) for cause in causes) else code
    if code in (ExitCode.FINDING, ExitCode.BROKEN) or not job.lacks:
        return code
    if any(lack.certain for lack in job.lacks) and fail_on != "never":
        return ExitCode.FINDING
    return ExitCode.UNKNOWN


# Evidence


def _evidence(options: argparse.Namespace, request: Request, secrets: SecretValues) -> tuple[Bundle | None, Question]:
    """Return the evidence that the user named, else that of ./oidc-doctor.toml, and the question about it."""
    if options.error and options.error != "-" and os.path.isfile(options.error):
        path = options.error
        options.error = read_file(path, "--error", _LARGEST_ERROR).decode("utf-8", "replace")
        options.error_file = path
    own: list[tuple[str, bytes]] = [] if options.things or options.bundles else _target_file(options)
    for path in options.token:
        _keep_out(path, secrets)
    take_things(options, reads_stdin=False, examples=_EXAMPLES)
    options.pasted += own
    for path in options.token:
        _keep_out(path, secrets)
    question = question_of(options)._replace(own_workload=True)
    warn_of_unknown_checks(options)
    bundle = open_evidence(options)
    if adds_evidence(options):
        bundle, question = prepare(options, question, bundle)
    _keep_out_of_bundle(bundle, secrets)
    question = with_role_that_was_read(options, question, bundle)
    if request.target is not None and not any(names_a_resource(target) for target in _targets(bundle, question)):
        from oidc_doctor.documents.target_file import merge

        overrides = question.overrides
        question = question._replace(overrides=merge(request.target, overrides) if overrides else request.target)
    return bundle, question


def _target_file(options: argparse.Namespace) -> list[tuple[str, bytes]]:
    """Take the target of ./oidc-doctor.toml where the user named nothing: its bundle, or the names of its resources.

    The file is the repository's, so a bundle outside of this folder is not read.
    """
    if not os.path.isfile(TARGET_FILE) or os.path.islink(TARGET_FILE):
        return []
    from oidc_doctor.documents.health_file import parse_health_file
    from oidc_doctor.documents.json_text import Unreadable, decode
    from oidc_doctor.model.limits import TOML

    content = read_file(TARGET_FILE, TARGET_FILE, TOML.most)
    try:
        targets = parse_health_file(decode(content, TARGET_FILE), TARGET_FILE).targets
    except Unreadable as error:
        complain(f"{error}; the file was not used")
        return []
    if len(targets) != 1:
        names = ", ".join(target.target.name for target in targets) or "none"
        complain(f"{TARGET_FILE} has several targets ({names}); name the evidence of this job: oidc-doctor ci BUNDLE")
        return []
    source = targets[0].source
    if not source:
        return [(TARGET_FILE, content)]
    if os.path.relpath(os.path.realpath(source), os.path.realpath(os.curdir)).startswith(os.pardir):
        complain(f"{TARGET_FILE}: from {source}: outside this folder, and was not read; name it as a THING")
    else:
        options.bundles.append(source)
    return []


def _keep_out(value: str, secrets: SecretValues) -> None:
    """Keep the pieces of a token that the user named, a file or the token itself, out of everything that is written."""
    if value == "-":
        return
    try:
        text = (
            read_file(value, "--token", _LARGEST_TOKEN).decode("utf-8", "replace") if os.path.isfile(value) else value
        )
    except (UsageError, ValueError):
        return
    secrets.add_token(text)


def _keep_out_of_bundle(bundle: Bundle | None, secrets: SecretValues) -> None:
    from oidc_doctor.bundle.contract import split_target
    from oidc_doctor.documents.json_text import Unreadable

    for name in bundle.names() if bundle is not None else ():
        if bundle is None or not split_target(name)[1].endswith(".jwt") or bundle.size(name) > _LARGEST_TOKEN:
            continue
        try:
            secrets.add_token(bundle.read(name).decode("utf-8", "replace"))
        except Unreadable:
            continue


def _targets(bundle: Bundle | None, question: Question) -> list[Target]:
    from oidc_doctor.bundle.snapshot import load_snapshot

    snapshot = load_snapshot(bundle, overrides=question.overrides)
    return [evidence.target for evidence in snapshot.targets]


# Output


def _in_repository(bundle: Bundle | None) -> tuple[str, ...]:
    """Return the files of the evidence, from the root of the checkout: annotations are shown beside them."""
    root = os.path.realpath(os.environ.get("GITHUB_WORKSPACE") or os.curdir)
    paths = bundle.paths if bundle is not None else ()
    inside = (os.path.relpath(os.path.realpath(path), root) for path in paths if os.path.isfile(path))
    return tuple(path.replace(os.sep, "/") for path in inside if not path.startswith(os.pardir))


def _show(options: argparse.Namespace, job: Job, report: Report, platform: Platform, paths: tuple[str, ...]) -> None:
    from oidc_doctor.ci.summary import show_summary
    from oidc_doctor.model.secret_texts import without_secrets
    from oidc_doctor.report.annotations import BUILDKITE, log_group, render_annotations, without_commands
    from oidc_doctor.report.formats import render
    from oidc_doctor.report.job import annotations_of, render_job_markdown, render_job_text

    layout: dict[str, Any] = {"width": _WIDTH, "color": False, "verbose": options.verbose, "quiet": False}
    header = "+++ oidc-doctor\n" * (platform.shows == BUILDKITE)
    text = render_annotations(annotations_of(job, report, paths), platform.shows)
    if not options.quiet:
        text += without_commands(render_job_text(job, _WIDTH)) + "\n"
        text += log_group(_TITLE, render(report, "text", **layout), platform.shows, now=time.time())
    show(header + text)
    short = render_job_markdown(job)
    markdown = without_secrets(f"{short}\n{render(report, 'markdown', **layout)}")
    note = show_summary(filtered(markdown), filtered(without_secrets(short)), os.environ, platform)
    for warning in (*report.warnings, *([note] if note else ())):
        complain(warning)
