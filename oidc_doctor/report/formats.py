"""The formats of a report. The command line, the screens and the tests all use this list.

Secrets are removed here, once from a whole text, since adjacent values may form one together: no caller shows what a
renderer returns by itself.

A format NAME is the module `report/NAME.py` with a function `render_NAME(report, **layout)`, and one line here.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oidc_doctor.model.report import Report

FORMATS = {  # name: the usual ending of its files; the first is the default
    "text": "txt",
    "markdown": "md",
    "json": "json",
    "html": "html",
}
_MARKUP = frozenset(("html",))  # secrets are removed from the texts alone: one could end in a tag, and take it away


def render(report: Report, form: str, *, width: int, color: bool, verbose: bool = False, quiet: bool = False) -> str:
    """Return the report in the format `form`, a key of FORMATS, without tokens.

    `width`, `color`, `verbose` and `quiet` are the layout on a terminal; a format for programs ignores them.
    """
    module = importlib.import_module(f"oidc_doctor.report.{form}")  # late: the option parser needs only the names
    text: str = getattr(module, f"render_{form}")(report, width=width, color=color, verbose=verbose, quiet=quiet)
    if form in _MARKUP:
        from oidc_doctor.report.parts.markup import forbid_tokens_in_markup

        return forbid_tokens_in_markup(text)
    from oidc_doctor.report.parts.escape import forbid_tokens

    return forbid_tokens(text)
