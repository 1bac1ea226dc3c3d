"""`oidc-doctor expect`: judge the expectations of a file on the evidence, or write the file from the evidence."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from oidc_doctor.cli import live
from oidc_doctor.cli.evidence import open_evidence, question_of
from oidc_doctor.cli.exit_codes import ExitCode, UsageError
from oidc_doctor.cli.options import make_expect_parser
from oidc_doctor.cli.output import check_output, complain, note, progress_bar, rendered_expect, write
from oidc_doctor.cli.role_name import with_role_of_credentials, with_role_that_was_read
from oidc_doctor.cli.things import names_evidence, take_things
from oidc_doctor.documents.expect_file import FILE, is_expect_file, parse_expectations
from oidc_doctor.documents.json_text import Unreadable, decode
from oidc_doctor.documents.target_file import FILE as TARGET_FILE
from oidc_doctor.model.limits import TOML
from oidc_doctor.report.formats import EXPECT_FORMATS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.documents.expect_file import Expectation
    from oidc_doctor.examine.question import Question
    from oidc_doctor.expect.targets import ExpectTarget
    from oidc_doctor.model.document import Origin

__all__ = ["expect", "make_expect_parser"]

_MOST_ROLES = 100  # further ones of a list of roles
_MOST_DROPPED = 5  # subjects that a message names
_LEARN = "oidc-doctor expect --learn BUNDLE -o expect.toml"
_LEARN_FROM_TOKEN = "oidc-doctor expect --learn trust-policy.json token.jwt -o expect.toml"
_WHY_REFUSED = "oidc-doctor --report BUNDLE"
_NO_EVIDENCE = (
    "expect: no evidence: name a trust policy, a provider, a bundle or a role ARN, or write the targets to "
    f"{TARGET_FILE}"
)
_EXAMPLES = ("oidc-doctor expect trust-policy.json", "oidc-doctor expect expect.toml BUNDLE")


class _Evidence:
    """The targets of the evidence, with what the reading of it said."""

    def __init__(self) -> None:
        self.targets: list[ExpectTarget] = []
        self.warnings: list[str] = []
        self.at: float | None = None  # the examined instant, if all targets have the same

    def add(self, bundle: Bundle | None, question: Question, name: str = "") -> None:
        """Read and judge a bundle; `name` is that of its only target."""
        from oidc_doctor.examine.examine import read_and_judge
        from oidc_doctor.expect.targets import targets_of

        state, judged = read_and_judge(bundle, question)
        targets = targets_of(judged)
        if len(targets) == 1:
            targets = self._of_list(targets[0], bundle, question)
            if name and len(targets) > 1:
                message = f"expect: [[target]] {name}: a list of {len(targets)} roles that trust an OIDC provider"
                raise UsageError(f"{message}: add role_arn to its [target.aws]")
            targets = [target._replace(name=name or target.name) for target in targets]
        self.targets += targets
        self.at = state.at
        self.warnings += state.notices

    @staticmethod
    def _of_list(first: ExpectTarget, bundle: Bundle | None, question: Question) -> list[ExpectTarget]:
        """Return the target, and one for each further role of its list of roles. Raises UsageError for too many."""
        from oidc_doctor.examine.examine import read_and_judge
        from oidc_doctor.expect.targets import further_roles, targets_of, trusts_a_provider
        from oidc_doctor.model.evidence import Target, TargetAws

        arns = further_roles(first)
        if len(arns) > _MOST_ROLES:
            message = f"expect: the list has {len(arns) + 1:,} roles that trust an OIDC provider; name one with --role"
            raise UsageError(message)
        if not arns:
            return [first]
        targets = [first._replace(name=first.resource("aws") or first.name)] if trusts_a_provider(first) else []
        for arn in arns:
            overrides = (question.overrides or Target(""))._replace(aws=TargetAws(role_arn=arn))
            _, judged = read_and_judge(bundle, question._replace(overrides=overrides))
            targets += [target._replace(name=arn) for target in targets_of(judged)]
        return targets


def expect(arguments: list[str]) -> int:
    """Judge the expectations, or write them. Raises UsageError."""
    options = make_expect_parser().read(arguments)
    file = _take_file(options)
    if options.learn and (file is not None or options.format):
        given = file or "--format"
        message = f"expect --learn: {given}: the expectations are written, not read; name the file with -o"
        raise UsageError(message, (_LEARN,))
    check_output(options, None if options.learn else EXPECT_FORMATS)
    path = file or FILE
    tables = () if options.learn else _tables(path)
    evidence = _read(options)
    if options.learn:
        return _learn(options, evidence)
    return _judge(options, tables, path, evidence)


def _judge(options: argparse.Namespace, tables: tuple[Expectation, ...], path: str, evidence: _Evidence) -> int:
    from oidc_doctor.expect.run import run
    from oidc_doctor.expect.targets import TargetError

    try:
        result = run(tables, evidence.targets, path, evidence.at)
    except TargetError as error:
        raise UsageError(str(error)) from None
    result.results = [row._replace(in_folder=tuple(_in_folder(row.at, row.place))) for row in result.results]
    result.warnings = evidence.warnings
    write(options, rendered_expect(options, result), "result")
    return result.exit_code


def _in_folder(*places: Origin | None) -> Iterator[Origin]:
    """Yield the places that are in a file below the working folder, which is the repository's in a CI job."""
    for place in places:
        if place is None or place.line is None or place.of_token or "\0" in place.file:
            continue
        outside = os.path.isabs(place.file) or os.path.normpath(place.file).startswith(os.pardir)
        if not outside and os.path.isfile(place.file):
            yield place


def _learn(options: argparse.Namespace, evidence: _Evidence) -> int:
    from oidc_doctor.expect.learn import learnt
    from oidc_doctor.report.parts.escape import forbid_tokens

    if not evidence.targets:
        raise UsageError("expect --learn: the evidence has no trust policy, provider or plan", (_LEARN,))
    result = learnt(evidence.targets)
    for warning in evidence.warnings:
        complain(warning)
    if not result.tables:
        complain("nothing to write: neither the logs nor a token show a subject that the configuration accepts now")
        for line in result.dropped[:_MOST_DROPPED]:
            complain(line)
        note(f"  {_WHY_REFUSED if result.dropped else _LEARN_FROM_TOKEN}")
        return ExitCode.UNKNOWN
    write(options, forbid_tokens(result.text), "expectations")
    return ExitCode.OK


# The file of expectations


def _take_file(options: argparse.Namespace) -> str | None:
    """Remove the file of expectations from the things: a .toml with [[expect]], or a .toml that is not there."""
    files = [thing for thing in options.things if _is_file(thing)]
    if not files and not os.path.lexists(FILE):  # one that is no such file: reading it says what is wrong
        files = [thing for thing in options.things if thing.lower().endswith(".toml") and os.path.isfile(thing)][:1]
        files = [thing for thing in files if os.path.basename(thing) != TARGET_FILE]
    if len(files) > 1:
        message = f"expect: {' and '.join(files)}: two files of expectations; one run judges one"
        raise UsageError(message)
    options.things = [thing for thing in options.things if thing not in files]
    return files[0] if files else None


def _is_file(thing: str) -> bool:
    if not thing.lower().endswith(".toml") or os.path.basename(thing) == TARGET_FILE:
        return False
    if not os.path.isfile(thing):
        return True
    return os.path.basename(thing) == FILE or is_expect_file(text := _text(thing)) or not text.strip()


def _text(path: str) -> str:
    from oidc_doctor.cli.streams import read_file

    try:
        return decode(read_file(path, "expect", TOML.most, regular=True), path)
    except Unreadable as error:
        raise UsageError(str(error)) from None


def _tables(path: str) -> tuple[Expectation, ...]:
    if not os.path.lexists(path):
        message = f"expect: {path}: no such file; oidc-doctor expect --help shows one, and --learn writes one"
        raise UsageError(message, (_LEARN, _LEARN_FROM_TOKEN))
    try:
        return parse_expectations(_text(path), path)
    except Unreadable as error:
        raise UsageError(str(error)) from None


# The evidence


def _read(options: argparse.Namespace) -> _Evidence:
    """Read what a report would read, or the targets of oidc-doctor.toml where nothing is named. Raises UsageError."""
    evidence = _Evidence()
    if not names_evidence(options) and (options.config is not None or os.path.lexists(TARGET_FILE)):
        _read_targets(options, evidence)
        return evidence
    if options.config is not None:
        message = f"expect: -c {options.config}: the targets of the file are judged only where no evidence is named"
        raise UsageError(message)
    take_things(options, examples=_EXAMPLES)
    _refuse_idle(options)
    if not names_evidence(options) and not options.pasted:
        raise UsageError(_NO_EVIDENCE, _EXAMPLES)
    question = question_of(options)
    bundle = open_evidence(options)
    question = with_role_of_credentials(options, question)
    if live.is_live(options) or live.adds_evidence(options):
        bundle, question = live.prepare(options, question, bundle)
    question = with_role_that_was_read(options, question, bundle)
    try:
        with progress_bar(options) as progress:
            evidence.add(bundle, question._replace(progress=progress))
    finally:
        if bundle is not None:
            bundle.close()
    evidence.warnings = [*question.warnings, *evidence.warnings]
    return evidence


def _refuse_idle(options: argparse.Namespace) -> None:
    """Raise UsageError for what would have no effect: its user expects one."""
    if options.error is not None:
        raise UsageError("expect: an error text has no effect here: oidc-doctor --report explains it")
    if not options.learn and (options.token or options.claims or options.subject):
        message = "expect: a token or a subject has no effect here: write its subject into the file"
        raise UsageError(message, (_LEARN_FROM_TOKEN,))


def _read_targets(options: argparse.Namespace, evidence: _Evidence) -> None:
    """Read every target of oidc-doctor.toml, saved or live, as `health` does."""
    from oidc_doctor.cli.health import health_file
    from oidc_doctor.documents.token import hypothetical
    from oidc_doctor.examine.question import Question
    from oidc_doctor.health.reading import LiveOptions, read_targets

    path = options.config or TARGET_FILE
    named = options.config is not None
    file = health_file(path, named=named)
    settings = LiveOptions(
        profile=options.profile,
        max_pages=options.max_pages,
        timeout=options.timeout,
        logs=options.learn and not options.no_logs,
        private=options.private_issuer,
        vouched=named,
    )
    narrate = (lambda _: None) if options.quiet else live.Progress(complain)
    for reading in read_targets(file.targets, os.path.dirname(os.path.abspath(path)), settings, narrate):
        name = reading.target.target.name
        if reading.defect is not None:
            raise reading.defect
        if reading.bundle is None:
            message = f"expect: [[target]] {name}: {reading.reason}"
            raise UsageError(message)
        target, subject = reading.target.target, reading.target.subject
        tokens = (hypothetical(subject, origin=reading.target.subject_at),) if subject else ()
        overrides = target if target.aws or target.gcp or target.issuer else None
        with reading.bundle:
            evidence.add(reading.bundle, Question(tokens=tokens, overrides=overrides, renewed=True), name)
    evidence.warnings = [*file.warnings, *evidence.warnings]
