"""The formats of a report. The command line, the screens and the tests all use this list.

Secrets are removed here, once from a whole text, since adjacent values may form one together: no caller shows what a
renderer returns by itself. In a format for programs, whose renderers remove the secrets of each value, nothing but the
values is changed: one that ends with `password=` must not take the following marks of the document with it.

A format NAME is the module `report/NAME.py` with the functions `render_NAME(report, **layout)` and
`render_health_NAME(health, **layout)`, and one line here.
"""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oidc_doctor.model.expectations import Expectations
    from oidc_doctor.model.health import Health
    from oidc_doctor.model.report import Report

FORMATS = {  # name: the usual ending of its files; the first is the default
    "text": "txt",
    "markdown": "md",
    "json": "json",
    "html": "html",
    "sarif": "sarif",
    "junit": "xml",
    "openmetrics": "prom",
}
EXPECT_FORMATS = {"text": "txt", "markdown": "md", "json": "json", "junit": "xml", "github": ""}  # of `expect` alone


_CHARACTERS = (
    r'[^"\\]*+(?:\\.[^"\\]*+)*'  # of a JSON text; a group is not repeated possessively: see tests/test_patterns.py
)
_TEXT = f'"({_CHARACTERS})"'
_VALUES = {  # of the formats for programs: what matches one value; a name of a member is none
    "json": f'"{_CHARACTERS}":|{_TEXT}',
    "sarif": f'"{_CHARACTERS}":|{_TEXT}',
    "junit": r'"([^"<>]*+)"|>(?=\s*+[^\s<])([^<>]*+)<',
    "openmetrics": f"={_TEXT}",
}
_MARKUP = frozenset(("html",))  # secrets are removed from the texts alone: one could end in a tag, and take it away


def render(report: Report, form: str, *, width: int, color: bool, verbose: bool = False, quiet: bool = False) -> str:
    """Return the report in the format `form`, a key of FORMATS, without tokens.

    `width`, `color`, `verbose` and `quiet` are the layout on a terminal; a format for programs ignores them.
    """
    return _rendered(report, f"render_{form}", form, width=width, color=color, verbose=verbose, quiet=quiet)


def render_health(
    health: Health, form: str, *, width: int, color: bool, verbose: bool = False, quiet: bool = False
) -> str:
    """Return a health run in the format `form`, as `render` does a report. "" if there is nothing to print."""
    return _rendered(health, f"render_health_{form}", form, width=width, color=color, verbose=verbose, quiet=quiet)


def render_expect(
    run: Expectations, form: str, *, width: int, color: bool, verbose: bool = False, quiet: bool = False
) -> str:
    """Return a run of `expect` in the format `form`, a key of EXPECT_FORMATS, as `render` does a report."""
    return _rendered(run, f"render_expect_{form}", form, width=width, color=color, verbose=verbose, quiet=quiet)


def _rendered(value: Report | Health | Expectations, function: str, form: str, **layout: Any) -> str:
    from oidc_doctor.model.secret_texts import without_secrets, without_secrets_between

    module = importlib.import_module(f"oidc_doctor.report.{form}")  # late: the option parser needs only the names
    text: str = getattr(module, function)(value, **layout)
    if form in _MARKUP:
        from oidc_doctor.report.parts.markup import forbid_tokens_in_markup

        return forbid_tokens_in_markup(text)
    return without_secrets_between(text, re.compile(_VALUES[form])) if form in _VALUES else without_secrets(text)
