"""A run of `expect` as annotations of a GitHub Actions job: an error for what is broken, a warning for what is unknown.

The last line sums up, and is a line of the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.report.annotations import GITHUB, render_annotations
from oidc_doctor.report.parts import expect

if TYPE_CHECKING:
    from oidc_doctor.model.expectations import Expectations


def render_expect_github(run: Expectations, **_layout: object) -> str:
    """Return the run as workflow commands and a last line."""
    return render_annotations(expect.annotations_of(run), GITHUB) + expect.summary(run) + "\n"
