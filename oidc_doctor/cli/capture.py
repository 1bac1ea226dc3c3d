"""`oidc-doctor capture`: write the evidence as a bundle, or compare two bundles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.cli import live
from oidc_doctor.cli.evidence import open_evidence, question_of
from oidc_doctor.cli.exit_codes import ExitCode, UsageError
from oidc_doctor.cli.options import make_capture_parser
from oidc_doctor.cli.output import complain, note
from oidc_doctor.cli.role_name import with_role_of_credentials, with_role_that_was_read
from oidc_doctor.cli.streams import show
from oidc_doctor.cli.things import take_things

if TYPE_CHECKING:
    import argparse

    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.capture.capture import Captured
    from oidc_doctor.capture.redact_bundle import Redacted
    from oidc_doctor.examine.question import Question

_MOST_NAMED = 8  # omitted files
_MOST_WORDS = 60
_MOST_ADDRESSES = 6
_FLAGS = {
    "attempt": "--try",
    "bundles": "--from",
    "output": "-o",
    "things": "THING",
}  # of options whose value has another name
_OF_DIFF = frozenset(("diff", "quiet", "verbose"))
_OF_REDACTION = frozenset(("map", "redact_addresses"))
_OF_LIVE = frozenset(  # no other run asks a cloud or an issuer
    (
        "attempt",
        "cross_check",
        "fetch_github_token",
        "fetch_token_issuer",
        "max_pages",
        "no_logs",
        "private_issuer",
        "profile",
        "resource_account",
        "timeout",
    )
)


def capture(arguments: list[str]) -> int:
    """Write the evidence as a bundle, or show the differences between two bundles. Raises UsageError."""
    from oidc_doctor.capture.capture import CaptureError

    parser = make_capture_parser()
    options = parser.read(arguments)
    _refuse_idle(options, parser)
    try:
        return _diff(*options.diff) if options.diff else _capture(options)
    except CaptureError as error:
        raise UsageError(str(error)) from None


def _capture(options: argparse.Namespace) -> int:
    from oidc_doctor.capture.capture import capture as write_bundle
    from oidc_doctor.capture.capture import check_place

    if not options.output:
        message = "capture: no output given: use -o FOLDER or -o FILE.tar.gz"
        raise UsageError(message)
    check_place(options.output, options.map, redact=not options.no_redact)  # before a live run of several minutes
    bundle, question = _evidence(options)
    unread = bundle is not None and bool(bundle.named.difference(bundle.names()))
    for warning in question.warnings:
        complain(warning)
    try:
        captured = write_bundle(
            bundle,
            question,
            options.output,
            redact=not options.no_redact,
            redact_addresses=options.redact_addresses,
            map_file=options.map,
        )
    finally:
        if bundle is not None:
            bundle.close()
    if not options.quiet:
        for line in _summary(captured):
            note(line)
    return ExitCode.UNKNOWN if captured.differs or unread else ExitCode.OK


def _refuse_idle(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Raise UsageError where an option was given that has no effect in this run: its user expects one."""
    # argparse returns [] for things that were not given, and has no default for them
    given = [name for name, value in vars(options).items() if value not in (parser.get_default(name), [])]
    idle, because = [], ""
    if options.diff:
        idle, because = [name for name in given if name not in _OF_DIFF], "--diff only compares two bundles"
    elif options.no_redact:
        idle, because = [name for name in given if name in _OF_REDACTION], "--no-redact replaces no names"
    if not idle and not options.diff:
        take_things(options)  # a name among them makes the run a live one
        idle = [] if live.is_live(options) else [name for name in given if name in _OF_LIVE]
        because = "this run reads files only; --live also reads the clouds"
    if idle:
        names = ", ".join(_FLAGS.get(name, f"--{name.replace('_', '-')}") for name in idle)
        raise UsageError(f"capture: {names} would have no effect: {because}")


def _evidence(options: argparse.Namespace) -> tuple[Bundle | None, Question]:
    question, bundle = question_of(options), open_evidence(options)
    question = with_role_of_credentials(options, question)
    if live.is_live(options) or live.adds_evidence(options):
        bundle, question = live.prepare(options, question, bundle)
    question = with_role_that_was_read(options, question, bundle)
    if bundle is None and not any((question.tokens, question.error_text, question.overrides)):
        message = "capture: nothing to capture: add --from BUNDLE, or name a --role or --gcp-provider"
        raise UsageError(message)
    return bundle, question


def _diff(first: str, second: str) -> int:
    from oidc_doctor.bundle.files import BundleError
    from oidc_doctor.bundle.open import open_bundle
    from oidc_doctor.capture.diff import difference

    try:
        with open_bundle(first) as before, open_bundle(second) as after:
            lines = list(difference(before, after))
    except BundleError as error:
        raise UsageError(str(error)) from None
    show("".join(f"{line}\n" for line in lines))
    return ExitCode.FINDING if lines else ExitCode.OK


def _summary(captured: Captured) -> list[str]:
    from oidc_doctor.report.parts.escape import visible

    redacted = captured.redacted
    lines = [f"{len(redacted.names)} files written to {visible(captured.place)}"]
    if captured.map:
        lines.append(
            f"{len(redacted.images)} names replaced; mapping saved to {visible(captured.map)} (keep it private)"
        )
    if captured.mode == "letters":
        lines.append(
            "a pattern matches part of a word, so each letter is replaced by one other letter throughout: "
            "such a replacement is easier to undo than the usual one"
        )
    for name, removed in redacted.removed.items():
        items = ", ".join(f"{item} ({count} times)" if count > 1 else item for item, count in removed.items())
        lines.append(f"removed from {visible(name)}: {visible(items)}")
    for name, reason in redacted.too_large.items():
        lines.append(f"left out as a whole: {visible(name)}: {visible(reason)}")
    for folder, files in redacted.too_many.items():
        if files.names:
            lines.append(f"left out, {len(files.names):,} files of {visible(folder)}: {visible(files.reason)}")
    if captured.map:
        lines += [f"kept, {why}: {visible(_first(words))}" for why, words in _kept(redacted) if words]
    if redacted.left_out:
        names = ", ".join(map(visible, redacted.left_out[:_MOST_NAMED]))
        lines.append(f"left out, not part of a bundle: {names}")
    if not captured.differs:
        return [*lines, "checked: a report on the copy yields the same causes, findings and predictions"]
    copy = "the redacted copy" if captured.map else "the copy"
    lines += [f"{copy} yields different {name}: {visible(how)}" for name, how in captured.differs.items()]
    import shlex  # late: every report imports this file

    command = f"oidc-doctor --report --from {shlex.quote(captured.place)}"
    return [*lines, f"before you send the copy, compare its report with yours: {visible(command)}"]


def _kept(redacted: Redacted) -> list[tuple[str, list[str]]]:
    """Return why words stay in the copy, and the words: a reader looks for names among them."""
    addresses = redacted.addresses
    return [
        ("because decisions depend on them, issuers and audiences", _without_repeats(redacted.issuers)),
        ("names of claims and attributes", redacted.members),
        (f"IP addresses, {len(addresses)} in all (--redact-addresses replaces them)", addresses[:_MOST_ADDRESSES]),
        ("plain words of error texts; check that none is a name", redacted.plain),
    ]


def _first(words: list[str]) -> str:
    return ", ".join(words[:_MOST_WORDS]) + (" …" if len(words) > _MOST_WORDS else "")


def _without_repeats(issuers: list[str]) -> list[str]:
    """Return the issuers without the forms of one that is listed: its host alone, the address of its keys."""
    listed = set(issuers)
    return [text for text in issuers if f"https://{text}" not in listed and text.partition("/.well-known/")[0] == text]
