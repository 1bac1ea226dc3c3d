"""`--with FILE`: the changes that a report lays over its evidence."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from oidc_doctor.cli.exit_codes import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from oidc_doctor.examine.question import Question

EXAMPLES = ("oidc-doctor --report BUNDLE --with role.json",)
_NO_REPORT = "--with needs --report: the screens show the present configuration; on them, What-if tries an edit"


def refuse_changes(options: argparse.Namespace, *, on_screens: bool) -> None:
    """Refuse --with on the screens, and with an option that asks something else. Raises UsageError."""
    if not options.proposed:
        return
    if on_screens:
        raise UsageError(_NO_REPORT, EXAMPLES)
    other = "--account" if options.account else "--compare" if options.compare is not None else ""
    if other:
        message = f"--with and {other} ask different questions; leave out one of them"
        raise UsageError(message)


def with_changes(options: argparse.Namespace, question: Question) -> Question:
    """Return the question with the opened changes. Raises UsageError."""
    if not options.proposed:
        return question
    from oidc_doctor.bundle.files import BundleError
    from oidc_doctor.things.changed import open_changed

    changes = []
    for path in dict.fromkeys(options.proposed):
        if path == "-":
            message = "--with -: the change is not read from stdin: write it to a file, and name the file"
            raise UsageError(message)
        if not os.path.exists(path):
            message = f"--with {path}: no such file or folder"
            raise UsageError(message)
        try:
            changes.append((path, open_changed(path)))
        except BundleError as error:
            message = f"--with {error}"
            raise UsageError(message) from None
    return question._replace(proposed=tuple(changes), present_command=options.present_command)


@contextmanager
def as_usage(question: Question) -> Iterator[None]:
    """Report a change that is not about the evidence as a fault of the command line."""
    if not question.proposed:
        yield
        return
    from oidc_doctor.examine.proposed.lay import ChangeError

    try:
        yield
    except ChangeError as error:
        message = f"--with {error}"
        raise UsageError(message) from None
    finally:
        for _, bundle in question.proposed:
            bundle.close()
