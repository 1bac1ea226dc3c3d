"""Words of the command line: each becomes the option that its content represents.

What was pasted in place of a file, and what came on stdin, is content as well: an event that was given as the caller's
error is a log of one event.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.bundle import contract
from oidc_doctor.cli.exit_codes import UsageError
from oidc_doctor.cli.streams import has_input, read_file
from oidc_doctor.documents.json_text import Unreadable, decode

if TYPE_CHECKING:
    import argparse

    from oidc_doctor.things.thing import Thing

_LARGEST = 32 * 1024 * 1024  # bytes, as of a file of a bundle
_JSON = re.compile(r"\s*[{\[]")
_LOGS = {
    "cloudtrail": ("--cloudtrail", f"{contract.CLOUDTRAIL}pasted.json"),
    "gcp_logs": ("--gcp-logs", f"{contract.GCP_LOGS}pasted.json"),
}
_OF_LOGS = (contract.CLOUDTRAIL, contract.GCP_LOGS)


class _Option(NamedTuple):
    """An option that takes one name."""

    name: str
    noun: str
    usage: str


_ISSUER = _Option("issuer", "issuer", "--issuer URL")
_NAMES = {  # kinds of things that begin a live run: a file, which may be a stranger's, does not
    "ROLE": _Option("role", "role", "--role ARN"),
    "AWS_PROVIDER": _ISSUER,
    "GCP_PROVIDER": _Option("gcp_provider", "provider", "--gcp-provider NAME"),
    "SERVICE_ACCOUNT": _Option("service_account", "service account", "--service-account EMAIL"),
    "ISSUER": _ISSUER,
}
_ROLE_NAME = re.compile(r"[A-Za-z][\w+=@-]{2,63}", re.ASCII)  # as of IAM, without those that look like files
_REPORT_ENDINGS = (".txt", ".md", ".json")
_LINE = 120  # characters of a word that a message repeats
_WAIT = 2.0  # seconds for a pipe that is the only evidence: the program before it may be slow to start
_EVIDENCE = (
    *("things", "bundles", "demo", "token", "claims", "subject", "error", "cloudtrail", "gcp_logs", "live"),
    *("role", "gcp_provider", "service_account", "issuer", "truss", "whoami", "credentials", "dry_run"),
)
EXAMPLES = (
    "oidc-doctor role.json token.jwt error.txt",
    "oidc-doctor arn:aws:iam::123456789012:role/NAME token.jwt",
    "oidc-doctor --demo",
)


def take_things(options: argparse.Namespace, *, reads_stdin: bool = True, examples: tuple[str, ...] = EXAMPLES) -> None:
    """Move the things of the command line, and what was pasted, to the options that they are. Raises UsageError.

    Where nothing was given, stdin is a thing, unless the screens have it (not `reads_stdin`). `examples` are command
    lines that work, for a word that is nothing known.

    `options.pasted` gets (path in a bundle, content) of what is no file; `options.stdin` the text of stdin, if that
    was a token.
    """
    if options.pasted is not None:
        return
    options.pasted = []
    from oidc_doctor.cli.wrong_kind import refuse_wrong_kinds  # late: it reads the files that options name

    _check_stdin(options, reads_stdin=reads_stdin)
    refuse_wrong_kinds(options)
    names = [_take(options, word, examples) for word in options.things]
    options.things = []
    _take_pasted(options)
    is_evidence = bool(options.bundles or options.pasted or options.plan)
    if any(names) and not is_evidence and not options.offline and options.demo is None:
        options.live = True  # a name that the user typed is read live, as with --role


def _check_stdin(options: argparse.Namespace, *, reads_stdin: bool) -> None:
    """Make stdin a thing where nothing else was given; refuse to read it twice. Raises UsageError."""
    single = ("error", "compare", "truss", "whoami", "credentials")
    several = ("things", "bundles", "token", "claims", "cloudtrail", "gcp_logs")
    used = [f"--{name.replace('_', '-')} -" for name in single if getattr(options, name) == "-"]
    flags = {"things": "-", "bundles": "--from -"}
    for name in several:
        used += [flags.get(name, f"--{name.replace('_', '-')} -")] * getattr(options, name).count("-")
    if len(used) > 1:
        message = f"{' and '.join(used)}: stdin can be read only once"
        raise UsageError(message)
    if used or not reads_stdin:
        return
    if not names_evidence(options):
        if has_input(_WAIT):
            options.things = ["-"]
    elif not options.quiet and has_input(0):
        from oidc_doctor.cli.output import complain

        complain("stdin was not read; add - to read it as well")


def names_evidence(options: argparse.Namespace) -> bool:
    """Whether an option or a thing names evidence."""
    return any(getattr(options, name, None) not in (None, [], False) for name in _EVIDENCE)


# One word


def _take(options: argparse.Namespace, word: str, examples: tuple[str, ...]) -> bool:
    """Move one word to its option; return whether it is a name that can be read live. Raises UsageError."""
    from oidc_doctor.things.recognise import recognise_text, recognise_word
    from oidc_doctor.things.thing import Kind

    if word == "-":
        text = _stdin("-")
        thing = recognise_text(text)
        label = "stdin"
        options.stdin = text
    else:
        thing = recognise_word(word)
        label = thing.file or _label(word)
    if thing.kind is Kind.NOTHING:
        meant = "" if thing.near else _what_was_meant(options, word)
        raise UsageError(f"{label}: {thing.hint}{meant}", examples)
    if thing.file and thing.kind in (Kind.BUNDLE, Kind.DOCUMENT, Kind.LOG, Kind.PLAN):
        options.bundles.append(thing.file)
        return False
    if label in ("stdin", thing.file) and thing.kind.name in _NAMES:
        usage = _NAMES[thing.kind.name].usage
        message = f"{label}: {thing.noun}, which is read live only if you type it: {usage}"
        raise UsageError(message, examples)
    return _ADD.get(thing.kind.name, _add_name)(options, thing, label)


def _label(word: str) -> str:
    """Return a word for a message, or only that it is one: a long word may be a part of a token."""
    bare = word.strip()
    is_plain = len(bare) <= _LINE and not re.search(r"[A-Za-z0-9_-]{40}", bare)
    return bare if bare and is_plain else "an argument"


def _what_was_meant(options: argparse.Namespace, word: str) -> str:
    """Return what an unknown word was meant to be: the file of a report, or one word of a sentence; or ""."""
    from oidc_doctor.things.recognise import recognise_text
    from oidc_doctor.things.thing import Kind

    writes = options.report and hasattr(options, "output")
    if writes and os.path.splitext(word)[1].lower() in _REPORT_ENDINGS and not os.path.exists(word):
        return f" (to write the report to it: -o {_label(word)})"
    if word in options.things and recognise_text(" ".join(options.things)).kind is Kind.ERROR:
        return " (put an error text in quotation marks)"
    if _ROLE_NAME.fullmatch(word) and not os.path.exists(word):
        return f"; of a role's name: --role {_label(word)}"
    return ""


def _add_token(options: argparse.Namespace, thing: Thing, label: str) -> bool:
    options.token.append(thing.file or thing.value)
    if not thing.file and label != "stdin" and not options.quiet:
        from oidc_doctor.cli.output import complain

        complain("a token on the command line stays in the shell's history; pipe it instead: … | oidc-doctor -")
    return False


def _add_claims(options: argparse.Namespace, thing: Thing, _: str) -> bool:
    options.claims.append(thing.file or thing.value)
    return False


def _add_subject(options: argparse.Namespace, thing: Thing, _: str) -> bool:
    options.subject.append(thing.value)
    return False


def _add_error(options: argparse.Namespace, thing: Thing, label: str) -> bool:
    if options.error is not None and options.error != thing.value:
        message = f"{label}: a second error text; a report covers one, and --error or another file has it already"
        raise UsageError(message)
    options.error, options.error_file = thing.value, thing.file
    return False


def _add_document(options: argparse.Namespace, thing: Thing, label: str) -> bool:
    if thing.place in [path for path, _ in options.pasted]:
        message = f"{label}: a second document of its kind ({thing.noun}), and a report covers one"
        raise UsageError(message)
    options.pasted.append((thing.place, thing.value))
    options.offline = options.offline or not options.live
    return False


def _add_plan(options: argparse.Namespace, thing: Thing, label: str) -> bool:
    if options.plan is not None:
        message = f"{label}: a second plan, and a report covers one"
        raise UsageError(message)
    options.plan = thing.value
    options.offline = options.offline or not options.live
    return False


def _add_log(options: argparse.Namespace, thing: Thing, _: str) -> bool:
    options.pasted.append((thing.place, thing.value))
    options.offline = options.offline or not options.live
    return False


_ADD = {
    "TOKEN": _add_token,
    "CLAIMS": _add_claims,
    "SUBJECT": _add_subject,
    "ERROR": _add_error,
    "DOCUMENT": _add_document,
    "LOG": _add_log,
    "PLAN": _add_plan,
}  # by Kind's name: the room of things is imported when there is one


def _add_name(options: argparse.Namespace, thing: Thing, label: str) -> bool:
    option = _NAMES[thing.kind.name]
    # the provider of an account is found by its issuer, which ends its ARN
    is_arn = thing.kind.name == "AWS_PROVIDER"
    value = "https://" + thing.value.partition(":oidc-provider/")[2] if is_arn else thing.value
    earlier = getattr(options, option.name)
    if earlier not in (None, value):
        message = f"{label}: a second {option.noun} after {earlier}, and a report covers one; run it for each"
        raise UsageError(message)
    setattr(options, option.name, value)
    return True


# What was pasted as the value of an option


def _take_pasted(options: argparse.Namespace) -> None:
    files: list[tuple[str, str]] = []
    for value in [value for value in options.bundles if is_pasted(value)]:
        files.append(_of_bundle(_text(value, "--from")))
        options.bundles.remove(value)
        options.offline = options.offline or not options.live
    for name, (option, path) in _LOGS.items():
        given = getattr(options, name)
        files += [(path, _text(value, option)) for value in given if is_pasted(value)]
        setattr(options, name, [value for value in given if not is_pasted(value)])
    if options.error == "-":
        options.error = _text("-", "--error")
    event = _event(options.error) if options.error else None
    if event is not None:
        files.append((event, options.error))
        options.error = None
    files = [*options.pasted, *files]
    options.pasted = [(_numbered(path, number), content) for number, (path, content) in enumerate(files)]


def is_pasted(value: str) -> bool:
    """Whether the value of an option that names a file is a file's content, or means stdin."""
    return value == "-" or _JSON.match(value) is not None


def _stdin(option: str) -> str:
    return _text("-", option)


def _text(value: str, option: str) -> str:
    if value != "-":
        return value
    try:
        return decode(read_file("-", option, _LARGEST), option)
    except Unreadable as error:
        message = f"{option} -: {error.reason}"
        raise UsageError(message) from None


def _of_bundle(text: str) -> tuple[str, str]:
    """Return what a file alone would be in a bundle."""
    from oidc_doctor.things.recognise import place_of

    try:
        path = place_of(text, "--from")
    except Unreadable as error:
        message = f"--from: the pasted text cannot be read: {error.reason}"
        raise UsageError(message) from None
    if path is None:
        message = "--from: the pasted text is not evidence, such as a role, a provider, a token or a logged event"
        raise UsageError(message)
    return path, text


def _event(text: str) -> str | None:
    """Return the place of a log in a bundle for a text that is a logged event; None for every other text."""
    from oidc_doctor.bundle.file_alone import path_of

    if not _JSON.match(text):
        return None
    try:
        path = path_of(text, "--error")
    except Unreadable:
        return None
    return path if path is not None and path.startswith(_OF_LOGS) else None


def _numbered(path: str, number: int) -> str:
    """Return the path, made another one for each log that was pasted."""
    if not path.startswith(_OF_LOGS):
        return path
    return f"{path.rpartition('/')[0]}/pasted{f'-{number + 1}' if number else ''}.json"
