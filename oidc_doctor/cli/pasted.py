"""Evidence that was pasted: one event, or a file's content, as the value of an option, or on stdin where that is `-`.

What a text is, its content tells: a CloudTrail record or a log entry that was given as the caller's error is a log of
one event.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.file_alone import path_of
from oidc_doctor.cli.exit_codes import UsageError
from oidc_doctor.cli.streams import read_file
from oidc_doctor.documents.json_text import Unreadable, decode

if TYPE_CHECKING:
    import argparse

_LARGEST = 32 * 1024 * 1024  # bytes, as of a file of a bundle
_JSON = re.compile(r"\s*[{\[]")
_LOGS = {
    "cloudtrail": ("--cloudtrail", f"{contract.CLOUDTRAIL}pasted.json"),
    "gcp_logs": ("--gcp-logs", f"{contract.GCP_LOGS}pasted.json"),
}
_OF_LOGS = tuple(path.rpartition("/")[0] + "/" for _, path in _LOGS.values())


def take_pasted(options: argparse.Namespace) -> None:
    """Move what was pasted from the options to `options.pasted`, (path in a bundle, content). Raises UsageError."""
    if options.pasted is not None:
        return
    files: list[tuple[str, str]] = []
    if options.bundle is not None and is_pasted(options.bundle):
        files.append(_of_bundle(_text(options.bundle, "--from")))
        options.bundle, options.offline = None, options.offline or not options.live
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
    options.pasted = [(_numbered(path, number), content) for number, (path, content) in enumerate(files)]


def is_pasted(value: str) -> bool:
    """Whether the value of an option that names a file is a file's content, or stands for stdin."""
    return value == "-" or _JSON.match(value) is not None


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
    try:
        path = path_of(text, "--from")
    except Unreadable as error:
        message = f"--from: what was pasted cannot be read: {error.reason}"
        raise UsageError(message) from None
    if path is None:
        message = "--from: what was pasted is no evidence, such as a role, a provider, a token or a logged event"
        raise UsageError(message)
    return path, text


def _event(text: str) -> str | None:
    """Return the place of a log in a bundle for a text that is a logged event; None for every other text."""
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
