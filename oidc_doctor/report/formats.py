"""The formats of a report by name, for everything that writes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.report.parts.escape import forbid_tokens

if TYPE_CHECKING:
    from oidc_doctor.model.report import Report

FORMATS = {"text": "txt", "markdown": "md", "json": "json"}  # name, and the usual ending of its files


def render(report: Report, form: str, *, width: int, color: bool, verbose: bool = False, quiet: bool = False) -> str:
    """The report in the format called `form`; `width` and what follows are for text alone."""
    if form == "json":
        from oidc_doctor.report.json import render_json

        return forbid_tokens(render_json(report))
    if form == "markdown":
        from oidc_doctor.report.markdown import render_markdown

        return forbid_tokens(render_markdown(report))
    from oidc_doctor.report.text import render_text

    return forbid_tokens(render_text(report, width=width, color=color, verbose=verbose, quiet=quiet))
