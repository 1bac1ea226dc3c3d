"""The formats of a report. The command line, the screens and the tests all use this list.

A format NAME is the module `report/NAME.py` with a function `render_NAME(report, **layout)`, and one line here.
"""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING

from oidc_doctor import __version__

if TYPE_CHECKING:
    from oidc_doctor.model.report import Report

FORMATS = {  # name: the usual ending of its files; the first is the default
    "text": "txt",
    "markdown": "md",
    "json": "json",
}


_MARKS = {"markdown": "<!-- a report of oidc-doctor -->\n"}  # of a format whose reports do not begin with our name
_BEGINNINGS = re.compile(
    rb"oidc-doctor \d|" + b"|".join(re.escape(mark.strip().encode()) for mark in _MARKS.values())
    + rb'|\{\s*"schema": "oidc-doctor\.report/'
)  # fmt: skip


def file_mark(form: str, *, quiet: bool = False) -> str:
    """Return the beginning of a file of this format, by which `is_report` recognises a report."""
    if form == "text" and quiet:  # without the line of our name
        return f"oidc-doctor {__version__}\n"
    return _MARKS.get(form, "")


def is_report(head: bytes) -> bool:
    """Return whether a file that begins so is a report of ours, which a new one may replace."""
    return _BEGINNINGS.match(head) is not None


def render(report: Report, form: str, *, width: int, color: bool, verbose: bool = False, quiet: bool = False) -> str:
    """Return the report in the format `form`, a key of FORMATS, without tokens.

    `width`, `color`, `verbose` and `quiet` are the layout on a terminal; a format for programs ignores them.
    """
    from oidc_doctor.report.parts.escape import forbid_tokens

    module = importlib.import_module(f"oidc_doctor.report.{form}")  # late: the option parser needs only the names
    text: str = getattr(module, f"render_{form}")(report, width=width, color=color, verbose=verbose, quiet=quiet)
    return forbid_tokens(text)
