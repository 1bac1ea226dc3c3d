"""The table of formats: its module renders each format, and no other list exists."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from oidc_doctor.cli.options import make_parser
from oidc_doctor.model.report import Report
from oidc_doctor.report.formats import FORMATS, render

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_renders_every_report(form: str, any_report: Report) -> None:
    text = render(any_report, form, width=80, color=False)
    assert text.endswith("\n")
    assert "\x1b" not in text


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_prints_a_token(form: str, sample: Callable[[str], Report]) -> None:
    report = sample("refused")
    report.warnings = [TOKEN]
    text = render(report, form, width=80, color=False, verbose=True)
    assert "token removed" in text or form == "openmetrics"  # which has no warnings
    assert TOKEN not in text


@pytest.mark.parametrize("form", FORMATS)
def test_command_line_accepts_every_format(form: str) -> None:
    assert make_parser().parse_args(["--report", "--format", form]).format == form


def test_format_table_imports_no_renderer() -> None:
    program = (
        "import sys; from oidc_doctor.report.formats import FORMATS; "
        "assert not [name for name in FORMATS if f'oidc_doctor.report.{name}' in sys.modules]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
